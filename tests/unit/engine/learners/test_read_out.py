"""Scores of classes are read out, a weight for each kind of them."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.linear_loss import LOSSES
from windvane.engine.learners.read_out import read_out

N_CLASSES = 6


def told(n=300, seed=0):
    """Scores of six classes, half of them good and half of them none, and a number that says nothing."""
    random = np.random.default_rng(seed)
    y = random.integers(0, N_CLASSES, n)
    good = (y[:, None] == np.arange(N_CLASSES)) + random.normal(0, 0.4, (n, N_CLASSES))
    none = random.normal(0, 1, (n, N_CLASSES))
    return np.hstack([good, random.normal(size=(n, 1)), none]), y.astype(float)


def setting(features, n_classes=N_CLASSES):
    problem = ProblemType.MULTICLASS if n_classes > 2 else ProblemType.BINARY
    return Setting(problem, MetricName.ACCURACY, n_classes, tuple(features), 0)


def features_of(classes):
    return [Feature(f"f{place}", "t", of_class=one) for place, one in enumerate(classes)]


def test_each_kind_of_scores_has_one_weight_for_all_classes():
    X, y = told()
    classes = [*range(N_CLASSES), None, *range(N_CLASSES)]
    made = read_out(LOSSES["softmax"], Rows(X, y), setting(features_of(classes)))
    good, number, none = made[:N_CLASSES], made[N_CLASSES], made[N_CLASSES + 1 :]
    assert good == pytest.approx(good[0, 0] * np.eye(N_CLASSES))
    assert none == pytest.approx(none[0, 0] * np.eye(N_CLASSES))
    assert good[0, 0] > 3 > 0.3 > abs(none[0, 0])
    assert (number == 0).all()


def test_some_classes_may_have_no_score():
    X, y = told()
    made = read_out(LOSSES["softmax"], Rows(X[:, [1, 4]], y), setting(features_of([1, 4])))
    assert {tuple(place) for place in np.argwhere(made)} == {(0, 1), (1, 4)}


@pytest.mark.parametrize(("classes", "n_classes"), [([None] * 6, 6), ([1], 2)])
def test_without_scores_or_with_two_classes_there_is_nothing_to_read_out(classes, n_classes):
    X, y = told()
    rows = Rows(X[:, : len(classes)], y % n_classes)
    assert read_out(LOSSES["softmax"], rows, setting(features_of(classes), n_classes)) is None
