"""What follows from the steps of a job."""

from dataclasses import replace

import pytest
from unit.automl.simulated import START, outcome

from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.history import History
from windvane.automl.steps import Status
from windvane.engine.candidates import Plan
from windvane.notes.note import said


def done(action, began=0.0, took=1.0, **result):
    return Step(action, Status.DONE, START + began, START + began + took, result=Result(**result))


def candidate(index, objective=0.5, **facts):
    plan = Plan(index, "dpp0", "lightgbm", {}, 0)
    return done(TrainCandidate(plan), outcome=outcome(index, objective), **facts)


def history(*steps):
    return History(tuple(steps))


def test_a_step_takes_the_place_of_the_one_of_its_key():
    asked = History().with_asked(FitFeatures("dpp0", 1), START)
    ended = asked.with_step(done(FitFeatures("dpp0", 1)))
    assert [step.status for step in asked.steps] == [Status.WAITING]
    assert [step.status for step in ended.steps] == [Status.DONE]
    assert len(ended.with_step(done(FitFeatures("dpp0", 2))).steps) == 2


def test_what_could_not_be_begun_has_failed_at_once():
    (step,) = History().with_failed(FitFeatures("dpp0", 1), said("No."), START).steps
    assert (step.status, step.began, step.ended, step.failure) == (
        Status.FAILED,
        START,
        START,
        said("No."),
    )


def test_a_recipe_is_there_for_as_many_folds_as_it_was_fitted_to():
    one = history(done(FitFeatures("dpp0", 1)))
    assert one.recipe("dpp0", 1).status is Status.DONE
    assert one.recipe("dpp0", 2) is None
    assert one.recipe("dpp1", 1) is None
    assert one.begun_recipes == {"dpp0"}


def test_a_recipe_whose_further_folds_are_made_is_open():
    more = history(done(FitFeatures("dpp0", 1))).with_asked(FitFeatures("dpp0", 5), START)
    assert more.recipe("dpp0", 5).status is Status.WAITING
    assert more.recipe("dpp0", 1).status is Status.DONE


def test_a_recipe_that_failed_is_not_begun_again():
    failed = History().with_failed(FitFeatures("dpp0", 1), said("No."), START)
    assert failed.recipe("dpp0", 1).failure == failed.recipe("dpp0", 5).failure == said("No.")


def test_a_fit_takes_what_the_last_ones_took_each():
    fitted = history(
        done(FitFeatures("dpp0", 1), took=3.0),
        done(FitFeatures("dpp1", 1), took=5.0),
        done(FitFeatures("dpp0", 5), took=8.0),
    )
    assert fitted.fit_s(["dpp0"]) == pytest.approx(2.0)
    assert fitted.fit_s(["dpp0", "dpp1"]) == pytest.approx(5.0)
    assert fitted.fit_s([]) == 0.0


def test_the_likely_members_are_those_that_the_last_to_finish_names():
    late = candidate(1, likely_members=(1, 2), refit_s=4.0)
    late = replace(late, ended=START + 9)
    both = history(late, candidate(2, likely_members=(2,), refit_s=7.0))
    assert both.likely_members == (1, 2)
    assert both.refits_s(both.likely_members) == [4.0, 7.0]
    assert history().likely_members == ()


def test_candidates_are_known_by_index_in_whatever_order_they_end():
    mixed = history(candidate(2, 0.7), candidate(1, 0.6)).with_asked(
        TrainCandidate(Plan(4, "dpp0", "lightgbm", {}, 0)), START
    )
    assert [(one.plan.index, one.objective) for one in mixed.tried] == [(1, 0.6), (2, 0.7)]
    assert mixed.first_open == 4
    assert mixed.next_index == 5
    assert mixed.first.action.plan.index == 1


def test_a_candidate_that_failed_has_no_objective():
    failed = History().with_failed(TrainCandidate(Plan(1, "", "mlp", {}, 0)), said("No."), START)
    assert [one.objective for one in failed.tried] == [None]


def test_the_leaderboard_has_what_has_ended_and_no_ensemble_that_is_none():
    look = done(FirstLook(Plan(0, "dpp0", "lightgbm", {}, 0)), outcome=outcome(0, 0.4, 1))
    steps = history(candidate(2), look, candidate(1), done(BuildEnsemble(3, (1, 2))))
    assert [(one.index, one.algorithm) for one in steps.entries()] == [
        (0, "lightgbm"),
        (1, "lightgbm"),
        (2, "lightgbm"),
    ]
    better = steps.with_step(done(BuildEnsemble(3, (1, 2)), outcome=outcome(3, 0.9)))
    assert better.entries()[-1].algorithm == "ensemble"
    failed = steps.with_failed(BuildEnsemble(3, (1, 2)), said("No."), START)
    assert failed.entries()[-1].failure == said("No.")


def test_steps_are_found_by_the_type_of_their_action():
    steps = history(candidate(1), done(FitFeatures("dpp0", 1)))
    assert [step.action.recipe for step in steps.of(FitFeatures)] == ["dpp0"]
    assert steps.has_any(TrainCandidate)
    assert not steps.has_any(BuildEnsemble)
    assert not steps.is_busy(TrainCandidate, FitFeatures)
