"""Predictions to be judged, made up but with something in them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.statistics import Times
from windvane.engine.scoring.threshold import decide

HOSTILE = (
    "$x^2$",
    "<script>alert(1)</script>",
    "_hidden",
    "a\nb\x00c",
    "\u202egnp.exe",
    "%(here)s {0} \\frac",
    "x" * 500,
    "",
    "$",
    "\\$5",
)


def _folds(n_rows, n_folds):
    return (np.arange(n_rows) * 7 % max(n_folds, 1)).astype(np.int8)


def _two(positive, y, *, folds=None, labels=("no", "yes"), threshold=0.5, objective=MetricName.F1):
    positive, y = np.asarray(positive, float), np.asarray(y, float)
    predicted = np.column_stack([1 - positive, positive])
    return Judged(
        problem_type=ProblemType.BINARY,
        objective=objective,
        y=y,
        predicted=predicted,
        classes=decide(predicted, threshold),
        folds=_folds(y.size, 5) if folds is None else np.asarray(folds),
        labels=tuple(labels),
        threshold=threshold,
        candidate="job-001",
        algorithm="LightGBM",
        latency_s=0.0031,
    )


def _many(predicted, y, *, folds=None, labels=None):
    predicted, y = np.asarray(predicted, float), np.asarray(y, float)
    n_classes = predicted.shape[1]
    return Judged(
        problem_type=ProblemType.MULTICLASS,
        objective=MetricName.ACCURACY,
        y=y,
        predicted=predicted,
        classes=decide(predicted),
        folds=_folds(y.size, 5) if folds is None else np.asarray(folds),
        labels=tuple(labels or (f"class {place}" for place in range(n_classes))),
        threshold=0.5,
        candidate="job-002",
        algorithm="ensemble of 3",
    )


def _values(predicted, y, *, folds=None):
    y = np.asarray(y, float)
    return Judged(
        problem_type=ProblemType.REGRESSION,
        objective=MetricName.MSE,
        y=y,
        predicted=np.asarray(predicted, float),
        classes=np.zeros(y.size, np.int64),
        folds=_folds(y.size, 5) if folds is None else np.asarray(folds),
        labels=(),
        threshold=0.5,
        candidate="job-003",
        algorithm="linear model",
    )


def _random_two(n_rows=600, seed=0, digits=2):
    """Calibrated probabilities with ties, their truth drawn from them."""
    random = np.random.default_rng(seed)
    positive = random.beta(0.7, 1.6, n_rows).round(digits)
    return _two(positive, random.random(n_rows) < positive)


def _random_many(n_rows=900, n_classes=30, seed=0):
    """Calibrated probabilities: one normal sign a class, with a higher mean if the class is true."""
    random = np.random.default_rng(seed)
    prior = random.dirichlet(np.full(n_classes, 2.0))
    y = random.choice(n_classes, n_rows, p=prior)
    signs = random.normal(size=(n_rows, n_classes)) + 3.0 * (y[:, None] == np.arange(n_classes))
    chances = prior * np.exp(3.0 * signs)
    return _many(chances / chances.sum(axis=1, keepdims=True), y)


def _random_values(n_rows=800, seed=0):
    """Noise that grows with the prediction."""
    random = np.random.default_rng(seed)
    predicted = random.gamma(2.0, 10.0, n_rows)
    return _values(predicted, predicted + random.normal(0, 1 + predicted / 5))


@pytest.fixture(scope="session")
def judge_two():
    return _two


@pytest.fixture(scope="session")
def judge_many():
    return _many


@pytest.fixture(scope="session")
def judge_values():
    return _values


@pytest.fixture(scope="session")
def random_two():
    return _random_two


@pytest.fixture(scope="session")
def random_many():
    return _random_many


@pytest.fixture(scope="session")
def random_values():
    return _random_values


@pytest.fixture(scope="session")
def hostile_labels():
    return HOSTILE


@pytest.fixture(scope="session")
def times():
    return Times(
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 2, 4, 0, 0, tzinfo=UTC),
        datetime(2026, 1, 2, 4, 0, 1, tzinfo=UTC),
    )
