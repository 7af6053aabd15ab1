import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, f_oneway

from windvane.engine.exploration.association import correlation_ratio, cramers_v, pearson

RANDOM = np.random.default_rng(1)


def test_pearson_is_what_pandas_finds_in_pairs_that_are_there():
    X = RANDOM.normal(size=(300, 5)) @ RANDOM.normal(size=(5, 5))
    X[RANDOM.random(X.shape) < 0.3] = np.nan
    np.testing.assert_allclose(pearson(X), pd.DataFrame(X).corr(), atol=1e-10)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e300])
def test_pearson_takes_numbers_of_any_size(scale):
    X = RANDOM.normal(size=(100, 2))
    np.testing.assert_allclose(pearson(X * scale), np.corrcoef(X.T), atol=1e-10)


def test_pearson_of_far_off_numbers_is_exact_enough():
    X = RANDOM.normal(size=(200, 2))
    np.testing.assert_allclose(pearson(X + 1e6), np.corrcoef(X.T), atol=1e-6)


def test_there_is_no_pearson_of_constants_and_of_single_rows():
    X = np.array([[1.0, 0.1, np.nan], [2, 0.1, np.nan], [3, 0.1, 7]])
    assert np.isnan(pearson(X)[0, 1])
    assert np.isnan(pearson(X)[0, 2])
    assert pearson(np.empty((4, 0))).shape == (0, 0)


def test_cramers_v_is_the_corrected_one_of_its_table():
    a = RANDOM.integers(0, 4, 500)
    b = np.where(RANDOM.random(500) < 0.5, a, RANDOM.integers(0, 3, 500))
    table = pd.crosstab(a, b).to_numpy()
    phi2 = chi2_contingency(table, correction=False).statistic / 500
    rows, columns = table.shape
    phi2 -= (rows - 1) * (columns - 1) / 499
    least = min(k - (k - 1) ** 2 / 499 for k in (rows, columns)) - 1
    assert cramers_v(a, b) == pytest.approx(np.sqrt(phi2 / least))


def test_cramers_v_of_the_same_is_one_and_of_chance_about_nothing():
    a = RANDOM.integers(0, 50, 2000)
    assert cramers_v(a, 49 - a) == pytest.approx(1)
    assert cramers_v(a, RANDOM.integers(0, 50, 2000)) < 0.08


def test_cramers_v_leaves_missing_cells_aside():
    a, b = RANDOM.integers(0, 3, 200), RANDOM.integers(0, 3, 200)
    b[:150] = a[:150]
    with_gaps = np.append(a, [-1, -1, 2]), np.append(b, [0, 1, -1])
    assert cramers_v(*with_gaps) == pytest.approx(cramers_v(a, b))


def test_correlation_ratio_is_the_corrected_one_of_an_analysis_of_variance():
    codes = RANDOM.integers(0, 5, 400)
    x = codes * 0.5 + RANDOM.normal(size=400)
    f = f_oneway(*(x[codes == k] for k in range(5))).statistic
    explained = f * 4 / (f * 4 + 395)
    assert correlation_ratio(codes, x) == pytest.approx(
        np.sqrt(1 - (1 - explained) * 399 / 395), rel=1e-9
    )


def test_correlation_ratio_of_many_chance_categories_is_about_nothing():
    assert correlation_ratio(np.arange(900) % 300, RANDOM.normal(size=900)) < 0.2
    assert correlation_ratio(np.arange(900) % 3, np.arange(900) % 3 * 2.0) == pytest.approx(1)


def test_what_cannot_be_told_is_not_told():
    one, two = np.zeros(5, np.int64), np.array([0, 1, 0, 1, 0])
    assert np.isnan(cramers_v(one, two))
    assert np.isnan(cramers_v(-one - 1, two))
    assert np.isnan(correlation_ratio(one, np.arange(5.0)))
    assert np.isnan(correlation_ratio(two, np.full(5, 7.0)))
    assert np.isnan(correlation_ratio(two, np.full(5, np.nan)))
