"""A picture of each of the most telling columns, against the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.exploration.bins import Bins, bins_of
from windvane.engine.exploration.pictures import Draw, mean_by_bin, shares_by_bin
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.exploration.wording import cell
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.wording import UNKNOWN, number, percent

MOST_PICTURES = 30
_MOST_CLASSES = 6


def pictures(table: StoredTable) -> Section:
    shown = table.by_power[:MOST_PICTURES]
    n_features = len(table.analysis.features)
    which = (
        f"the {len(shown)} with the highest prediction power" if n_features > len(shown) else "all"
    )
    blocks: list[Block] = [
        Text(
            f"Features against the target ({which}), over all rows. Grey bars show the number of "
            "rows; the outermost bins of numeric columns include all values beyond them."
        )
    ]
    return Section(
        "Features against the target", [*blocks, *(_picture(table, one) for one in shown)]
    )


def _picture(table: StoredTable, column: ColumnSpec) -> Figure:
    bins = bins_of(table, column)
    names, targets = _targets(table, bins)
    what = "length in characters" if column.type is ColumnType.TEXT else column.name
    rows = [
        (label, f"{count:,}", *(_text_of(table, value) for value in values))
        for label, count, values in zip(
            bins.labels, bins.counts.tolist(), targets.tolist(), strict=True
        )
    ]
    power = table.power(column.name)
    known = f", prediction power {power:.3f}" if power >= 0 else ""
    return Figure(
        f"{column.name} ({column.type}{known})",
        _draw(bins, names, targets),
        f"{'Shares of classes' if len(names) > 1 else names[0][:1].upper() + names[0][1:]} in "
        f"{len(bins.labels)} bins of the column, with the number of rows per bin.",
        Table((what, "Rows", *names), rows, frozenset(range(1, len(names) + 2))),
        width=6.8 if len(names) > 1 else 6.4,
    )


def _targets(table: StoredTable, bins: Bins) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return what is drawn of the target, and its values by bin (n_bins, n_names)."""
    labels = table.analysis.labels
    if not labels:
        return ("mean target",), bins.targets
    if len(labels) == 2:
        return (f"share of '{cell(labels[1])}'",), bins.targets[:, 1:]
    if len(labels) <= _MOST_CLASSES:
        return tuple(map(cell, labels)), bins.targets
    order = np.argsort(-np.array(table.analysis.class_counts), kind="stable")
    shown, others = order[: _MOST_CLASSES - 1], order[_MOST_CLASSES - 1 :]
    targets = np.column_stack([bins.targets[:, shown], bins.targets[:, others].sum(axis=1)])
    return (*(cell(labels[i]) for i in shown), f"{len(others):,} others"), targets


def _text_of(table: StoredTable, value: float) -> str:
    if np.isnan(value):
        return UNKNOWN
    return percent(value, 1) if table.analysis.n_classes else number(value)


def _draw(bins: Bins, names: tuple[str, ...], targets: NDArray[np.float64]) -> Draw:
    if len(names) > 1:
        return shares_by_bin(bins, targets, names)
    overall = float(np.nansum(targets[:, 0] * bins.counts) / bins.counts.sum())
    return mean_by_bin(bins, targets[:, 0], overall, names[0])
