"""How long one row takes through the real predictor, and how many bytes a folder holds."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dataset import Dataset
from windvane.engine.data.numerals import Notation
from windvane.engine.package import Predictor

_CALLS = 200
_BUDGET_S = 0.1


def row_latency_s(predictor: Predictor, row: list[str | None]) -> float:
    """Median seconds of up to 200 calls with one row, within a tenth of a second; at least 3 calls."""
    predictor.predict([row])
    took: list[float] = []
    started = time.perf_counter()
    while len(took) < _CALLS:
        before = time.perf_counter()
        predictor.predict([row])
        after = time.perf_counter()
        took.append(after - before)
        if after - started > _BUDGET_S and len(took) >= 3:
            break
    return statistics.median(took)


def sample_row(dataset: Dataset) -> list[str | None]:
    """The first row as cells; what is not written the plain way in this table stays empty."""
    return [_cell(dataset, spec) for spec in dataset.analysis.columns]


def _cell(dataset: Dataset, spec: ColumnSpec) -> str | None:
    if not spec.type.is_feature or spec.type is ColumnType.DATETIME:
        return None
    value = dataset.columns[spec.name][0]
    if spec.type is ColumnType.NUMERIC:
        is_plain = Notation.from_json(spec.parse).is_plain
        return repr(float(value)) if is_plain and np.isfinite(value) else None
    return None if value is None else str(value)


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
