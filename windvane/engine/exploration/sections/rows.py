"""Rows that stand out: there more than once, or unlike all others."""

from __future__ import annotations

import numpy as np

from windvane.engine.exploration.anomalies import MOST_REASONS, Anomalies, Anomaly, find_anomalies
from windvane.engine.exploration.bins import histogram
from windvane.engine.exploration.duplicates import DuplicateRows
from windvane.engine.exploration.pictures import bars
from windvane.engine.exploration.sections.cells import cells_of
from windvane.engine.exploration.stored import MOST_SAMPLED, StoredTable
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.engine.reports.labels import seen
from windvane.wording import counted, percent

_MOST_COLUMNS = 200
_WORST = 10
_SHOWN = 6


def _copies(n: int) -> str:
    return "is a copy" if n == 1 else "are copies"


def duplicates(table: StoredTable, repeats: DuplicateRows) -> Section:
    told = Text(
        f"{counted(repeats.n_copies, 'row')} of {table.n_rows:,} "
        f"({percent(repeats.n_copies, table.n_rows)}) {_copies(repeats.n_copies)} of an earlier one in all features and "
        f"the target; identifiers and constants are ignored. {counted(repeats.n_rows, 'row')} "
        "have at least one copy."
    )
    if not repeats.often:
        return Section("Duplicate rows", [told])
    names = [table.analysis.target, *(one.name for one in table.by_power[:_SHOWN])]
    positions = np.array([row for row, _ in repeats.often])
    columns = [cells_of(table, name, positions) for name in names]
    shown = [
        (f"{times:,}", *cells)
        for (_, times), cells in zip(repeats.often, zip(*columns, strict=True), strict=True)
    ]
    more = len(table.analysis.features) > _SHOWN
    caption = "The most frequent rows" + (
        ", by the columns with the highest prediction power." if more else "."
    )
    return Section(
        "Duplicate rows", [told, Table(("Times", *names), shown, frozenset({0}), caption)]
    )


def anomalous(table: StoredTable) -> Section:
    found = find_anomalies(table, _MOST_COLUMNS, MOST_SAMPLED, _WORST)
    n_sampled = len(found.scores)
    of = "all rows" if n_sampled == table.n_rows else f"a random sample of {n_sampled:,} rows"
    blocks: list[Block] = [
        Text(
            f"Rows are scored by an isolation forest over {len(found.columns):,} of "
            f"{len(table.analysis.features):,} features, on {of}: rows below 0 are anomalous, "
            f"the lower the more. {counted(found.n_anomalous, 'row')} "
            f"({percent(found.n_anomalous, n_sampled)}) are below 0. They are used like all "
            "others; check whether the most anomalous ones are errors."
        ),
        _scores(found),
    ]
    if found.worst:
        head = ("Row", "Score", "Main reason", "Second reason", "Third reason")
        told = [
            (f"{one.row + 1:,}", f"{one.score:.3f}", *_reasons(table, one)) for one in found.worst
        ]
        caption = (
            "The most anomalous rows, with the values whose replacement by a typical value "
            "would raise the score most."
        )
        blocks.append(Table(head, told, frozenset({0, 1}), caption))
    return Section("Anomalous rows", blocks)


def _scores(found: Anomalies) -> Figure:
    bins = histogram(found.scores, np.arange(len(found.scores)))
    counts = bins.counts.tolist()
    return Figure(
        "Anomaly scores",
        bars(bins.ticks, counts, "rows"),
        f"Histogram of anomaly scores, from {found.scores.min():.2f} to {found.scores.max():.2f}.",
        Table(
            ("Score", "Rows"),
            [(label, f"{n:,}") for label, n in zip(bins.labels, counts, strict=True)],
            frozenset({1}),
        ),
    )


def _reasons(table: StoredTable, anomaly: Anomaly) -> list[str]:
    at = np.array([anomaly.row])
    told = [
        f"'{seen(name, 40)}' is {cells_of(table, name, at)[0]} (+{gain:.3f})"
        for name, gain in anomaly.reasons
    ]
    return [*told, *[""] * (MOST_REASONS - len(told))]
