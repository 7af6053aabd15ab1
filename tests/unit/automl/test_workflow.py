"""The way of a job, from its table to its packages, with nothing trained."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.automl.simulated import (
    ANALYSIS,
    HUGE,
    LARGE,
    SECONDS,
    START,
    Simulated,
    outcome,
    request,
    takes,
)

from windvane.automl.actions import (
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    Result,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.ending import QUICK_S, final_leaderboard
from windvane.automl.request import OnAllRows
from windvane.automl.search import CannotBegin, has_all_candidates
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.automl.workflow import Decision, NoModel, Phase, decide
from windvane.domain.problem import Mode
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost
from windvane.engine.tuning.search import LOOKBACK
from windvane.engine.tuning.strategy import Strategy
from windvane.notes.note import said
from windvane.notes.sentences import reason


def whole(runtime_s=200.0, **options):
    return Simulated(request(runtime_s, **options)).run()


def test_the_table_is_analysed_first():
    simulated = Simulated(request())
    decision = decide(simulated.request, None, simulated.history, START, 2)
    assert decision == Decision(Phase.ANALYSIS, (Analyse(),))
    asked = simulated.history.with_asked(Analyse(), START)
    assert decide(simulated.request, None, asked, START, 2) == Decision(Phase.ANALYSIS)


def test_phases_follow_in_their_order():
    simulated = whole(max_candidates=5)
    assert simulated.phases == list(Phase)


def test_one_place_is_kept_for_the_ensemble():
    simulated = whole(max_candidates=5)
    assert [action.plan.index for action in simulated.actions(TrainCandidate)] == [1, 2, 3, 4]
    assert [action.index for action in simulated.actions(BuildEnsemble)] == [5]
    assert has_all_candidates(simulated.situation)


def test_two_candidates_are_two_pipelines():
    simulated = whole(max_candidates=2)
    assert len(simulated.actions(TrainCandidate)) == 2
    assert Phase.ENSEMBLE not in simulated.phases


def test_features_are_there_before_the_candidates_that_need_them():
    simulated = whole(max_candidates=8)
    fitted = {}
    for step in simulated.history.of(FitFeatures):
        fitted.setdefault(step.action.recipe, []).append((step.ended, step.action.n_fits))
    for began, action, _ in simulated.begun:
        if isinstance(action, TrainCandidate):
            n_fits = 1 if action.plan.index == 1 else simulated.n_folds
            assert any(at <= began and n >= n_fits for at, n in fitted[action.plan.recipe])


def test_while_the_first_candidate_is_alone_others_features_are_made():
    simulated = Simulated(request(), n_folds=None)
    simulated.run(until=lambda s: s.history.first is not None)
    simulated.run(until=lambda s: len(s.history.of(FitFeatures)) > 1)
    assert simulated.history.first.status is Status.RUNNING
    assert len(simulated.history.candidates) == 1


def test_on_a_large_table_no_candidate_waits_for_the_first():
    simulated = Simulated(request(max_candidates=8), LARGE)
    simulated.run(until=lambda s: len(s.history.candidates) >= 2)
    assert simulated.history.first.status is Status.RUNNING


def test_the_others_are_scored_on_as_many_folds_as_the_first_says():
    simulated = Simulated(request(max_candidates=6), n_folds=3).run()
    terms = [lim.folds for _, act, lim in simulated.begun if isinstance(act, TrainCandidate)]
    assert {(folds.least, folds.most) for folds in terms[1:]} == {(3, 3)}
    assert terms[0].most > 3


def test_where_the_first_fold_takes_long_it_is_one():
    slow = {**SECONDS, TrainCandidate: 100.0}
    simulated = Simulated(request(), takes=lambda action: slow.get(type(action), 0.2), n_folds=None)
    simulated.run(until=lambda s: len(s.history.candidates) > 1)
    first = simulated.begun[
        [isinstance(a, TrainCandidate) for _, a, _ in simulated.begun].index(True)
    ]
    assert simulated.now - first[2].one_fold_at == pytest.approx(0.5)
    assert simulated.situation.n_folds == 1
    assert simulated.history.first.status is Status.RUNNING


def test_a_first_candidate_that_fails_is_waited_for_no_longer():
    simulated = Simulated(request(max_candidates=5), n_folds=None)
    simulated.error = lambda action: (
        "No." if isinstance(action, TrainCandidate) and action.plan.index == 1 else ""
    )
    simulated.run()
    assert len(simulated.actions(TrainCandidate)) == 4
    assert simulated.situation.n_folds == 1


def test_a_plan_is_proposed_when_all_that_it_may_depend_on_has_ended():
    simulated = Simulated(request(workers=20, max_candidates=30))
    slow = {**SECONDS, TrainCandidate: 4.0}
    simulated.takes = lambda action: (
        60.0
        if isinstance(action, TrainCandidate) and action.plan.index == 3
        else slow.get(type(action), 0.2)
    )
    simulated.run(until=lambda s: s.now > START + 40)
    indices = [action.plan.index for action in simulated.actions(TrainCandidate)]
    assert max(indices) == 3 + LOOKBACK - 1


@pytest.mark.parametrize("max_candidates", [2, 4])
def test_no_recipe_is_fitted_that_no_candidate_will_have(max_candidates):
    simulated = whole(max_candidates=max_candidates)
    fitted = {action.recipe for action in simulated.actions(FitFeatures)}
    assert fitted == {action.plan.recipe for action in simulated.actions(TrainCandidate)}


def test_a_recipe_that_fails_takes_only_its_own_candidates_with_it():
    simulated = Simulated(request(max_candidates=8))
    simulated.run(until=lambda s: len(s.history.of(FitFeatures)) >= 1)
    lost = simulated.actions(FitFeatures)[0].recipe
    simulated.error = lambda action: (
        "No column." if isinstance(action, FitFeatures) and action.recipe == lost else ""
    )
    simulated.run()
    by_recipe = {step.action.plan.recipe: step for step in simulated.history.candidates}
    assert (
        reason(by_recipe[lost].failure)
        == f"Its feature recipe ({lost}) could not be fitted: No column."
    )
    assert by_recipe[lost].ended == by_recipe[lost].began
    assert any(step.status is Status.DONE for step in simulated.history.candidates)


def test_a_failed_candidate_is_last_on_the_leaderboard():
    simulated = Simulated(request(max_candidates=5))
    simulated.error = lambda action: (
        "No." if isinstance(action, TrainCandidate) and action.plan.index == 2 else ""
    )
    order, _ = final_leaderboard(simulated.run().situation)
    assert (order[-1].index, order[-1].failure) == (2, said("No."))


def test_what_is_expected_to_take_longer_than_is_left_is_not_begun(monkeypatch):
    monkeypatch.setattr(cost, "predicted_s", lambda analysis, plan, tried: 1e6)
    simulated = whole()
    assert len(simulated.actions(TrainCandidate)) <= simulated.request.workers + 1
    assert not has_all_candidates(simulated.situation)


def test_where_everything_fails_the_search_gives_up_and_the_baseline_answers():
    simulated = Simulated(request())
    simulated.error = lambda action: "No." if isinstance(action, TrainCandidate | FirstLook) else ""
    simulated.run()
    assert 16 <= len(simulated.actions(TrainCandidate)) <= 18
    assert len(simulated.actions(TrainBaseline)) == 1
    order, choice = final_leaderboard(simulated.situation)
    assert order[0].algorithm == "baseline"
    assert choice.index == order[0].index == simulated.actions(Pack)[0].index


def test_without_a_baseline_there_is_no_model():
    simulated = Simulated(request(max_candidates=1))
    simulated.error = lambda action: (
        "No." if isinstance(action, TrainCandidate | TrainBaseline) else ""
    )
    with pytest.raises(NoModel, match=r"No candidate finished, and neither did the baseline: No."):
        simulated.run()


def test_a_model_that_cannot_be_packed_is_none():
    simulated = Simulated(request(max_candidates=1))
    simulated.error = lambda action: "The disk is full." if isinstance(action, Pack) else ""
    with pytest.raises(
        NoModel, match=r"The best candidate \(1\) could not be packaged. The disk is"
    ):
        simulated.run()


def test_without_time_nothing_is_tried_and_the_baseline_answers():
    simulated = whole(runtime_s=1.0)
    assert not simulated.actions(TrainCandidate)
    assert simulated.actions(TrainBaseline)


def test_a_search_without_limit_begins_with_a_first_look():
    simulated = whole()
    trained = [a for _, a, _ in simulated.begun if isinstance(a, FirstLook | TrainCandidate)]
    assert isinstance(trained[0], FirstLook)
    assert trained[0].plan.index == 0
    assert len(simulated.actions(FirstLook)) == 1


def test_where_candidates_are_counted_there_is_none():
    assert not whole(max_candidates=5).actions(FirstLook)


def test_the_first_candidate_is_trained_again_on_fewer_rows():
    simulated = whole(max_candidates=5)
    (again,) = simulated.actions(TrainOnFewerRows)
    first = simulated.history.first.action.plan
    assert replace(again.plan, n_rows=None) == first
    assert again.n_folds == 1
    assert again.plan.n_rows < ANALYSIS.n_rows
    assert simulated.actions(Pack)[0].has_fewer


def test_a_short_search_has_no_time_for_that():
    simulated = whole(runtime_s=19.0, max_candidates=3)
    assert not simulated.actions(TrainOnFewerRows)
    assert not simulated.actions(Pack)[0].has_fewer


def test_a_tuning_search_keeps_no_place_for_an_ensemble_and_names_a_rival():
    simulated = whole(max_candidates=4, strategy=Strategy(Mode.TUNING))
    candidates = simulated.actions(TrainCandidate)
    assert [action.plan.index for action in candidates] == [1, 2, 3, 4]
    assert candidates[0].rival is None
    assert {action.rival for action in candidates[1:]} == {1}
    assert not simulated.actions(BuildEnsemble)
    first = simulated.history.first
    others = [began for began, a, _ in simulated.begun if isinstance(a, TrainCandidate)][1:]
    assert min(others) >= first.ended, "the rival is there"


def test_members_are_trained_on_all_rows_by_weight_once_their_recipe_is_there():
    weights = {1: 0.2, 2: 0.5, 3: 0.3}
    simulated = Simulated(request(max_candidates=6, workers=1))
    simulated.brings = lambda action, result: (
        replace(result, outcome=outcome(action.index, 0.99, 5, 5e-3, weights))
        if isinstance(action, BuildEnsemble)
        else result
    )
    simulated.run()
    assert [action.index for action in simulated.actions(Refit)] == [2, 3, 1]
    recipes = {simulated.history.plans[index].recipe for index in weights}
    assert {action.recipe for action in simulated.actions(FitOnAllRows)} == recipes
    fitted = {s.action.recipe: s.ended for s in simulated.history.of(FitOnAllRows)}
    for step in simulated.history.of(Refit):
        assert step.began >= fitted[step.action.recipe]
    assert set(simulated.actions(Pack)[0].refits) == set(weights)


def test_time_is_kept_only_for_recipes_that_are_not_fitted_on_all_rows_anyway():
    simulated = Simulated(request(max_candidates=6, workers=1))
    simulated.run(until=lambda so_far: so_far.history.likely_members)
    later = simulated.situation
    recipes = {later.history.plans[index].recipe for index in later.history.likely_members}
    at_once = replace(later.request, on_all_rows=OnAllRows.RECIPES)
    anyway = Situation(at_once, later.analysis, later.history, later.now)
    assert later.history.fit_s(recipes) > 0
    assert anyway.left_s == pytest.approx(later.left_s + later.history.fit_s(recipes))


def test_a_member_whose_recipe_fails_on_all_rows_keeps_the_model_of_its_fold():
    simulated = Simulated(request(max_candidates=6))
    simulated.error = lambda action: "No." if isinstance(action, FitOnAllRows) else ""
    simulated.run()
    assert not simulated.actions(Refit)
    assert simulated.actions(Pack)[0].refits == ()


def test_a_single_candidate_is_trained_on_all_rows_alone():
    simulated = whole(max_candidates=2)
    best = max(simulated.history.tried, key=lambda one: one.objective).plan.index
    assert [action.index for action in simulated.actions(Refit)] == [best]


def test_an_ensemble_that_is_no_better_is_no_candidate():
    simulated = Simulated(request(max_candidates=6))
    simulated.brings = lambda action, result: (
        Result() if isinstance(action, BuildEnsemble) else result
    )
    order, choice = final_leaderboard(simulated.run().situation)
    assert len(order) == 5
    assert choice.index in {plan.index for plan in simulated.history.plans.values()}


def test_where_the_best_is_slow_there_is_a_quick_ensemble_of_its_members():
    simulated = whole(runtime_s=120.0)
    quick = [action for action in simulated.actions(BuildEnsemble) if action.is_quick]
    slow = next(s for s in simulated.history.of(BuildEnsemble) if not s.action.is_quick)
    assert [action.members for action in quick] == [tuple(slow.result.outcome.members)]
    assert quick[0].index == slow.action.index + 1
    asked = [began for began, action, _ in simulated.begun if isinstance(action, Refit)]
    began = next(began for began, action, _ in simulated.begun if action == quick[0])
    assert began >= max(asked), "when all others have begun"


@pytest.mark.parametrize("options", [{"max_candidates": 6}, {"max_latency_s": 1.0}])
def test_there_is_none_where_the_leaderboard_must_not_hang_on_a_measured_time(options):
    simulated = whole(runtime_s=120.0, **options)
    assert len(simulated.actions(BuildEnsemble)) == 1


def test_there_is_none_where_the_best_is_quick():
    simulated = Simulated(request(120.0))
    simulated.brings = lambda action, result: (
        replace(result, outcome=replace(result.outcome, latency_s=QUICK_S))
        if isinstance(action, BuildEnsemble)
        else result
    )
    assert len(simulated.run().actions(BuildEnsemble)) == 1


def test_what_was_judged_stands_on_the_leaderboard():
    simulated = whole(max_candidates=2)
    order, choice = final_leaderboard(simulated.situation)
    assert order[0].index == choice.index
    assert (order[0].outcome.optimism, order[1].outcome.optimism) == (0.01, None)
    assert {entry.outcome.pessimism for entry in order} == {0.002}
    assert order[0].outcome.latency_s == 1e-3
    assert order[1].outcome.latency_s == 1e-4


def test_a_score_that_says_so_itself_is_not_judged_for_having_been_picked():
    simulated = Simulated(request(max_candidates=6))
    simulated.brings = lambda action, result: (
        replace(result, outcome=replace(result.outcome, optimism=0.5))
        if isinstance(action, BuildEnsemble)
        else result
    )
    order, _ = final_leaderboard(simulated.run().situation)
    assert simulated.actions(Pack)[0].among == ()
    assert order[0].outcome.optimism == 0.5


def test_with_a_limit_of_latency_the_first_within_it_is_kept():
    simulated = Simulated(request(max_candidates=6, max_latency_s=1e-3))
    order, choice = final_leaderboard(simulated.run().situation)
    assert order[0].algorithm == "ensemble"
    assert choice.index == order[1].index == simulated.actions(Pack)[0].index
    assert [action.index for action in simulated.actions(Refit)] == [choice.index]
    assert simulated.actions(Pack)[0].among == (), "it was not picked by its score alone"


def test_no_room_is_not_taken_for_an_end():
    simulated = Simulated(request(max_candidates=6))
    simulated.run(until=lambda s: len(s.history.of(Refit)) > 0)
    waiting = simulated.history
    decision = decide(simulated.request, ANALYSIS, waiting, simulated.now, 0)
    assert decision.phase is Phase.REFIT
    assert decision.begin == ()


def test_the_answer_is_the_same_however_often_it_is_asked():
    simulated = Simulated(request(max_candidates=6))
    simulated.run(until=lambda s: len(s.history.candidates) > 2)
    asked = (simulated.request, ANALYSIS, simulated.history, simulated.now, 1)
    assert decide(*asked) == decide(*asked)


_ACTIONS = st.sampled_from([*SECONDS, Pack])
_TAKE = st.dictionaries(_ACTIONS, st.floats(0.01, 200.0), max_size=5)
_FAIL = st.sets(
    _ACTIONS.filter(lambda kind: kind not in (Analyse, TrainBaseline, Pack)), max_size=3
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    taking=_TAKE,
    failing=_FAIL,
    runtime_s=st.floats(2.0, 120.0),
    max_candidates=st.none() | st.integers(1, 12),
    workers=st.integers(1, 5),
    n_folds=st.none() | st.integers(1, 5),
    mode=st.sampled_from([Mode.AUTO, Mode.TUNING]),
    table=st.sampled_from([ANALYSIS, LARGE, HUGE]),
)
def test_whatever_happens_a_job_ends_in_time_with_a_model(
    taking: dict[type, float],
    failing: set[type],
    runtime_s: float,
    max_candidates: int | None,
    workers: int,
    n_folds: int | None,
    mode: Mode,
    table: Analysis,
) -> None:
    taking = {**taking, Analyse: 0.5, TrainBaseline: 0.1, Pack: 0.2}
    asked = replace(
        request(runtime_s, max_candidates, workers, Strategy(mode)), most_candidates=100
    )
    simulated = Simulated(asked, table, n_folds=n_folds)
    simulated.takes = lambda action: taking.get(type(action), takes(action))
    simulated.error = lambda action: "No." if type(action) in failing else ""
    simulated.run()
    assert simulated.now <= asked.schedule.deadline + 20.5
    order, choice = final_leaderboard(simulated.situation)
    kept = next(entry for entry in order if entry.index == choice.index)
    assert kept.outcome is not None
    assert len({entry.index for entry in order}) == len(order)
    for began, action, limits in simulated.begun:
        assert limits.stop_at <= limits.kill_at or isinstance(action, TrainOnFewerRows)
        if isinstance(action, TrainCandidate | FirstLook | FitFeatures):
            assert began < asked.schedule.search_end
        if isinstance(action, Refit | FitOnAllRows):
            assert began < asked.schedule.packing
    if max_candidates is not None:
        others = [entry for entry in order if entry.algorithm != "baseline"]
        assert len(others) <= max_candidates
    assert not any(isinstance(action, CannotBegin) for _, action, _ in simulated.begun)
    assert math.isfinite(kept.outcome.objective)
