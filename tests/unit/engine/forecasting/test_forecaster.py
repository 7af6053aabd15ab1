import json
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.forecaster import KIND, Forecaster, Member, load_forecaster
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact, DataFault


def forecaster(panel, horizon=6, name="seasonal-naive"):
    prepared = prepared_of(panel, horizon)
    fitted = model_named(name).fit(panel, prepared.task, FitLimits(0.0))
    factors = np.ones((horizon, len(prepared.task.levels)))
    return Forecaster(prepared, (Member(name, 1.0, fitted),), IntervalScale(factors))


def saved(one, folder):
    one.save(folder)
    one.seal(folder, {})
    return folder


def test_what_is_saved_forecasts_the_same(tmp_path):
    one = forecaster(make_panel(seasonal_series(3)))
    again, _ = load_forecaster(saved(one, tmp_path))
    assert np.array_equal(again.forecast().quantiles, one.forecast().quantiles)


@pytest.mark.parametrize(
    "members",
    [["x"], "x", [], [{"name": "x", "weight": 1}], [{"name": "seasonal-naive", "weight": 10**400}]],
)
def test_what_is_no_list_of_members_is_refused(members, tmp_path):
    saved(forecaster(make_panel(seasonal_series(2))), tmp_path)
    (tmp_path / "forecaster.json").write_text(json.dumps({"members": members}))
    (tmp_path / "manifest.json").unlink()
    write_manifest(tmp_path, KIND, {})
    with pytest.raises(CorruptArtifact, match="does not describe a forecaster"):
        load_forecaster(tmp_path)


def test_a_forecast_too_large_for_memory_is_refused_before_it_is_made(tmp_path):
    panel = make_panel([[1.0]] * 20_000)
    one, _ = load_forecaster(saved(forecaster(panel, horizon=500), tmp_path))
    told = r"20,000 series, 500 steps and 3 quantiles has 30,000,000 numbers; 20,000,000 are"
    with pytest.raises(DataFault, match=told):
        one.forecast()


def test_a_forecaster_that_cannot_forecast_is_refused_where_it_is_loaded(tmp_path):
    """A model of seasons, of series that have none: its parts are sound each by itself."""
    one = forecaster(make_panel([np.arange(30.0)], frequency="Y"), name="seasonal-npts")
    with pytest.raises(CorruptArtifact, match="frequency 'Y' have none"):
        load_forecaster(saved(one, tmp_path))


def test_keys_of_other_parts_than_the_columns_are_refused(tmp_path):
    one = forecaster(make_panel([np.arange(30.0)]))
    spec = replace(one.prepared.spec, group_columns=("shop",))
    one = replace(one, prepared=replace(one.prepared, spec=spec))
    with pytest.raises(CorruptArtifact, match="has 1 parts and not 2"):
        load_forecaster(saved(one, tmp_path))


@pytest.mark.parametrize("name", ["npts", "arima", "ets", "theta", "adida"])
def test_a_series_is_forecast_alike_whatever_is_forecast_with_it(name):
    """Short ones beside long ones, and beside one that is longer than those that the model knows."""
    series = [one[-n:] for one, n in zip(seasonal_series(4, 80), (80, 40, 25, 9), strict=True)]
    one = forecaster(make_panel(series), name=name)
    whole = one.forecast()
    longer = make_panel([*series, *seasonal_series(1, 140)])
    beside = one.forecast(longer)
    for i in range(4):
        alone = one.forecast(one.prepared.panel.only(np.array([i])))
        assert alone.quantiles[0] == pytest.approx(whole.quantiles[i], rel=1e-9)
        assert beside.quantiles[i] == pytest.approx(whole.quantiles[i], rel=1e-9)
    alone = one.forecast(longer.only(np.array([4])))
    assert alone.quantiles[0] == pytest.approx(beside.quantiles[4], rel=1e-9)


def test_latency_is_the_median_time_of_forecasts_of_one_series():
    ticks = iter([0.0, 5.0, 10.0, 10.5, 20.0, 20.2])
    one = forecaster(make_panel(seasonal_series(3)))
    assert one.latency_s(lambda: next(ticks)) == pytest.approx(0.5)
