import numpy as np
import pytest

from windvane.engine.forecasting.calibration import fit_scale
from windvane.engine.forecasting.forecast import Forecast, normal_quantiles
from windvane.engine.forecasting.metrics import Truth, coverage

LEVELS = (0.1, 0.5, 0.9)


def drawn(n_series, width, horizon=8, seed=0):
    """Values of deviation 1, and forecasts that think it is `width`."""
    actual = np.random.default_rng(seed).normal(size=(n_series, horizon)) + 10
    mean = np.full_like(actual, 10.0)
    forecast = Forecast(mean, normal_quantiles(mean, np.full_like(mean, width), LEVELS))
    return forecast, Truth(actual, np.ones(n_series), LEVELS, (0, 1, 2))


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_intervals_that_are_too_narrow_or_too_wide_are_corrected(width):
    forecast, truth = drawn(500, width)
    scale = fit_scale(forecast, truth)
    unseen, unseen_truth = drawn(500, width, seed=1)
    assert coverage(scale.applied(unseen, 1), unseen_truth, 0, 2) == pytest.approx(0.8, abs=0.03)


def test_the_median_stays_and_few_values_change_little():
    forecast, truth = drawn(2, 0.2)
    scale = fit_scale(forecast, truth)
    assert (scale.factors[:, 1] == 1).all()
    assert scale.factors.max() < 1.3
    assert np.array_equal(
        scale.applied(forecast, 1).quantiles[:, :, 1], forecast.quantiles[:, :, 1]
    )


def test_one_large_series_does_not_decide_the_width_alone():
    forecast, truth = drawn(300, 0.4)
    unit = np.where(np.arange(300) == 0, 1e5, 1.0)
    wide = np.where(np.arange(300) == 0, 10.0, 1.0)[:, None, None]
    centre = forecast.quantiles[:, :, 1:2]
    quantiles = (centre + (forecast.quantiles - centre) * wide) * unit[:, None, None]
    scaled = Truth(truth.actual * unit[:, None], unit, LEVELS, (0, 1, 2))
    scale = fit_scale(Forecast(forecast.mean * unit[:, None], quantiles), scaled)
    assert scale.factors[:, 0].mean() > 1.2
