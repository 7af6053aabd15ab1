import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.engine.forecast_reports.seasons import autocorrelation, profiles_of


def profile(panel, cycle):
    [found] = [one for one in profiles_of(panel) if one.cycle == cycle]
    return found


def test_a_week_that_repeats_is_its_profile():
    week = np.array([0.0, 10, 10, 10, 10, 10, 20])  # 1970-01-01, step 0, was a Thursday
    found = profile(make_panel([np.tile(week, 10), 5 * np.tile(week, 10)], "D"), "week")
    assert found.labels[3] == "Thursday"
    assert found.n_series == 2
    assert found.middle[3] == pytest.approx(-1.0)
    assert found.middle[2] == pytest.approx(1.0)
    assert found.low[3] == pytest.approx(found.high[3])


def test_months_are_compared_with_their_own_year_so_that_a_trend_is_no_season():
    months = np.arange(120.0)
    found = profile(make_panel([1_000 + months]), "year")
    assert found.labels[0] == "January"
    assert np.abs(found.middle).max() < 0.006


def test_hours_are_named_by_their_time():
    panel = make_panel([np.tile(np.arange(24.0), 20)], "H")
    assert [one.cycle for one in profiles_of(panel)] == ["day", "week", "year"]
    found = profile(panel, "day")
    assert found.labels[:2] == ("00:00", "01:00")
    assert (np.diff(found.middle) > 0).all()


@pytest.mark.parametrize(
    ("series", "frequency"),
    [([np.zeros(100)], "D"), ([[np.nan] * 30], "D"), ([np.arange(9.0)], "Y"), ([[1.0]], "D")],
)
def test_without_values_or_a_cycle_there_is_no_profile(series, frequency):
    assert profiles_of(make_panel(series, frequency)) == []


def test_autocorrelation_is_that_of_a_series_with_itself():
    wave = np.sin(2 * np.pi * np.arange(120) / 12)
    panel = make_panel([wave, np.full(120, 3.0)])
    found = autocorrelation(panel, np.arange(2))
    assert found.n_series == 1
    naive = wave - wave.mean()
    expected = [(naive[k:] * naive[:-k]).sum() / (naive**2).sum() for k in (1, 6, 12)]
    assert found.values[[0, 5, 11]] == pytest.approx(expected)


def test_constants_have_no_autocorrelation():
    panel = make_panel([np.full(50, 3.0)])
    assert autocorrelation(panel, np.arange(1)) is None
