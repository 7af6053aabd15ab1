"""Rows on which an exported model is compared with the one that it was made of: cells as its columns usually hold, put side by
side by chance, with missing values, categories that nobody has seen, and texts of words that the model knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.parse import cell_reader
from windvane.engine.data.sketch import ColumnSketch, Sketch
from windvane.engine.data.spelling import spelt
from windvane.engine.features.recipe import Recipe
from windvane.engine.features.text import TextTopics

N_ROWS = 500
_UNSEEN = "never seen before"
_NUMBERS = ("0", "1")
_N_TEXTS, _TERMS_A_TEXT = 100, 8


Terms = Mapping[str, Sequence[str]]
"""Words that a model knows, by the column in which."""


def terms_of(recipes: Iterable[object]) -> dict[str, list[str]]:
    """Return the words that feature recipes know, by column."""
    found: dict[str, list[str]] = {}
    for recipe in recipes:
        for source, transformer in recipe.steps if isinstance(recipe, Recipe) else ():
            if isinstance(transformer, TextTopics):
                found.setdefault(source, []).extend(transformer.terms_)
    return found


def made_up_rows(
    columns: Sequence[ColumnSpec],
    sketch: Sketch,
    terms: Terms = MappingProxyType({}),
    seed: int = 0,
) -> list[list[str]]:
    """Return N_ROWS rows with a cell for each column; the same seed makes the same rows."""
    generator = np.random.default_rng(seed)
    by_column = []
    for spec in columns:
        cells = _cells(spec, sketch.get(spec.name, ColumnSketch()))
        cells += _texts(terms.get(spec.name, ()), generator)
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


def _texts(terms: Sequence[str], generator: np.random.Generator) -> list[str]:
    if not terms:
        return []
    chosen = generator.integers(len(terms), size=(_N_TEXTS, _TERMS_A_TEXT))
    return [" ".join(terms[i] for i in text) for text in chosen.tolist()]


def _is_readable(read: Callable[[str], Any], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True
