import time
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, seasonal_series

from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.holidays import NO_HOLIDAYS, holidays_of
from windvane.engine.forecasting.models import boosted
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.boosted import BOOSTED_LEVELS, BOOSTED_LOGS
from windvane.engine.forecasting.models.boosted_features import Layout, Samples, describe
from windvane.engine.forecasting.models.linear import LINEAR
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact


@pytest.mark.parametrize(("frequency", "n_ahead"), [("M", 6), ("D", 370)])
def test_features_of_a_step_see_nothing_from_its_origin_on(frequency, n_ahead):
    """Neither of the values nor of covariates that are not known in advance."""
    n_steps = 40 + n_ahead + 400
    values = np.concatenate(seasonal_series(3, n_steps))
    past = np.random.default_rng(0).normal(size=(3 * n_steps, 2))
    panel = make_panel(np.split(values, 3), frequency, np.arange(3.0 * n_steps)[:, None])
    panel = replace(panel, past=past)
    task = ForecastTask(n_ahead, (0.5,), panel.grid.frequency.season)
    origin = panel.bounds[:-1] + 440
    series, ahead = np.repeat(np.arange(3), n_ahead), np.tile(np.arange(n_ahead), 3)
    samples = Samples(series, origin[series], ahead)
    seen = describe(Layout.of(panel, values, 0), samples, task, by_level=True, is_log=False)
    changed, later = values.copy(), past.copy()
    for begin in origin:
        changed[begin : begin + n_ahead] = 1e3
        later[begin : begin + n_ahead] = 1e3
    layout = Layout.of(replace(panel, past=later), changed, 0)
    after = describe(layout, samples, task, by_level=True, is_log=False)
    assert pytest.approx(seen.X, rel=1e-3, nan_ok=True) == after.X
    assert after.phase == pytest.approx(seen.phase)


def test_features_ahead_of_the_end_are_those_that_were_learned_from(task):
    """What a step looks like in training, and what it looks like when it is forecast."""
    values = seasonal_series(2)
    covariates = np.random.default_rng(0).normal(size=(120, 1))
    panel = make_panel(values, known=covariates, future=np.empty((2, 0, 1)), past=covariates + 1)
    whole = Layout.of(panel, panel.filled, 0)
    origin = panel.bounds[1:] - 6
    series, ahead = np.repeat(np.arange(2), 6), np.tile(np.arange(6), 2)
    learned = describe(
        whole, Samples(series, origin[series], ahead), task, by_level=False, is_log=False
    )
    earlier = panel.before(6, 6)
    layout = Layout.of(earlier, earlier.filled, 6)
    asked = describe(
        layout, Samples(series, layout.ends[series], ahead), task, by_level=False, is_log=False
    )
    assert pytest.approx(learned.X, rel=1e-4, nan_ok=True) == asked.X


@pytest.fixture(scope="module")
def covariate_panel():
    """Values that follow a covariate known in advance and nothing else."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 400).astype(float)
    y = 10 + 20 * x + rng.normal(size=400)
    future = rng.integers(0, 2, (4, 6, 1)).astype(float)
    return make_panel(np.split(y, 4), known=x[:, None], future=future), future


def test_a_known_covariate_decides_where_values_follow_it(covariate_panel, task, tmp_path):
    panel, future = covariate_panel
    one = BOOSTED_LEVELS.fit(panel, task, FitLimits(time.time() + 30))
    made = one.forecast(panel)
    assert made.quantiles[:, :, 1] == pytest.approx(10 + 20 * future[:, :, 0], abs=4)
    assert (np.diff(made.quantiles, axis=2) >= 0).all()
    one.save(tmp_path)
    again = BOOSTED_LEVELS.load(tmp_path, task).forecast(panel)
    assert np.array_equal(again.quantiles, made.quantiles)
    (tmp_path / "0.txt").write_text("tree\n")
    with pytest.raises(CorruptArtifact):
        BOOSTED_LEVELS.load(tmp_path, task)


REFERENCE = {"items": [], "least": 1.0}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"items": ["a", "a"]}, "2 series are told apart"),
        ({"items": [f"{i}" for i in range(51)]}, "51 series are told apart"),
        ({"items": "a"}, "'items'"),
        ({"least": 0}, "'least' is 0"),
    ],
)
def test_what_was_learned_of_series_is_checked(change, told, task, tmp_path):
    write_manifest(tmp_path, BOOSTED_LEVELS.name, {"n_texts": 3, **REFERENCE, **change})
    with pytest.raises(CorruptArtifact, match=told):
        BOOSTED_LEVELS.load(tmp_path, task)


@pytest.mark.parametrize("model", [BOOSTED_LEVELS, BOOSTED_LOGS])
def test_a_series_alone_is_forecast_as_among_the_others(model, task, monkeypatch):
    """Also where there are so many that they are described in several blocks."""
    panel = make_panel(seasonal_series(5))
    one = model.fit(panel, task, FitLimits(time.time() + 1))
    whole = one.forecast(panel)
    for chosen in ([3], [1, 4]):
        part = one.forecast(panel.only(np.array(chosen)))
        assert part.quantiles == pytest.approx(whole.quantiles[chosen], rel=1e-6)
    monkeypatch.setattr(boosted, "_BLOCK_ROWS", 2 * task.horizon)
    assert np.allclose(one.forecast(panel).quantiles, whole.quantiles, rtol=1e-6)
    stranger = replace(panel.only(np.array([0])), items=("stranger",))
    assert np.isfinite(one.forecast(stranger).quantiles).all()


class Rows(Exception):
    """Carries the rows that were to be learned from."""


def test_a_series_a_hundred_times_as_large_counts_ten_times_as_much(task, monkeypatch):
    def seen(rows, *_):
        raise Rows(rows)

    monkeypatch.setattr(boosted, "boost", seen)
    [values] = seasonal_series(1)
    with pytest.raises(Rows) as found:
        BOOSTED_LEVELS.fit(make_panel([values, 100 * values]), task, FitLimits(time.time() + 1))
    rows = found.value.args[0]
    large = rows.X[:, -2] > np.median(rows.X[:, -2])
    assert rows.weight[large].mean() / rows.weight[~large].mean() == pytest.approx(10, rel=0.1)


def test_a_covariate_of_the_past_is_seen_where_values_follow_it_a_season_later(task):
    rng = np.random.default_rng(0)
    z = rng.integers(0, 2, (4, 112)).astype(float)
    y = 10 + 20 * np.roll(z, 12, axis=1) + rng.normal(size=(4, 112))
    panel = make_panel(list(y[:, 12:]), past=z[:, 12:].reshape(-1, 1))
    made = BOOSTED_LEVELS.fit(panel, task, FitLimits(time.time() + 30)).forecast(panel)
    assert made.quantiles[:, :, 1] == pytest.approx(10 + 20 * z[:, -12:-6], abs=4)


def days_off(n_days=800, drop=0.7, seed=0):
    """Two daily series that are far lower on the public holidays of Germany, and 30 days that follow, with New Year."""
    panel = make_panel([np.ones(n_days)] * 2, "D")
    start = int(np.datetime64("2021-12-18").astype(int)) - n_days
    panel = replace(panel, first=np.full(2, start))
    seconds = np.array([start, start + n_days]) * 86_400
    panel = replace(panel, holidays=holidays_of("DE", seconds[:1], seconds[1:]))
    steps = start + np.arange(n_days + 30)
    is_off = panel.holidays.kind_of(steps) >= 0
    noise = np.random.default_rng(seed).normal(size=(2, n_days + 30))
    values = 100 * (1 - drop * is_off) * (1 + 0.2 * (steps % 7 == 0)) + noise
    return replace(panel, values=values[:, :n_days].ravel()), values[:, n_days:], is_off[n_days:]


@pytest.mark.parametrize("model", [BOOSTED_LEVELS, LINEAR])
def test_public_holidays_are_forecast_where_there_is_a_calendar(model, tmp_path):
    panel, actual, is_off = days_off()
    task = ForecastTask(30, (0.1, 0.5, 0.9), 7)
    assert is_off.sum() == 3

    def error(history, folder):
        folder.mkdir()
        model.fit(history, task, FitLimits(time.time() + 8)).save(folder)
        made = model.load(folder, task).forecast(history)
        return np.abs(made.quantiles[:, is_off, 1] - actual[:, is_off]).mean()

    without = error(replace(panel, holidays=NO_HOLIDAYS), tmp_path / "without")
    assert error(panel, tmp_path / "with") < 0.35 * without


def test_holidays_are_counted_in_weeks_and_months():
    panel = make_panel([np.arange(60.0)], "M")
    calendar = holidays_of("US", np.array([0]), np.array([2 * 365 * 86_400]))
    panel = replace(panel, holidays=calendar)
    samples = Samples(np.zeros(3, int), np.full(3, 20), np.arange(3))
    task = ForecastTask(6, (0.5,), 12)
    with_them, without = (
        describe(Layout.of(one, one.values, 0), samples, task, by_level=True, is_log=False).X
        for one in (panel, replace(panel, holidays=NO_HOLIDAYS))
    )
    assert with_them.shape[1] == without.shape[1] + 3
    of_1971 = (calendar.days >= 365) & (calendar.days < 730)
    months = calendar.days[of_1971].astype("datetime64[D]").astype("datetime64[M]").astype(int) - 12
    counts = np.bincount(months, minlength=13)
    columns = [list(column) for column in with_them.T]
    for shift in (-1, 0, 1):
        assert [counts[8 + i + shift] for i in range(3)] in columns


@pytest.mark.parametrize(
    ("outputs", "features", "told"),
    [
        ([2, 2, 2], [3, 3, 3], "0.txt have 2 outputs"),
        ([1, 1, 1], [3, 4, 3], "1.txt have 1 outputs and 4 features"),
    ],
)
def test_trees_of_other_outputs_or_features_are_refused(outputs, features, told, task, tmp_path):
    for i, (n_outputs, n_features) in enumerate(zip(outputs, features, strict=True)):
        (tmp_path / f"{i}.txt").write_text(leaves(n_outputs, n_features))
    write_manifest(tmp_path, BOOSTED_LEVELS.name, {"n_texts": 3, **REFERENCE})
    with pytest.raises(CorruptArtifact, match=told):
        BOOSTED_LEVELS.load(tmp_path, task)


def leaves(n_outputs, n_features):
    """Return LightGBM's text of one tree of one leaf for each output."""
    names = " ".join(f"f{i}" for i in range(n_features))
    head = (
        f"tree\nversion=v4\nnum_class={n_outputs}\nnum_tree_per_iteration={n_outputs}\nlabel_index=0\n"
        f"max_feature_idx={n_features - 1}\nobjective=regression\nfeature_names={names}\n"
        f"feature_infos={' '.join(['none'] * n_features)}\n\n"
    )
    trees = [
        f"Tree={i}\nnum_leaves=1\nnum_cat=0\nleaf_value=1\nshrinkage=1\n\n\n"
        for i in range(n_outputs)
    ]
    return head + "".join(trees) + "end of trees\n"


def test_logarithms_are_for_values_above_zero(covariate_panel, task):
    panel, _ = covariate_panel
    assert BOOSTED_LOGS.suits(panel, task)
    assert not BOOSTED_LOGS.suits(replace(panel, values=panel.values - 15), task)
    assert not BOOSTED_LEVELS.suits(make_panel([[1, 2, 3]]), task)
