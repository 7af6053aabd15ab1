"""One LightGBM model that several members train, each from its share of the rows."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from unit.engine.learners.in_threads import ThreadNetwork, of_all

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.lightgbm import LEARNER
from windvane.engine.training.learning_task import Deadline
from windvane.errors import MemberLost

N_ROWS, N_FEATURES = 3_072, 6
"""Shares of two and of three members are equal then."""
KINDS = {
    ProblemType.REGRESSION: (MetricName.RMSE, 0),
    ProblemType.BINARY: (MetricName.LOG_LOSS, 2),
    ProblemType.MULTICLASS: (MetricName.LOG_LOSS, 3),
}


def rows(kind, n_rows=N_ROWS, seed=0):
    """Rows sorted by their target, so that no share of them is like another."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)
    signal = X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(scale=0.2, size=n_rows)
    n_classes = KINDS[kind][1]
    y = signal if not n_classes else np.digitize(signal, np.linspace(-1, 1, n_classes + 1)[1:-1])
    order = np.argsort(y, kind="stable")
    return Rows(X[order], y[order].astype(np.float64))


def setting(kind):
    objective, n_classes = KINDS[kind]
    features = tuple(Feature(f"x{i}", f"x{i}") for i in range(N_FEATURES))
    return Setting(kind, objective, n_classes, features, seed=5)


def fitted(kind, train, valid, members=None, clock=None, rounds=30):
    given = {**LEARNER.defaults(setting(kind), N_ROWS), "num_iterations": rounds}
    given |= {"feature_fraction": 1.0, "bagging_fraction": 1.0}
    own = replace(setting(kind), members=members)
    return LEARNER.fit(train, valid, given, own, clock or Deadline(inf))


def trained(kind, size):
    """Models of all members; only the first one sees rows to stop by."""
    train, valid = rows(kind), rows(kind, 1_000, 1)
    network = ThreadNetwork(size)

    def train_one(members):
        return fitted(kind, train, valid if members.rank == 0 else None, members)

    return network, of_all(network, train_one), fitted(kind, train, valid)


def log_loss(predicted, y):
    return -np.log(predicted[np.arange(y.size), y.astype(int)]).mean()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3])
def test_members_train_the_model_that_one_process_trains(kind, size):
    _, models, alone = trained(kind, size)
    other = rows(kind, 1_000, 2)
    found, expected = (one.predict(other.X) for one in (models[0], alone))
    if kind is ProblemType.REGRESSION:
        assert models[0].rounds == alone.rounds
        assert np.allclose(found, expected, atol=1e-6)
    else:  # trees start from the mean of the log odds of all shares
        assert log_loss(found, other.y) == pytest.approx(log_loss(expected, other.y), rel=0.05)


def test_the_same_members_train_the_same_model_again():
    found = [trained(ProblemType.BINARY, 2)[1][0].trees.text for _ in range(2)]
    assert found[0] == found[1]


def test_what_is_exchanged_does_not_grow_with_the_rows():
    n_bytes = []
    for factor in (1, 4):
        network, train = ThreadNetwork(2), rows(ProblemType.REGRESSION, factor * N_ROWS)
        of_all(
            network, lambda one, of=train: fitted(ProblemType.REGRESSION, of, None, one, rounds=5)
        )
        n_bytes.append(network.n_bytes)
    assert 0 < n_bytes[1] < 1.5 * n_bytes[0]


class _Counting:
    """A clock that is over after some rounds."""

    def __init__(self, n_rounds):
        self._left = n_rounds

    def is_over(self):
        self._left -= 1
        return self._left == 0


def test_the_first_member_says_for_all_when_the_time_is_over():
    """Clocks differ; the others go on for as long as it does."""
    kind = ProblemType.REGRESSION
    train = rows(kind)

    def train_one(members):
        clock = _Counting(7 if members.rank == 0 else 3)
        return fitted(kind, train, None, members, clock)

    assert [model.rounds for model in of_all(ThreadNetwork(2), train_one)] == [7, 7]


def test_a_member_that_is_gone_ends_the_training_of_the_others():
    train = rows(ProblemType.REGRESSION)
    lost = of_all(
        ThreadNetwork(2, lost_after=20),
        lambda one: fitted(ProblemType.REGRESSION, train, None, one),
    )
    assert [type(one) for one in lost] == [MemberLost, MemberLost]


class _Short:
    """A network at which the second member says too little."""

    def __init__(self, network):
        self._network, self.size = network, network.size

    def all_to_all(self, rank, parts):
        found = self._network.all_to_all(rank, parts)
        return [part[:-1] for part in found] if self._network.n_times > 10 else found


def test_a_member_that_sends_another_number_of_bytes_than_there_is_room_for_ends_the_training():
    train = rows(ProblemType.REGRESSION)
    lost = of_all(
        _Short(ThreadNetwork(2)), lambda one: fitted(ProblemType.REGRESSION, train, None, one)
    )
    assert [type(one) for one in lost] == [MemberLost, MemberLost]
    assert "in place of" in str(lost[0])
