"""What the columns of a table usually hold: enough to fill in a form, and to stand for "not known" when the answer to
a row is explained.

No row of the table can be read from it. A column's cells are drawn and shuffled by themselves, so that what is put
side by side never stood side by side; texts are not kept unless several rows share them, nor is anything of
identifiers. Names of categories are kept: the encoders of a model are tables of them anyway.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.spelling import spelt
from windvane.errors import CorruptArtifact

SKETCH = "sketch.json"

MOST_VALUES = 100
"""Categories of a column that are named."""

MOST_DRAWN = 100
_LONGEST_NAME = 200
"""Characters; of a category with a longer one nobody wants to choose from a list."""

_DRAWN_CELLS = 50_000
_LEAST_DRAWN = 10
"""Cells drawn of a column: fewer of a table of very many columns."""

_ROWS = 10_000
"""Looked at; more would hardly change what is typical."""

_LARGEST = 1e308

_SHARED = 3
"""Rows that share a text before it may be told: a text of fewer is somebody's own."""


@dataclass(frozen=True)
class ColumnSketch:
    """The description of a column for a form that asks for a single prediction.

    typical      a cell: the middle one of numbers and dates, the most frequent category or text; "" if most cells are
                 missing, or none is to be told
    has_missing  whether any is
    least, most  cells, of numbers and dates; "" of others
    values       names of categories, the most frequent first, MOST_VALUES at most
    n_values     categories that were seen
    drawn        typed values, JSON: numbers and seconds, texts; None is missing. () of texts and of what is no feature
    """

    typical: str = ""
    has_missing: bool = False
    least: str = ""
    most: str = ""
    values: tuple[str, ...] = ()
    n_values: int = 0
    drawn: tuple[float | str | None, ...] = field(default=(), repr=False)


Sketch = Mapping[str, ColumnSketch]
"""By name of the column."""


def sketch_of(
    specs: Sequence[ColumnSpec],
    columns: Mapping[str, Values],
    rows: NDArray[np.intp],
    statistics: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> dict[str, ColumnSketch]:
    """Return sketches of the feature columns; the same seed draws the same cells.

    rows         that may be looked at
    statistics   by column, as data/profile.py describes it: least and most of all rows, and whether any is missing
    """
    generator = np.random.default_rng(seed)
    seen = rows[np.unique(np.linspace(0, rows.size - 1, min(_ROWS, rows.size)).astype(np.intp))]
    features = [spec for spec in specs if spec.type.is_feature]
    fitting = _DRAWN_CELLS // max(1, len(features))
    n_drawn = min(seen.size, MOST_DRAWN, max(_LEAST_DRAWN, fitting))
    made = {}
    for spec in features:
        values = columns[spec.name][seen]
        drawn = values[generator.permutation(seen.size)[:n_drawn]].tolist()
        made[spec.name] = _column(spec, values, statistics.get(spec.name, {}), drawn)
    return made


def sketch_to_json(sketch: Sketch) -> dict[str, Any]:
    return {name: dict(vars(column)) for name, column in sketch.items()}


def sketch_from_json(document: Mapping[str, Any]) -> dict[str, ColumnSketch]:
    """Return the inverse of `sketch_to_json`.

    raises    AttributeError, KeyError, TypeError or ValueError for anything else
    """
    return {str(name): _from_json(column) for name, column in document.items()}


def read_sketch(folder: Path) -> dict[str, ColumnSketch]:
    """Return what is kept in a dataset's folder or in a package of transformers; empty if it was made by a version
    that kept nothing.

    raises    CorruptArtifact
    """
    path = folder / SKETCH
    if not path.exists():
        return {}
    try:
        return sketch_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, AttributeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise CorruptArtifact(f"{path} cannot be read as a sketch of columns: {error}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and abs(value) <= _LARGEST


def _from_json(column: Mapping[str, Any]) -> ColumnSketch:
    values, drawn = tuple(map(str, column["values"])), tuple(column["drawn"])
    if not all(value is None or isinstance(value, str) or _is_number(value) for value in drawn):
        raise ValueError("a cell that is neither number nor text")
    return ColumnSketch(
        typical=str(column["typical"]),
        has_missing=bool(column["has_missing"]),
        least=str(column["least"]),
        most=str(column["most"]),
        values=values,
        n_values=int(column["n_values"]),
        drawn=drawn,
    )


def _column(
    spec: ColumnSpec, values: Values, statistics: Mapping[str, Any], drawn: list[Any]
) -> ColumnSketch:
    if values.dtype == object:
        return _of_texts(spec, values, statistics, drawn)
    return _of_numbers(spec, values, statistics, drawn)


def _of_numbers(
    spec: ColumnSpec, values: Values, statistics: Mapping[str, Any], drawn: list[float]
) -> ColumnSketch:
    present = np.sort(values[~np.isnan(values)])
    n_missing = values.size - present.size
    if not present.size:
        return ColumnSketch(has_missing=True, drawn=(None,) * len(drawn))
    middle = float(present[(present.size - 1) // 2])
    ends = float(present[0]), float(present[-1])
    if spec.type is ColumnType.NUMERIC:
        ends = float(statistics.get("min", ends[0])), float(statistics.get("max", ends[1]))
    return ColumnSketch(
        typical="" if 2 * n_missing > values.size else spelt(middle, spec),
        has_missing=n_missing > 0 or statistics.get("missing", 0) > 0,
        least=spelt(ends[0], spec),
        most=spelt(ends[1], spec),
        drawn=tuple(None if np.isnan(value) else value for value in drawn),
    )


def _of_texts(
    spec: ColumnSpec, values: Values, statistics: Mapping[str, Any], drawn: list[str | None]
) -> ColumnSketch:
    counts = Counter(values.tolist())
    n_missing = counts.pop(None, 0)
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    is_text = spec.type is ColumnType.TEXT
    told = [text for text, count in ranked if count >= _SHARED or not is_text]
    named = [text for text in told if len(text) <= _LONGEST_NAME][:MOST_VALUES]
    return ColumnSketch(
        typical=spelt(told[0], spec) if told and 2 * n_missing <= values.size else "",
        has_missing=n_missing > 0 or statistics.get("missing", 0) > 0,
        values=() if is_text else tuple(named),
        n_values=0 if is_text else len(told),
        drawn=() if is_text else tuple(drawn),
    )
