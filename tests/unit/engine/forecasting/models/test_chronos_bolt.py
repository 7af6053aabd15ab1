"""Chronos-Bolt as a member of a forecaster."""

import json
import shutil
import time

import numpy as np
import pytest
from unit.engine.forecasting.conftest import (
    CHRONOS_BOLT,
    make_panel,
    prepared_of,
    seasonal_series,
)

from windvane.domain.forecasting import CHRONOS_BOLT_FILES
from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.decomposition import decompose
from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.forecaster import Forecaster, Member, load_forecaster
from windvane.engine.forecasting.models import chronos_bolt
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.chronos_bolt import (
    CHRONOS_BOLT as MODEL,
)
from windvane.engine.forecasting.models.chronos_bolt import (
    at_levels,
    check_weights,
)
from windvane.engine.manifest import write_manifest
from windvane.errors import CandidateFault, CorruptArtifact

PANEL = make_panel(seasonal_series())


def fitted(task, panel=PANEL, folder=CHRONOS_BOLT, left_s=240.0, n_forecasts=1):
    limits = FitLimits(time.time() + left_s, n_forecasts=n_forecasts, chronos_bolt=folder)
    return MODEL.fit(panel, task, limits)


@pytest.fixture
def packed(task, tmp_path):
    prepared = prepared_of(PANEL)
    one = Forecaster(
        prepared, (Member(MODEL.name, 1.0, fitted(task)),), IntervalScale(np.ones((6, 3)))
    )
    one.save(tmp_path)
    one.seal(tmp_path, {})
    return one, tmp_path


def test_a_package_holds_the_weights_and_needs_no_other_folder(packed):
    one, folder = packed
    assert sorted(file.name for file in (folder / "members" / "0").iterdir()) == [
        "config.json",
        "manifest.json",
        "model.safetensors",
    ]
    saved = folder / "members" / "0" / "model.safetensors"
    assert saved.read_bytes() == (CHRONOS_BOLT / "model.safetensors").read_bytes()
    again = load_forecaster(folder)[0].forecast()
    assert np.array_equal(again.quantiles, one.forecast().quantiles)


def test_a_damaged_package_is_refused(packed):
    _, folder = packed
    file = folder / "members" / "0" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(CorruptArtifact, match="differs from its SHA-256 sum"):
        load_forecaster(folder)


def test_what_a_forecast_is_made_of_adds_up(packed):
    made = decompose(packed[0])
    assert made.level + made.trend + made.season == pytest.approx(made.mean)


def test_horizons_are_as_long_as_jobs_allow():
    task = ForecastTask(horizon=500, levels=(0.01, 0.5, 0.99), season=12)
    made = fitted(task).forecast(PANEL)
    assert made.quantiles.shape == (8, 500, 3)
    assert np.isfinite(made.quantiles).all()
    assert (np.diff(made.quantiles, axis=2) >= 0).all()


def test_other_levels_lie_between_and_beyond_those_of_the_network():
    rng = np.random.default_rng(0)
    own = tuple(round(0.1 * i, 1) for i in range(1, 10))
    drawn = rng.normal(5, 2, (1, 1, 200_000))
    quantiles = np.quantile(drawn, own, axis=2).transpose(1, 2, 0)
    wanted = (0.01, 0.05, 0.1, 0.25, 0.5, 0.95, 0.99)
    made = at_levels(quantiles, own, wanted)[0, 0]
    assert made == pytest.approx(np.quantile(drawn[0, 0], wanted), abs=0.05)
    assert made[2] == quantiles[0, 0, 0]


def test_it_is_not_begun_if_it_would_not_end(task):
    with pytest.raises(CandidateFault, match=r"would take about .* 8 series in 100000000 backtest"):
        fitted(task, n_forecasts=100_000_000)


def test_a_network_that_takes_long_for_a_single_series_is_not_tried(task, monkeypatch):
    monkeypatch.setattr(chronos_bolt, "_MOST_S", 0.0)
    with pytest.raises(CandidateFault, match="to forecast a single series; 0 s are the most"):
        fitted(task)


def test_a_package_of_more_work_than_any_published_network_is_refused(packed):
    _, folder = packed
    member = folder / "members" / "0"
    document = json.loads((member / "config.json").read_text())
    document["chronos_config"]["context_length"] = 2048
    (member / "config.json").write_text(json.dumps(document))
    (member / "manifest.json").unlink()
    write_manifest(member, MODEL.name, {})
    long = ForecastTask(horizon=500, levels=(0.1, 0.5, 0.9), season=12)
    assert MODEL.load(member, long).network.config.n_passes(500) == 280
    document["chronos_config"]["quantiles"] = [0.04 * i + 0.1 for i in range(10)] + [0.5, 0.6]
    document |= {"d_ff": 8192, "d_model": 2048, "num_layers": 2, "num_decoder_layers": 2}
    (member / "config.json").write_text(json.dumps(document))
    (member / "manifest.json").unlink()
    write_manifest(member, MODEL.name, {})
    with pytest.raises(CorruptArtifact, match="too large to forecast 500 steps"):
        MODEL.load(member, long)


def test_more_series_than_can_be_timed_are_not_tried(task):
    assert MODEL.suits(make_panel([[1.0, 2.0]] * 4_000), task)
    assert not MODEL.suits(make_panel([[1.0, 2.0]] * 4_001), task)


def test_without_usable_weights_the_candidate_fails_and_says_why(task, tmp_path):
    with pytest.raises(CandidateFault, match="no folder with weights"):
        fitted(task, folder=None)
    with pytest.raises(CandidateFault, match=r"config\.json is missing"):
        fitted(task, folder=tmp_path)
    shutil.copy(CHRONOS_BOLT / "config.json", tmp_path)
    with pytest.raises(CandidateFault, match=r"model\.safetensors"):
        fitted(task, folder=tmp_path)
    (tmp_path / "config.json").write_text('{"chronos_config": 1}')
    with pytest.raises(CorruptArtifact, match="is not the configuration of a Chronos-Bolt network"):
        check_weights(tmp_path)


def test_any_weights_that_are_read_give_finite_forecasts(task, tmp_path):
    for name in CHRONOS_BOLT_FILES:
        shutil.copy(CHRONOS_BOLT / name, tmp_path)
    file = tmp_path / "model.safetensors"
    whole = file.read_bytes()
    n_header = int.from_bytes(whole[:8], "little")
    numbers = np.frombuffer(whole, "<f4", offset=8 + n_header) * 1e30
    file.write_bytes(whole[: 8 + n_header] + numbers.clip(-3e38, 3e38).astype("<f4").tobytes())
    made = fitted(task, folder=tmp_path).forecast(PANEL)
    assert np.isfinite(made.quantiles).all()
    assert np.isfinite(made.mean).all()
