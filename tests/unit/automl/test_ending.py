"""What a job does once its search is over, at moments of one's own choice."""

from dataclasses import replace

import pytest
from unit.automl.simulated import ANALYSIS, START, outcome, request

from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitOnAllRows,
    ModelFigures,
    Pack,
    Refit,
    Result,
    Step,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.ending import (
    QUICK_S,
    NoModel,
    final_leaderboard,
    next_combination,
    next_refit,
    packing,
)
from windvane.automl.history import History
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.engine.candidates import Plan, baseline_plan
from windvane.notes.note import said

REQUEST = request(600.0)
PACKING = REQUEST.schedule.packing


def plan(index, recipe="dpp0"):
    return Plan(index, recipe, "lightgbm", {}, 0)


def done(action, found=None, **result):
    return Step(action, Status.DONE, START, START + 1, result=Result(found, **result))


def candidate(index, objective=0.5, recipe="dpp0", **changes):
    found = replace(outcome(index, objective), **changes)
    return done(TrainCandidate(plan(index, recipe)), found)


def failed(action):
    return Step(action, Status.FAILED, START, START + 1, failure=said("No."))


def ensemble(index, members, latency_s=5e-3, is_quick=False):
    asked = BuildEnsemble(index, tuple(members), is_quick)
    return done(asked, outcome(index, 0.9, latency_s=latency_s, members=members))


def at(*steps, now=START + 500, asked=REQUEST):
    return Situation(asked, ANALYSIS, History(steps), now)


def test_two_candidates_become_an_ensemble_as_long_as_there_is_time_for_it():
    two = candidate(1), candidate(2), failed(TrainCandidate(plan(3)))
    assert next_combination(at(*two)) == BuildEnsemble(4, (1, 2))
    assert next_combination(at(*two, now=PACKING - 0.01)) == BuildEnsemble(4, (1, 2))
    assert next_combination(at(*two, now=PACKING)) is None


@pytest.mark.parametrize(
    "steps",
    [(candidate(1),), (candidate(1), candidate(2), failed(BuildEnsemble(3, (1, 2))))],
    ids=["alone", "tried"],
)
def test_there_is_no_ensemble_of_one_and_no_second(steps):
    assert next_combination(at(*steps)) is None


def test_a_job_of_two_candidates_has_no_place_for_it():
    two = candidate(1), candidate(2)
    assert next_combination(at(*two, asked=request(600.0, 2))) is None
    assert next_combination(at(*two, asked=request(600.0, 3))) is not None


def test_where_nothing_finished_there_is_a_baseline_behind_all_that_was_tried():
    assert next_combination(at()) == TrainBaseline(baseline_plan(1, ANALYSIS.seed))
    lost = failed(FirstLook(plan(0))), failed(TrainCandidate(plan(1)))
    assert next_combination(at(*lost, now=PACKING + 1)).plan.index == 2
    under_way = Step(TrainBaseline(baseline_plan(2, 0)), Status.RUNNING, START)
    assert next_combination(at(*lost, under_way)) is None
    with pytest.raises(NoModel) as told:
        next_combination(at(*lost, failed(TrainBaseline(baseline_plan(2, 0)))))
    assert told.value.note.because == said("No.")


def test_members_are_trained_on_all_rows_by_weight_as_their_recipes_are_there():
    three = candidate(1), candidate(2, recipe="dpp1"), candidate(3)
    made = *three, ensemble(4, {1: 0.2, 2: 0.5, 3: 0.3})
    assert next_refit(at(*made)) == FitOnAllRows("dpp1")
    one = *made, done(FitOnAllRows("dpp1"))
    assert next_refit(at(*one)) == FitOnAllRows("dpp0")
    asked = *one, Step(FitOnAllRows("dpp0"), Status.WAITING, START)
    assert next_refit(at(*asked)) == Refit(2, "dpp1")
    assert next_refit(at(*asked, done(Refit(2, "dpp1")))) is None, "the others wait for theirs"
    both = *one, done(FitOnAllRows("dpp0")), done(Refit(2, "dpp1"))
    assert next_refit(at(*both)) == Refit(3, "dpp0")
    assert next_refit(at(*both, done(Refit(3, "dpp0")))) == Refit(1, "dpp0")


def test_nothing_is_trained_on_all_rows_once_packing_is_due():
    assert next_refit(at(candidate(1), now=PACKING - 0.01)) == FitOnAllRows("dpp0")
    assert next_refit(at(candidate(1), now=PACKING)) is None


def test_a_baseline_is_not_trained_again():
    alone = done(TrainBaseline(baseline_plan(1, 0)), outcome(1, 0.1))
    assert next_refit(at(alone)) is None


def refitted(*members):
    return [done(FitOnAllRows("dpp0")), *(done(Refit(index, "dpp0")) for index in members)]


@pytest.mark.parametrize(
    ("latency_s", "members", "is_tried"),
    [
        (QUICK_S, {1: 0.5, 2: 0.5}, False),
        (1.01 * QUICK_S, {1: 0.5, 2: 0.5}, True),
        (5 * QUICK_S, {1: 1.0}, False),
    ],
)
def test_a_quick_ensemble_is_tried_where_one_of_two_members_is_slow(latency_s, members, is_tried):
    made = candidate(1), candidate(2), ensemble(3, members, latency_s), *refitted(*members)
    quick = BuildEnsemble(4, tuple(members), is_quick=True)
    assert next_refit(at(*made)) == (quick if is_tried else None)
    if is_tried:
        assert next_refit(at(*made, done(quick))) is None
        better = ensemble(4, {1: 0.5, 2: 0.5}, 5e-4, is_quick=True)
        assert next_refit(at(*made, better)) is None, "the whole one's members are refitted"


def test_it_waits_until_the_recipes_are_there():
    made = candidate(1), candidate(2), ensemble(3, {1: 0.5, 2: 0.5})
    waiting = Step(FitOnAllRows("dpp0"), Status.RUNNING, START)
    assert next_refit(at(*made, waiting)) is None


@pytest.mark.parametrize("asked", [request(600.0, 5), request(600.0, max_latency_s=1.0)])
def test_there_is_none_where_its_time_would_decide(asked):
    made = candidate(1), candidate(2), ensemble(3, {1: 0.5, 2: 0.5}), *refitted(1, 2)
    assert next_refit(at(*made, asked=asked)) is None


def test_packages_are_judged_among_all_that_finished():
    made = candidate(1, 0.5), candidate(2, 0.7), failed(TrainCandidate(plan(3)))
    assert packing(at(*made)) == Pack(2, (), (1, 2))
    again = done(TrainOnFewerRows(plan(1), 1), outcome(1, 0.4))
    assert packing(at(*made, *refitted(2), again)) == Pack(2, (2,), (1, 2), has_fewer=True)
    assert not packing(at(*made, failed(TrainOnFewerRows(plan(1), 1)))).has_fewer


def test_nothing_is_judged_that_says_so_itself_or_was_not_picked_by_its_score():
    known = candidate(1, 0.5), candidate(2, 0.7, optimism=0.1)
    assert packing(at(*known)).among == ()
    slow = candidate(1, 0.5), candidate(2, 0.7, latency_s=1.0)
    kept = packing(at(*slow, asked=request(600.0, max_latency_s=0.01)))
    assert (kept.index, kept.among) == (1, ())


def packed(latency_s=None, optimism=None, pessimism=None):
    return Step(
        Pack(2, ()), Status.DONE, result=Result(judged=ModelFigures(latency_s, optimism, pessimism))
    )


def test_the_leaderboard_has_what_packing_and_refits_found_out():
    tried = candidate(1, 0.5), candidate(2, 0.7), failed(TrainCandidate(plan(3)))
    again = done(Refit(2, "dpp0"), replace(outcome(2, 0.7), size_bytes=999))
    order, choice = final_leaderboard(at(*tried, again, packed(2e-3, 0.01, 0.002)))
    assert [entry.index for entry in order] == [2, 1, 3]
    assert choice.index == 2
    first, second = order[0].outcome, order[1].outcome
    assert (first.size_bytes, second.size_bytes) == (999, 100)
    assert (first.latency_s, second.latency_s) == (2e-3, 1e-4)
    assert (first.optimism, second.optimism) == (0.01, None)
    assert (first.pessimism, second.pessimism) == (0.002, 0.002)
    assert order[2].outcome is None


def test_what_was_not_found_out_stays_as_it_was():
    order, _ = final_leaderboard(at(candidate(1, 0.5), candidate(2, 0.7), packed()))
    first = order[0].outcome
    assert (first.latency_s, first.optimism, first.pessimism) == (1e-4, None, None)
