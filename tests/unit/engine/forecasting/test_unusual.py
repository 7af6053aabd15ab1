from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecasting.unusual import find_level_shifts, find_outliers


def spec_of(panel):
    return prepared_of(panel).spec


def test_a_value_far_from_its_season_is_an_outlier_with_its_time_and_effect():
    series = seasonal_series(3)
    series[1][30] *= 20
    panel = make_panel(series)
    [found] = find_outliers(panel, spec_of(panel))
    assert found.code == "outliers"
    assert "1 value of 1 series" in found.message
    assert "'s001' at 1972-07-01 (" in found.message
    share = (series[1][30] * 19 / 20) / (np.abs(series[1]).sum())
    told = float(found.message.split("mean of 's001' is ")[1].split(" %")[0]) / 100
    assert told == pytest.approx(share, rel=0.1)


@pytest.mark.parametrize("frequency", ["M", "D", "Y", "H"])
def test_seasons_trends_noise_and_rare_demand_are_no_outliers_and_no_shifts(frequency):
    rng = np.random.default_rng(1)
    series = seasonal_series(4, 240, noise=0.1)
    series += [np.cumsum(rng.normal(size=240)) + 50 for _ in range(4)]
    series += [np.where(rng.random(240) < 0.1, 20.0, 0.0), np.ones(240), np.arange(240.0)]
    panel = make_panel(series, frequency)
    assert find_outliers(panel, spec_of(panel)) == []
    assert find_level_shifts(panel, spec_of(panel)) == []


def test_a_level_that_changes_at_once_and_stays_is_found():
    rng = np.random.default_rng(0)
    days = np.arange(200)
    week = 10 * np.sin(2 * np.pi * days / 7)
    shifted = 100 + 60 * (days >= 120) + week + rng.normal(size=200)
    huge = 1e9 * (1 + 0.01 * rng.normal(size=200))
    panel = make_panel([huge, shifted, 100 + week], "D")
    [found] = find_level_shifts(panel, spec_of(panel))
    assert "1 of 3 series" in found.message
    assert "'s001' at 1970-05-01" in found.message
    assert "from 1" in found.message
    assert find_outliers(panel, spec_of(panel)) == []


def test_a_peak_that_passes_is_no_shift():
    days = np.arange(200)
    values = 100 + 80 * ((days >= 100) & (days < 110)) + np.random.default_rng(0).normal(size=200)
    panel = make_panel([values], "D")
    assert find_level_shifts(panel, spec_of(panel)) == []


def test_missing_values_are_neither():
    values = 100 + np.random.default_rng(0).normal(size=100)
    values[20:40] = np.nan
    panel = make_panel([values, np.full(10, np.nan), [5.0]], "D")
    assert find_outliers(panel, spec_of(panel)) == []
    assert find_level_shifts(panel, replace(spec_of(panel), seed=1)) == []
