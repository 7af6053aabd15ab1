"""Members' answers in one."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.losses import loss_for
from windvane.engine.ensembles.pool import LEAST_PROBABILITY, Pool, pool_for, pooled
from windvane.engine.scoring.metrics import METRICS

ONE = np.array([[0.9, 0.1], [0.2, 0.8]])
OTHER = np.array([[0.6, 0.4], [0.5, 0.5]])


def test_values_are_averaged():
    found = pooled([(0.25, np.array([4.0])), (0.75, np.array([8.0]))], Pool.ARITHMETIC)
    assert found.tolist() == [7.0]
    assert pool_for(0) is Pool.ARITHMETIC


def test_of_probabilities_the_log_odds_are():
    found = pooled([(0.25, ONE), (0.75, OTHER)], pool_for(2))
    odds = [np.log(p[:, 1] / p[:, 0]) for p in (ONE, OTHER, found)]
    assert odds[2] == pytest.approx(0.25 * odds[0] + 0.75 * odds[1])
    assert found.sum(axis=1) == pytest.approx(1)


def test_a_single_member_speaks_for_itself():
    sure = np.array([[1.0, 0.0]])
    assert (pooled([(1.0, sure)], Pool.GEOMETRIC) == sure).all()


def test_no_member_can_rule_a_class_out():
    sure, wrong = np.array([[1.0, 0.0]]), np.array([[0.01, 0.99]])
    found = pooled([(0.1, sure), (0.9, wrong)], Pool.GEOMETRIC)
    expected = 0.9 * np.log(0.99 / 0.01) + 0.1 * np.log(LEAST_PROBABILITY)
    assert np.log(found[0, 1] / found[0, 0]) == pytest.approx(expected)


def test_models_that_are_saved_name_their_pool():
    assert [*Pool] == ["arithmetic", "geometric"]


def test_however_sure_all_members_are_the_answer_is_a_probability():
    sure = np.array([[1.0, 0.0, 0.0]])
    found = pooled([(0.5, sure), (0.5, sure)], Pool.GEOMETRIC)
    assert found.sum() == pytest.approx(1)
    assert found[0, 1] == pytest.approx(LEAST_PROBABILITY, rel=1e-3)
    many = np.full((1, 500), 1 / 500)
    assert pooled([(0.5, many), (0.5, many)], Pool.GEOMETRIC) == pytest.approx(many)


def test_without_members_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no members"):
        pooled([], Pool.ARITHMETIC)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_the_loss_that_weights_are_fitted_to_is_that_of_the_pool(n_classes):
    random = np.random.default_rng(n_classes)
    y = random.integers(0, n_classes, 60).astype(float)
    models = [random.dirichlet(np.ones(n_classes), 60) for _ in range(3)]
    weights = np.array([0.5, 0.3, 0.2])
    told = loss_for(models, y, MetricName.LOG_LOSS).of(np.arange(3), weights)
    answer = pooled(zip(weights, models, strict=True), Pool.GEOMETRIC)
    assert told == pytest.approx(METRICS[MetricName.LOG_LOSS].value(y, answer))
