"""Which columns of a very wide table to keep: those most associated with the target, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.features.recipe_data import RecipeData

_MAX_ROWS = 10_000


def strongest(specs: Sequence[ColumnSpec], data: RecipeData, limit: int) -> frozenset[str]:
    """Return names of the `limit` columns that explain most of the target's variance (of any class's indicator).

    A number or date explains its squared correlation; a category what its means explain, corrected for
    their number. Text is always among the first.
    """
    y = data.targets
    positions = np.arange(len(y))[:: max(1, len(y) // _MAX_ROWS)]
    targets = _targets(y[positions], data.n_classes)
    taken = positions if data.rows is None else data.rows[positions]
    explained = {
        spec.name: _explained(data.columns[spec.name][taken], spec.type, targets) for spec in specs
    }
    ranked = sorted(specs, key=lambda spec: -explained[spec.name])
    return frozenset(spec.name for spec in ranked[:limit])


def _targets(y: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Return (n_rows, n_targets), each with mean 0 and length 1, or all 0."""
    targets = y[:, None]
    if n_classes:
        targets = (y[:, None] == np.unique(y)).astype(np.float64)
    centred = targets - targets.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    scaled: NDArray[np.float64] = centred / np.where(length > 0, length, 1)
    return scaled


def _explained(values: Values, kind: ColumnType, targets: NDArray[np.float64]) -> float:
    if kind is ColumnType.TEXT:
        return 2.0
    if kind is ColumnType.CATEGORICAL:
        return _explained_by_means(values, targets)
    missing = np.isnan(values)
    if missing.all():
        return 0.0
    filled = np.clip(np.where(missing, np.nanmedian(values), values), -1e38, 1e38)
    centred = filled - filled.mean()
    length = float(np.sqrt((centred**2).sum()))
    if length == 0:
        return 0.0
    return float((((centred / length) @ targets) ** 2).max())


def _explained_by_means(values: Values, targets: NDArray[np.float64]) -> float:
    numbering = count()
    code_of: dict[str | None, int] = {}
    for value in values.tolist():
        if value not in code_of:
            code_of[value] = next(numbering)
    codes = np.array([code_of[value] for value in values.tolist()])
    n, k = len(codes), len(code_of)
    if k >= n:
        return 0.0
    counts = np.bincount(codes)
    share = max(float((np.bincount(codes, target) ** 2 / counts).sum()) for target in targets.T)
    return 1 - (1 - share) * (n - 1) / (n - k)
