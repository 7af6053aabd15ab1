"""LightGBM's datasets: of few rows from their matrix, of many block by block, so that a byte a value is all that is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from windvane.engine.learners.base import Rows
from windvane.engine.learners.traits import MANY_ROWS

_BLOCK_ROWS = 1 << 15


def dataset_of(rows: Rows, codes: Sequence[int], parameters: Mapping[str, Any]) -> lightgbm.Dataset:
    """Return the rows as LightGBM trains on them; the same whether they are few or many.

    codes    positions of the features that are codes of categories
    """
    told = _Blocks(rows) if len(rows.y) >= MANY_ROWS else rows.X
    return lightgbm.Dataset(
        told,
        rows.y,
        weight=rows.weight,
        categorical_feature=list(codes),
        params=dict(parameters),
    )


class _Blocks(lightgbm.Sequence):  # type: ignore[misc]
    """Rows of a mapped matrix, read when LightGBM asks for them."""

    batch_size = _BLOCK_ROWS

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows.y)

    def __getitem__(self, index: int | slice) -> NDArray[np.floating[Any]]:
        if isinstance(index, slice):
            return self._rows.block(index)
        block = self._rows.block(slice(index, index + 1))
        return np.asarray(block[0], np.float64)  # of which LightGBM finds the borders of bins
