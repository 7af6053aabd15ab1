"""How long each action may take, at whatever moment it begins."""

import math
from dataclasses import replace

import pytest
from unit.automl.simulated import ANALYSIS, LARGE, START, Simulated, request

from windvane.automl.actions import (
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.history import History
from windvane.automl.limits import limits_of, limits_of_analysis
from windvane.automl.situation import Situation
from windvane.engine.candidates import Plan
from windvane.engine.training.fold_limits import FoldLimits

RUNTIME_S = 600.0
REQUEST = request(RUNTIME_S)
SCHEDULE = REQUEST.schedule
FIRST, SECOND = (Plan(index, "dpp0", "lightgbm", {}, 0) for index in (1, 2))


def at(after_s, asked=REQUEST, analysis=ANALYSIS):
    return Situation(asked, analysis, History(), START + after_s)


def test_a_candidate_ends_by_itself_in_time_for_the_refits_and_is_ended_with_the_search():
    now = at(10)
    limits = limits_of(TrainCandidate(SECOND), now)
    assert limits.stop_at - now.now == pytest.approx(now.left_s)
    assert limits.stop_at < SCHEDULE.search_end
    assert limits.kill_at - SCHEDULE.search_end == pytest.approx(0.4)
    assert not limits.is_alone


def test_a_candidate_has_its_own_time_if_that_is_less():
    own = replace(REQUEST, max_candidate_s=30.0)
    limits = limits_of(TrainCandidate(SECOND), at(10, own))
    assert limits.stop_at == limits.kill_at == START + 40


def test_the_first_candidate_alone_may_turn_out_to_have_one_fold():
    now = at(10)
    first, second = (limits_of(TrainCandidate(plan), now) for plan in (FIRST, SECOND))
    assert now.now < first.one_fold_at < now.now + RUNTIME_S
    assert second.one_fold_at == math.inf
    assert (first.folds, second.folds) == (
        now.folds_of(TrainCandidate(FIRST)),
        now.folds_of(TrainCandidate(SECOND)),
    )
    assert limits_of(TrainCandidate(SECOND), at(10, analysis=LARGE)).folds.most == 1


@pytest.mark.parametrize(("after_s", "until_s"), [(0, 18.0), (17.8, 18.3), (100, 100.5)])
def test_a_first_look_is_wanted_early_and_gets_half_a_second_at_least(after_s, until_s):
    limits = limits_of(FirstLook(FIRST), at(after_s))
    assert limits.stop_at - START == pytest.approx(until_s)
    assert limits.kill_at == SCHEDULE.search_end
    assert limits.folds == FoldLimits(most=1)


def test_a_first_look_is_over_with_the_search():
    late = at(SCHEDULE.search_end - START - 0.1)
    assert limits_of(FirstLook(FIRST), late).stop_at == SCHEDULE.search_end


def test_learning_from_fewer_rows_takes_a_small_share_of_the_search():
    now = at(50)
    limits = limits_of(TrainOnFewerRows(FIRST, 3), now)
    assert limits.kill_at - now.now == pytest.approx(0.04 * now.search_s)
    assert limits.stop_at == SCHEDULE.search_end
    assert limits.folds == FoldLimits(3, 3)


def test_features_are_made_until_the_search_is_over():
    limits = limits_of(FitFeatures("dpp0", 1), at(50))
    assert (limits.stop_at, limits.kill_at) == (SCHEDULE.search_end, SCHEDULE.search_end)


@pytest.mark.parametrize("action", [FitOnAllRows("dpp0"), Refit(1, "dpp0")], ids=type)
def test_what_learns_from_all_rows_is_over_when_packing_begins(action):
    limits = limits_of(action, at(595))
    assert limits.stop_at == SCHEDULE.packing
    assert limits.kill_at - SCHEDULE.packing == pytest.approx(0.4)
    assert not limits.is_alone


@pytest.mark.parametrize("is_quick", [False, True])
def test_an_ensemble_has_all_memory_unless_refits_are_under_way(is_quick):
    limits = limits_of(BuildEnsemble(9, (1, 2), is_quick=is_quick), at(595))
    assert (limits.stop_at, limits.kill_at) == (SCHEDULE.packing, SCHEDULE.packing)
    assert limits.is_alone is not is_quick


@pytest.mark.parametrize("action", [TrainBaseline(FIRST), Pack(1, ())], ids=type)
@pytest.mark.parametrize(("after_s", "kill_s"), [(0, 600), (590, 610), (700, 720)])
def test_without_what_there_is_no_model_has_some_time_whenever_it_begins(action, after_s, kill_s):
    limits = limits_of(action, at(after_s))
    assert (limits.stop_at, limits.kill_at) == (SCHEDULE.deadline, START + kill_s)
    assert limits.is_alone


@pytest.mark.parametrize(("after_s", "kill_s"), [(0, 600), (590, 610)])
def test_so_has_the_analysis(after_s, kill_s):
    limits = limits_of_analysis(REQUEST, START + after_s)
    assert (limits.stop_at, limits.kill_at) == (SCHEDULE.deadline, START + kill_s)
    assert limits.is_alone


def test_every_action_that_a_job_begins_may_still_take_some_time():
    simulated = Simulated(request(60.0)).run()
    kinds = {type(action) for _, action, _ in simulated.begun}
    assert {Analyse, FirstLook, FitFeatures, TrainCandidate, BuildEnsemble, Refit, Pack} <= kinds
    for began, action, limits in simulated.begun:
        assert limits.kill_at > began, action
        assert limits.stop_at <= limits.kill_at or isinstance(action, TrainOnFewerRows), action
