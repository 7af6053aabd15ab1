"""Losses of networks: the mean over rows of each network's loss, its slopes in the outputs, and what the
outputs mean as predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.engine import weighted
from windvane.engine.weighted import Weight

Floats = NDArray[np.float32]

_LEAST = 1e-7
_BEND = np.float32(0.1)
"""Below this, in standard deviations of the target, an absolute error counts as its square."""


class Loss(Protocol):
    """n_outputs of each network, for targets as `targets` makes them."""

    @property
    def n_outputs(self) -> int: ...

    def targets(self, y: NDArray[np.float64]) -> Floats:
        """Return (n_rows, n_outputs) from the scaled target or the class index."""

    def start(self, targets: Floats, weight: Weight = None) -> Floats:
        """Return (n_outputs,) the best constant outputs, roughly; weight: (n_rows,) of the rows."""

    def slopes(self, outputs: Floats, targets: Floats) -> Floats:
        """Return (n_members, n_rows, n_outputs): the gradient of the mean loss of each network. May write into
        `outputs`."""

    def answers(self, outputs: Floats) -> Floats:
        """Return (n_members, ..., n_outputs) values or probabilities of outputs."""

    def value(self, answers: Floats, y: NDArray[np.float64], weight: Weight = None) -> float:
        """Mean loss of answers averaged over networks, (n_rows, n_outputs); weight: (n_rows,) of the rows."""


@dataclass(frozen=True)
class Logistic:
    """Two classes, one output: the log odds of the second."""

    smoothing: float = 0.0
    n_outputs: int = 1

    def targets(self, y: NDArray[np.float64]) -> Floats:
        smooth = y * (1 - self.smoothing) + self.smoothing / 2
        return smooth[:, None].astype(np.float32)

    def start(self, targets: Floats, weight: Weight = None) -> Floats:
        share = _shares(targets, weight)
        started: Floats = np.log(share / (1 - share))
        return started

    def slopes(self, outputs: Floats, targets: Floats) -> Floats:
        made = self.answers(outputs)
        made -= targets
        made /= len(targets)
        return made

    def answers(self, outputs: Floats) -> Floats:
        made: Floats = np.negative(outputs)
        np.exp(made, out=made)
        made += 1
        np.reciprocal(made, out=made)
        return made

    def value(self, answers: Floats, y: NDArray[np.float64], weight: Weight = None) -> float:
        positive = answers[:, 0].astype(np.float64)
        of_truth = np.where(y == 1, positive, 1 - positive)
        return weighted.mean(-np.log(np.maximum(of_truth, _LEAST)), weight)


@dataclass(frozen=True)
class Softmax:
    """An output for each class."""

    n_outputs: int
    smoothing: float = 0.0

    def targets(self, y: NDArray[np.float64]) -> Floats:
        hot = np.full((len(y), self.n_outputs), self.smoothing / self.n_outputs, np.float32)
        hot[np.arange(len(y)), y.astype(np.int64)] += 1 - self.smoothing
        return hot

    def start(self, targets: Floats, weight: Weight = None) -> Floats:
        started: Floats = np.log(_shares(targets, weight))
        return started

    def slopes(self, outputs: Floats, targets: Floats) -> Floats:
        made = self.answers(outputs)
        made -= targets
        made /= len(targets)
        return made

    def answers(self, outputs: Floats) -> Floats:
        made: Floats = outputs - outputs.max(axis=-1, keepdims=True)
        np.exp(made, out=made)
        made /= made.sum(axis=-1, keepdims=True)
        return made

    def value(self, answers: Floats, y: NDArray[np.float64], weight: Weight = None) -> float:
        of_truth = answers[np.arange(len(y)), y.astype(np.int64)].astype(np.float64)
        return weighted.mean(-np.log(np.maximum(of_truth, _LEAST)), weight)


@dataclass(frozen=True)
class Squared:
    """Half the squared error of a scaled target."""

    n_outputs: int = 1

    def targets(self, y: NDArray[np.float64]) -> Floats:
        return y[:, None].astype(np.float32)

    def start(self, targets: Floats, weight: Weight = None) -> Floats:
        return _means(targets, weight)

    def slopes(self, outputs: Floats, targets: Floats) -> Floats:
        outputs -= targets
        outputs /= len(targets)
        return outputs

    def answers(self, outputs: Floats) -> Floats:
        return outputs

    def value(self, answers: Floats, y: NDArray[np.float64], weight: Weight = None) -> float:
        return weighted.mean((answers[:, 0] - y) ** 2, weight)


@dataclass(frozen=True)
class Absolute(Squared):
    """The absolute error of a scaled target, smooth near 0 (Huber)."""

    def start(self, targets: Floats, weight: Weight = None) -> Floats:
        if weight is None:
            return np.asarray(np.median(targets, axis=0), np.float32)
        return np.array([weighted.median(targets[:, 0].astype(np.float64), weight)], np.float32)

    def slopes(self, outputs: Floats, targets: Floats) -> Floats:
        outputs -= targets
        outputs /= _BEND
        np.clip(outputs, -1, 1, out=outputs)
        outputs /= len(targets)
        return outputs

    def value(self, answers: Floats, y: NDArray[np.float64], weight: Weight = None) -> float:
        return weighted.mean(np.abs(answers[:, 0] - y), weight)


def _means(targets: Floats, weight: Weight) -> Floats:
    made = targets.mean(axis=0) if weight is None else np.average(targets, axis=0, weights=weight)
    return np.asarray(made, np.float32)


def _shares(targets: Floats, weight: Weight) -> Floats:
    """Return the share of each class, none nearer to 0 or 1 than half a row."""
    least = 0.5 / len(targets)
    shares: Floats = np.clip(_means(targets, weight), least, 1 - least)
    return shares
