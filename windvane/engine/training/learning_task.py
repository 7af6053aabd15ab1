"""What a candidate's training works with: the rows to learn from, their folds, and clocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.splits import Split
from windvane.engine.weighted import Weight, taken


@dataclass(frozen=True)
class Deadline:
    """A clock that is over at `at`, a time.time()."""

    at: float

    def is_over(self) -> bool:
        return time.time() >= self.at

    @property
    def left_s(self) -> float:
        return self.at - time.time()

    def within(self, seconds: float) -> Deadline:
        """Return this deadline, or `seconds` from now if that is earlier."""
        return Deadline(min(self.at, time.time() + seconds))


class CountingClock:
    """A clock for one fit that keeps where it ended it.

    stop     the question at which it is over at the latest, to repeat a fit that was ended there; None for no such
    stopped  the question at which it was over first; None while it is not
    """

    def __init__(self, clock: Clock, stop: int | None = None) -> None:
        self._clock, self._stop = clock, stop
        self._asked = 0
        self.stopped: int | None = None

    def is_over(self) -> bool:
        self._asked += 1
        if self.stopped is None and (self._asked == self._stop or self._clock.is_over()):
            self.stopped = self._asked
        return self.stopped is not None


@dataclass(frozen=True)
class Matrix:
    """The matrix that a recipe's fit made of all rows.

    X   (n_rows, n_features) float32, memory-mapped
    """

    X: FloatMatrix
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class Sample:
    """Rows drawn by lot, as `Split.sample` does; the same seed, the same rows."""

    n_rows: int
    seed: int


@dataclass(frozen=True)
class LearningTask:
    """The target to learn, and the rows to learn it from.

    matrix     name of a recipe's fit -> its matrix
    y          (n_rows,) target or class index
    split      which rows are validated when, and by models of which rows
    setting    features -> the learner's setting
    learnable  (n_rows,) which rows the model that answers may learn from
    sample     of the rows that a fold's model may learn from; None for all
    weight     (n_rows,) what each row counts for; None if all count alike
    """

    matrix: Callable[[str], Matrix]
    y: NDArray[np.float64]
    split: Split
    setting: Callable[[tuple[Feature, ...]], Setting]
    learnable: NDArray[np.bool_]
    sample: Sample | None = None
    weight: Weight = None

    def rows(self, X: FloatMatrix, of: NDArray[np.bool_]) -> Rows:
        """Return those that are marked, of a matrix of all rows."""
        return Rows(X, self.y[of], taken(self.weight, of), of)

    def validated(self, fold: int) -> NDArray[np.bool_]:
        """Return (n_rows,) the rows of a fold; folds are counted through all divisions."""
        return self.split.validated(fold)

    @property
    def n_folds(self) -> int:
        """Folds of one division."""
        return self.split.n_folds

    def training_rows(self, fold: int) -> NDArray[np.bool_]:
        """Return (n_rows,) what the model of a fold learns from."""
        rows = self.split.training(fold)
        return rows if self.sample is None else self.sampled(self.sample, rows)

    def sampled(self, sample: Sample, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (n_rows,) those of the rows that are marked that a sample has."""
        return self.split.sample(rows, sample.n_rows, sample.seed)

    @property
    def growth(self) -> float:
        """How many times as many rows as a fold's model learns from there are to learn from."""
        return int(self.learnable.sum()) / int(self.training_rows(0).sum())

    @property
    def needs_refit(self) -> bool:
        """Whether the first fold's model has not learnt from all that there is to learn from."""
        return bool((self.learnable & ~self.training_rows(0)).any())
