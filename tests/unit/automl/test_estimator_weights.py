"""Whole jobs with a column of weights."""

import numpy as np
import pytest

from windvane import AutoML
from windvane.errors import InvalidRequest


@pytest.fixture(scope="module")
def rows(make_table):
    """Of the heavy rows, 'a' says the opposite of what it says of the others."""
    frame = make_table(600, seed=5).drop(columns="y")
    heavy = np.random.default_rng(1).random(600) < 0.3
    return frame.assign(
        amount=np.where(heavy, 20 - 2 * frame["a"], 20 + 2 * frame["a"]).round(3),
        w=np.where(heavy, 8.0, 0.5),
    )


@pytest.fixture(scope="module")
def model(rows):
    return AutoML(target="amount", sample_weight="w", max_candidates=3, max_runtime_s=1200).fit(
        rows
    )


def test_heavy_rows_say_what_is_learnt(model, rows):
    probe = rows.assign(a=2.0).drop(columns="w"), rows.assign(a=-2.0).drop(columns="w")
    high, low = (model.predict(one).mean() for one in probe)
    assert high < low - 3


def test_scores_are_weighted_and_say_so(model, rows):
    assert model.analysis.sample_weight == "w"
    assert "w" not in [column.name for column in model.analysis.columns]
    board = model.leaderboard()
    assert board["notes"].str.contains("rows are weighted by 'w' in training and scoring").all()
    weighted = {one.metric: one.value for one in model.score(rows)}
    alike = {one.metric: one.value for one in model.score(rows.drop(columns="w"))}
    assert weighted["RMSE"] < 0.8 * alike["RMSE"]
    assert board["RMSE"].min() < alike["RMSE"]


def test_a_wrong_weight_in_rows_to_score_is_named(model, rows):
    with pytest.raises(InvalidRequest, match=r"'w' is not a finite number of 0 or more in row 3"):
        model.score(rows.assign(w=rows["w"].where(rows.index != 3, -1.0)))
