import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecasting.forecast import (
    Forecast,
    check_horizon,
    guarded,
    mean_of_quantiles,
    normal_quantiles,
)
from windvane.errors import DataFault


def test_a_horizon_is_at_most_a_quarter_of_the_longest_series():
    panel = make_panel([[1.0] * 20, [1.0] * 3], "D")
    check_horizon(5, panel)
    with pytest.raises(
        DataFault, match=r"horizon is 6 steps; .* which is 5: .* 20 steps at the frequency D"
    ):
        check_horizon(6, panel)


def test_what_cannot_be_meant_is_guarded():
    history = make_panel([[1, 2, 3], [-5, 5, 0]])
    quantiles = np.array([[[np.inf, 1, -2]], [[np.nan, -1e9, 1]]])
    made = guarded(Forecast(np.array([[np.nan], [1e12]]), quantiles), history)
    assert made.mean.tolist() == [[3.0], [35.0]]
    assert np.array_equal(np.sort(made.quantiles, axis=2), made.quantiles)
    assert made.quantiles[0].tolist() == [[0.0, 1.0, 9.0]]
    assert made.quantiles[1].min() == -35.0


def test_quantiles_of_a_normal_distribution():
    made = normal_quantiles(np.array([[10.0]]), np.array([[2.0]]), (0.1, 0.5, 0.9))
    assert made[0, 0].tolist() == pytest.approx([10 - 2 * 1.2815516, 10, 10 + 2 * 1.2815516])


def test_the_mean_of_symmetric_quantiles_is_the_median():
    quantiles = np.array([[[1.0, 3.0, 5.0]]])
    assert mean_of_quantiles(quantiles, (0.1, 0.5, 0.9)).item() == pytest.approx(3.0)
