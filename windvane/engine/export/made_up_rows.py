"""Rows on which an exported model is compared with the one that it was made of: cells as its columns usually hold, put side by
side by chance, with missing values and categories that nobody has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.parse import cell_reader
from windvane.engine.data.sketch import ColumnSketch, Sketch
from windvane.engine.data.spelling import spelt

N_ROWS = 500
_UNSEEN = "never seen before"
_NUMBERS = ("0", "1")


def made_up_rows(columns: Sequence[ColumnSpec], sketch: Sketch, seed: int = 0) -> list[list[str]]:
    """Return N_ROWS rows with a cell for each column; the same seed makes the same rows."""
    generator = np.random.default_rng(seed)
    by_column = []
    for spec in columns:
        cells = _cells(spec, sketch.get(spec.name, ColumnSketch()))
        by_column.append([cells[i] for i in generator.integers(len(cells), size=N_ROWS)])
    return [list(row) for row in zip(*by_column, strict=True)]


def _cells(spec: ColumnSpec, known: ColumnSketch) -> list[str]:
    """Return cells that a column may have, all of which it can read."""
    drawn = [spelt(value, spec) for value in known.drawn if value is not None]
    told = [known.typical, known.least, known.most, *known.values, *drawn]
    if spec.type is ColumnType.NUMERIC:
        told += _NUMBERS
    elif spec.type in (ColumnType.CATEGORICAL, ColumnType.TEXT):
        told += [_UNSEEN, f"{known.typical} {_UNSEEN}"]
    read = cell_reader(spec)
    return ["", *(cell for cell in dict.fromkeys(told) if cell and _is_readable(read, cell))]


def _is_readable(read: object, cell: str) -> bool:
    try:
        read(cell)  # type: ignore[operator]
    except ValueError:
        return False
    return True
