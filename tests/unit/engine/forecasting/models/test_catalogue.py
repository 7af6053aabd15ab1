"""What every model owes, whatever it is: the contract of models/base.py."""

import time
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import CHRONOS_BOLT, make_panel, seasonal_series

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.backtest import windows_of
from windvane.engine.forecasting.metrics import score
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import FLOOR, HEAVY, MODELS, model_named
from windvane.errors import CorruptArtifact

LIGHT = [model for model in MODELS if model.name not in HEAVY]


def fitted(model, panel, task):
    return model.fit(panel, task, FitLimits(time.time() + 240, chronos_bolt=CHRONOS_BOLT))


def demand(n_series=6, n_steps=60, seed=0):
    rng = np.random.default_rng(seed)
    return make_panel([rng.poisson(0.6, n_steps) * (i + 1) for i in range(n_series)])


PANELS = {
    "seasonal": make_panel(seasonal_series()),
    "demand": demand(),
    "ragged": make_panel([*seasonal_series(4), [3.0], [2.0, 5.0], np.zeros(30), np.full(20, 7.0)]),
    "gaps": make_panel(
        [np.where(np.arange(60) % 7 == 3, np.nan, one) for one in seasonal_series()]
    ),
    "negative": make_panel([one - 200 for one in seasonal_series(6, noise=1.0)]),
    "huge": make_panel([one * 1e12 for one in seasonal_series(4)]),
}


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("model", LIGHT, ids=lambda model: model.name)
def test_forecasts_of_any_series_are_finite_and_in_order(model, kind, task):
    panel = PANELS[kind]
    if not model.suits(panel, task):
        return
    made = fitted(model, panel, task).forecast(panel)
    assert made.mean.shape == (panel.n_series, 6)
    assert np.isfinite(made.mean).all()
    assert np.isfinite(made.quantiles).all()
    assert (np.diff(made.quantiles, axis=2) >= 0).all()
    if np.nanmin(panel.values) >= 0:
        assert made.quantiles.min() >= 0


@pytest.mark.parametrize("model", LIGHT, ids=lambda model: model.name)
def test_what_is_loaded_forecasts_the_same(model, task, tmp_path):
    panel = PANELS["demand"] if "npts" in model.name else PANELS["seasonal"]
    one = fitted(model, panel, task)
    one.save(tmp_path)
    again = model.load(tmp_path, task).forecast(panel)
    assert np.array_equal(again.quantiles, one.forecast(panel).quantiles)
    other = next(m for m in MODELS if m.name != model.name)
    with pytest.raises(CorruptArtifact):
        other.load(tmp_path, task)


@pytest.mark.parametrize("model", LIGHT, ids=lambda model: model.name)
def test_a_series_is_forecast_alike_whatever_is_beside_it(model, task):
    panel = demand(8) if model.name in ("tsb", "sba", "croston", "adida") else PANELS["seasonal"]
    one = fitted(model, panel, task)
    alone = panel.only(np.array([3]))
    beside = one.forecast(panel).quantiles[3]
    assert one.forecast(alone).quantiles[0] == pytest.approx(
        beside, rel=1e-5 if model.name == "chronos-bolt" else 1e-9
    )


@pytest.mark.parametrize("name", ["theta", "ets", "log-ets", "log-theta", "arima"])
def test_models_of_trend_and_season_beat_the_last_season(name, task):
    panel = make_panel(seasonal_series(12, 96, noise=0.05))
    [window] = windows_of(panel, 6, 12, most=1)
    truth = window.truth(task, (0.1, 0.5, 0.9))
    losses = [
        score(ForecastMetric.WQL, fitted(one, window.history, task).forecast(window.history), truth)
        for one in (model_named(name), FLOOR)
    ]
    assert losses[0] < 0.9 * losses[1]


def test_every_model_has_a_name_of_its_own_and_says_what_it_is():
    assert len({model.name for model in MODELS}) == len(MODELS)
    assert all(model.description.endswith(".") for model in MODELS)
    assert FLOOR is MODELS[0]
    assert set(HEAVY) < {model.name for model in MODELS}


def test_the_floor_repeats_the_last_season(task):
    year = np.arange(12.0)
    panel = make_panel([np.concatenate([year, year + 1])])
    made = fitted(FLOOR, panel, replace(task, horizon=14)).forecast(panel)
    assert made.quantiles[0, :, 1].tolist() == [*(year + 1), 1.0, 2.0]
    width = made.quantiles[0, :, 2] - made.quantiles[0, :, 1]
    assert width[12] == pytest.approx(np.sqrt(2) * width[0])
