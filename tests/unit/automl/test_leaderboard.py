"""The order of a leaderboard, and its JSON."""

import json
from dataclasses import replace

import pytest

from windvane.automl.leaderboard import (
    LeaderboardRow,
    leaderboard_from_json,
    leaderboard_to_json,
    ranked,
)
from windvane.domain.problem import MetricName
from windvane.engine.candidates import Outcome, Plan, Score
from windvane.notes.note import said

PLAN = Plan(1, "dpp0", "lightgbm", {"num_leaves": 31}, 5, "a guess", 100, {"fold0": 3})


def finished(index, objective, folds_used=5, **changes):
    outcome = replace(Outcome(index, objective, (), 1.0, 0.001, 10, folds_used), **changes)
    return LeaderboardRow(index, "lightgbm", replace(PLAN, index=index), outcome)


def failed(index):
    return LeaderboardRow(index, "mlp", replace(PLAN, index=index), None, said("No."))


def order(entries, objective):
    return [entry.index for entry in ranked(entries, objective)]


def test_the_best_is_first_whichever_way_its_objective_points():
    entries = [finished(1, 0.5), finished(2, 0.7), finished(3, 0.6)]
    assert order(entries, MetricName.AUC) == [2, 3, 1]
    assert order(entries, MetricName.LOG_LOSS) == [1, 3, 2]


def test_of_equals_the_earlier_is_first():
    assert order([finished(3, 0.5), finished(1, 0.5), finished(2, 0.5)], MetricName.AUC) == [
        1,
        2,
        3,
    ]


def test_fewer_folds_stand_behind_more_and_failures_behind_all():
    entries = [failed(4), finished(1, 0.9, 1), failed(2), finished(3, 0.5), finished(5, 0.8, 2)]
    assert order(entries, MetricName.AUC) == [3, 5, 1, 2, 4]


def test_an_ensemble_is_ranked_by_the_weights_it_has():
    told = {"members": {1: 1.0}, "train_scores": (Score(MetricName.AUC, 0.9),)}
    entries = [finished(1, 0.8), finished(2, 0.7, **told)]
    assert order(entries, MetricName.AUC) == [2, 1]


@pytest.mark.parametrize(
    "entry",
    [
        finished(1, 0.5, notes=(said("cut"),), optimism=0.1),
        failed(2),
        LeaderboardRow(3, "ensemble", None, finished(3, 0.9, members={1: 0.5, 2: 0.5}).outcome),
    ],
    ids=["finished", "failed", "ensemble"],
)
def test_a_row_survives_json(entry):
    document = json.loads(json.dumps(leaderboard_to_json([entry])))
    assert leaderboard_from_json(document) == [entry]


def test_the_names_of_its_members_stay():
    """Leaderboards of earlier versions are read, and those of this one by others."""
    [row] = leaderboard_to_json([failed(2)])["candidates"]
    assert {name: row[name] for name in ("index", "algorithm", "outcome")} == {
        "index": 2,
        "algorithm": "mlp",
        "outcome": None,
    }
    assert row["plan"]["recipe"] == "dpp0"
    assert set(row) == {"index", "algorithm", "plan", "outcome", "failure"}


def test_what_is_no_leaderboard_is_refused():
    with pytest.raises(KeyError):
        leaderboard_from_json({"rows": []})
