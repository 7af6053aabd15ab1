"""Cells that are missing, column by column and together."""

from __future__ import annotations

import numpy as np

from windvane.engine.exploration.gaps import Gaps, find_gaps
from windvane.engine.exploration.pictures import grid, lying_bars, marks
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.engine.reports.labels import seen
from windvane.wording import counted, listed, percent

_SHOWN = 30
_PATTERNS = 15
_NAMED = 4
_TITLE = "Missing values"


def missing(table: StoredTable) -> Section:
    gaps = find_gaps(table, _PATTERNS)
    if not gaps.missing:
        return Section(_TITLE, [Text("No feature has missing values.")])
    n_cells = table.n_rows * len(table.analysis.features)
    has = "has" if len(gaps.missing) == 1 else "have"
    blocks: list[Block] = [
        Text(
            f"{len(gaps.missing):,} of {len(table.analysis.features):,} features {has} missing "
            f"values; {percent(sum(gaps.missing.values()), n_cells)} of all values are missing. "
            f"{counted(gaps.n_whole, 'row')} ({percent(gaps.n_whole, table.n_rows)}) are "
            "complete. Missing values are imputed or marked for the models."
        ),
        _by_column(table, gaps),
    ]
    if len(gaps.missing) > _SHOWN:
        blocks.append(_table(table, gaps, len(gaps.missing), "All columns with missing values."))
    if len(gaps.missing) > 1:
        blocks.append(_together(table, gaps))
    return Section(_TITLE, blocks)


def _by_column(table: StoredTable, gaps: Gaps) -> Figure:
    shown = dict(list(gaps.missing.items())[:_SHOWN])
    n_more = len(gaps.missing) - len(shown)
    return Figure(
        "Share of missing values",
        lying_bars(
            list(shown), [100 * count / table.n_rows for count in shown.values()], "% of rows"
        ),
        "Bar chart of the share of missing values per column.",
        _table(
            table,
            gaps,
            _SHOWN,
            f"The {_SHOWN} columns with the most missing values." if n_more > 0 else "",
        ),
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
        "Patterns of missing values",
        grid(marks(is_missing), shares, names),
        "One row per pattern, the most frequent on top, with its share of rows; marked values "
        "are missing.",
        Table(
            ("Missing columns (exact pattern)", "Rows", "Share"),
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
