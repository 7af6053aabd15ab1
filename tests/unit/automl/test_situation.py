"""What follows from a moment of a job: how much time is left, and on how many folds candidates are compared."""

import math
from dataclasses import replace

import pytest
from unit.automl.simulated import ANALYSIS, LARGE, START, outcome, request

from windvane.automl.actions import (
    Analyse,
    FitFeatures,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.history import History
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.domain.problem import Mode
from windvane.engine.candidates import Plan
from windvane.engine.tuning.strategy import Strategy

REQUEST = request(600.0)


def step(index, status=Status.DONE, began=10.0, n_folds=None, **result):
    action = TrainCandidate(Plan(index, "dpp0", "lightgbm", {}, 0))
    return Step(action, status, START + began, START + began + 5, n_folds, Result(**result))


def at(*steps, after_s=100.0, asked=REQUEST, analysis=ANALYSIS):
    return Situation(asked, analysis, History(steps), START + after_s)


def analysed(ended_s):
    return Step(Analyse(), Status.DONE, START, START + ended_s)


def test_the_search_begins_when_the_table_is_analysed():
    until = REQUEST.schedule.search_end - START
    assert at().search_s == until
    assert at(analysed(40.0)).search_s == until - 40
    running = Step(Analyse(), Status.RUNNING, START, START + 40)
    assert at(running).search_s == until


@pytest.mark.parametrize(
    ("n_rows", "pace_s"), [(100_000, 40.0), (1_000_000, 40.0), (10_000_000, 4.0)]
)
def test_rows_above_a_million_say_nothing_of_what_comes_after_the_search(n_rows, pace_s):
    there = at(analysed(40.0), analysis=replace(LARGE, n_rows=n_rows))
    assert there.pace_s == pytest.approx(pace_s)
    assert there.analysis_s == 40


@pytest.mark.parametrize(("search_s", "is_long"), [(19.9, False), (20.0, True)])
def test_a_search_of_twenty_seconds_is_long(search_s, is_long):
    until = REQUEST.schedule.search_end - START
    assert at(analysed(until - search_s)).is_long is is_long


def test_one_place_is_the_ensembles_and_three_are_no_proposals():
    assert at(asked=request(600.0, 5)).n_pipelines == 4
    assert at(asked=request(600.0, 2)).n_pipelines == 2
    assert at(asked=request(600.0, 5, strategy=Strategy(Mode.TUNING))).n_pipelines == 5
    assert at(asked=replace(REQUEST, most_candidates=250)).n_pipelines == 247


def test_time_is_kept_to_train_the_likely_members_on_all_rows():
    features = Step(FitFeatures("dpp0", 1), Status.DONE, START + 1, START + 4, result=Result())
    first = step(1, outcome=outcome(1, 0.5), refit_s=60.0, likely_members=(1,))
    none, one = at(), at(features, first)
    until = REQUEST.schedule.search_end - none.now
    assert none.left_s == pytest.approx(until - 0.04 * 600)
    assert one.left_s == pytest.approx(until - 3 - 0.9 * 60)


@pytest.mark.parametrize(
    ("runtime_s", "left_s", "is_useful"),
    [(600.0, 12.1, True), (600.0, 11.9, False), (10.0, 0.51, True), (10.0, 0.49, False)],
)
def test_a_candidate_is_worth_beginning_for_a_share_of_the_time_or_half_a_second(
    runtime_s, left_s, is_useful
):
    asked = request(runtime_s)
    spare_s = asked.schedule.search_end - START - at(after_s=0.0, asked=asked).left_s
    after_s = asked.schedule.search_end - START - spare_s - left_s
    there = at(after_s=after_s, asked=asked)
    assert there.left_s == pytest.approx(left_s, abs=1e-6)
    assert there.has_useful_time is is_useful


def test_the_size_of_a_table_may_say_the_folds_alone():
    assert at(analysis=LARGE).n_folds == 1
    assert at(analysis=LARGE).fold_count_due == math.inf
    assert at().n_folds is None


def test_the_first_candidate_says_the_folds_while_it_is_trained_or_shows_them_at_its_end():
    assert at(step(1, Status.RUNNING, n_folds=3)).n_folds == 3
    assert at(step(1, outcome=outcome(1, 0.5, 4))).n_folds == 4
    assert at(step(1, Status.FAILED)).n_folds == 1
    assert at(step(2, outcome=outcome(2, 0.5, 4))).n_folds is None, "it is not the first"


def test_it_is_one_once_the_first_fold_has_taken_too_long():
    running = step(1, Status.RUNNING, began=50.0)
    early = at(running, after_s=51.0)
    assert early.n_folds is None
    due_s = early.fold_count_due - START
    plain_s = early.one_fold_at(TrainCandidate(Plan(1, "dpp0", "lightgbm", {}, 0))) - START
    assert due_s - plain_s == pytest.approx(REQUEST.said_within_s)
    assert 50 < plain_s < 100
    late = at(running, after_s=due_s)
    assert late.n_folds == 1
    assert late.fold_count_due == math.inf


def test_it_is_not_waited_for_where_nothing_is_trained():
    waiting = step(1, Status.WAITING)
    assert at(waiting).fold_count_due == math.inf
    assert at(step(1, Status.RUNNING, n_folds=2)).fold_count_due == math.inf


def test_others_are_scored_on_the_folds_that_are_known():
    first, second = (TrainCandidate(Plan(index, "dpp0", "lightgbm", {}, 0)) for index in (1, 2))
    there = at(step(1, outcome=outcome(1, 0.5, 3)))
    assert (there.folds_of(second).least, there.folds_of(second).most) == (3, 3)
    assert there.folds_of(first).most == 5
    assert there.one_fold_at(second) == math.inf


def test_one_candidate_may_take_a_quarter_of_the_search():
    assert at().candidate_s == pytest.approx(0.25 * at().search_s)
    assert at(asked=request(600.0, 2)).candidate_s == pytest.approx(0.5 * at().search_s)
