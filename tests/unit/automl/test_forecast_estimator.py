"""AutoForecast as its users use it: a DataFrame or a file in, forecasts out."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.engine.forecasting.conftest import CHRONOS_BOLT

from windvane import AutoForecast
from windvane.engine.manifest import write_json, write_manifest
from windvane.engine.packages.tarball import pack
from windvane.errors import CorruptArtifact, DataFault, InvalidRequest

HORIZON = 7


def daily(n_series=4, n_days=120, seed=0):
    """Sales with a week, a promotion that doubles them, and a shop's size."""
    rng = np.random.default_rng(seed)
    day = np.arange(n_days)
    frames = []
    for i in range(n_series):
        promotion = rng.random(n_days) < 0.2
        sales = 100 * (i + 1) * (1 + 0.3 * np.sin(2 * np.pi * day / 7)) * (1 + promotion)
        frames.append(
            pd.DataFrame(
                {
                    "shop": 10 + i,
                    "day": pd.date_range("2024-01-01", periods=n_days, freq="D"),
                    "sales": sales * np.exp(0.05 * rng.normal(size=n_days)),
                    "promotion": promotion.astype(int),
                    "size": "large" if i > 1 else "small",
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def rows():
    return daily()


@pytest.fixture(scope="module")
def split(rows):
    last = rows.day >= rows.day.max() - pd.Timedelta(days=HORIZON - 1)
    return rows[~last], rows[last]


@pytest.fixture(scope="module")
def fitted(split):
    wanted = {"known_covariates": ["promotion"], "static": ["size"], "chronos_bolt": CHRONOS_BOLT}
    return forecaster(**wanted).fit(split[0])


def forecaster(**more):
    arguments = {"target": "sales", "timestamp": "day", "item_id": "shop", "horizon": HORIZON}
    return AutoForecast(**{**arguments, "max_runtime_s": 30, "threads": 2, **more})


def test_every_series_is_forecast_for_the_steps_after_its_end(fitted, split):
    future = split[1]
    made = fitted.predict(future.drop(columns="sales"))
    assert list(made.columns) == ["item_id", "timestamp", "mean", "p10", "p50", "p90"]
    joined = future.merge(made, left_on=["shop", "day"], right_on=["item_id", "timestamp"])
    assert len(joined) == len(future) == len(made)
    assert (made.p10 <= made.p50).all()
    assert (made.p50 <= made.p90).all()
    error = (joined.sales - joined.p50).abs().sum() / joined.sales.sum()
    assert error < 0.15


def test_what_is_known_in_advance_changes_the_forecast(fitted, split):
    future = split[1].drop(columns="sales")
    quiet, loud = (fitted.predict(future.assign(promotion=p)).p50.sum() for p in (0, 1))
    assert loud > 1.5 * quiet


def test_weights_of_the_operator_are_one_more_model(fitted):
    row = fitted.leaderboard().set_index("model").loc["chronos-bolt"]
    assert row.failure == ""
    assert row.AverageWeightedQuantileLoss > 0


def test_weights_that_cannot_be_used_are_refused(tmp_path):
    told = rf"chronos_bolt is '{tmp_path}'; it cannot be used: .*config\.json is missing"
    with pytest.raises(InvalidRequest, match=told):
        forecaster(chronos_bolt=tmp_path)


def test_a_step_without_its_covariate_is_named(fitted, split):
    future = split[1].drop(columns="sales")
    with pytest.raises(
        InvalidRequest, match=r"'promotion' has no value for the item '10'.*step 7 of 7"
    ):
        fitted.predict(future[(future.shop != 10) | (future.day != future.day.max())])
    with pytest.raises(InvalidRequest, match="pass rows with them as `future`"):
        fitted.predict()


def test_the_leaderboard_tells_of_every_model_and_of_the_average(fitted):
    board = fitted.leaderboard()
    assert {"ensemble", "seasonal-naive", "theta", "boosted-levels"} <= set(board.model)
    scores = board.AverageWeightedQuantileLoss.dropna()
    assert scores.is_monotonic_increasing
    members = board[board.model != "ensemble"]
    assert members.weight.sum() == pytest.approx(1)
    assert (board.failure[board.AverageWeightedQuantileLoss.isna()] != "").all()


def test_what_a_forecast_is_made_of_adds_up_to_it(fitted, split):
    future = split[1].drop(columns="sales")
    made = fitted.explain(future)
    parts = ["level", "trend", "season", "promotion"]
    assert list(made.columns) == ["item_id", "timestamp", "mean", *parts]
    assert np.allclose(made[parts].sum(axis=1), made["mean"])
    assert np.allclose(made["mean"], fitted.predict(future)["mean"])
    joined = future.merge(made, left_on=["shop", "day"], right_on=["item_id", "timestamp"])
    promoted = joined.promotion_x == 1
    assert joined.promotion_y[promoted].mean() > 0.3 * joined.level.mean()
    assert abs(joined.promotion_y[~promoted].mean()) < 0.05 * joined.level.mean()
    assert set(fitted.explain(future, items=[11]).item_id) == {11}
    for items, told in (([99], "no item '99'"), ([], "items is empty"), ("11", "must be a list")):
        with pytest.raises(InvalidRequest, match=told):
            fitted.explain(future, items=items)


def test_newer_rows_move_the_forecast_on(fitted, split, tmp_path):
    fitted.save(tmp_path / "model")
    model = AutoForecast.load(tmp_path / "model")
    board = model.leaderboard()
    new = split[1][split[1].shop == 10].assign(shop=99)
    rows = pd.concat([split[1].iloc[:-2], new])
    model.update(rows, max_runtime_s=6)
    ahead = pd.date_range(split[1].day.min(), periods=3 * HORIZON, freq="D")
    future = pd.concat(
        pd.DataFrame({"shop": shop, "day": ahead, "promotion": 0}) for shop in (10, 11, 12, 13, 99)
    )
    made = model.predict(future)
    begins = made.groupby("item_id").timestamp.min()
    assert begins[99] == begins[10] == split[1].day.max() + pd.Timedelta(days=1)
    assert begins[13] == split[1].day.max() - pd.Timedelta(days=1)
    pd.testing.assert_frame_equal(model.leaderboard(), board)
    model.save(tmp_path / "newer")
    again = AutoForecast.load(tmp_path / "newer")
    pd.testing.assert_frame_equal(again.predict(future), made)
    with pytest.raises(InvalidRequest, match=r"no column 'promotion' \(the known covariate\)"):
        model.update(rows.drop(columns="promotion"))


def test_what_is_saved_forecasts_the_same(fitted, split, tmp_path):
    fitted.save(tmp_path / "model")
    again = AutoForecast.load(tmp_path / "model")
    future = split[1].drop(columns="sales")
    pd.testing.assert_frame_equal(again.predict(future), fitted.predict(future))
    assert again.frequency == fitted.frequency == "D"
    pd.testing.assert_frame_equal(again.leaderboard(), fitted.leaderboard())
    with pytest.raises(InvalidRequest, match="already exists"):
        fitted.save(tmp_path / "model")
    file = tmp_path / "model" / "leaderboard.json"
    file.write_text(file.read_text().replace("theta", "thera"))
    with pytest.raises(CorruptArtifact):
        AutoForecast.load(tmp_path / "model")


def test_the_archive_of_a_model_is_loaded_too(fitted, split, tmp_path):
    fitted.save(tmp_path / "model")
    archive = tmp_path / "model.tar.gz"
    pack(tmp_path / "model", archive)
    loaded, future = AutoForecast.load(archive), split[1].drop(columns="sales")
    pd.testing.assert_frame_equal(loaded.predict(future), fitted.predict(future))
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(CorruptArtifact):
        AutoForecast.load(archive)


def test_the_leaderboard_prints_models_scores_and_times_within_eighty_columns(fitted):
    lines = str(fitted.leaderboard()).splitlines()
    heads = ["model", "AverageWeightedQuantileLoss", "standard_error", "weight", "fit_s"]
    assert lines[0].split() == heads
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("candidates", "runtime_s"),
    [
        (["x"], 8.0),
        ([{"name": "x", "outcome": "x", "weight": 0.0, "failure": ""}], 8.0),
        ([{"name": "x", "outcome": None, "weight": 10**400, "failure": ""}], 8.0),
        ([], 10**400),
        ([], []),
    ],
)
def test_a_folder_that_tells_what_cannot_be_is_refused(candidates, runtime_s, fitted, tmp_path):
    home = tmp_path / "model"
    fitted.save(home)
    (home / "manifest.json").unlink()
    write_json(home / "leaderboard.json", {"candidates": candidates})
    write_manifest(home, "forecaster", {"max_runtime_s": runtime_s})
    with pytest.raises(CorruptArtifact, match=r"leaderboard|does not describe"):
        AutoForecast.load(home)


def test_a_file_of_one_series_is_forecast_with_future_rows_of_its_own(rows, tmp_path):
    one = rows[rows.shop == 11].copy()
    one.loc[one.day >= one.day.max() - pd.Timedelta(days=2), "sales"] = np.nan
    file = tmp_path / "one.csv"
    one.drop(columns=["shop", "size"]).to_csv(file, index=False)
    model = forecaster(item_id=None, horizon=3, known_covariates=["promotion"])
    made = model.fit(file).predict()
    assert made.timestamp.tolist() == one.day.iloc[-3:].tolist()
    assert set(made.item_id) == {"series"}


def test_items_in_groups_are_forecast_each_and_zeros_stand_for_rows_that_are_not_there(tmp_path):
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    rows = pd.concat(
        pd.DataFrame({"sku": sku, "shop": shop, "day": days, "sales": 10.0 * sku + bonus})
        for sku, shop, bonus in [(1, "a", 0), (1, "b", 5), (2, "a", 0)]
    )
    rows = rows[(rows.shop != "b") | (rows.day.dt.day_of_week != 6)]
    model = forecaster(
        item_id="sku",
        group_columns=["shop"],
        filling={"sales": {"middle": "zero"}},
        max_runtime_s=8,
    ).fit(rows)
    made = model.predict()
    assert list(made.columns[:3]) == ["item_id", "shop", "timestamp"]
    series = list(dict.fromkeys(zip(made.item_id, made["shop"], strict=True)))
    assert series == [(1, "a"), (1, "b"), (2, "a")]
    of_b = made[made["shop"] == "b"]
    sunday = of_b[of_b.timestamp.dt.day_of_week == 6]
    assert sunday.p50.iloc[0] < 5 < of_b[of_b.timestamp.dt.day_of_week == 2].p50.iloc[0]
    model.save(tmp_path / "model")
    again = AutoForecast.load(tmp_path / "model")
    assert again.spec == replace(model.spec, frequency=again.spec.frequency)
    pd.testing.assert_frame_equal(again.predict(), made)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"target": "sails"}, DataFault, "sails"),
        ({"target": "size"}, DataFault, "must have numbers"),
        ({"item_id": None}, DataFault, "more than one row for 2024-01-01"),
        ({"timestamp": "size"}, DataFault, "cannot be read as times"),
    ],
)
def test_what_is_wrong_with_the_data_is_said(change, error, told, rows):
    with pytest.raises(error, match=told):
        forecaster(**change).fit(rows)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"horizon": 0}, "horizon is 0"),
        ({"frequency": "60min"}, "too long for its unit"),
        ({"quantiles": [0.0]}, "quantile 0"),
        ({"objective": "F1"}, "objective is 'F1'"),
        ({"known_covariates": "promotion"}, "must be a list"),
        ({"aggregation": "median"}, "aggregation is 'median'"),
        ({"holidays": "XX"}, "no calendar of public holidays for 'XX'"),
        ({"group_columns": ["mean"]}, "'mean', which is the name of a column of forecasts"),
        ({"filling": {"x": {"middle": "zero"}}}, "'x' cannot be filled: only the target 'sales'"),
        ({"filling": {"sales": {"future": "zero"}}}, "'sales' has no future"),
        ({"filling": {"sales": {"middle": "mode"}}}, "'sales' cannot be filled with 'mode'"),
        ({"max_runtime_s": 0}, "max_runtime_s is 0"),
    ],
)
def test_arguments_that_cannot_be_are_refused(change, told):
    with pytest.raises(InvalidRequest, match=told):
        forecaster(**change)


def test_a_forecaster_without_a_model_says_so():
    with pytest.raises(InvalidRequest, match="call fit first"):
        forecaster().predict()


def test_the_documented_examples_run(capsys, tmp_path, monkeypatch):
    shutil.copytree(CHRONOS_BOLT, tmp_path / "chronos-bolt-tiny")
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).resolve().parents[3] / "docs" / "forecasting.md"
    examples = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(page), "exec"), names)
    told = capsys.readouterr().out
    assert "p90" in told
    assert "ensemble" in told
