import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, seasonal_series

from windvane.engine.forecast_reports.nature import (
    Demand,
    natures_of,
    season_strength,
    trend_strength,
)

RNG = np.random.default_rng(0)


def test_a_season_without_noise_has_the_strength_one_and_noise_nearly_none():
    wave = np.tile(np.arange(12.0), 8)
    assert season_strength(wave, 12) == pytest.approx(1)
    strengths = [season_strength(RNG.normal(size=60), 12) for _ in range(200)]
    assert np.mean(strengths) < 0.12  # without the correction for chance it is a third


def test_a_line_has_the_trend_one_and_noise_little():
    line = np.arange(100.0)
    assert trend_strength(line, 1) == pytest.approx(1)
    assert trend_strength(line + np.tile([0, 50, 0, -50], 25), 4) > 0.95
    assert trend_strength(RNG.normal(size=2_000), 12) < 0.2


@pytest.mark.parametrize("strength", [season_strength, trend_strength])
@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, 7.0), np.arange(5.0)])
def test_of_a_constant_or_a_few_values_no_strength_is_known(strength, values):
    assert np.isnan(strength(values, 12))


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (np.full(60, 5.0), Demand.SMOOTH),
        (np.tile([1.0, 60.0, 2.0, 9.0], 15), Demand.ERRATIC),
        (np.tile([0.0, 0.0, 5.0], 20), Demand.INTERMITTENT),
        (np.tile([0.0, 0.0, 1.0, 0.0, 0.0, 90.0], 10), Demand.LUMPY),
        (np.zeros(60), Demand.NONE),
        (np.full(60, np.nan), Demand.NONE),
    ],
)
def test_demand_has_the_pattern_of_its_zeros_and_sizes(values, pattern):
    assert natures_of(make_panel([values]), 0).demand == [pattern]


def test_each_series_is_described_by_its_own_values():
    panel = make_panel([[1, 0, np.nan, 3], [0, 0, 0, 0, 0], [np.nan, np.nan]])
    found = natures_of(panel, 0)
    assert found.n_missing.tolist() == [1, 0, 2]
    assert found.n_zero.tolist() == [1, 5, 0]
    assert found.mean[:2] == pytest.approx([4 / 3, 0])
    assert np.isnan(found.mean[2])
    assert found.interval[0] == pytest.approx(1.5)


def test_of_very_many_series_a_sample_is_looked_at():
    found = natures_of(make_panel([np.arange(3.0)] * 2_500), 0)
    assert found.is_sample
    assert len(found.chosen) == 2_000
    assert (np.diff(found.chosen) > 0).all()


def test_seasonal_series_are_told_from_others():
    found = natures_of(make_panel([*seasonal_series(3, 72), RNG.normal(size=72) + 9]), 0)
    assert found.periods == (12,)
    assert (found.seasons[:3, 0] > 0.8).all()
    assert found.seasons[3, 0] < 0.5
