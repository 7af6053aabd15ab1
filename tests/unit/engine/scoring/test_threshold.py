from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.data.dataset import read_analysis
from windvane.engine.scoring.metrics import METRICS
from windvane.engine.scoring.threshold import (
    best_threshold,
    cross_fitted_classes,
    decide,
    is_tuned,
    tuned_metric,
)

_TUNED = [MetricName.F1, MetricName.BALANCED_ACCURACY]


def _two(positive):
    return np.column_stack([1 - positive, positive])


@pytest.mark.parametrize("metric", _TUNED)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.21, 0.5, 0.8, 1.0])),
        min_size=2,
        max_size=30,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_other_threshold_does_better(metric, rows):
    y, positive = np.array(rows, float).T
    if np.unique(y).size == 1:
        return

    def reached(threshold):
        return METRICS[metric].value(y, decide(_two(positive), threshold).astype(float))

    others = [reached(threshold) for threshold in np.append(np.unique(positive), 2.0)]
    best = best_threshold(metric, y, positive)
    if metric is MetricName.BALANCED_ACCURACY:
        others = others[:-1]  # never to answer 'positive' is not a threshold but a constant
    assert reached(best) >= max(others) - 1e-12


def test_one_class_alone_leaves_the_usual_threshold():
    assert best_threshold(MetricName.F1, np.ones(3), np.array([0.1, 0.2, 0.9])) == 0.5


def test_neighbouring_floats_are_still_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)
    threshold = best_threshold(MetricName.F1, np.array([0.0, 1.0]), np.array([low, high]))
    assert low < threshold <= high


def test_recall_and_log_loss_choose_no_threshold():
    assert not is_tuned(MetricName.RECALL, 2)
    assert not is_tuned(MetricName.LOG_LOSS, 2)
    assert not is_tuned(MetricName.BALANCED_ACCURACY, 3)


def test_a_row_has_no_say_in_its_own_threshold():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 60).astype(float)
    positive = random.random(60)
    parts = np.arange(60) % 3
    before = cross_fitted_classes(MetricName.F1, y, _two(positive), parts)
    flipped = np.where(parts == 1, 1 - y, y)
    after = cross_fitted_classes(MetricName.F1, flipped, _two(positive), parts)
    assert (before[parts == 1] == after[parts == 1]).all()


def test_many_classes_take_the_most_probable():
    assert decide(np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])).tolist() == [1, 0]


@pytest.mark.parametrize("metric", _TUNED)
def test_without_tuning_classes_are_decided_in_the_middle(two_classes, metric):
    analysis = replace(read_analysis(two_classes.dataset), objective=metric)
    assert tuned_metric(analysis) is metric
    assert tuned_metric(replace(analysis, tune_threshold=False)) is None
    assert tuned_metric(replace(analysis, objective=MetricName.AUC)) is None
    y, positive = np.arange(40) % 2, np.linspace(0, 0.6, 40)
    classes = cross_fitted_classes(None, y, _two(positive), np.arange(40) % 5)
    np.testing.assert_array_equal(classes, positive >= 0.5)
