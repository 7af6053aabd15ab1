"""Explaining over real folders: every learner and ensembles."""

import time

import numpy as np
import pytest
from unit.engine.explain.made_up import (
    COLOUR,
    DAY,
    HOSTILE,
    N_ROWS,
    NOISE,
    EveryLook,
    columns_and_target,
    packaged,
)

from windvane.domain.problem import ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.explain.margins import margins
from windvane.engine.explain.stage import explain
from windvane.engine.learners.catalogue import LEARNERS
from windvane.errors import CorruptArtifact, OutOfTime

BOOSTERS = ("lightgbm", "xgboost", "catboost")
ENSEMBLE = ("lightgbm", "linear-learner", "randomforest")


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    return packaged(folder, ProblemType.BINARY, ENSEMBLE, [1.0, 2.0, 0.7], 1.3)


def _explained(made, **changes):
    """Within a number of looks at the clock: 300, unless `budget_s` says so."""
    chosen = {"budget_s": 0.3, "seed": 0, "most_rows": 12, "now": EveryLook(), **changes}
    return explain(made.dataset, made.packages, **chosen)


def _own_answer(made, explanation, problem_type):
    columns, _ = columns_and_target(problem_type)
    answer = margins(made.predictor().predict_columns(columns, N_ROWS))
    return answer[explanation.rows]


@pytest.mark.parametrize("problem_type", ProblemType)
@pytest.mark.parametrize("name", [card.name for card in LEARNERS])
def test_values_of_every_learner_add_up_to_its_answers(name, problem_type, tmp_path):
    made = packaged(tmp_path, problem_type, [name])
    found = _explained(made)
    answer = _own_answer(made, found, problem_type)
    tolerance = 1e-5 * np.abs(answer).max() if name == "xgboost" else 1e-9
    np.testing.assert_allclose(found.attribution.answers, answer, rtol=0, atol=tolerance)
    assert found.gap <= 1e-5
    assert found.attribution.is_exact == (name in BOOSTERS)
    n_explained = len(found.rows)
    assert n_explained == 12 if name in BOOSTERS else 1 <= n_explained <= 12
    assert found.attribution.values.shape == (n_explained, 5, max(1, answer.shape[1]))


@pytest.mark.parametrize("problem_type", ProblemType)
def test_values_of_an_ensemble_add_up_to_its_answers(problem_type, tmp_path):
    made = packaged(tmp_path, problem_type, ENSEMBLE)
    found = _explained(made)
    answer = _own_answer(made, found, problem_type)
    np.testing.assert_allclose(found.attribution.answers, answer, rtol=0, atol=1e-9)
    assert found.gap < 1e-9
    assert found.method == f"sampled, {found.attribution.pairs} permutation pairs"


@pytest.mark.parametrize("transform", ["log", "residual"])
def test_a_transformed_target_is_explained_on_its_own_scale(transform, tmp_path):
    made = packaged(tmp_path, ProblemType.REGRESSION, ["lightgbm"], target_transform=transform)
    found = _explained(made)
    answer = _own_answer(made, found, ProblemType.REGRESSION)
    np.testing.assert_allclose(found.attribution.answers, answer, rtol=0, atol=1e-9)
    assert not found.attribution.is_exact


def test_what_matters_is_found(ensemble):
    found = _explained(ensemble, most_rows=40)
    ranking = [found.names[number] for number in found.importance().ranking()]
    assert ranking[0] == HOSTILE
    assert COLOUR in ranking[:3]
    assert found.dependences[0].column.name == HOSTILE
    effect = found.dependences[0].effect[:, 0]
    assert effect[-1] - effect[0] > 0.3


def test_sampled_and_exact_values_tell_the_same(tmp_path):
    """Not to the digit: what stands for a column that is not known differs between them."""
    single = packaged(tmp_path / "single", ProblemType.REGRESSION, ["catboost"])
    twice = packaged(tmp_path / "twice", ProblemType.REGRESSION, ["catboost", "catboost"])
    exact, sampled = (_explained(made, most_rows=60, budget_s=3) for made in (single, twice))
    assert exact.attribution.is_exact
    assert not sampled.attribution.is_exact
    both = [one.attribution.values[:, :3].ravel() for one in (exact, sampled)]
    assert np.corrcoef(*both)[0, 1] > 0.95
    noise = [one.importance().total[[3, 4]].max() for one in (exact, sampled)]
    assert max(noise) < 0.2 * exact.importance().total.max()


def test_columns_are_those_that_can_be_learned_from(ensemble):
    found = _explained(ensemble)
    assert found.names == (HOSTILE, "b", COLOUR, DAY, NOISE)
    table = read_dataset(ensemble.dataset)
    for name in found.names:
        np.testing.assert_array_equal(found.cells[name], table.columns[name][found.rows])


def test_the_same_seed_gives_the_same_explanation(ensemble):
    first, again = (_explained(ensemble) for _ in range(2))
    other = _explained(ensemble, seed=1)
    np.testing.assert_array_equal(first.attribution.values, again.attribution.values)
    np.testing.assert_array_equal(first.rows, again.rows)
    assert sorted(first.rows) != sorted(other.rows)
    threads = _explained(ensemble, threads=2)
    np.testing.assert_array_equal(first.attribution.values, threads.attribution.values)


def test_a_shorter_budget_explains_less_and_says_so(ensemble):
    long = _explained(ensemble)
    short = _explained(ensemble, budget_s=0.08)
    assert short.attribution.pairs < long.attribution.pairs
    assert len(short.dependences) <= len(long.dependences)
    assert short.seconds < 0.2
    assert short.budget_s == 0.08


def test_no_time_at_all_is_told(ensemble):
    with pytest.raises(OutOfTime):
        _explained(ensemble, budget_s=0.0)


def test_a_candidate_of_a_job_is_explained(two_classes, tmp_path):
    plan = Plan(
        1, "dpp0", "lightgbm", {"num_iterations": 30, "num_leaves": 7, "learning_rate": 0.1}, 1
    )
    candidate = tmp_path / "candidate"
    limits = stages.TrainLimits(time.time() + 60)
    stages.train(two_classes.dataset, two_classes.features, plan, limits, candidate)
    features = {"dpp0": two_classes.features}
    stages.assemble(two_classes.dataset, features, {1: candidate}, 1, tmp_path / "packages")
    found = explain(two_classes.dataset, tmp_path / "packages", 5.0, 0)
    assert found.method == "exact TreeSHAP"
    assert found.gap < 1e-9
    assert {found.names[i] for i in found.importance().ranking()[:2]} == {"a", "colour"}
    assert found.outputs == ("yes",)


def test_packages_of_another_table_are_refused(ensemble, tmp_path, two_classes):
    with pytest.raises(CorruptArtifact, match="other columns"):
        explain(two_classes.dataset, ensemble.packages, 5.0, 0)
