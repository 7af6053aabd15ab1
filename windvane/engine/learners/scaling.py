"""How networks see numbers and targets: of about unit spread, and no further out than they can bear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine import weighted
from windvane.engine.checked import number_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Rows

Floats = NDArray[np.float32]

FAR = np.float32(30)


@dataclass(frozen=True)
class Scaling:
    """The scaling of the target: scaled = (y - centre) / scale; answers stay within low .. high."""

    centre: float = 0.0
    scale: float = 1.0
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the scaling from JSON.

        raises    ValueError if it is none
        """
        centre, scale, low, high = (
            number_in(document, name) for name in ("centre", "scale", "low", "high")
        )
        if scale <= 0 or low > high:
            raise ValueError("a target that was scaled as none can be")
        return cls(centre, scale, low, high)


def target_scaling(rows: Rows) -> Scaling:
    """Return the scaling to mean 0 and spread 1."""
    low, high = float(rows.y.min()), float(rows.y.max())
    spread = weighted.deviation(rows.y, rows.weight) or 1.0
    return Scaling(weighted.mean(rows.y, rows.weight), spread, low, high)


def input_scaling(X: FloatMatrix) -> tuple[Floats, Floats]:
    """Return the median of each feature, and one over the root mean square of the distances from it that are not 0: a
    number gets unit spread, and a rare value of a feature that is mostly the same is 1 away."""
    n = X.shape[1]
    centre, inverse = np.zeros(n, np.float32), np.ones(n, np.float32)
    for j in range(n):
        column = X[:, j].astype(np.float64)
        middle = np.median(column)
        distances = column - middle
        differing = distances[distances != 0]
        centre[j] = middle
        if differing.size:
            inverse[j] = min(1 / np.sqrt(np.mean(differing**2)), 1e30)
    return centre, inverse


def scaled_inputs(X: FloatMatrix, centre: Floats, inverse: Floats) -> Floats:
    """Return (X - centre) * inverse, no further from 0 than FAR: a value far out of what was learnt from neither
    overflows nor drowns the others."""
    made: Floats = X - centre
    made *= inverse
    np.minimum(made, FAR, out=made)
    np.maximum(made, -FAR, out=made)
    return made


class ScaledRows:
    """Rows of a mapped matrix as networks see them, read and scaled when they are asked for."""

    def __init__(self, rows: Rows, centre: Floats, inverse: Floats) -> None:
        self._rows, self._centre, self._inverse = rows, centre, inverse

    def __len__(self) -> int:
        return len(self._rows.y)

    def __getitem__(self, part: slice | NDArray[np.integer]) -> Floats:
        return scaled_inputs(self._rows.block(part), self._centre, self._inverse)


Inputs = Floats | ScaledRows
"""(n_rows, n_inputs) as networks see them."""
