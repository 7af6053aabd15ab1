"""What training is expected to cost."""

from dataclasses import replace

import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import LEARNERS
from windvane.engine.tuning.cost import member_mb, predicted_mb, predicted_s
from windvane.engine.tuning.search import propose

ANALYSIS = Analysis(
    target="y",
    problem_type=ProblemType.BINARY,
    problem_reason="",
    objective=MetricName.AUC,
    columns=tuple(ColumnSpec(f"c{i}", ColumnType.NUMERIC, "") for i in range(20)),
    labels=("no", "yes"),
    label_type="string",
    class_counts=(600, 400),
    n_rows=1000,
    n_rows_read=1000,
    n_folds=5,
    seed=0,
)
LARGE = replace(ANALYSIS, n_rows=1_000_000)
MANY_CLASSES = replace(
    ANALYSIS, problem_type=ProblemType.MULTICLASS, labels=tuple(map(str, range(20)))
)
ALGORITHMS = [card.name for card in LEARNERS]


def _plan(algorithm, **hyperparameters):
    return Plan(1, "dpp0", algorithm, hyperparameters, 0)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_more_rows_and_classes_are_expected_to_cost_more(algorithm):
    plan = _plan(algorithm)
    assert predicted_s(LARGE, plan, []) > predicted_s(ANALYSIS, plan, [])
    assert predicted_mb(LARGE, plan) > predicted_mb(ANALYSIS, plan)
    assert predicted_mb(MANY_CLASSES, plan) > predicted_mb(ANALYSIS, plan)


def test_one_hot_codes_and_topics_of_texts_count_as_the_columns_they_become():
    fewer = replace(LARGE, n_rows=100_000)  # whose matrix is held
    categories = replace(
        fewer,
        columns=(ColumnSpec("a", ColumnType.CATEGORICAL, ""),),
        statistics={"a": {"distinct": 80}},
    )
    texts = replace(fewer, columns=(ColumnSpec("a", ColumnType.TEXT, ""),))
    numbers = replace(fewer, columns=(ColumnSpec("a", ColumnType.NUMERIC, ""),))
    plan = Plan(1, "dpp1", "linear-learner", {}, 0)
    assert predicted_mb(texts, plan) > predicted_mb(categories, plan) > predicted_mb(numbers, plan)


def test_expected_time_follows_what_was_measured():
    plan = propose(ANALYSIS, 1, [])
    same = Tried(replace(plan, index=9), 0.8, 40.0)
    assert predicted_s(ANALYSIS, plan, [same]) == pytest.approx(40.0)
    guess = predicted_s(ANALYSIS, plan, [])
    other = propose(ANALYSIS, 2, [])
    slow = Tried(other, 0.8, 3 * predicted_s(ANALYSIS, other, []))
    assert predicted_s(ANALYSIS, plan, [slow]) == pytest.approx(3 * guess)


def test_failures_say_nothing_of_the_time():
    plan = _plan("lightgbm")
    failed = Tried(plan, None, 0.01)
    assert predicted_s(ANALYSIS, plan, [failed]) == predicted_s(ANALYSIS, plan, [])


@pytest.mark.parametrize(
    ("algorithm", "quick", "slow"),
    [
        ("lightgbm", {"num_leaves": 8}, {"num_leaves": 128}),
        ("lightgbm", {"learning_rate": 0.2}, {"learning_rate": 0.02}),
        ("xgboost", {"max_depth": 3}, {"max_depth": 10}),
        ("catboost", {"depth": 4}, {"depth": 8}),
        ("mlp", {"n_hidden": 64}, {"n_hidden": 160}),
        ("nn-torch", {"n_members": 4}, {"n_members": 16}),
        ("fastai", {"epochs": 15}, {"epochs": 50}),
    ],
)
def test_deeper_trees_and_smaller_steps_are_expected_to_take_longer(algorithm, quick, slow):
    known = [Tried(_plan(algorithm), 0.8, 10.0)]
    expected = [predicted_s(ANALYSIS, _plan(algorithm, **h), known) for h in (quick, slow)]
    assert expected[0] < expected[1]


def test_a_sample_needs_the_memory_of_its_rows_alone_and_a_little_for_the_others():
    plan = _plan("lightgbm")
    sample, few = replace(plan, n_rows=100_000), replace(LARGE, n_rows=100_000)
    assert predicted_mb(few, plan) < predicted_mb(LARGE, sample) < predicted_mb(few, plan) + 50
    assert predicted_mb(few, sample) == predicted_mb(few, plan)


def test_many_rows_that_are_read_block_by_block_need_two_bytes_a_value():
    huge = replace(LARGE, n_rows=10_000_000)
    held = [predicted_mb(replace(huge, n_rows=n), _plan("lightgbm")) for n in (5e6, 1e7)]
    per_row = (held[1] - held[0]) * 1024**2 / 5e6
    assert per_row < 20 * 2.2 + 130


def test_members_hold_their_share_of_the_rows_and_the_histograms_of_all_leaves():
    huge = replace(LARGE, n_rows=10_000_000)
    plan = _plan("lightgbm", num_leaves=255)
    share = predicted_mb(huge, replace(plan, n_rows=5_000_000))
    assert member_mb(huge, plan, 1) == predicted_mb(huge, plan)
    assert share + 10 < member_mb(huge, plan, 2) < predicted_mb(huge, plan)
    more_leaves = replace(plan, hyperparameters={"num_leaves": 1_023})
    assert member_mb(huge, more_leaves, 2) > member_mb(huge, plan, 2) + 50


def test_members_of_a_small_share_hold_the_rows_in_which_bins_are_found():
    plan = _plan("lightgbm", num_leaves=31)
    table = replace(LARGE, n_rows=400_000)
    sample = predicted_mb(table, replace(plan, n_rows=200_000))
    assert member_mb(table, plan, 8) > sample
