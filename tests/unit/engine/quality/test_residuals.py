import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.quality.residuals import MOST_POINTS, histogram, spread_points


@given(
    st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=300).map(np.array)
)
@settings(max_examples=80, deadline=None)
def test_every_row_is_in_a_bin_or_counted_beyond(residuals):
    found = histogram(residuals)
    assert found.counts.sum() + found.below + found.above == residuals.size
    assert (np.diff(found.edges) > 0).all()


@pytest.mark.parametrize("value", [0.0, 1e-300, -3.0, 1e17, 1e300])
def test_residuals_all_alike_have_a_histogram(value):
    assert histogram(np.full(5, value)).counts.sum() == 5


def test_a_few_wild_rows_do_not_stretch_the_picture():
    residuals = np.append(np.random.default_rng(0).normal(size=2_000), [1e6, -1e6])
    found = histogram(residuals)
    assert found.edges[-1] < 10
    assert found.below >= 1
    assert found.above >= 1


def test_points_are_spread_from_the_lowest_to_the_highest_prediction():
    predicted = np.random.default_rng(0).normal(size=50_000)
    rows = spread_points(predicted)
    assert rows.size == np.unique(rows).size == MOST_POINTS
    assert predicted[rows[0]] == predicted.min()
    assert predicted[rows[-1]] == predicted.max()
    assert spread_points(np.array([2.0, 1.0])).tolist() == [1, 0]
