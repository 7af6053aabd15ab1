"""Actions, limits and results as JSON."""

import json
import math
from dataclasses import asdict

import pytest
from unit.automl.simulated import outcome

from windvane.automl.actions import (
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    ModelFigures,
    Pack,
    Refit,
    Result,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.documents import (
    TYPES,
    action_from_json,
    action_to_json,
    limits_from_json,
    result_from_json,
    result_to_json,
)
from windvane.automl.limits import Limits
from windvane.engine.candidates import Plan, baseline_plan
from windvane.engine.training.fold_limits import FoldLimits

PLAN = Plan(3, "dpp1", "xgboost", {"depth": 4}, 7, "to try it", 500, {"fold0": 3})

ACTIONS = (
    Analyse(),
    FitFeatures("dpp1", 5, 1),
    FirstLook(PLAN),
    TrainCandidate(PLAN, 1),
    TrainCandidate(PLAN),
    TrainOnFewerRows(PLAN, 2),
    BuildEnsemble(9, (1, 4)),
    BuildEnsemble(9, (1, 4), is_quick=True),
    TrainBaseline(baseline_plan(2, 11)),
    FitOnAllRows("dpp0"),
    Refit(4, "dpp0"),
    Pack(4, (1, 4), (1, 2, 4), has_fewer=True),
)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.key)
def test_an_action_is_read_as_it_was_written(action):
    assert action_from_json(json.loads(json.dumps(action_to_json(action))), TYPES) == action


def test_every_type_of_action_is_known():
    assert {type(action) for action in ACTIONS} == set(TYPES.values())


def test_members_that_an_action_does_not_have_are_passed_over():
    assert action_from_json({**action_to_json(Refit(4, "dpp0")), "more": 1}, TYPES) == Refit(
        4, "dpp0"
    )


@pytest.mark.parametrize("told", [{}, {"action": "Remove"}, {"action": "Refit", "index": 1}])
def test_what_is_no_action_is_refused(told):
    with pytest.raises((LookupError, TypeError)):
        action_from_json(told, TYPES)


@pytest.mark.parametrize("at", [math.inf, 12.5])
def test_limits_are_read_as_they_were_written(at):
    limits = Limits(10.0, 11.0, folds=FoldLimits(1, 3, further_s=2.0), one_fold_at=at)
    assert limits_from_json(json.loads(json.dumps(asdict(limits)))) == limits


@pytest.mark.parametrize(
    "result",
    [
        Result(),
        Result(outcome(3, 0.7), refit_s=1.5, likely_members=(1, 3), round_s=0.01),
        Result(outcome(9, 0.8, members={1: 0.4, 3: 0.6}), judged=ModelFigures(0.001, 0.02, 0.01)),
    ],
)
def test_a_result_is_read_as_it_was_written(result):
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result
