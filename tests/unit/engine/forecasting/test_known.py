import numpy as np
import pytest

from windvane.engine.forecasting.known import mean_of_known, spread_of_known

X = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])


def test_what_is_missing_does_not_count_and_nothing_known_is_no_warning():
    assert mean_of_known(X, 1) == pytest.approx([2.0, np.nan], nan_ok=True)
    assert mean_of_known(X, 0, keepdims=True).shape == (1, 3)
    assert spread_of_known(X).tolist() == [1.0, 0.0]
