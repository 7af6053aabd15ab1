"""The objective by blocks of rows, small enough to keep: with those of two candidates, their difference on the same rows has a
standard error, in which whatever both find easy or hard cancels out."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.evaluate import row_gains
from windvane.engine.scoring.metrics import METRICS, Floats, Indices

MOST_BLOCKS = 400
"""A standard error from so many is itself uncertain by 3.5 %."""

_FEWEST_UNITS = 20
"""Rows, or groups of rows, below which a difference has no standard error worth telling."""


@dataclass(frozen=True)
class Blocks:
    """The objective of a candidate and what each block of rows adds to it.

    objective    its name;  value  on all rows, each counting as in the score
    rows         the same for candidates that were judged on the same rows, and for no others
    n_units      rows, or groups if those are kept together
    blocks       (n_blocks,) sums of the rows' influence on the objective, divided by the number of rows; their sum is 0
    """

    objective: str
    value: float
    rows: str
    n_rows: int
    n_units: int
    blocks: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def blocks_of_rows(judged: Judged) -> Blocks | None:
    """Return the objective by blocks; None if the rows do not tell it, are too few, or have no known places.

    Groups are not divided among blocks. The variance of a difference is n / (n - 1) times the sum of the squares of
    the differences of n blocks: that of a mean of rows, where each block is one row.

    source    Efron, Stein 1981, "The jackknife estimate of variance": influences in place of deletions; Carlstein 1986,
              "The use of subseries values for estimating the variance of a general statistic": sums over blocks
    """
    if judged.places is None:
        return None
    units = _units(judged)
    n_units = int(units.max()) + 1
    if n_units < _FEWEST_UNITS:
        return None
    metric = METRICS[judged.objective]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        gains = row_gains(
            judged.objective, judged.y, judged.predicted, judged.classes, judged.weight
        )
    values = gains * metric.gain(1.0)
    if not np.isfinite(values).all():
        return None
    value = float(values.mean())
    blocks = np.bincount(_dealt(n_units)[units], values - value) / values.size
    return Blocks(
        str(judged.objective),
        value,
        _digest(judged, units),
        judged.n_rows,
        n_units,
        tuple(float(f"{one:.9g}") for one in blocks),
    )


def _units(judged: Judged) -> Indices:
    """Return (n_rows,) the number of each row's group; of the row itself where there are none."""
    if judged.groups is None:
        return np.arange(judged.n_rows)
    _, numbers = np.unique(judged.groups, return_inverse=True)
    return np.asarray(numbers, np.int64)


def _dealt(n_units: int) -> Indices:
    """Return (n_units,) the block of each unit, the same for as many units: by lot, as rows may be in some order."""
    order = np.random.default_rng(0).permutation(n_units)
    return np.asarray(order % min(MOST_BLOCKS, n_units))


def _digest(judged: Judged, units: Indices) -> str:
    weight: Floats = np.ones(0) if judged.weight is None else judged.weight
    digest = hashlib.sha256(str(judged.n_rows).encode())
    for values in (judged.places, judged.y, units, weight):
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    return digest.hexdigest()[:32]
