"""Statistics of weighted rows are those of rows repeated so many times."""

import numpy as np
import pytest

from windvane.engine import weighted


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    values, weight = random.normal(size=60).round(1), random.integers(1, 5, 60)
    return values, weight.astype(float), np.repeat(values, weight)


def test_whole_weights_are_rows_repeated(rows):
    values, weight, repeated = rows
    assert weighted.mean(values, weight) == pytest.approx(repeated.mean(), abs=1e-12)
    assert weighted.deviation(values, weight) == pytest.approx(repeated.std(), abs=1e-12)
    assert weighted.median(values, weight) == np.median(repeated)
    shares = (0.0, 0.05, 0.31, 0.95, 1.0)
    assert weighted.quantiles(values, shares, weight) == pytest.approx(
        np.quantile(repeated, shares), abs=1e-12
    )


def test_without_weights_they_are_numpys_own(rows):
    values = rows[0]
    assert weighted.mean(values) == np.mean(values)
    assert weighted.deviation(values) == np.std(values)
    assert weighted.median(values) == np.median(values)
    assert (weighted.quantiles(values, (0.2, 0.9)) == np.quantile(values, (0.2, 0.9))).all()


def test_the_mean_of_equal_values_is_exact():
    assert weighted.mean(np.full(7, 0.1), np.linspace(0.1, 3, 7)) == 0.1


def test_classes_are_counted_by_weight():
    found = weighted.counts(np.array([0, 2, 2]), 4, np.array([0.5, 1.0, 2.0]))
    assert found.tolist() == [0.5, 0, 3.0, 0]
    assert weighted.counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]
