"""Whole jobs whose rows are split by groups, or in the order of time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.errors import InvalidRequest

N_ENTITIES, N_EACH = 150, 8
HOUSING = Path(__file__).parents[3] / "examples" / "california_housing" / "housing.csv.gz"
SHORT = {"median_income": "income", "median_house_value": "y"}
FEATURES = ["longitude", "latitude", "total_rooms", "population", "income"]


def _of_entities(n_entities, n_each, seed):
    """Rows of entities that a model can recognise by their size and place, which say nothing of others' targets."""
    generator = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_entities), n_each)
    size, place = generator.random((2, n_entities))
    effect = generator.normal(size=n_entities)
    load = generator.normal(size=who.size)
    frame = pd.DataFrame(
        {
            "who": [f"e{seed}-{one}" for one in who],
            "size": size[who].round(5),
            "place": place[who].round(5),
            "load": load.round(3),
        }
    )
    noise = generator.normal(scale=0.3, size=who.size)
    return frame.assign(y=(effect[who] + 0.5 * load + noise).round(4))


@pytest.fixture(scope="module")
def rows():
    return _of_entities(N_ENTITIES, N_EACH, seed=4)


def _fitted(rows, **options):
    return AutoML(
        target="y",
        objective="RMSE",
        algorithms=["lightgbm", "linear-learner"],
        max_candidates=3,
        max_runtime_s=1200,
        **options,
    ).fit(rows)


def _overstated(model, new):
    """Return by how many standard errors the leaderboard's score is better than that of rows of new entities."""
    first = model.leaderboard().query("chosen").iloc[0]
    true = next(one.value for one in model.score(new) if one.metric == "RMSE")
    return (true - first["score"]) / first["standard_error"]


@pytest.mark.long
def test_scores_hold_for_new_groups_where_ordinary_folds_overstate_by_far(rows):
    new = _of_entities(3000, 1, seed=2)
    ordinary = _fitted(rows, features=["size", "place", "load"])
    grouped = _fitted(rows, group_column="who")
    assert _overstated(ordinary, new) > 10
    assert abs(_overstated(grouped, new)) < 2
    board = grouped.leaderboard()
    assert board["notes"].str.contains(r"whole groups of 'who' \(150 groups, 5 folds\)").all()
    assert [one.name for one in grouped.analysis.features] == ["size", "place", "load"]


@pytest.fixture(scope="module")
def districts():
    """Districts of California, six surveys of each of the first 400, and those of districts that no model has seen."""
    public = pd.read_csv(HOUSING).sample(frac=1, random_state=0, ignore_index=True)
    public = public.dropna().drop(columns="ocean_proximity").rename(columns=SHORT)
    repeated = public.head(400).loc[lambda frame: np.repeat(frame.index, 6)]
    generator = np.random.default_rng(0)

    def surveyed(rows):
        income = rows["income"] * generator.normal(1, 0.02, len(rows))
        return rows.assign(income=income.round(4), district=rows.index.astype(str))

    return surveyed(repeated).reset_index(drop=True), surveyed(public.tail(8_000))


@pytest.mark.long
def test_scores_of_a_public_table_with_repeated_entities_hold_by_groups_alone(districts):
    rows, new = districts
    ordinary = _fitted_districts(rows, features=FEATURES)
    told = {one.code: one for one in ordinary.analysis.findings}
    assert told["repeated-entities"].columns == ("district",)
    assert _overstated(ordinary, new) > 10
    assert abs(_overstated(_fitted_districts(rows, group_column="district"), new)) < 2


def _fitted_districts(rows, **options):
    return AutoML(
        target="y",
        objective="RMSE",
        algorithms=["lightgbm"],
        max_candidates=1,
        max_runtime_s=1200,
        **options,
    ).fit(rows)


def test_windows_of_time_score_later_rows(rows, tmp_path):
    dated = rows.assign(at=pd.date_range("2024-01-01", periods=len(rows), freq="h"))
    model = _fitted(dated.drop(columns="who"), time_column="at")
    analysis = model.analysis
    assert "in the order of 'at' (5 windows" in model.leaderboard()["notes"].iloc[0]
    assert "at" not in [one.name for one in analysis.features]
    assert set(model.leaderboard()["status"]) == {"finished"}
    model.save(tmp_path / "model")
    loaded = AutoML.load(tmp_path / "model")
    assert loaded.problem.time_column == "at"
    probe = dated.head(20).drop(columns=["at", "who", "y"])
    np.testing.assert_array_equal(loaded.predict(probe), model.predict(probe))


def test_a_column_that_is_asked_for_is_a_feature_too(rows):
    model = AutoML(
        target="y",
        group_column="who",
        features=["who", "load"],
        max_candidates=1,
        max_runtime_s=60,
    ).fit(rows)
    assert [one.name for one in model.analysis.features] == ["who", "load"]


def test_windows_with_a_class_that_comes_late_finish():
    generator = np.random.default_rng(3)
    x = generator.normal(size=450)
    late = np.arange(450) > 350
    label = np.where(late & (x > 0.5), "new", np.where(x > 0, "high", "low"))
    frame = pd.DataFrame({"x": x, "t": np.arange(450), "y": label})
    names = ["lightgbm", "linear-learner"]
    model = AutoML(
        target="y", time_column="t", algorithms=names, max_candidates=2, max_runtime_s=1200
    ).fit(frame)
    assert set(model.leaderboard()["status"]) == {"finished"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"time_column": "at", "group_column": "who"}, "give one of them"),
        ({"group_column": "y"}, "group_column is 'y', which is the target"),
        ({"time_column": "w", "sample_weight": "w"}, "time_column is 'w', which is the sample"),
    ],
)
def test_what_cannot_split_rows_is_refused(options, told):
    with pytest.raises(InvalidRequest, match=told):
        AutoML(target="y", **options)


def test_a_validation_set_leaves_nothing_to_split(rows):
    with pytest.raises(InvalidRequest, match="omit them if you pass separate validation data"):
        AutoML(target="y", group_column="who").fit(rows, validation=rows)
