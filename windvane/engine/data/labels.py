"""The target of rows that a model is evaluated on, read as the classes or values that it predicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import encode, read_column
from windvane.engine.data.notation import most_numbers
from windvane.engine.data.target import is_label

_MOST_TEXTS = 5000
"""By which the notation of numbers is found."""


@dataclass(frozen=True)
class Labels:
    """The target of some rows.

    y         (n_rows,) class index or value; NaN where there is none
    missing   (n_rows,) bool: the cell is empty or a sign of a missing value
    """

    y: NDArray[np.float64]
    missing: NDArray[np.bool_]

    @property
    def usable(self) -> NDArray[np.bool_]:
        return np.isfinite(self.y)

    @property
    def strange(self) -> NDArray[np.bool_]:
        """Rows with a label that is no class of the model, or no number."""
        return ~self.usable & ~self.missing


def read_classes(cells: Sequence[str], labels: Sequence[str], label_type: str) -> Labels:
    """Read cells as classes: spelled as in the training data, or alike: with blanks around, numbers of the same value
    ("1.0" for "1"), booleans in other case.

    labels, label_type    as in packages/predictor.py, `Schema`
    """
    alike = _FORMS.get(label_type, str.strip)
    count = Counter(map(alike, labels))
    index_of = {alike(label): i for i, label in enumerate(labels) if count[alike(label)] == 1}
    spelled = {label: i for i, label in enumerate(labels)}

    def index(cell: str) -> float:
        if cell in spelled:
            return spelled[cell]
        try:
            return index_of.get(alike(cell), np.nan)
        except ValueError:
            return np.nan

    found = {cell: index(cell) for cell in set(cells)}
    y = np.array([found[cell] for cell in cells], np.float64)
    return Labels(y, _missing(cells) & np.isnan(y))


def read_values(cells: Sequence[str]) -> Labels:
    """Read cells as numbers, in the notation that reads the most of them."""
    missing = _missing(cells)
    texts = [
        None if is_none else cell.strip() for cell, is_none in zip(cells, missing, strict=True)
    ]
    column = encode("target", pa.chunked_array([pa.array(texts, pa.string())]))
    known, counts = column.texts.to_pylist()[:_MOST_TEXTS], column.counts()[:_MOST_TEXTS]
    numbers = most_numbers(known, counts) if known else None
    if numbers is None:
        return Labels(np.full(len(cells), np.nan), missing)
    notation = dict(numbers.notation.to_json())
    read = read_column(column, ColumnSpec("target", ColumnType.NUMERIC, "target", parse=notation))
    y = np.array(read.values, np.float64)
    y[~np.isfinite(y)] = np.nan
    return Labels(y, missing)


def _missing(cells: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([not is_label(cell) for cell in cells], np.bool_)


def _lower(text: str) -> str:
    return text.strip().casefold()


_FORMS: dict[str, Callable[[str], str | float]] = {
    "boolean": _lower,
    "integer": float,
    "float": float,
    "string": str.strip,
}
"""label type -> what cells of the same label have in common"""
