"""The contract of learners: one algorithm each, its search space, and what it brings forth.

What any learner owes: the same data, parameters and seed give the same model on the same machine; it stops
by itself when `Clock.is_over()` says so, keeping what it has, and that answer is all that time changes; it uses
`threads` threads and no more; its model is saved in its library's own format or as arrays, never as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.learners.members import Members
from windvane.engine.learners.space import Space
from windvane.engine.learners.traits import Traits
from windvane.engine.weighted import Weight, taken


@dataclass(frozen=True)
class Rows:
    """Some rows of a matrix made by a recipe.

    matrix  (.., n_features) float32, maybe mapped: the rows, and others where `chosen` says which they are
    y       (n_rows,) float64: the target, or the class index 0 .. n_classes-1
    weight  (n_rows,) >= 0: what each counts for in the loss, about 1; None if all count alike
    chosen  (..,) bool: the rows of the matrix that these are; None for all
    """

    matrix: FloatMatrix
    y: NDArray[np.float64]
    weight: Weight = None
    chosen: NDArray[np.bool_] | None = None

    @cached_property
    def X(self) -> FloatMatrix:  # noqa: N802 - a matrix
        """(n_rows, n_features) float32, a copy where there are others."""
        return self.matrix if self.chosen is None else self.matrix[self.chosen]

    def block(self, part: slice | NDArray[np.integer]) -> FloatMatrix:
        """Return some of these rows, without a copy of all."""
        return self.matrix[part if self._places is None else self._places[part]]

    def part(self, of: NDArray[np.integer]) -> Rows:
        """Return those of these rows at some positions, which ascend."""
        chosen = np.zeros(len(self.matrix), np.bool_)
        chosen[of if self._places is None else self._places[of]] = True
        return Rows(self.matrix, self.y[of], taken(self.weight, of), chosen)

    @cached_property
    def _places(self) -> NDArray[np.int32] | None:
        return None if self.chosen is None else np.flatnonzero(self.chosen).astype(np.int32)


@dataclass(frozen=True)
class Setting:
    """The facts that a learner needs besides rows and parameters; n_classes is 0 for regression.

    monotone    raw column of numbers -> 1 or -1: answers (the value, or the probability of class 1 of two) must not
                fall, or not rise, as it grows (monotone.py)
    members     that train the model together, each with the same rows at hand; None if this process trains it alone
    """

    problem_type: ProblemType
    objective: MetricName
    n_classes: int
    features: Sequence[Feature]
    seed: int
    threads: int = 1
    monotone: Mapping[str, int] = field(default_factory=dict)
    members: Members | None = None


class Clock(Protocol):
    """Asked between rounds: how often, before it is over, says where a training ended."""

    def is_over(self) -> bool: ...


class FittedModel(Protocol):
    """A model that answers.

    rounds      boosting rounds or trees in it; 0 where that means nothing
    n_features  columns of the matrices it takes
    """

    rounds: int
    n_features: int

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return (n_rows,) for regression; (n_rows, n_classes) probabilities, each row summing to 1, otherwise."""

    def save(self, folder: Path) -> None:
        """Write files into an existing folder; no pickle."""


@runtime_checkable
class AdditiveModel(FittedModel, Protocol):
    """A sum of trees, answering `answers_of` their scores, that can say exactly what each feature adds to a score."""

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64] | None:
        """Return (n_rows, n_features + 1, n_outputs): the Shapley value of each feature, and last the expected score;
        all together they are the score. Features that are not known are averaged over as the training rows went down
        the trees. None if the model does not know how they went, or it would take too long.

        source    Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution for tree ensembles"
        """


class Learner(Protocol):
    """One algorithm. `name` is AWS's algorithm name where there is one."""

    @property
    def name(self) -> str: ...

    @property
    def recipes(self) -> tuple[str, ...]:
        """Names of the recipes whose matrices it takes, the preferred one first."""

    @property
    def traits(self) -> Traits:
        """What the search may know of it besides its space."""

    def space(self, setting: Setting, n_rows: int) -> Space:
        """Return its hyperparameters and their ranges."""

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        """Sound values to start from."""

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> FittedModel:
        """Return a model of the training rows. With `valid` it stops early on them; without, it runs the number of
        rounds that `hyperparameters` names. Weights count in the loss and in what it stops by.

        raises    CandidateFault if it cannot learn from these rows; the text says why
        """

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        """Return the parameters for a refit on all rows that is to use `rounds` rounds (no early stopping)."""

    def load(self, folder: Path) -> FittedModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
