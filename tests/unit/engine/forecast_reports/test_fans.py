import numpy as np
import pytest

from windvane.engine.forecast_reports.fans import fans_of


def test_forecasts_of_the_past_stand_where_values_came(job):
    found = job.backtests()
    [fan] = fans_of(found, [3], None)
    assert fan.item == "s003"
    assert fan.ahead is None
    assert len(fan.windows) == len(found.windows)
    known = set(fan.seconds.tolist())
    for window in fan.windows:
        assert set(window.seconds.tolist()) <= known
    last = fan.windows[-1]
    assert last.seconds[-1] == fan.seconds[-1]
    assert last.mean == pytest.approx(found.forecasts[-1].mean[3])


def test_what_comes_begins_after_the_last_value_and_is_each_series_own(job):
    found = job.backtests()
    fans = fans_of(found, [7, 2], job.forecaster)
    expected = job.forecaster.forecast(found.prepared.panel.only(np.array([2, 7])))
    assert [fan.item for fan in fans] == ["s007", "s002"]
    assert fans[0].ahead.quantiles == pytest.approx(expected.quantiles[1])
    assert fans[1].ahead.quantiles == pytest.approx(expected.quantiles[0])
    assert fans[0].ahead.seconds[0] > fans[0].seconds[-1]


def test_bands_are_pairs_of_quantiles_the_widest_first(job):
    found = job.backtests()
    [fan] = fans_of(found, [0], None)
    drawn = fan.windows[0].drawn(found.levels)
    [(low, high)] = drawn.bands
    assert (low <= drawn.middle).all()
    assert (drawn.middle <= high).all()
