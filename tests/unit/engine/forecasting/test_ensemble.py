import numpy as np
import pytest

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.ensemble import fit_weights, weighted
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.metrics import Truth, score

LEVELS = (0.1, 0.5, 0.9)


def shifted(actual, shift, width=1.0):
    quantiles = (actual + shift)[:, :, None] + width * np.array([-1.0, 0.0, 1.0])
    return Forecast(actual + shift, quantiles)


def truth_of(n=200, seed=0):
    actual = 20 + np.random.default_rng(seed).normal(size=(n, 4))
    return Truth(actual, np.ones(n), LEVELS, (0, 1, 2))


def test_models_that_err_in_opposite_ways_are_averaged():
    truth = truth_of()
    forecasts = [shifted(truth.actual, 3), shifted(truth.actual, -3), shifted(truth.actual, 30)]
    weights = fit_weights(forecasts, truth, ForecastMetric.WQL, 0)
    assert weights == pytest.approx([0.5, 0.5, 0], abs=0.1)
    assert weights.sum() == pytest.approx(1)
    both = score(ForecastMetric.WQL, weighted(forecasts, weights), truth)
    assert both < min(score(ForecastMetric.WQL, one, truth) for one in forecasts)


def test_where_little_is_known_the_weights_are_not_those_of_chance():
    actual = np.array([[20.0, 21.0]])
    truth = Truth(actual, np.ones(1), LEVELS, (0, 1, 2))
    weights = fit_weights(
        [shifted(actual, 1.0), shifted(actual, 1.05)], truth, ForecastMetric.WQL, 0
    )
    assert weights.min() > 0.25


def test_one_large_series_does_not_decide_the_weights_alone():
    actual = truth_of(100).actual
    unit = np.where(np.arange(100) == 0, 1e4, 1.0)
    errors = np.where(np.arange(100) == 0, 1.0, 5.0)[:, None]
    of_others = np.where(np.arange(100) == 0, 3.0, 1.0)[:, None]
    truth = Truth(actual * unit[:, None], unit, LEVELS, (0, 1, 2))
    forecasts = [
        shifted((actual + error) * unit[:, None], 0.0, unit[:, None, None])
        for error in (errors, of_others)
    ]
    best_of_large, best_of_most = fit_weights(forecasts, truth, ForecastMetric.WQL, 0)
    assert best_of_most == pytest.approx(0.5, abs=0.15)
    assert best_of_large == pytest.approx(0.5, abs=0.15)


def test_quantiles_of_an_average_do_not_cross():
    truth = truth_of(20)
    made = weighted([shifted(truth.actual, 1, 0.1), shifted(truth.actual, -2, 5.0)], [0.3, 0.7])
    assert (np.diff(made.quantiles, axis=2) >= 0).all()


def test_without_models_there_is_nothing_to_weigh():
    with pytest.raises(ValueError, match="no models"):
        fit_weights([], truth_of(5), ForecastMetric.WQL, 0)
