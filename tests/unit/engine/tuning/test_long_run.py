"""The one candidate of a large table that learns from all rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.engine.tuning.test_pacing import ANALYSIS

from windvane.domain.problem import Mode, ProblemType
from windvane.engine.candidates import SAMPLE_ROWS, Outcome, Plan
from windvane.engine.tuning.long_run import (
    Predecessor,
    has_enough_rows,
    has_long_run,
    long_run,
)
from windvane.engine.tuning.pacing import next_plan
from windvane.engine.tuning.strategy import Strategy

LARGE = replace(ANALYSIS, n_rows=1_000_000, n_folds=1, n_held_out=50_000)


@pytest.mark.parametrize(("n_rows", "has_one"), [(1_000, False), (189_999, False), (190_000, True)])
def test_there_is_one_where_others_may_learn_from_samples(n_rows: int, has_one: bool) -> None:
    assert has_long_run(replace(LARGE, n_rows=n_rows)) is has_one


def test_there_is_none_where_pipelines_are_compared_on_equal_terms() -> None:
    assert not has_long_run(LARGE, Strategy(Mode.TUNING))


def test_there_is_none_of_algorithms_that_have_no_long_fit() -> None:
    assert not has_long_run(LARGE, Strategy(algorithms=("linear-learner", "randomforest")))
    assert has_long_run(LARGE, Strategy(algorithms=("linear-learner", "lightgbm")))


def test_it_learns_from_all_rows_in_larger_trees_the_fewer_there_is_time_for() -> None:
    plans = [long_run(LARGE, 2, left_s, 2) for left_s in (6.0, 300.0)]
    assert [plan.n_rows for plan in plans] == [None] * 2
    assert plans[0].hyperparameters["num_leaves"] > plans[1].hyperparameters["num_leaves"]


def test_the_less_time_there_is_the_larger_its_steps() -> None:
    steps = [
        long_run(LARGE, 2, left_s, 2).hyperparameters["learning_rate"]
        for left_s in (6.0, 15.0, 3_000.0)
    ]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > steps[-1]


def test_of_fewer_rows_trees_are_smaller() -> None:
    leaves = [
        long_run(replace(LARGE, n_rows=n), 2, 300.0, 2).hyperparameters["num_leaves"]
        for n in (190_000, 1_000_000)
    ]
    assert leaves[0] < leaves[1]


def test_twice_the_cores_are_as_good_as_twice_the_time() -> None:
    assert long_run(LARGE, 2, 300.0, 4) == long_run(LARGE, 2, 600.0, 2)


def test_on_a_machine_that_has_shown_to_be_slow_it_is_as_if_there_was_less_time() -> None:
    sample = replace(next_plan(LARGE, 1, 1, (), 300.0), n_rows=100_000)
    found = [
        long_run(LARGE, 2, 60.0, 2, predecessor=Predecessor(sample, s))
        for s in (0.0, 1e-9, 0.005, 10.0)
    ]
    unknown, quick, usual, slow = (plan.hyperparameters["learning_rate"] for plan in found)
    assert unknown == usual
    assert quick <= usual < slow
    other = Predecessor(replace(sample, algorithm="xgboost"), 10.0)
    assert long_run(LARGE, 2, 60.0, 2, predecessor=other) == found[0]


def test_runs_that_differ_by_moments_take_the_same_steps() -> None:
    assert long_run(LARGE, 2, 300.0, 2) == long_run(LARGE, 2, 300.2, 2)


def test_where_time_is_too_short_for_all_rows_it_takes_fewer() -> None:
    found = [long_run(replace(LARGE, n_rows=10_000_000), 2, left_s, 2) for left_s in (10.0, 2e4)]
    assert found[0].n_rows is not None
    assert 100_000 < found[0].n_rows < 9_950_000
    assert found[1].n_rows is None


@pytest.mark.parametrize("n_classes", [2, 7, 100])
def test_its_model_stays_small_enough_to_be_served(n_classes: int) -> None:
    problem = ProblemType.BINARY if n_classes == 2 else ProblemType.MULTICLASS
    labels = tuple(str(label) for label in range(n_classes))
    table = replace(LARGE, problem_type=problem, labels=labels)
    chosen = long_run(table, 2, 1e6, 2).hyperparameters
    trees = chosen["num_iterations"] * (n_classes if n_classes > 2 else 1)
    assert 100_000 < trees * chosen["num_leaves"] <= 340_000


@pytest.mark.parametrize(
    ("algorithm", "has_enough"), [("lightgbm", True), ("linear-learner", False)]
)
def test_that_an_algorithm_without_long_fit_has_enough_rows_says_nothing_of_others(
    algorithm: str, has_enough: bool
) -> None:
    outcome = Outcome(1, 0.5, (), 1.0, 0.0, 0, 1, stops={SAMPLE_ROWS: 25_000})
    assert has_enough_rows(Plan(1, "dpp0", algorithm, {}, 0), outcome) is has_enough
    assert not has_enough_rows(Plan(1, "dpp0", algorithm, {}, 0), replace(outcome, stops={}))
