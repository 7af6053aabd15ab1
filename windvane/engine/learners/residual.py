"""Regression on what a straight line leaves: any learner's model of the residuals, with the line beside it.

Trees answer with means of training targets, and where rows are rare those lie far from the mark; a line goes through
them. It never goes beyond what the columns held in training: values are drawn to the ends of their ranges.

A plan asks for it by the hyperparameter `target_transform` with the value "residual".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine import weighted
from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import MOST_FEATURES, floats_in, indices_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Clock, FittedModel, Learner, Rows, Setting
from windvane.engine.learners.target_transform import TARGET_TRANSFORM
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact

RESIDUAL = "residual"
"""The value of `target_transform`."""

_KIND = "residual"
_INNER = "of-residuals"
_FILE = "line.npz"
_BLOCK_ROWS = 50_000
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A least-squares plane through the columns of numbers.

    columns       (n_used,) of the matrix
    low, high     (n_used,) their ranges in training
    fill          (n_used,) what a missing value counts as
    coefficients  (n_used,)
    """

    columns: NDArray[np.int64]
    low: _Floats
    high: _Floats
    fill: _Floats
    coefficients: _Floats
    intercept: float

    def predict(self, X: FloatMatrix) -> _Floats:
        """Return (n_rows,); a row's answer does not depend on its neighbours in the last digit."""
        values = self._values(X)
        made: _Floats = np.matmul(values[:, None, :], self.coefficients[:, None])[:, 0, 0]
        return made + self.intercept

    def _values(self, X: FloatMatrix) -> _Floats:
        values = X.take(self.columns, axis=1).astype(np.float64)
        np.copyto(values, np.broadcast_to(self.fill, values.shape), where=np.isnan(values))
        return np.minimum(np.maximum(values, self.low), self.high)

    @classmethod
    def of(cls, rows: Rows, features: Sequence[Feature]) -> Self:
        """Ridge regression whose penalty, in units of a column's variance, is the columns a row has: it counts where
        there are few rows.

        raises    CandidateFault if a target is no number
        """
        if not np.isfinite(rows.y).all():
            raise CandidateFault(
                "No linear model can be fitted to these rows: a target is not a number."
            )
        numbers = np.array([i for i, one in enumerate(features) if not one.cardinality], np.int64)
        low, high, fill = _ranges(rows, numbers)
        varied = high > low
        empty = cls(numbers[varied], low[varied], high[varied], fill[varied], low[varied], 0.0)
        centre = weighted.mean(rows.y, rows.weight)
        moments, products = empty._moments(rows, centre)
        scale = np.sqrt(np.diag(moments))
        scale[scale == 0] = 1.0
        penalty = scale.size / _n_counted(rows) * np.eye(scale.size)
        found = (
            np.linalg.solve(moments / np.outer(scale, scale) + penalty, products / scale) / scale
        )
        intercept = centre - float(found @ empty.fill)
        return cls(empty.columns, empty.low, empty.high, empty.fill, found, intercept)

    def _moments(self, rows: Rows, centre: float) -> tuple[_Floats, _Floats]:
        """Return (n_used, n_used) mean products of the columns about their means, and (n_used,) with the target's."""
        n_used = self.columns.size
        moments, products = np.zeros((n_used, n_used)), np.zeros(n_used)
        for block in _blocks(len(rows.y)):
            values = self._values(rows.X[block]) - self.fill
            turned = values.T if rows.weight is None else values.T * rows.weight[block]
            moments += turned @ values
            products += turned @ (rows.y[block] - centre)
        return moments / _n_counted(rows), products / _n_counted(rows)

    def arrays(self) -> Arrays:
        made: Arrays = {name: getattr(self, name) for name in _ARRAYS}
        return {**made, "intercept": np.array(self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read the linear model from saved arrays.

        raises    ValueError if these are no line
        """
        columns = indices_in(arrays, "columns", 1, MOST_FEATURES).astype(np.int64)
        low, high, fill, coefficients = (
            floats_in(arrays, name, 1).astype(np.float64) for name in _ARRAYS[1:]
        )
        intercept = float(floats_in(arrays, "intercept", 0))
        if any(one.shape != columns.shape for one in (low, high, fill, coefficients)):
            raise ValueError("numbers of a wrong shape")
        return cls(columns, low, high, fill, coefficients, intercept)


_ARRAYS = ("columns", "low", "high", "fill", "coefficients")


def _n_counted(rows: Rows) -> float:
    return len(rows.y) if rows.weight is None else float(rows.weight.sum())


def _ranges(rows: Rows, columns: NDArray[np.int64]) -> tuple[_Floats, _Floats, _Floats]:
    """Return (n_columns,) each: least, greatest and mean of what is there; 0 of a column with nothing."""
    low, high, mean = (np.zeros(columns.size) for _ in range(3))
    for place, column in enumerate(columns.tolist()):
        values = rows.X[:, column]
        there = np.isfinite(values)
        values = values[there]
        if values.size:
            low[place], high[place] = values.min(), values.max()
            mean[place] = (
                values.mean(dtype=np.float64)
                if rows.weight is None
                else weighted.mean(values, rows.weight[there])
            )
    return low, high, mean


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, start + _BLOCK_ROWS)


class ResidualModel:
    """A line, and an inner model of its residuals."""

    def __init__(self, line: Line, inner: FittedModel) -> None:
        self.line = line
        self.inner = inner
        self.rounds = inner.rounds
        self.n_features = inner.n_features
        if (
            line.columns.size
            and not 0 <= line.columns.min() <= line.columns.max() < self.n_features
        ):
            raise CorruptArtifact("The line goes through columns that the model does not have.")

    def predict(self, X: FloatMatrix) -> _Floats:
        return self.line.predict(X) + self.inner.predict(X)

    def save(self, folder: Path) -> None:
        (folder / _INNER).mkdir()
        self.inner.save(folder / _INNER)
        write_arrays(folder / _FILE, self.line.arrays())
        write_manifest(folder, _KIND, {})


def fit_residual(
    learner: Learner,
    train: Rows,
    valid: Rows | None,
    hyperparameters: Mapping[str, Any],
    setting: Setting,
    clock: Clock,
) -> ResidualModel:
    """Return the learner's model of what a line through the training rows leaves.

    raises    CandidateFault if the problem is no regression, or as the learner does
    """
    if setting.monotone:
        raise CandidateFault(
            "Trees on the residuals of a linear model do not support monotone constraints."
        )
    if setting.n_classes:
        raise CandidateFault("Residuals are for regression; this target is a class.")
    own = {name: value for name, value in hyperparameters.items() if name != TARGET_TRANSFORM}
    line = Line.of(train, setting.features)

    def left(rows: Rows) -> Rows:
        return replace(rows, y=rows.y - line.predict(rows.X))

    told = None if valid is None else left(valid)
    return ResidualModel(line, learner.fit(left(train), told, own, setting, clock))


def is_residual(folder: Path) -> bool:
    """Return whether a folder was written by `ResidualModel.save`."""
    return (folder / _INNER).is_dir()


def load_residual(folder: Path, learner: Learner) -> ResidualModel:
    """Load a linear model with the model of its residuals.

    raises    CorruptArtifact
    """
    check_manifest(folder, _KIND)
    arrays = read_arrays(folder / _FILE)
    try:
        line = Line.from_arrays(arrays)
    except ValueError as error:
        raise CorruptArtifact(f"{folder / _FILE} does not hold a line: {error}.") from error
    inner = learner.load(folder / _INNER)
    if line.columns.size and int(line.columns.max()) >= inner.n_features:
        raise CorruptArtifact(
            f"{folder / _FILE} names column {line.columns.max()}; the matrix has {inner.n_features}, from 0."
        )
    return ResidualModel(line, inner)
