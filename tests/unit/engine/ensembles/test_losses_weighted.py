"""Ensembles listen to rows by their weight."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.blend import OutOfFold, blend
from windvane.engine.ensembles.constrained import fit_thrifty_weights
from windvane.engine.ensembles.losses import loss_for
from windvane.engine.ensembles.weights import fit_weights


def _said(objective, random, n_rows=400):
    """Two models of which each is right about one half of the rows."""
    half = np.arange(n_rows) < n_rows // 2
    noise = np.where(half, [[0.1], [2.0]], [[2.0], [0.1]]) * random.normal(size=(2, n_rows))
    if objective is not MetricName.LOG_LOSS:
        y = random.normal(size=n_rows)
        return list(y + noise), y, half
    y = random.integers(0, 2, n_rows).astype(float)
    positive = 1 / (1 + np.exp(-(3 * (2 * y - 1) + 2 * noise)))
    return [np.column_stack([1 - p, p]) for p in positive], y, half


@pytest.mark.parametrize("objective", [MetricName.MSE, MetricName.MAE, MetricName.LOG_LOSS])
def test_the_model_that_is_right_about_heavy_rows_gets_more_weight(objective):
    said, y, half = _said(objective, np.random.default_rng(1))
    even = fit_weights(loss_for(said, y, objective))
    uneven = loss_for(said, y, objective, np.where(half, 9.0, 1.0))
    for fit in (fit_weights(uneven), fit_thrifty_weights(uneven, y.size, np.array([0.4, 0.4]))):
        assert fit[0] > even[0] + 0.15
        assert fit.sum() == pytest.approx(1)


@pytest.mark.parametrize("objective", [MetricName.MSE, MetricName.MAE, MetricName.LOG_LOSS])
def test_whole_weights_are_rows_repeated_where_there_are_many(objective):
    random = np.random.default_rng(2)
    said, y, _ = _said(objective, random, 3_000)
    times = random.integers(1, 4, y.size)
    found = fit_weights(loss_for(said, y, objective, times / times.mean()))
    repeated = [np.repeat(one, times, axis=0) for one in said]
    expected = fit_weights(loss_for(repeated, np.repeat(y, times), objective))
    assert found == pytest.approx(expected, abs=0.02)


def test_a_blend_ranks_candidates_by_weighted_scores():
    said, y, half = _said(MetricName.MSE, np.random.default_rng(3))
    folds, predictions = np.arange(y.size) % 5, dict(enumerate(said))
    for first, weight in ((0, np.where(half, 9.0, 1.0)), (1, np.where(half, 1.0, 9.0))):
        found = blend(OutOfFold(predictions, y, folds, MetricName.MSE, weight / weight.mean()))
        assert found is not None
        assert found.considered[0] == first
        assert found.weights[first] > 0.6
