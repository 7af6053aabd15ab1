"""Every metric against scikit-learn, and standard errors against what resampling shows."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from windvane.domain.problem import METRICS_OF, TABULAR_METRICS, MetricName, ProblemType
from windvane.engine.scoring.metrics import METRICS, Basis

M = MetricName

_ORACLES = {
    M.MSE: oracle.mean_squared_error,
    M.RMSE: oracle.root_mean_squared_error,
    M.MAE: oracle.mean_absolute_error,
    M.R2: oracle.r2_score,
    M.ACCURACY: oracle.accuracy_score,
    M.BALANCED_ACCURACY: oracle.balanced_accuracy_score,
    M.F1: lambda y, c: oracle.f1_score(y, c, zero_division=0),
    M.PRECISION: lambda y, c: oracle.precision_score(y, c, zero_division=0),
    M.RECALL: lambda y, c: oracle.recall_score(y, c, zero_division=0),
    M.F1_MACRO: lambda y, c: oracle.f1_score(y, c, average="macro", zero_division=0),
    M.PRECISION_MACRO: lambda y, c: oracle.precision_score(y, c, average="macro", zero_division=0),
    M.RECALL_MACRO: lambda y, c: oracle.recall_score(y, c, average="macro", zero_division=0),
}
_OF_VALUES = METRICS_OF[ProblemType.REGRESSION]
_OF_TWO = tuple(m for m in METRICS_OF[ProblemType.BINARY] if METRICS[m].basis is Basis.CLASSES)
_OF_MANY = tuple(m for m in METRICS_OF[ProblemType.MULTICLASS] if METRICS[m].basis is Basis.CLASSES)


def _quietly(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


@st.composite
def _labelled(draw, n_classes):
    n_rows = draw(st.integers(1, 40))
    classes = st.lists(st.integers(0, n_classes - 1), min_size=n_rows, max_size=n_rows)
    return np.array(draw(classes), float), np.array(draw(classes), float)


def test_every_metric_name_has_a_definition():
    assert set(METRICS) == set(TABULAR_METRICS)
    assert all(METRICS[name].name is name for name in TABULAR_METRICS)


@pytest.mark.parametrize("name", _OF_VALUES)
@given(
    rows=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=40)
)
@settings(max_examples=40, deadline=None)
def test_metric_of_values_agrees_with_scikit_learn(name, rows):
    y, values = np.array(rows).T
    expected = _quietly(_ORACLES[name], y, values)
    if name is M.R2 and np.ptp(y) < 1e-9 * max(1.0, np.abs(y).max()):
        return  # the sums of squares of an almost constant target are rounding errors
    assert METRICS[name].value(y, values) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("values", [[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
def test_r2_of_a_constant_target_is_that_of_scikit_learn(values):
    y = np.full(3, 2.0)
    assert METRICS[M.R2].value(y, np.array(values)) == oracle.r2_score(y, values)


@pytest.mark.slow
@pytest.mark.parametrize("name", _OF_TWO)
@given(rows=_labelled(2))
@settings(max_examples=60, deadline=None)
def test_metric_of_two_classes_agrees_with_scikit_learn(name, rows):
    y, classes = rows
    expected = _quietly(_ORACLES[name], y, classes)
    assert METRICS[name].value(y, classes) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", _OF_MANY)
@given(rows=_labelled(5))
@settings(max_examples=60, deadline=None)
def test_metric_of_many_classes_agrees_with_scikit_learn(name, rows):
    y, classes = rows
    expected = _quietly(_ORACLES[name], y, classes)
    assert METRICS[name].value(y, classes) == pytest.approx(expected, rel=1e-9)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0])),
        min_size=2,
        max_size=60,
    )
)
@settings(max_examples=100, deadline=None)
def test_auc_with_ties_agrees_with_scikit_learn(rows):
    y, positive = np.array(rows, float).T
    value = METRICS[M.AUC].value(y, np.column_stack([1 - positive, positive]))
    if np.unique(y).size == 1:
        assert np.isnan(value)
    else:
        assert value == pytest.approx(oracle.roc_auc_score(y, positive), abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(2, 6), n_rows=st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_log_loss_agrees_with_scikit_learn_even_for_certain_mistakes(seed, n_classes, n_rows):
    random = np.random.default_rng(seed)
    y = random.integers(0, n_classes, n_rows).astype(float)
    p = random.dirichlet(np.full(n_classes, 0.3), n_rows)
    p[0] = np.eye(n_classes)[random.integers(n_classes)]
    expected = oracle.log_loss(y, p, labels=range(n_classes))
    assert METRICS[M.LOG_LOSS].value(y, p) == pytest.approx(expected, rel=1e-9)


def _some_predictions(basis, random, n_rows, n_classes):
    if basis is Basis.VALUES:
        y = random.gamma(2.0, 2.0, n_rows)
        return y, y + random.normal(0, 1, n_rows)
    y = (random.random(n_rows) ** 1.5 * n_classes).astype(int).astype(float)
    p = random.dirichlet(np.ones(n_classes), n_rows) + 0.5 * np.eye(n_classes)[y.astype(int)]
    p /= p.sum(1, keepdims=True)
    return y, (p if basis is Basis.PROBABILITIES else p.argmax(1).astype(float))


@pytest.mark.parametrize("name", TABULAR_METRICS)
def test_standard_error_is_the_spread_of_the_metric_over_samples(name):
    metric, random = METRICS[name], np.random.default_rng(5)
    n_classes = 2 if name in METRICS_OF[ProblemType.BINARY] else 3
    y, predicted = _some_predictions(metric.basis, random, 600, n_classes)
    picks = random.integers(0, y.size, (200, y.size))
    spread = np.std([metric.value(y[pick], predicted[pick]) for pick in picks])
    assert metric.standard_error(y, predicted) == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize("name", TABULAR_METRICS)
def test_influences_have_mean_zero(name):
    metric = METRICS[name]
    n_classes = 2 if name in METRICS_OF[ProblemType.BINARY] else 4
    y, predicted = _some_predictions(metric.basis, np.random.default_rng(3), 200, n_classes)
    assert metric.influence(y, predicted).mean() == pytest.approx(0, abs=1e-9)


def test_gain_turns_losses_round():
    assert METRICS[M.RMSE].gain(2.0) == -2.0
    assert METRICS[M.AUC].gain(0.8) == 0.8


@pytest.mark.parametrize("name", [M.ACCURACY, M.F1, M.BALANCED_ACCURACY])
def test_a_perfect_score_does_not_know_its_standard_error(name):
    y = np.array([0.0, 1.0, 1.0, 0.0])
    assert METRICS[name].value(y, y) == 1
    assert np.isnan(METRICS[name].standard_error(y, y))


def test_standard_error_of_one_row_is_unknown():
    assert np.isnan(METRICS[M.MSE].standard_error(np.ones(1), np.ones(1)))


def test_few_great_mistakes_widen_the_standard_error():
    metric, random = METRICS[MetricName.MSE], np.random.default_rng(0)
    ordinary, y = random.normal(size=500), np.zeros(500)
    few = np.where(np.arange(500) < 5, 10.0, 0.3)
    for errors, least, most in ((ordinary, 1.0, 1.06), (few, 1.15, 1.4)):
        plain = np.std(errors**2, ddof=1) / np.sqrt(500)
        assert least < metric.standard_error(y, errors) / plain < most


def test_standard_errors_of_groups_are_those_of_groups_drawn() -> None:
    generator = np.random.default_rng(0)
    metric, values, errors = METRICS[MetricName.MAE], [], []
    for _ in range(300):
        groups = np.repeat(np.arange(60), 5)
        y = generator.normal(size=60)[groups] + 0.1 * generator.normal(size=300)
        values.append(metric.value(y, np.zeros(300)))
        errors.append(metric.standard_error(y, np.zeros(300), None, groups))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.12)


def test_groups_of_one_row_are_rows() -> None:
    generator = np.random.default_rng(1)
    y, predicted = generator.normal(size=(2, 50))
    metric = METRICS[MetricName.RMSE]
    alone = metric.standard_error(y, predicted)
    assert metric.standard_error(y, predicted, None, np.arange(50)) == pytest.approx(alone)
    assert np.isnan(metric.standard_error(y, predicted, None, np.zeros(50, int)))
