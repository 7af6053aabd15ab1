import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.cards import RECIPES
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.target_transform import TARGET_TRANSFORM
from windvane.engine.tuning.portfolio import FOR_TEXTS, OPENINGS, WHERE_NAMED, openings_for
from windvane.engine.tuning.search import LOOKBACK, propose, recipes_for, rival
from windvane.engine.tuning.strategy import ANYTHING, Strategy

ANALYSIS = Analysis(
    target="y",
    problem_type=ProblemType.BINARY,
    problem_reason="",
    objective=MetricName.AUC,
    columns=(
        ColumnSpec("a", ColumnType.NUMERIC, ""),
        ColumnSpec("b", ColumnType.CATEGORICAL, ""),
    ),
    labels=("no", "yes"),
    label_type="string",
    class_counts=(600, 400),
    n_rows=1000,
    n_rows_read=1000,
    n_folds=5,
    seed=0,
)


AMOUNTS = replace(
    ANALYSIS,
    problem_type=ProblemType.REGRESSION,
    objective=MetricName.RMSE,
    columns=(*ANALYSIS.columns, ColumnSpec("c", ColumnType.NUMERIC, "")),
    labels=(),
    label_type="float",
    class_counts=(),
    statistics={"y": {"min": 1.0, "quantiles": {"0.05": 10.0, "0.5": 20.0, "0.95": 200.0}}},
)
OPENED = openings_for(ANALYSIS)


def _search(n_candidates, *, score=lambda plan: 0.8, analysis=ANALYSIS, strategy=ANYTHING):
    """Plans of a search in which each candidate ends before the next is proposed."""
    tried = []
    for index in range(1, n_candidates + 1):
        plan = propose(analysis, index, tried, strategy)
        tried.append(Tried(plan, score(plan), 1.0))
    return [one.plan for one in tried], tried


def test_a_linear_model_comes_first_where_texts_are_all_there_is():
    texts = replace(ANALYSIS, columns=(ColumnSpec("t", ColumnType.TEXT, ""),))
    assert openings_for(texts)[0].algorithm == "linear-learner"
    many = replace(texts, labels=("a", "b", "c"), class_counts=(400, 300, 300))
    assert openings_for(many)[0] == FOR_TEXTS
    assert all(one in OPENINGS for one in openings_for(texts))
    beside_numbers = replace(ANALYSIS, columns=(*ANALYSIS.columns, *texts.columns))
    assert openings_for(beside_numbers)[0] == OPENINGS[0]
    strategy = Strategy(Mode.AUTO, ("xgboost", "linear-learner"))
    assert [one.algorithm for one in openings_for(texts, strategy)][:2] == [
        "linear-learner",
        "xgboost",
    ]


def test_openings_come_first_and_try_every_algorithm():
    plans, _ = _search(len(OPENED))
    assert [plan.algorithm for plan in plans] == [opening.algorithm for opening in OPENED]
    assert len({plan.algorithm for plan in plans}) >= 7


@pytest.mark.parametrize(
    "opening", [*OPENINGS, *WHERE_NAMED], ids=lambda one: f"{one.algorithm}: {one.why}"
)
def test_what_openings_change_is_known_to_the_algorithm(opening):
    named = Strategy(algorithms=(opening.algorithm,))
    defaults = propose(ANALYSIS, 1, [], named).hyperparameters
    assert set(opening.changes) <= {*defaults, TARGET_TRANSFORM}
    assert opening.recipe in {"", *learner(opening.algorithm).recipes}


def test_amounts_with_a_long_tail_are_learnt_on_their_logarithm_too():
    plans = [propose(AMOUNTS, index, []) for index in range(1, len(openings_for(AMOUNTS)) + 1)]
    on_log = {plan.algorithm for plan in plans if TARGET_TRANSFORM in plan.hyperparameters}
    assert {"lightgbm", "mlp", "linear-learner"} <= on_log
    on_target = {plan.algorithm for plan in plans if TARGET_TRANSFORM not in plan.hyperparameters}
    assert {"lightgbm", "catboost", "xgboost"} <= on_target
    assert not any(
        TARGET_TRANSFORM in propose(ANALYSIS, index, []).hyperparameters for index in range(1, 12)
    )


def test_variations_keep_the_recipe_and_the_transform_of_what_they_vary():
    plans, _ = _search(60, analysis=AMOUNTS, score=lambda plan: float(plan.index))
    by_index = {plan.index: plan for plan in plans}
    varied = [
        plan
        for plan in plans
        if plan.why.startswith("a variation of the well-performing candidate")
    ]
    assert varied
    for plan in varied:
        parent = by_index[int(plan.why.split()[6].rstrip(",;"))]
        assert plan.recipe == parent.recipe
        kept = parent.hyperparameters.get(TARGET_TRANSFORM)
        assert plan.hyperparameters.get(TARGET_TRANSFORM) == kept


@pytest.mark.parametrize("objective", [MetricName.F1, MetricName.BALANCED_ACCURACY])
def test_objectives_of_labels_find_plans_too(objective):
    plans, _ = _search(60, analysis=replace(ANALYSIS, objective=objective))
    assert len(plans) == 60


def test_plans_are_a_pure_function_of_what_was_tried():
    first, tried = _search(20)
    assert first == _search(20)[0]
    assert propose(ANALYSIS, 20, tried[::-1]) == first[19]


def test_another_seed_gives_other_variations():
    plans, _ = _search(20)
    others, _ = _search(20, analysis=replace(ANALYSIS, seed=1))
    assert [p.hyperparameters for p in plans[10:]] != [p.hyperparameters for p in others[10:]]
    assert {plan.seed for plan in plans}.isdisjoint({plan.seed for plan in others})


@given(index=st.integers(1, 40), changed=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_outcomes_within_the_lookback_do_not_matter(index, changed):
    _, tried = _search(40)
    shaken = [
        replace(one, objective=changed) if one.plan.index > index - LOOKBACK else one
        for one in tried
    ]
    known = [one for one in tried if one.plan.index <= index - LOOKBACK]
    assert propose(ANALYSIS, index, shaken) == propose(ANALYSIS, index, known)


def test_what_does_well_is_tried_more_often():
    plans, _ = _search(100, score=lambda plan: 0.9 if plan.algorithm == "xgboost" else 0.7)
    later = [plan.algorithm for plan in plans[LOOKBACK + len(OPENED) :]]
    assert later.count("xgboost") > len(later) / 3
    assert len(set(later)) > 1


def test_lower_is_better_where_the_objective_is_a_loss():
    analysis = replace(ANALYSIS, objective=MetricName.LOG_LOSS)
    plans, _ = _search(
        100, score=lambda plan: 0.1 if plan.algorithm == "catboost" else 0.7, analysis=analysis
    )
    later = [plan.algorithm for plan in plans[LOOKBACK + len(OPENED) :]]
    assert later.count("catboost") > len(later) / 3


def test_failures_are_survived():
    plans, _ = _search(30, score=lambda plan: None)
    assert len(plans) == 30


def test_plans_name_recipes_that_exist_and_are_announced():
    plans, _ = _search(40)
    assert {plan.recipe for plan in plans} == set(recipes_for(ANALYSIS))
    assert set(recipes_for(ANALYSIS)) <= {card.name for card in RECIPES}


@pytest.mark.parametrize("n_plans", [1, 2, 5])
def test_recipes_that_no_plan_will_name_are_not_announced(n_plans):
    plans, _ = _search(n_plans)
    assert set(recipes_for(ANALYSIS, n_plans=n_plans)) == {plan.recipe for plan in plans}


def test_hyperparameters_stay_within_what_the_algorithm_takes():
    plans, _ = _search(60)
    for plan in plans:
        defaults = propose(ANALYSIS, _opening_of(plan.algorithm), []).hyperparameters
        assert set(plan.hyperparameters) == set(defaults)


def _opening_of(algorithm):
    return next(i for i, one in enumerate(OPENED, 1) if one.algorithm == algorithm)


def test_names_are_those_of_learners():
    for opening in OPENINGS:
        assert learner(opening.algorithm).recipes


def test_a_search_goes_without_an_extra_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "catboost", None)
    plans, _ = _search(40)
    assert "catboost" not in {plan.algorithm for plan in plans}
    left = [one for one in OPENED if one.algorithm != "catboost"]
    assert list(openings_for(ANALYSIS)) == left
    named = Strategy(algorithms=("catboost",))
    assert {one.algorithm for one in openings_for(ANALYSIS, named)} == {"catboost"}


def test_seeds_differ_from_candidate_to_candidate():
    plans, _ = _search(30)
    assert len({plan.seed for plan in plans}) == 30
    assert all(isinstance(plan, Plan) and isinstance(plan.seed, int) for plan in plans)
    assert not any(isinstance(v, np.generic) for p in plans for v in p.hyperparameters.values())


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.ENSEMBLING, Mode.TUNING])
@pytest.mark.parametrize("algorithms", [("mlp", "xgboost"), ("randomforest",), ("linear-learner",)])
def test_a_search_keeps_to_the_algorithms_it_is_limited_to(mode, algorithms):
    strategy = Strategy(mode, algorithms)
    plans, _ = _search(40, score=lambda plan: plan.index % 7 / 7, strategy=strategy)
    assert {plan.algorithm for plan in plans} == set(algorithms)
    assert {recipe for name in algorithms for recipe in learner(name).recipes} >= {
        plan.recipe for plan in plans
    }
    assert set(recipes_for(ANALYSIS, strategy)) <= set(recipes_for(ANALYSIS))
    assert plans == _search(40, score=lambda plan: plan.index % 7 / 7, strategy=strategy)[0]


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.TUNING])
def test_algorithms_of_an_extra_are_tried_only_where_they_are_named(mode):
    plans, _ = _search(60, strategy=Strategy(mode))
    assert not {"nn-torch", "fastai"} & {plan.algorithm for plan in plans}
    named, _ = _search(5, strategy=Strategy(mode, ("fastai", "lightgbm", "nn-torch")))
    assert [plan.algorithm for plan in named[:3]] == ["lightgbm", "nn-torch", "fastai"]
    plans, _ = _search(4, strategy=Strategy(mode, ("fastai", "nn-torch")))
    assert [plan.algorithm for plan in plans] == ["nn-torch", "fastai"] * 2
    assert len({str(plan.hyperparameters) for plan in plans}) == 4


def test_an_algorithm_without_an_opening_on_the_table_begins_with_its_defaults():
    large = replace(ANALYSIS, n_rows=1_000_000)
    [opening] = openings_for(large, Strategy(algorithms=("neighbors",)))
    assert (opening.algorithm, dict(opening.changes)) == ("neighbors", {})


def test_every_algorithm_that_is_named_has_its_turn_before_any_has_a_second():
    plans, _ = _search(5, strategy=Strategy(algorithms=("catboost", "xgboost", "lightgbm")))
    assert [plan.algorithm for plan in plans[:3]] == ["lightgbm", "xgboost", "catboost"]
    assert plans[3].algorithm == "lightgbm"


def test_hyperparameter_tuning_proposes_by_a_model_of_what_was_tried():
    strategy = Strategy(Mode.TUNING, ("xgboost",))

    def score(plan):
        return 1 - abs(plan.hyperparameters["max_depth"] - 9) / 12

    plans, _ = _search(60, score=score, strategy=strategy)
    modelled = [plan for plan in plans if plan.why.startswith("suggested by Bayesian optimisation")]
    assert len(modelled) > 30
    late = [plan.hyperparameters["max_depth"] for plan in modelled[-15:]]
    assert sum(7 <= depth <= 11 for depth in late) > 10
    others, _ = _search(60, score=score, strategy=Strategy(algorithms=("xgboost",)))
    assert not any("Bayesian" in plan.why for plan in others)


@pytest.mark.slow
@given(index=st.integers(1, 40), changed=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_neither_plans_nor_rivals_of_a_tuning_search_hang_on_what_is_under_way(index, changed):
    strategy = Strategy(Mode.TUNING)
    _, tried = _search(40, score=lambda plan: plan.index % 5 / 5, strategy=strategy)
    shaken = [
        replace(one, objective=changed) if 1 < one.plan.index > index - LOOKBACK else one
        for one in tried
    ]
    known = [one for one in tried if one.plan.index <= index - LOOKBACK]
    plan = propose(ANALYSIS, index, known, strategy)
    assert propose(ANALYSIS, index, shaken, strategy) == plan
    assert rival(ANALYSIS, index, shaken) == rival(ANALYSIS, index, tried)


def test_the_rival_is_the_best_of_those_that_are_known_and_the_first_always_is():
    _, tried = _search(30, score=lambda plan: 0.9 if plan.index == 12 else 0.5)
    assert rival(ANALYSIS, 1, []) is None
    assert rival(ANALYSIS, 2, tried[:1]) == 1
    assert rival(ANALYSIS, 19, tried) == 1
    assert rival(ANALYSIS, 20, tried) == 12
