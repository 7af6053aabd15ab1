"""Cells that are missing, column by column and together."""

from __future__ import annotations

import numpy as np

from windvane.engine.exploration.gaps import Gaps, find_gaps
from windvane.engine.exploration.pictures import grid, lying_bars, marks
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.engine.reports.labels import seen
from windvane.engine.wording import counted, listed, percent

_SHOWN = 30
_PATTERNS = 15
_NAMED = 4
_TITLE = "Missing values"


def missing(table: StoredTable) -> Section:
    gaps = find_gaps(table, _PATTERNS)
    if not gaps.missing:
        return Section(_TITLE, [Text("No cell of any feature is missing.")])
    n_cells = table.n_rows * len(table.analysis.features)
    blocks: list[Block] = [
        Text(
            f"{len(gaps.missing):,} of {len(table.analysis.features):,} features have missing cells; "
            f"{percent(sum(gaps.missing.values()), n_cells)} of all cells are missing. {counted(gaps.n_whole, 'row')} "
            f"({percent(gaps.n_whole, table.n_rows)}) miss none. Models get missing cells filled in or marked."
        ),
        _by_column(table, gaps),
    ]
    if len(gaps.missing) > _SHOWN:
        blocks.append(_table(table, gaps, len(gaps.missing), "All columns with missing cells."))
    if len(gaps.missing) > 1:
        blocks.append(_together(table, gaps))
    return Section(_TITLE, blocks)


def _by_column(table: StoredTable, gaps: Gaps) -> Figure:
    shown = dict(list(gaps.missing.items())[:_SHOWN])
    n_more = len(gaps.missing) - len(shown)
    return Figure(
        "Share of missing cells",
        lying_bars(
            list(shown), [100 * count / table.n_rows for count in shown.values()], "% of rows"
        ),
        "A bar for each column, as long as the share of its cells that are missing.",
        _table(table, gaps, _SHOWN, f"The {_SHOWN} columns that miss most." if n_more > 0 else ""),
        height=1.0 + 0.2 * len(shown),
    )


def _table(table: StoredTable, gaps: Gaps, most: int, caption: str) -> Table:
    told = list(gaps.missing.items())[:most]
    return Table(
        ("Column", "Missing", "Share"),
        [(name, f"{count:,}", percent(count, table.n_rows)) for name, count in told],
        frozenset({1, 2}),
        caption,
    )


def _together(table: StoredTable, gaps: Gaps) -> Figure:
    involved = {name for pattern in gaps.patterns for name in pattern.columns}
    names = [name for name in gaps.missing if name in involved][:_SHOWN]
    is_missing = np.array(
        [[name in pattern.columns for name in names] for pattern in gaps.patterns], np.bool_
    )
    shares = [percent(pattern.n_rows, table.n_rows) for pattern in gaps.patterns]
    told = [
        (_named(pattern.columns), f"{pattern.n_rows:,}", share)
        for pattern, share in zip(gaps.patterns, shares, strict=True)
    ]
    n_more = gaps.n_patterns - len(gaps.patterns)
    return Figure(
        "What is missing together",
        grid(marks(is_missing), shares, names),
        "A line for each pattern, the most frequent on top, with its share of rows; marked cells are missing.",
        Table(
            ("Missing together, and nothing else", "Rows", "Share"),
            told,
            frozenset({1, 2}),
            f"The most frequent of {gaps.n_patterns:,} patterns." if n_more > 0 else "",
        ),
        height=1.8 + 0.2 * len(gaps.patterns),
    )


def _named(columns: tuple[str, ...]) -> str:
    if not columns:
        return "nothing"
    return listed([seen(name, 30) for name in columns], _NAMED)
