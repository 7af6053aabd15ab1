"""Decisions among many classes."""

from __future__ import annotations

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.scoring import classweights
from windvane.engine.scoring.classweights import (
    are_tuned,
    best_class_weights,
    cross_fitted_weighed,
    weighed,
)
from windvane.engine.scoring.metrics import METRICS

TUNED = [MetricName.F1_MACRO, MetricName.BALANCED_ACCURACY, MetricName.RECALL_MACRO]


def _rare_classes(n_rows=1_500, seed=0):
    """Three classes, the last of 6 %, and probabilities that know a little of each."""
    random = np.random.default_rng(seed)
    y = random.choice(3, n_rows, p=[0.6, 0.34, 0.06])
    scores = np.log([0.6, 0.34, 0.06]) + 1.5 * np.eye(3)[y] + random.normal(size=(n_rows, 3))
    powers = np.exp(scores)
    return y.astype(float), powers / powers.sum(axis=1, keepdims=True)


def _value(metric, y, classes, weight=None):
    return METRICS[metric].value(y, classes.astype(float), weight)


@pytest.mark.parametrize("metric", TUNED)
def test_rare_classes_are_found_on_new_rows_where_the_objective_wants_them(metric):
    y, probabilities = _rare_classes()
    weights = best_class_weights(metric, y, probabilities)
    new_y, new = _rare_classes(seed=1)
    assert weights[2] > weights[0]
    assert np.prod(weights) == pytest.approx(1)
    plain = _value(metric, new_y, weighed(new, ()))
    assert _value(metric, new_y, weighed(new, weights)) > plain + 0.02


@pytest.mark.parametrize("metric", TUNED)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_objective_it_climbs_is_the_one_that_is_told(metric, is_weighted, monkeypatch):
    y, probabilities = _rare_classes(300)
    y[y == 1] = 0.0
    weight = np.random.default_rng(2).integers(1, 4, y.size) * 1.0 if is_weighted else None
    seen = []
    ours = classweights._TUNED[metric]

    def spy(hits, rows, answers):
        seen.append(ours(hits, rows, answers))
        return seen[-1]

    monkeypatch.setitem(classweights._TUNED, metric, spy)
    best_class_weights(metric, y, probabilities, weight)
    assert seen[0] == pytest.approx(_value(metric, y, weighed(probabilities, ()), weight))


def test_classes_that_are_told_apart_need_no_weights():
    y = np.arange(90) % 3 * 1.0
    assert best_class_weights(MetricName.F1_MACRO, y, np.eye(3)[y.astype(int)] * 0.7 + 0.1) == ()


def test_no_rows_ask_for_no_weights():
    assert best_class_weights(MetricName.F1_MACRO, np.empty(0), np.empty((0, 3))) == ()


def test_rows_have_no_say_in_how_they_are_decided():
    y, probabilities = _rare_classes()
    parts = np.arange(y.size) % 3
    before = cross_fitted_weighed(MetricName.F1_MACRO, y, probabilities, parts)
    changed = np.where(parts == 1, y[::-1], y)
    after = cross_fitted_weighed(MetricName.F1_MACRO, changed, probabilities, parts)
    assert (before[parts == 1] == after[parts == 1]).all()
    assert (before != weighed(probabilities, ())).any()


def test_weights_that_do_no_better_on_other_rows_are_not_taken():
    random = np.random.default_rng(3)
    y = random.integers(0, 4, 40) * 1.0
    probabilities = random.dirichlet(np.ones(4), 40)
    for seed in range(5):
        parts = np.random.default_rng(seed).integers(0, 5, 40)
        told = cross_fitted_weighed(MetricName.F1_MACRO, y, probabilities, parts)
        plain = _value(MetricName.F1_MACRO, y, weighed(probabilities, ()))
        assert _value(MetricName.F1_MACRO, y, told) >= plain


@pytest.mark.parametrize(
    ("metric", "n_classes", "expected"),
    [
        (MetricName.F1_MACRO, 3, True),
        (MetricName.BALANCED_ACCURACY, 2, False),
        (MetricName.ACCURACY, 3, False),
        (MetricName.LOG_LOSS, 3, False),
    ],
)
def test_which_objectives_want_them(metric, n_classes, expected):
    assert are_tuned(metric, n_classes) is expected
