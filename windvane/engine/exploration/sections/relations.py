"""Columns that go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from windvane.engine.exploration.pictures import diverging, grid
from windvane.engine.exploration.relations import (
    Pair,
    Relations,
    find_relations,
    linear,
    strongest,
)
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.wording import UNKNOWN

_MOST_PAIRS = 30
_SHOWN = 30
_MATRIX = 12


def relations(table: StoredTable) -> Section:
    found = find_relations(table, _MOST_PAIRS)
    blocks: list[Block] = [Text(_about(table, found))]
    if len(found.numbers) > 1:
        blocks.append(_matrix(found))
    if found.pairs:
        blocks.append(
            _pairs(found.pairs, "The most strongly associated pairs of columns, of all types.")
        )
    else:
        blocks.append(Text("There are no pairs of columns to compare."))
    return Section("Cross column statistics", blocks)


def _about(table: StoredTable, found: Relations) -> str:
    of = (
        f"all {table.n_rows:,} rows"
        if found.n_rows == table.n_rows
        else f"a random sample of {found.n_rows:,} of {table.n_rows:,} rows"
    )
    left_out = (
        f" The {found.n_left_out:,} columns with the lowest prediction power were not compared with every other column."
        if found.n_left_out
        else ""
    )
    return (
        f"Computed from {of}. Two numeric columns: Pearson's r, from -1 to 1. Two categorical "
        "columns: Cramér's V, from 0 to 1, with bias correction. A categorical and a numeric "
        "column: the correlation ratio, from 0 to 1, with bias correction. Rare categories are "
        f"combined into one. Dates count as numbers; free text is excluded.{left_out}"
    )


def _matrix(found: Relations) -> Figure:
    names, matrix = found.numbers[:_SHOWN], found.matrix[:_SHOWN, :_SHOWN]
    n_more = len(found.numbers) - len(names)
    return Figure(
        "Pearson's r of numeric "
        f"columns{f' (the {_SHOWN} with the highest prediction power)' if n_more else ''}",
        grid(diverging(matrix), names, names),
        "Heatmap of all pairs of numeric columns: orange for positive, blue for negative "
        "correlation, grey where it is undefined.",
        _whole(names, matrix)
        if len(names) <= _MATRIX
        else _pairs(
            strongest(linear(names, matrix), _MOST_PAIRS),
            "The strongest pairs of the heatmap.",
        ),
        height=2.0 + 0.16 * len(names),
    )


def _whole(names: tuple[str, ...], matrix: NDArray[np.float64]) -> Table:
    rows = [(name, *map(_coefficient, row)) for name, row in zip(names, matrix, strict=True)]
    return Table(("", *names), rows, frozenset(range(1, len(names) + 1)))


def _pairs(pairs: Sequence[Pair], caption: str) -> Table:
    return Table(
        ("Column", "Column", "Measure", "Strength"),
        [(one.first, one.second, one.measure, _coefficient(one.value)) for one in pairs],
        frozenset({3}),
        caption,
    )


def _coefficient(value: float) -> str:
    return UNKNOWN if np.isnan(value) else f"{value:.3f}"
