"""Findings about what a model could know but will not know when it is used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts, names
from windvane.engine.data.typed import TypedColumn
from windvane.engine.wording import listed, percent

LEAK_POWER = 0.98

_LEAST_TOLD = 8
"""Rows of the rarest class among those that prediction power was measured on. With fewer, a column that has nothing
to do with the target ranks them all first by chance, now and then."""

_SORTED, _FOLLOWS, _PLACED = 0.99, 0.1, 0.25
"""Share of steps from row to row that go the same way; prediction power of a date, and of a row's place."""

_LEAST_MOMENTS = 20
"""Distinct dates below which a column says which part of the data a row is from, not its place in time."""


def target_copies(facts: TableFacts) -> Iterator[Finding]:
    used = (one for one in facts.columns if one.spec.type is not ColumnType.UNUSED)
    copies = [column for column in used if facts.copies_target(column)]
    if copies:
        told = listed([f"'{column.name}'" for column in copies])
        yield Finding(
            "target-copy",
            "high",
            names(copies),
            f"{told} tells the target '{facts.target_name}' in every one of {facts.n_rows:,} rows: it is the "
            "target in other words.",
            "It is used as a feature. Remove it from the data unless it is known before the target is.",
            "A model need only read it off. Scores will be perfect, and predictions worthless where it is not "
            "yet known.",
        )


def leaking_columns(facts: TableFacts) -> Iterator[Finding]:
    if not _powers_hold(facts):
        return
    for column in facts.columns:
        power = facts.powers.columns.get(column.name, 0.0)
        if power >= LEAK_POWER and not facts.copies_target(column):
            yield Finding(
                "target-leakage",
                "high",
                (column.name,),
                f"'{column.name}' alone predicts the target '{facts.target_name}' almost perfectly "
                f"(prediction power {power:.3f} of 1, measured on {facts.powers.n_rows:,} rows).",
                "It is used as a feature. Remove it if it is known only after the target is.",
                "Columns that are this good are mostly made from the target or written down after it. If this one "
                "is, scores will be far better than predictions.",
            )


def _powers_hold(facts: TableFacts) -> bool:
    counts = facts.target.class_counts
    return not counts or min(counts) * facts.powers.n_rows / facts.n_rows >= _LEAST_TOLD


def shared_rows(facts: TableFacts) -> Iterator[Finding]:
    """Rows validated by a model that learns from their copy."""
    shared = facts.learned_copies.differing(facts.folds)
    n_shared = int((facts.folds[shared] >= 0).sum())
    n_validated = int((facts.folds >= 0).sum())
    if n_shared:
        yield Finding(
            "shared-rows",
            "medium" if n_shared > 0.1 * n_validated else "low",
            (),
            f"{n_shared:,} of {n_validated:,} rows that candidates are validated on "
            f"({percent(n_shared, n_validated)}) are also among the rows they learn from, with the same target.",
            _why_shared(facts),
            "A model that knows these rows by heart scores well on them. That is fair only if rows to be "
            "predicted repeat known ones as often.",
        )


def _why_shared(facts: TableFacts) -> str:
    if facts.has_validation_set:
        return "They are kept, as the validation data are taken as they are. Remove them from one of the two."
    return (
        "So many rows have copies that they seem to be the nature of the table, so copies were not kept together. "
        "If they came about by a join, by joining files twice or by adding rows of a rare class, remove them."
    )


def order_in_time(facts: TableFacts) -> Iterator[Finding]:
    """Dates by which rows follow each other, while folds are drawn at random."""
    if facts.has_validation_set:
        return
    for column in facts.of_type(ColumnType.DATETIME):
        if column.statistics["distinct"] < _LEAST_MOMENTS or _is_time_of_day(column):
            continue
        is_sorted = _share_of_steps(column) >= _SORTED
        power = facts.powers.columns.get(column.name, 0.0)
        if not is_sorted and power < _FOLLOWS:
            continue
        yield Finding(
            "time-order",
            "medium" if is_sorted else "low",
            (column.name,),
            f"{_what_it_tells(is_sorted, power, facts.target_name, column)}. It runs from "
            f"{column.statistics['min'][:10]} to {column.statistics['max'][:10]}, "
            f"{column.statistics['distinct']:,} distinct.",
            "Folds are drawn at random, and the date is used as a feature. If the model is for later rows, hold "
            "back the latest ones and compare their score with the one shown.",
            "Rows are validated by models that have seen rows before and after them. Predictions for a time to "
            "come may be worse than the scores say.",
        )


def order_of_rows(facts: TableFacts) -> Iterator[Finding]:
    """Rows that are sorted by the target, or by something that it follows."""
    if facts.has_validation_set or facts.powers.place < _PLACED or not _powers_hold(facts):
        return
    yield Finding(
        "row-order",
        "low",
        (facts.target_name,),
        f"The place of a row in the files predicts the target '{facts.target_name}' (prediction power "
        f"{facts.powers.place:.2f} of 1): rows come in an order that has to do with it.",
        "Folds are drawn at random, and the place is no feature. If rows are in the order of time, hold back the last "
        "ones and compare their score with the one shown.",
        "Nothing, if they were just sorted by the target. If it changes with time or from source to source, "
        "predictions for what comes next may be worse than the scores say.",
    )


def _what_it_tells(is_sorted: bool, power: float, target: str, column: TypedColumn) -> str:
    order = f"Rows are in the order of '{column.name}'"
    follows = f"predicts the target '{target}' (prediction power {power:.2f} of 1)"
    if not is_sorted:
        return f"'{column.name}' alone {follows}"
    return f"{order}, which {follows}" if power >= _FOLLOWS else order


def _is_time_of_day(column: TypedColumn) -> bool:
    return list(column.spec.parse.get("formats", ())) == ["%H:%M"]


def _share_of_steps(column: TypedColumn) -> float:
    """Of the steps to the next row that has another time, the share that goes in the more frequent direction."""
    steps = np.diff(column.values[~np.isnan(column.values)])
    n_up, n_down = int((steps > 0).sum()), int((steps < 0).sum())
    return max(n_up, n_down) / max(n_up + n_down, 1)
