"""Training of networks: AdamW on one flat vector, batches in random order, step sizes that fall to 0 four times,
averaged weights, and the state of them that did best on validation rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.learners.base import Clock
from windvane.engine.learners.mlp_loss import Floats, Loss
from windvane.engine.learners.mlp_network import Network, Parameters, Shape, steps_of
from windvane.engine.learners.scaling import Inputs
from windvane.engine.learners.traits import MANY_ROWS
from windvane.engine.weighted import Weight

CYCLE_ENDS = (1 / 15, 3 / 15, 7 / 15, 1.0)
"""Shares of the schedule after which steps have fallen to 0: a model stopped there is a finished one."""

_MOMENTUM, _SQUARES = 0.9, 0.95
"""Adam's betas.

source    RealMLP (arXiv 2407.04491), as the schedule
"""

_EPSILON = 1e-8
_DECAY_EVERY = 8
_AVERAGE_EVERY = 4
_CLOCK_EVERY = 4
_AVERAGED_EPOCHS = 1.0
_START_ROWS = 1_000
_BLOCK = 4_096
_STRETCH, _MIXED = 256, 1 << 16
"""Neighbouring rows, and rows that are mixed."""


@dataclass(frozen=True)
class Course:
    """The settings of a training.

    epochs         to run
    schedule       epochs of the whole schedule of step sizes
    batch          rows of a step
    n_validations  spread over the whole schedule
    """

    epochs: int
    schedule: int
    batch: int
    learning_rate: float
    weight_decay: float
    dropout: float
    seed: int
    n_validations: int = 30


@dataclass(frozen=True)
class Examples:
    """X (n_rows, n_inputs) scaled, y (n_rows,) scaled target or class index, weight (n_rows,) of the rows."""

    X: Inputs
    y: NDArray[np.float64]
    weight: Weight = None


def train_networks(
    shape: Shape,
    loss: Loss,
    train: Examples,
    valid: Examples | None,
    course: Course,
    clock: Clock,
) -> tuple[Parameters, int]:
    """Return the averaged parameters that did best on `valid`, or the last ones without it, and the epochs they were
    trained for (begun ones count)."""
    training = _Training(shape, loss, train, course)
    watch = _Watch(training.averaged, course)
    for epoch in range(1, course.epochs + 1):
        is_over = training.run_epoch(epoch - 1, clock)
        if valid is None:
            watch.keep(epoch)
        elif is_over or watch.is_due(epoch):
            watch.see(epoch, _validate(training.averaged, loss, valid))
        if is_over or (valid is not None and watch.is_hopeless(epoch)):
            break
    return Parameters(shape, watch.best), watch.best_epoch


def random_order(n_rows: int, random: np.random.Generator) -> NDArray[np.integer]:
    """Return (n_rows,) places in random order; of many rows, which may have to be read from a disk, in stretches of
    neighbours that are mixed with some hundred others."""
    if n_rows < MANY_ROWS:
        return random.permutation(n_rows)
    starts = random.permutation(np.arange(0, n_rows, _STRETCH, dtype=np.int32))
    order = (starts[:, None] + np.arange(_STRETCH, dtype=np.int32)).ravel()
    order = order[order < n_rows]
    for start in range(0, n_rows, _MIXED):
        random.shuffle(order[start : start + _MIXED])
    return order


def step_share(at: float) -> float:
    """Return the factor of the learning rate, `at` a share of the schedule.

    source    RealMLP: "coslog4"
    """
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * min(1.0, at))))


class _Watch:
    """The best parameters so far."""

    def __init__(self, network: Network, course: Course) -> None:
        self._flat = network.parameters.flat
        self._ends = [max(1, round(share * course.schedule)) for share in CYCLE_ENDS]
        n = course.n_validations
        self._due = {math.ceil(course.schedule * i / n) for i in range(1, n + 1)}
        self._due |= {*self._ends, course.epochs}
        self._best_loss = math.inf
        self.best, self.best_epoch = self._flat.copy(), 0

    def is_due(self, epoch: int) -> bool:
        return epoch in self._due

    def see(self, epoch: int, loss: float) -> None:
        if loss < self._best_loss or not self.best_epoch:
            self._best_loss = loss
            self.keep(epoch)

    def keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        self.best[...] = self._flat

    def is_hopeless(self, epoch: int) -> bool:
        """Return whether a whole cycle of steps has brought nothing: more of them only fit noise."""
        if epoch not in self._ends[1:]:
            return False
        return self.best_epoch <= self._ends[self._ends.index(epoch) - 1]


class _Training:
    """`averaged` answers as the network with weights averaged over about the last epoch."""

    def __init__(self, shape: Shape, loss: Loss, train: Examples, course: Course) -> None:
        self._loss, self._course = loss, course
        self._X, self._targets = train.X, loss.targets(train.y)
        self._weight = _factors(train.weight)
        self._generator = np.random.default_rng(course.seed)
        self._batch = min(course.batch, len(train.X))
        self._n_batches = math.ceil(len(train.X) / self._batch)
        self._network = Network(shape, self._batch, course.dropout, course.seed + 1)
        some = random_order(len(train.X), self._generator)[:_START_ROWS]
        self._network.start(train.X[some])
        last = len(shape.hidden)
        self._network.parameters[f"bias{last}"][...] = loss.start(self._targets, train.weight)
        self._adam = _Adam(self._network, course)
        self.averaged = Network(shape, 1, 0.0, 0)
        self._scratch = np.empty_like(self.averaged.parameters.flat)
        self._n_averaged = 0

    def run_epoch(self, epoch: int, clock: Clock) -> bool:
        """Return whether the clock is over."""
        order = random_order(len(self._X), self._generator)
        total = self._course.schedule * self._n_batches
        for i in range(self._n_batches):
            rows = order[i * self._batch : (i + 1) * self._batch]
            outputs = self._network.forward(self._X[rows])
            slopes = self._loss.slopes(outputs, self._targets[rows])
            if self._weight is not None:
                slopes *= self._weight[rows]
            self._network.backward(slopes)
            self._adam.step(step_share((epoch * self._n_batches + i) / total))
            if i % _AVERAGE_EVERY == 0:
                self._average()
            if i % _CLOCK_EVERY == 0 and clock.is_over():
                return True
        return clock.is_over()

    def _average(self) -> None:
        """Exponential moving average; the plain one at first."""
        self._n_averaged += 1
        share = _AVERAGE_EVERY / (_AVERAGED_EPOCHS * self._n_batches)
        flat, averaged = self._network.parameters.flat, self.averaged.parameters.flat
        np.subtract(flat, averaged, out=self._scratch)
        self._scratch *= np.float32(min(1.0, max(1 / self._n_averaged, share)))
        averaged += self._scratch


def _factors(weight: Weight) -> Floats | None:
    """Return (n_rows, 1) with the mean 1."""
    if weight is None:
        return None
    return np.asarray(weight / weight.mean(), np.float32)[:, None]


class _Adam:
    def __init__(self, network: Network, course: Course) -> None:
        self._values, self._slopes = network.parameters.flat, network.gradient.flat
        self._steps = steps_of(network.shape)
        self._decayed = self._values[: network.parameters.n_decayed]
        self._rate, self._decay = course.learning_rate, course.weight_decay
        self._mean = np.zeros_like(self._values)
        self._square = np.zeros_like(self._values)
        self._scratch = np.empty_like(self._values)
        self._n = 0
        self._to_decay = 0.0

    def step(self, share: float) -> None:
        """Make one step with `share` of the learning rate. Means are kept as sums, whose factors are made up for in
        the length of the step."""
        self._n += 1
        rate = self._rate * share
        mean, square, scratch = self._mean, self._square, self._scratch
        mean *= np.float32(_MOMENTUM)
        mean += self._slopes
        square *= np.float32(_SQUARES)
        np.multiply(self._slopes, self._slopes, out=scratch)
        square += scratch
        of_mean = (1 - _MOMENTUM) / (1 - _MOMENTUM**self._n)
        of_square = math.sqrt((1 - _SQUARES) / (1 - _SQUARES**self._n))
        np.sqrt(square, out=scratch)
        scratch += np.float32(_EPSILON)
        np.divide(mean, scratch, out=scratch)
        scratch *= self._steps
        scratch *= np.float32(rate * of_mean / of_square)
        self._values -= scratch
        self._to_decay += rate * self._decay
        if self._n % _DECAY_EVERY == 0:
            self._decayed *= np.float32(1 - min(1.0, self._to_decay))
            self._to_decay = 0.0


def _validate(network: Network, loss: Loss, valid: Examples) -> float:
    answers = [
        loss.answers(network.outputs(valid.X[start : start + _BLOCK])).mean(axis=0)
        for start in range(0, len(valid.X), _BLOCK)
    ]
    return loss.value(np.concatenate(answers), valid.y, valid.weight)
