import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.metrics import (
    Truth,
    coverage,
    in_own_units,
    n_independent,
    score,
    seasonal_scale,
    standard_error,
)

LEVELS = (0.1, 0.5, 0.9)
NAN = np.nan


def by_hand():
    actual = np.array([[10.0, NAN], [4.0, 0.0]])
    quantiles = np.array([[[8, 9, 12], [0, 0, 0]], [[1, 2, 3], [0, 1, 2]]], float)
    mean = quantiles[:, :, 1]
    return Forecast(mean, quantiles), Truth(actual, np.array([2.0, 0.5]), LEVELS, (0, 1, 2))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # losses of p10: .1*2, .1*3, .1*0; p50: .5*1, .5*2, .5*1; p90: .1*2, .9*1, .1*2; twice their mean over |y| = 14
        (ForecastMetric.WQL, 2 * (0.5 + 2.0 + 1.3) / 3 / 14),
        (ForecastMetric.WAPE, 4 / 14),
        (ForecastMetric.RMSE, np.sqrt((1 + 4 + 1) / 3)),
        (ForecastMetric.MAPE, (1 / 10 + 2 / 4) / 2),
        (ForecastMetric.MASE, (1 / 2 + 1.5 / 0.5) / 2),
    ],
)
def test_metrics_are_what_a_hand_computes(metric, expected):
    forecast, truth = by_hand()
    assert score(metric, forecast, truth) == pytest.approx(expected)


def test_in_own_units_each_series_counts_by_its_error_and_mase_stays():
    forecast, truth = by_hand()
    (scaled,), own = in_own_units([forecast], truth)
    assert own.actual[0, 0] == 5
    assert own.scale == pytest.approx([1, 1])
    assert score(ForecastMetric.MASE, scaled, own) == pytest.approx(
        score(ForecastMetric.MASE, forecast, truth)
    )
    unknown = Truth(truth.actual, np.array([2.0, NAN]), LEVELS, (0, 1, 2))
    assert in_own_units([forecast], unknown)[1].actual[1, 0] == 2


def test_the_scale_is_the_mean_seasonal_difference_or_that_of_neighbours():
    seasonal = list(range(12)) + [i + 3 for i in range(12)]
    panel = make_panel([seasonal, [1, 3, NAN, 6], [5, 5, 5]])
    scale = seasonal_scale(panel, 12)
    assert scale[:2].tolist() == [3.0, 2.0]
    assert np.isnan(scale[2])


def test_coverage_counts_known_values_between_two_quantiles():
    forecast, truth = by_hand()
    assert coverage(forecast, truth, 0, 2) == pytest.approx(2 / 3)


def test_the_standard_error_shrinks_with_the_number_of_series():
    rng = np.random.default_rng(0)

    def error(n):
        actual = 10 + rng.normal(size=(n, 3))
        quantiles = np.repeat(np.array([[[9.0, 10.0, 11.0]]]), n, axis=0).repeat(3, axis=1)
        truth = Truth(actual, np.ones(n), LEVELS, (0, 1, 2))
        return standard_error(ForecastMetric.WQL, Forecast(quantiles[:, :, 1], quantiles), truth)

    assert error(1600) == pytest.approx(error(100) / 4, rel=0.3)
    assert np.isnan(error(1))


def test_a_metric_rests_on_the_series_that_count_for_most_of_it():
    actual = np.ones((100, 8))
    actual[0] = 1e6
    truth = Truth(actual, np.ones(100), LEVELS, (0, 1, 2))
    assert n_independent(ForecastMetric.WQL, truth) == pytest.approx(2, rel=0.01)
    assert n_independent(ForecastMetric.MASE, truth) == pytest.approx(200)
