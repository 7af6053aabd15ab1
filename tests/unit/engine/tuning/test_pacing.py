"""What may still be begun, and on which terms."""

import math
from dataclasses import replace

import pytest

from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.pacing import (
    candidate_s,
    check_memory,
    first_look_s,
    fold_limits,
    has_place_for_ensemble,
    is_in_vain,
    least_folds,
    most_folds,
    next_plan,
    refit_s,
    settled_folds,
    settles_after_s,
)
from windvane.engine.tuning.strategy import Strategy
from windvane.errors import OutOfMemory

ANALYSIS = Analysis(
    target="y",
    problem_type=ProblemType.REGRESSION,
    problem_reason="",
    objective=MetricName.RMSE,
    columns=tuple(ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(20)),
    labels=(),
    label_type="float",
    class_counts=(),
    n_rows=1000,
    n_rows_read=1000,
    n_folds=5,
    seed=0,
)
LARGE = replace(ANALYSIS, n_rows=1_000_000)
QUICK, SLOW = ("linear-learner", 1.0), ("catboost", 50.0)


def _plan(algorithm, index=1):
    return Plan(index, "dpp0", algorithm, {}, 0)


TRIED = [Tried(_plan(algorithm), 0.8, took_s) for algorithm, took_s in (QUICK, SLOW)]


@pytest.fixture
def proposals(monkeypatch):
    """algorithms, in the order in which they are to be proposed from index 1 on"""

    def propose(*algorithms):
        monkeypatch.setattr(
            search,
            "propose",
            lambda analysis, index, tried, strategy=None: _plan(
                algorithms[min(index, len(algorithms)) - 1], index
            ),
        )

    return propose


def test_the_first_candidate_is_scored_on_as_many_folds_as_a_small_share_of_the_time_holds():
    found = fold_limits(ANALYSIS, 100.0, 100.0, None, [])
    assert found.fold_s == 18.0
    assert (found.further_s, found.repeat_s) == pytest.approx((7.0, 2.0))
    assert (found.least, found.most) == (3, 5)


def test_however_short_the_search_a_first_fold_has_a_second():
    shorter, short = (fold_limits(ANALYSIS, s, s, None, []).fold_s for s in (0.1, 1.0))
    assert shorter == short >= 1.0


def test_few_candidates_leave_the_first_one_more():
    found = fold_limits(ANALYSIS, 100.0, 100.0, 4, [])
    assert (found.fold_s, found.further_s) == (25.0, 12.5)


def test_later_candidates_are_scored_on_as_many_folds_as_the_fullest():
    found = fold_limits(ANALYSIS, 90.0, 100.0, None, [1, 3, 2])
    assert (found.further_s, found.least, found.most) == (90.0, 3, 3)
    assert 25.0 / 3 <= found.fold_s < 15.0


@pytest.mark.parametrize(
    ("n_rows", "n_folds", "least", "most"),
    [
        (500, 5, 3, 5),
        (1_500, 5, 2, 5),
        (1_499, 5, 3, 5),
        (3_000, 5, 1, 5),
        (2_999, 5, 2, 5),
        (10_000, 5, 1, 5),
        (10_001, 5, 1, 3),
        (50_000, 5, 1, 3),
        (50_001, 5, 1, 1),
        (1_000_000, 1, 1, 1),
    ],
)
def test_folds_are_many_enough_to_choose_by_and_few_enough_to_pay(n_rows, n_folds, least, most):
    analysis = replace(ANALYSIS, n_rows=n_rows, n_folds=n_folds)
    assert (least_folds(analysis), most_folds(analysis)) == (least, most)


@pytest.mark.parametrize(
    ("max_candidates", "mode", "has_place"),
    [
        (None, Mode.AUTO, True),
        (3, Mode.AUTO, True),
        (3, Mode.ENSEMBLING, True),
        (2, Mode.AUTO, False),
        (None, Mode.TUNING, False),
        (3, Mode.TUNING, False),
    ],
)
def test_one_of_three_candidates_is_the_ensembles(max_candidates, mode, has_place):
    assert has_place_for_ensemble(max_candidates, Strategy(mode)) is has_place
    if mode is Mode.AUTO:
        assert has_place_for_ensemble(max_candidates) is has_place


def test_no_candidate_takes_more_than_its_share_unless_there_are_few():
    assert candidate_s(100.0, None) == 25.0
    assert candidate_s(100.0, 2) == 50.0
    assert candidate_s(100.0, 250) == 25.0


def test_of_two_divisions_both_count_where_many_candidates_are_to_be_compared():
    small = replace(ANALYSIS, n_repeats=2)
    assert most_folds(small) == most_folds(small, 250) == 10
    assert most_folds(small, 50) == 5
    assert most_folds(ANALYSIS) == 5


def test_where_the_number_of_folds_is_plain_nobody_waits():
    large = replace(ANALYSIS, n_rows=60_000, n_folds=1)
    assert settled_folds(ANALYSIS) is None
    assert settled_folds(large) == 1


def test_a_first_fold_of_more_than_half_of_the_time_for_all_is_the_only_one():
    assert settles_after_s(replace(ANALYSIS, n_rows=9_000, n_folds=5), 5.0) == 2.5
    assert settles_after_s(replace(ANALYSIS, n_rows=300, n_folds=5), 5.0) == math.inf


def test_there_is_a_model_early():
    assert first_look_s(60.0) == 2.0
    assert first_look_s(300.0) == 9.0


def test_time_for_the_refits_of_the_members_is_kept():
    assert refit_s([], 2, 600.0) == 24.0
    alone, both = refit_s([50.0], 2, 600.0), refit_s([50.0, 50.0], 2, 600.0)
    assert 40.0 < alone <= 50.0
    assert both == alone  # the second one's runs beside the first's
    assert refit_s([50.0, 50.0], 1, 600.0) == pytest.approx(2 * alone)
    assert refit_s([50.0, 50.0], 1, 100.0) <= 35.0
    assert refit_s([50.0, 50.0], 1, 10.0) < 3.0


def test_of_a_job_below_a_minute_refits_may_take_a_smaller_part():
    """Between a minute and no time at all in a straight line."""
    long, minute, half, none = (refit_s([1e9], 1, s) / s for s in (600.0, 60.0, 30.0, 1e-9))
    assert long == pytest.approx(minute)
    assert half == pytest.approx((minute + none) / 2)
    assert 0 < none < minute < 0.5


def test_candidates_learn_from_samples_of_a_large_table():
    plan = next_plan(LARGE, 1, 99, [], 1000.0, own_s=60.0)
    assert plan.n_rows is not None
    assert plan.n_rows < LARGE.n_rows
    assert next_plan(ANALYSIS, 1, 99, [], 1000.0, own_s=60.0).n_rows is None


def test_their_hyperparameters_are_those_for_as_many_rows():
    networks = Strategy(algorithms=("mlp",))
    plan = next_plan(LARGE, 1, 99, [], 1000.0, own_s=60.0, strategy=networks)
    alike, whole = (
        search.propose(table, 1, [], networks).hyperparameters
        for table in (replace(LARGE, n_rows=plan.n_rows), LARGE)
    )
    assert plan.hyperparameters == alike
    assert plan.hyperparameters["epochs"] > whole["epochs"]


def test_what_takes_more_than_a_candidate_may_makes_larger_steps(monkeypatch):
    def propose(analysis, index, tried, strategy=None):
        return replace(_plan("catboost", index), hyperparameters={"learning_rate": 0.05})

    monkeypatch.setattr(search, "propose", propose)
    plan = next_plan(ANALYSIS, 3, 99, TRIED, 1000.0, own_s=25.0)
    assert 0.05 < plan.hyperparameters["learning_rate"] <= 0.2
    assert "higher learning rate" in plan.why
    at_ease = next_plan(ANALYSIS, 3, 99, TRIED, 1000.0, own_s=500.0)
    assert at_ease.hyperparameters == {"learning_rate": 0.05}


def test_what_takes_longer_than_is_left_is_passed_over(proposals):
    proposals("catboost", "catboost", "linear-learner")
    assert next_plan(ANALYSIS, 1, 99, TRIED, 100.0) == _plan("catboost", 1)
    assert next_plan(ANALYSIS, 1, 99, TRIED, 10.0) == _plan("linear-learner", 3)
    assert next_plan(ANALYSIS, 1, 2, TRIED, 10.0) is None


def test_nothing_is_begun_if_nothing_fits(proposals):
    proposals("catboost")
    assert next_plan(ANALYSIS, 1, 1000, TRIED, 10.0) is None
    assert next_plan(ANALYSIS, 1, 1000, TRIED, 0.0) is None


@pytest.mark.parametrize(("n_slow", "is_found"), [(15, True), (16, False)])
def test_sixteen_proposals_are_looked_at(n_slow, is_found, proposals):
    proposals(*["catboost"] * n_slow, "linear-learner")
    found = next_plan(ANALYSIS, 1, 99, TRIED, 10.0)
    assert found == (_plan("linear-learner", n_slow + 1) if is_found else None)


def test_what_takes_exactly_what_is_left_is_begun(monkeypatch, proposals):
    proposals("catboost")
    monkeypatch.setattr(cost, "predicted_s", lambda analysis, plan, tried: 10.0)
    assert next_plan(ANALYSIS, 1, 1, TRIED, 10.0) == _plan("catboost")
    assert next_plan(ANALYSIS, 1, 1, TRIED, 9.99) is None


def test_the_last_index_may_be_proposed_before_anything_has_finished(proposals):
    proposals("catboost")
    assert next_plan(ANALYSIS, 7, 7, [], 1.0) == _plan("catboost", 7)
    assert next_plan(ANALYSIS, 8, 7, [], 1.0) is None


def test_expectations_count_only_once_something_has_finished(proposals):
    proposals("catboost")
    failed = [replace(one, objective=None) for one in TRIED]
    assert next_plan(LARGE, 1, 99, failed, 0.1) == _plan("catboost")


def test_a_search_in_which_everything_fails_gives_up():
    failed = Tried(_plan("xgboost"), None, 0.1)
    assert not is_in_vain([])
    assert not is_in_vain(15 * [failed])
    assert is_in_vain(16 * [failed])
    assert not is_in_vain([*(16 * [failed]), TRIED[0]])


def test_a_search_that_can_begin_nothing_any_more_gives_up():
    unbegun = Tried(_plan("xgboost"), None, 0.0)
    assert not is_in_vain([TRIED[0], *(15 * [unbegun])])
    assert is_in_vain([TRIED[0], *(16 * [unbegun])])
    assert not is_in_vain([*(16 * [unbegun]), TRIED[0]])


def test_a_plan_that_needs_more_memory_than_there_is_says_how_much():
    check_memory(ANALYSIS, _plan("catboost"), 500)
    needed_mb = cost.predicted_mb(LARGE, _plan("catboost"))
    check_memory(LARGE, _plan("catboost"), needed_mb)
    with pytest.raises(
        OutOfMemory, match=r"catboost would need about \d+ MiB .* may use 300 MiB"
    ) as caught:
        check_memory(LARGE, _plan("catboost"), 300)
    assert caught.value.note.facts == {
        "n_rows": 1_000_000,
        "n_columns": 20,
        "algorithm": "catboost",
        "needed_mb": needed_mb,
        "memory_mb": 300.0,
    }
