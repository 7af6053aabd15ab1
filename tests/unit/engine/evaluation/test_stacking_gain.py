"""A second layer is taken where it helps, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import OutOfFold, blend
from windvane.engine.evaluation.stacking_gain import with_proven_layer
from windvane.notes.sentences import reason

N = 3_000


def _table(y, objective, n_classes=0):
    kind = ProblemType.BINARY if n_classes else ProblemType.REGRESSION
    analysis = Analysis(
        target="y",
        problem_type=kind,
        problem_reason="",
        objective=objective,
        columns=(),
        labels=tuple("ab"[:n_classes]),
        label_type="string",
        class_counts=(),
        n_rows=N,
        n_rows_read=N,
        n_folds=5,
        seed=0,
    )
    return Dataset(analysis, {}, y, (np.arange(N) % 5).astype(np.int8))


def _regions(seed):
    random = np.random.default_rng(seed)
    y = random.uniform(-1, 1, N)
    noise = 0.1 * random.normal(size=(2, N))
    return y, {1: np.minimum(y, 0) + noise[0], 2: np.maximum(y, 0) + noise[1]}


def _proven(table, members, seconds=1e9):
    found = blend(OutOfFold.of(table, members))
    assert found is not None
    return with_proven_layer(table, found, members, seconds)


@pytest.mark.parametrize("objective", [MetricName.RMSE, MetricName.MAE])
@pytest.mark.parametrize("seed", range(3))
def test_one_that_helps_is_taken_and_says_so(objective, seed):
    y, members = _regions(seed)
    proven = _proven(_table(y, objective), members)
    assert proven.layer is not None
    assert reason(proven.note).startswith(
        f"stacked: a second layer over the members' predictions improves {objective} from 0."
    )
    assert (
        np.abs(proven.blend.out_of_fold - y).mean() < np.abs(sum(members.values()) / 2 - y).mean()
    )


@pytest.mark.parametrize("seed", range(8))
def test_one_that_does_not_help_is_not_taken(seed):
    """What the pool says is all there is to know."""
    random = np.random.default_rng(seed)
    one, two = random.normal(size=(2, N))
    y = (one + two) / 2 + random.normal(size=N)
    assert _proven(_table(y, MetricName.RMSE), {1: one, 2: two}).layer is None


@pytest.mark.parametrize("objective", [MetricName.AUC, MetricName.F1, MetricName.LOG_LOSS])
@pytest.mark.parametrize("seed", range(3))
def test_one_over_probabilities_that_are_as_they_should_be_is_not_taken(objective, seed):
    random = np.random.default_rng(seed)
    odds = random.normal(size=(2, N))
    chances = 1 / (1 + np.exp(-odds))
    y = (random.uniform(size=N) < 1 / (1 + np.exp(-odds.mean(axis=0)))).astype(float)
    members = {i: np.stack([1 - one, one], axis=1) for i, one in enumerate(chances)}
    assert _proven(_table(y, objective, 2), members).layer is None


def test_answers_that_must_keep_an_order_have_none():
    y, members = _regions(0)
    table = _table(y, MetricName.RMSE)
    ordered = replace(table, analysis=replace(table.analysis, monotone={"x": 1}))
    assert _proven(ordered, members).layer is None


def test_there_must_be_time_for_it():
    y, members = _regions(0)
    assert _proven(_table(y, MetricName.RMSE), members, seconds=2.0).layer is None


def test_numbers_that_trees_cannot_hold_leave_the_ensemble_as_it_is():
    y, members = _regions(0)
    huge = {index: 1e50 * one for index, one in members.items()}
    layered = _proven(_table(1e50 * y, MetricName.RMSE), huge)
    assert layered.layer is None
    assert reason(layered.note).endswith("errors are too large.")
