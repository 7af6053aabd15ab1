"""Nearest neighbours: the mean of the training rows that are most alike, the nearest counting most.

Which rows are alike is told by features in the measure in which each of them alone tells something of the target:
columns that say nothing would otherwise drown those that do. The model holds its training rows; it is for small tables.

source    Dudani 1976, "The distance-weighted k-nearest-neighbor rule"; weights of features by their correlation with
          the target are one of the filters of Wettschereck, Aha, Mohri 1997
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import floats_in, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.names import (
    Alias,
    Counted,
    Counts,
    Meaning,
    Refused,
    Rules,
    Says,
)
from windvane.engine.learners.space import Integer, Real, Space
from windvane.engine.learners.traits import Cost, Traits
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.engine.weighted import counts
from windvane.errors import CorruptArtifact

_NAME = "neighbors"
_FILE = "rows.npz"

_LEAST_SPREAD = 0.2
"""A feature's standard deviation below which it is not stretched further: rare categories are not to be everything."""

SPARE = 8
"""Neighbours looked at beyond those wanted: distances of all rows are told roughly, of these exactly."""

_MOST_NEIGHBORS = 10_000_000

_CELLS = 4_000_000
"""Distances held at once."""

OWN_SHARE = 0.3
"""Of the mean distance of the neighbours, added to each: one that is a copy is not to be the only one heard."""

PRIOR = 1.0
"""In neighbours: how much the rates of the classes count."""


_NAMES: Rules = {
    "k": Alias("n_neighbors"),
    "predictor_type": Says({"classifier": Meaning(), "regressor": Meaning(ProblemType.REGRESSION)}),
    "feature_dim": Counts(Counted.COLUMNS),
    "sample_size": Refused(
        "a model stores all rows; '_rows' sets how many the models of the folds are trained on"
    ),
}

_TRAITS = Traits(cost=Cost(1e-6, 120, 16, 100), names=_NAMES)


class NeighborsModel:
    """The k-nearest-neighbours model: training rows and their targets.

    scale   (n_features,) what features are multiplied by
    X          (n_rows, n_features) float32 training rows, scaled
    y          (n_rows,) their targets or class indices
    weight     (n_rows,) what each of them counts for
    prior      (n_classes,) rates of the classes; empty for regression
    """

    rounds = 0

    def __init__(
        self,
        scale: NDArray[np.float32],
        X: FloatMatrix,
        y: NDArray[np.float64],
        weight: NDArray[np.float64],
        prior: NDArray[np.float64],
        n_neighbors: int,
    ) -> None:
        self.scale, self.X, self.y, self.weight, self.prior = scale, X, y, weight, prior
        self.n_neighbors = n_neighbors
        self.n_features = X.shape[1]
        self._classes = np.arange(float(prior.size))
        self._squares = np.einsum("ij,ij->i", X, X)

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        block = max(1, _CELLS // max(len(self.X), self.n_several() * self.n_features))
        parts = [self._answers(X[at : at + block] * self.scale) for at in range(0, len(X), block)]
        if not parts:
            return np.empty((0, self.prior.size) if self.prior.size else 0)
        return np.concatenate(parts)

    def _answers(self, rows: FloatMatrix) -> NDArray[np.float64]:
        near, distances = self._nearest(rows)
        k = near.shape[1]
        own = OWN_SHARE * (np.add.reduce(distances, axis=1, keepdims=True) / k)
        weights = self.weight.take(near) / (distances + own + 1e-12)
        weights /= np.add.reduce(weights, axis=1, keepdims=True)
        y = self.y.take(near)
        if not self.prior.size:
            return np.asarray(np.add.reduce(weights * y, axis=1))
        said = np.add.reduce(weights[:, :, None] * (y[:, :, None] == self._classes), axis=1)
        blended = (k * said + PRIOR * self.prior) / (k + PRIOR)
        return np.asarray(blended / np.add.reduce(blended, axis=1, keepdims=True))

    def _nearest(self, rows: FloatMatrix) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return (n_rows, k) places, the nearest first, and distances: the same for a row alone and among others."""
        several = self.n_several()
        roughly = (-2 * rows) @ self.X.T
        roughly += self._squares
        near = roughly.argpartition(several - 1, axis=1)[:, :several]
        near.sort(axis=1)
        gaps = (rows[:, None, :] - self.X.take(near, axis=0)).astype(np.float64)
        squares = np.einsum("ijk,ijk->ij", gaps, gaps)
        order = squares.argsort(axis=1, kind="stable")[:, : self.n_neighbors]
        each = np.arange(len(rows))[:, None]
        return near[each, order], np.sqrt(squares[each, order])

    def n_several(self) -> int:
        return min(self.n_neighbors + SPARE, len(self.X))

    def save(self, folder: Path) -> None:
        arrays: Arrays = {
            "scale": self.scale,
            "X": self.X,
            "y": self.y,
            "weight": self.weight,
            "prior": self.prior,
        }
        write_arrays(folder / _FILE, arrays)
        write_manifest(folder, _NAME, {"n_neighbors": self.n_neighbors})


class Neighbors:
    """Needs features without missing values, all of one measure."""

    name = _NAME
    recipes = ("dpp3",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        return {"n_neighbors": Integer(3, 60, log=True), "relevance": Real(0.3, 1.5)}

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        return {"n_neighbors": 10, "relevance": 1.0}

    def fit(
        self,
        train: Rows,
        valid: Rows | None,  # noqa: ARG002 - contract
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,  # noqa: ARG002 - contract
    ) -> NeighborsModel:
        try:
            scale = _scale(train, setting, float(hyperparameters["relevance"]))
            X = train.X * scale
        except MemoryError as error:
            raise candidate_fault("Nearest neighbours", error) from error
        prior = np.empty(0)
        if setting.n_classes:
            rows = counts(train.y.astype(np.int64), setting.n_classes, train.weight)
            prior = rows / rows.sum()
        weight = np.ones(len(X)) if train.weight is None else train.weight
        n_neighbors = int(hyperparameters["n_neighbors"])
        return NeighborsModel(scale, X, train.y, weight, prior, n_neighbors)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        return hyperparameters

    def load(self, folder: Path) -> NeighborsModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        about = check_manifest(folder, _NAME)
        arrays = read_arrays(folder / _FILE)
        try:
            scale, X = floats_in(arrays, "scale", 1), floats_in(arrays, "X", 2)
            y, weight, prior = (floats_in(arrays, name, 1) for name in ("y", "weight", "prior"))
            n_neighbors = whole_in(about, "n_neighbors", 1, _MOST_NEIGHBORS)
        except ValueError as error:
            raise CorruptArtifact(f"{folder} holds no complete neighbours: {error}.") from error
        fits = scale.shape == (X.shape[1],) and y.shape == weight.shape == (len(X),)
        if not fits or not X.size or not (weight > 0).all() or (prior < 0).any():
            raise CorruptArtifact(f"{folder} holds neighbours that do not fit together.")
        if prior.size and not np.isin(y, np.arange(prior.size)).all():
            raise CorruptArtifact(f"{folder} holds a neighbour of a class that there is not.")
        return NeighborsModel(
            scale.astype(np.float32), X.astype(np.float32), y, weight, prior, n_neighbors
        )


def _scale(train: Rows, setting: Setting, relevance: float) -> NDArray[np.float32]:
    """Return (n_features,) to one spread, times what the feature explains of the target to the power of `relevance`
    halves."""
    weight = np.ones(len(train.y)) if train.weight is None else train.weight
    X, share = train.X.astype(np.float64), weight / weight.sum()
    X -= share @ X
    spread = np.sqrt(share @ X**2)
    targets = train.y[:, None]
    if setting.n_classes:
        targets = np.eye(setting.n_classes)[train.y.astype(np.int64)]
    targets = targets - share @ targets
    total = float((share @ targets**2).sum()) or 1.0
    along = (X.T @ (share[:, None] * targets)) / np.where(spread > 0, spread, 1.0)[:, None]
    explained = np.clip((along**2).sum(axis=1) / total, 0.0, 1.0)
    if not explained.any():
        explained = np.ones_like(explained)
    scale = explained ** (relevance / 2) / np.maximum(spread, _LEAST_SPREAD)
    return np.where(spread > 0, scale, 0.0).astype(np.float32)


LEARNER = Neighbors()
