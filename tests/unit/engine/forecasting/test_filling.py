import numpy as np
import pytest

from windvane.domain.forecasting import Fill, FillMethod
from windvane.engine.forecasting.filling import fill

VALUES = np.array([1.0, np.nan, 4.0, 10.0, np.nan, np.nan])
SERIES = np.array([0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (FillMethod.ZERO, [0, 0, 0]),
        (FillMethod.VALUE, [7, 7, 7]),
        (FillMethod.MEAN, [5, 0, 0]),
        (FillMethod.MEDIAN, [4, 0, 0]),
        (FillMethod.MIN, [1, 0, 0]),
        (FillMethod.MAX, [10, 0, 0]),
    ],
)
def test_each_series_is_filled_by_its_own_values(method, expected):
    made = fill(VALUES, np.ones(6, bool), SERIES, 2, Fill(method, 7.0))
    assert made[np.isnan(VALUES)].tolist() == expected
    assert made[[0, 2, 3]].tolist() == [1, 4, 10]


def test_nan_leaves_it_missing_and_only_what_is_chosen_is_filled():
    assert np.isnan(fill(VALUES, np.ones(6, bool), SERIES, 2, Fill(FillMethod.NAN))[1])
    where = np.array([True] * 5 + [False])
    assert np.isnan(fill(VALUES, where, SERIES, 2, Fill(FillMethod.ZERO))[5])
