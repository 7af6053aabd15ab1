"""Losses of ensembles against what they are by definition, and the weights of the least of them against a fine grid."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.ensembles import losses
from windvane.engine.ensembles.losses import (
    SHRINKAGE,
    AbsoluteError,
    LogLoss,
    SquaredError,
    loss_for,
)
from windvane.engine.ensembles.pool import Pool, pooled

BOTH = np.array([0, 1])
GRID = np.linspace(0, 1, 4001)


def numbers(n_rows, n_models=2, seed=0):
    """Errors that are of unlike size, and skewed."""
    random = np.random.default_rng(seed)
    scales = np.array([1.0, 1.4, 2.0])[:n_models, None]
    return scales * (random.gamma(0.7, 1.0, (n_models, n_rows)) - 0.5)


def classes(n_rows, n_classes, n_models=2, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, n_classes, n_rows).astype(float)
    odds = 1.2 * np.eye(n_classes)[y.astype(int)] + random.normal(
        size=(n_models, n_rows, n_classes)
    )
    odds *= np.array([1.0, 0.6, 0.3])[:n_models, None, None]
    powers = np.exp(odds)
    return y, list(powers / powers.sum(axis=2, keepdims=True))


def weights_of_rows(n_rows, seed=1):
    """Their mean is not 1."""
    return np.random.default_rng(seed).uniform(0.5, 4.0, n_rows)


def test_each_objective_has_its_loss():
    y, told = classes(10, 2)
    values = [y + 1, y - 1]
    for name, kind in (
        (MetricName.MSE, SquaredError),
        (MetricName.RMSE, SquaredError),
        (MetricName.R2, SquaredError),
        (MetricName.MAE, AbsoluteError),
    ):
        assert type(loss_for(values, y, name)) is kind
    for name in (MetricName.AUC, MetricName.F1, MetricName.LOG_LOSS):
        assert type(loss_for(told, y, name)) is LogLoss
        assert loss_for(told, y, name).n_models == 2


@pytest.mark.parametrize("weight", [None, weights_of_rows(50)], ids=["even", "weighted"])
def test_of_numbers_it_is_the_mean_of_the_errors_of_what_they_say_together(weight):
    y, said = np.arange(50.0), [np.arange(50.0) + one for one in numbers(50, 3)]
    mixed, members = np.array([0.3, 0.7]), np.array([2, 0])
    together = 0.3 * said[2] + 0.7 * said[0] - y
    squared = loss_for(said, y, MetricName.MSE, weight).of(members, mixed)
    assert squared == pytest.approx(np.average(together**2, weights=weight))
    absolute = loss_for(said, y, MetricName.MAE, weight).of(members, mixed)
    assert absolute == pytest.approx(np.average(np.abs(together), weights=weight))


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("weight", [None, weights_of_rows(50)], ids=["even", "weighted"])
def test_of_classes_it_is_the_log_loss_of_their_pool(n_classes, weight):
    y, told = classes(50, n_classes, 3)
    answer = pooled([(0.3, told[2]), (0.7, told[0])], Pool.GEOMETRIC)
    lost = -np.log(answer[np.arange(50), y.astype(int)])
    found = loss_for(told, y, MetricName.AUC, weight).of(np.array([2, 0]), np.array([0.3, 0.7]))
    assert found == pytest.approx(np.average(lost, weights=weight))


@pytest.mark.parametrize("objective", [MetricName.MSE, MetricName.MAE, MetricName.LOG_LOSS])
@pytest.mark.parametrize(
    "rows", [np.arange(60) % 3 == 0, slice(None, None, 4)], ids=["some", "each"]
)
def test_on_some_rows_it_is_the_loss_of_these(objective, rows):
    weight = weights_of_rows(60)
    if objective is MetricName.LOG_LOSS:
        y, told = classes(60, 3)
    else:
        y, told = np.zeros(60), list(numbers(60))
    part = loss_for(told, y, objective, weight).on(rows)
    alone = loss_for([one[rows] for one in told], y[rows], objective, weight[rows])
    mixed = np.array([0.4, 0.6])
    assert part.n_models == 2
    assert part.of(BOTH, mixed) == pytest.approx(alone.of(BOTH, mixed))
    assert part.fit(BOTH) == pytest.approx(alone.fit(BOTH))


def least_on_grid(value):
    """Of a convex function: where it is least at every hundredth place, all places are looked at."""

    def least(places):
        return min(places, key=lambda place: value(np.array([GRID[place], 1 - GRID[place]])))

    about = least(range(0, GRID.size, 100))
    return GRID[least(range(max(about - 100, 0), min(about + 101, GRID.size)))]


@pytest.mark.parametrize("weight", [None, weights_of_rows(200)], ids=["even", "weighted"])
def test_the_least_squares_are_pulled_by_thirty_rows_of_independent_errors(weight):
    errors = numbers(200)
    moments = (errors * (1.0 if weight is None else weight / weight.mean())) @ errors.T / 200
    pull = SHRINKAGE / 200 * np.diag(moments).min()

    def lost(w):
        return w @ moments @ w + pull * w @ w

    found = SquaredError(errors, weight).fit(BOTH)
    assert found.sum() == pytest.approx(1)
    assert found[0] == pytest.approx(least_on_grid(lost), abs=5e-4)


@pytest.mark.parametrize("weight", [None, weights_of_rows(20_000)], ids=["even", "weighted"])
def test_of_many_rows_the_least_absolute_errors_are_found(weight):
    errors = numbers(20_000, seed=3)
    loss = AbsoluteError(errors, weight)
    coarse = np.linspace(0, 1, 1001)
    best = coarse[np.argmin([loss.of(BOTH, np.array([one, 1 - one])) for one in coarse])]
    assert loss.fit(BOTH)[0] == pytest.approx(best, abs=0.012)
    squared = SquaredError(errors, weight).fit(BOTH)[0]
    assert abs(squared - best) > 0.05, "it is another one than that of the squares"


@pytest.mark.parametrize("weight", [None, weights_of_rows(80)], ids=["even", "weighted"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_least_log_loss_is_pulled_towards_equal_weights(n_classes, weight):
    y, told = classes(80, n_classes, seed=5)
    loss = loss_for(told, y, MetricName.LOG_LOSS, weight)

    def lost(w):
        return loss.of(BOTH, w) + SHRINKAGE / 80 / 2 * w @ w

    found = loss.fit(BOTH)
    assert found.sum() == pytest.approx(1)
    assert found[0] == pytest.approx(least_on_grid(lost), abs=5e-4)
    assert 0.01 < found[0] < 0.99


@pytest.mark.parametrize("weight", [None, weights_of_rows(80)], ids=["even", "weighted"])
def test_the_least_log_loss_is_found_in_a_few_steps(weight, monkeypatch):
    y, told = classes(80, 3, n_models=3, seed=5)
    loss, members = loss_for(told, y, MetricName.LOG_LOSS, weight), np.arange(3)
    exact = loss.fit(members)
    monkeypatch.setattr(losses, "_NEWTON_STEPS", 3)
    assert loss.fit(members) == pytest.approx(exact, abs=1e-6)


def test_the_least_is_found_where_a_full_step_goes_too_far():
    """The second model is far too sure, and at times very wrong."""
    random = np.random.default_rng(4)
    y = random.integers(0, 3, 100).astype(float)
    odds = [np.eye(3)[y.astype(int)] + random.standard_t(2, size=(100, 3)) for _ in BOTH]
    powers = [
        np.exp(scale * (one - one.max(axis=1, keepdims=True)))
        for scale, one in zip((1, 6), odds, strict=True)
    ]
    told = [one / one.sum(axis=1, keepdims=True) for one in powers]
    loss = loss_for(told, y, MetricName.LOG_LOSS)

    def lost(w):
        return loss.of(BOTH, w) + SHRINKAGE / 100 / 2 * w @ w

    assert loss.fit(BOTH)[0] == pytest.approx(least_on_grid(lost), abs=5e-4)


def test_the_unit_of_weights_and_of_errors_changes_nothing():
    errors, weight = numbers(100), weights_of_rows(100)
    for kind in (SquaredError, AbsoluteError):
        found = kind(errors, weight).fit(BOTH)
        assert kind(errors, 7 * weight).fit(BOTH) == pytest.approx(found)
        assert kind(1e6 * errors, weight).fit(BOTH) == pytest.approx(found)
    y, told = classes(100, 3)
    found = loss_for(told, y, MetricName.LOG_LOSS, weight).fit(BOTH)
    assert loss_for(told, y, MetricName.LOG_LOSS, 7 * weight).fit(BOTH) == pytest.approx(found)


@pytest.mark.parametrize("kind", [SquaredError, AbsoluteError])
def test_who_makes_no_mistake_is_equal_to_whom_else_makes_none(kind):
    assert kind(np.zeros((4, 30))).fit(np.array([0, 2])).tolist() == [0.5, 0.5]


def test_a_member_that_is_sure_and_wrong_can_be_told_from_one_that_is_not():
    y = np.array([0.0, 1.0] * 20)
    right = np.column_stack([1 - y, y]) * 0.8 + 0.1
    wrong = np.column_stack([y, 1 - y])
    found = loss_for([right, wrong], y, MetricName.LOG_LOSS).fit(BOTH)
    assert found[0] > 0.95
    assert np.isfinite(loss_for([right, wrong], y, MetricName.LOG_LOSS).of(BOTH, found))
