"""With weights, scores are those of rows repeated so many times."""

import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.scoring.calibration import calibrate, fit_temperature
from windvane.engine.scoring.evaluate import gain, row_gains
from windvane.engine.scoring.metrics import METRICS, Basis
from windvane.engine.scoring.threshold import best_threshold

CASES = [(kind, name) for kind in ProblemType for name in METRICS_OF[kind]]


def _case(kind, name, seed, n_rows=300):
    random = np.random.default_rng(seed)
    n_classes = {ProblemType.REGRESSION: 0, ProblemType.BINARY: 2}.get(kind, 4)
    if not n_classes:
        y = random.normal(size=n_rows)
        return y, y + random.normal(size=n_rows), random.integers(1, 6, n_rows)
    y = random.integers(0, n_classes, n_rows).astype(float)
    scores = random.normal(size=(n_rows, n_classes)).round(1)
    scores[np.arange(n_rows), y.astype(int)] += 1
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    classes = probabilities.argmax(axis=1).astype(float)
    seen = classes if METRICS[name].basis is Basis.CLASSES else probabilities
    return y, seen, random.integers(1, 6, n_rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_metric_is_that_of_rows_repeated(kind, name, seed):
    y, seen, times = _case(kind, name, seed)
    found = METRICS[name].value(y, seen, times / times.mean())
    expected = METRICS[name].value(np.repeat(y, times), np.repeat(seen, times, axis=0))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_same_weight_for_all_changes_nothing(kind, name):
    y, seen, _ = _case(kind, name, 4)
    metric, alike = METRICS[name], np.full(y.size, 3.0)
    assert metric.value(y, seen, alike) == pytest.approx(metric.value(y, seen), rel=1e-12)
    expected = metric.standard_error(y, seen)
    assert metric.standard_error(y, seen, alike) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_standard_errors_are_those_over_samples_of_weighted_rows(kind, name):
    y, seen, times = _case(kind, name, 5, n_rows=600)
    metric, random, weight = METRICS[name], np.random.default_rng(6), times.astype(float)
    drawn = []
    for _ in range(400):
        rows = random.integers(0, y.size, y.size)
        drawn.append(metric.value(y[rows], seen[rows], weight[rows]))
    assert metric.standard_error(y, seen, weight) == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_row_gains_average_to_the_weighted_objective(kind, name):
    y, seen, times = _case(kind, name, 7)
    weight = times.astype(float)
    classes = (
        seen.astype(np.int64) if METRICS[name].basis is Basis.CLASSES else np.zeros(y.size, int)
    )
    gains = row_gains(name, y, seen, classes, weight)
    expected = METRICS[name].gain(METRICS[name].value(y, seen, weight))
    assert gains.mean() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", [MetricName.F1, MetricName.BALANCED_ACCURACY])
@pytest.mark.parametrize("seed", range(5))
def test_thresholds_are_those_of_rows_repeated(name, seed):
    y, seen, times = _case(ProblemType.BINARY, MetricName.LOG_LOSS, seed)
    many = np.repeat(y, times), np.repeat(seen, times, axis=0)
    found = best_threshold(name, y, seen[:, 1], times.astype(float))
    assert found == best_threshold(name, many[0], many[1][:, 1])
    assert gain(name, y, seen, times.astype(float)) == pytest.approx(gain(name, *many), rel=1e-12)


def test_temperatures_are_those_of_rows_repeated():
    y, seen, times = _case(ProblemType.MULTICLASS, MetricName.LOG_LOSS, 1)
    weight, many = times.astype(float), (np.repeat(seen, times, axis=0), np.repeat(y, times))
    assert fit_temperature(seen, y, weight) == pytest.approx(fit_temperature(*many), rel=1e-9)
    parts = np.arange(y.size) % 3
    found = calibrate(seen**3 / (seen**3).sum(axis=1, keepdims=True), y, parts, weight)
    cubes = many[0] ** 3 / (many[0] ** 3).sum(axis=1, keepdims=True)
    expected = calibrate(cubes, many[1], np.repeat(parts, times))
    assert found.temperature == pytest.approx(expected.temperature, rel=1e-9)
    assert np.repeat(found.out_of_fold, times, axis=0) == pytest.approx(expected.out_of_fold)
