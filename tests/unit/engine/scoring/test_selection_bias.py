"""Told scores against the truth, on data whose truth is known."""

import numpy as np
import pytest

from windvane.domain.problem import TABULAR_METRICS
from windvane.engine.scoring.evaluate import row_gains
from windvane.engine.scoring.metrics import METRICS, Basis
from windvane.engine.scoring.selection_bias import optimism_of_best


def _gains(spread, seed, n_rows=200, n_candidates=10):
    """What rows say of candidates, and the candidates' true means."""
    random = np.random.default_rng(seed)
    truth = spread * random.normal(size=n_candidates)
    shared = random.normal(size=(n_rows, 1))
    return truth + shared + 0.7 * random.normal(size=(n_rows, n_candidates)), truth


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.03, 0.1, 0.3])
def test_optimism_of_the_best_is_what_new_rows_would_show(spread):
    told, true = [], []
    for seed in range(150):
        gains, truth = _gains(spread, seed)
        best = gains.mean(axis=0).argmax()
        true.append(gains[:, best].mean() - truth[best])
        told.append(optimism_of_best(gains, seed))
    uncertainty = np.std(true) / np.sqrt(len(true))
    assert np.mean(told) == pytest.approx(np.mean(true), rel=0.15, abs=2 * uncertainty)


def test_many_rows_are_dealt_into_groups_without_another_result():
    told = [optimism_of_best(_gains(0.0, seed, n_rows=5_500)[0], seed) for seed in range(20)]
    greatest_of_ten = 1.539
    assert np.mean(told) == pytest.approx(greatest_of_ten * 0.7 / np.sqrt(5_500), rel=0.2)


def test_a_single_candidate_and_a_clear_winner_owe_nothing_to_luck():
    gains, _ = _gains(0.0, 1)
    assert optimism_of_best(gains[:, :1], 0) == 0
    gains[:, 3] += 5
    assert optimism_of_best(gains, 0) < 0.02


def test_same_seed_same_optimism():
    gains, _ = _gains(0.1, 1)
    assert optimism_of_best(gains, 7) == optimism_of_best(gains, 7)


def _draw(metric, random, n_rows):
    """Rows of a problem that this metric judges, predicted by a model with mistakes of an ordinary kind."""
    signal = random.normal(size=n_rows)
    if metric.basis is Basis.VALUES:
        return signal + random.standard_t(5, n_rows), signal
    chance = 1 / (1 + np.exp(1.5 - 1.5 * signal))
    y = (random.random(n_rows) < chance).astype(float)
    overconfident = 1 / (1 + np.exp(1.5 - 2.5 * signal + random.normal(size=n_rows)))
    if metric.basis is Basis.CLASSES:
        return y, (overconfident > 0.4).astype(float)
    return y, np.stack([1 - overconfident, overconfident], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABULAR_METRICS)
def test_true_score_lies_within_two_standard_errors_nine_times_in_ten(name):
    metric, random = METRICS[name], np.random.default_rng(3)
    truth = metric.value(*_draw(metric, random, 300_000))
    inside = 0
    for _ in range(400):
        y, predicted = _draw(metric, random, 250)
        error = metric.standard_error(y, predicted)
        inside += abs(metric.value(y, predicted) - truth) <= 2 * error
    assert inside >= 360


@pytest.mark.parametrize("name", TABULAR_METRICS)
def test_gains_of_rows_average_to_the_score(name):
    metric = METRICS[name]
    y, predicted = _draw(metric, np.random.default_rng(4), 500)
    classes = predicted.astype(int) if metric.basis is Basis.CLASSES else np.empty(0, int)
    gains = row_gains(name, y, predicted, classes)
    assert gains.mean() == pytest.approx(metric.gain(metric.value(y, predicted)))
