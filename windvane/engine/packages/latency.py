"""How long one row takes through the real predictor, and how many bytes a folder holds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dataset import Dataset
from windvane.engine.data.numerals import Notation
from windvane.engine.packages.package import Predictor

Row = list[str | None]

_CALLS = 200
_BUDGET_S = 0.1
_SAMPLE = 50


def row_latency_s(predictor: Predictor, rows: Sequence[Row]) -> float:
    """Median seconds of up to 200 calls with one row each, within a tenth of a second; at least 3 calls.

    rows    taken in turn: a processor that is asked the same again and again foresees each tree's way
    """
    predictor.predict([rows[0]])
    took: list[float] = []
    started = time.perf_counter()
    for row in islice(cycle(rows), _CALLS):
        before = time.perf_counter()
        predictor.predict([row])
        after = time.perf_counter()
        took.append(after - before)
        if after - started > _BUDGET_S and len(took) >= 3:
            break
    return statistics.median(took)


def sample_rows(dataset: Dataset) -> list[Row]:
    """Up to 50 rows as cells; what is not written the plain way in this table stays empty."""
    n_rows = len(dataset.y)
    places = np.unique(np.linspace(0, n_rows - 1, min(_SAMPLE, n_rows)).astype(np.int64))
    columns = [_cells(dataset, spec, places) for spec in dataset.analysis.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _cells(dataset: Dataset, spec: ColumnSpec, places: NDArray[np.int64]) -> Row:
    is_plain = spec.type is not ColumnType.NUMERIC or Notation.from_json(spec.parse).is_plain
    if not spec.type.is_feature or spec.type is ColumnType.DATETIME or not is_plain:
        return [None] * len(places)
    values = dataset.columns[spec.name][places].tolist()
    if spec.type is ColumnType.NUMERIC:
        return [repr(value) if np.isfinite(value) else None for value in values]
    return list(values)


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
