"""Findings about what a model could know but will not know when it is used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts, names
from windvane.engine.data.typed import TypedColumn
from windvane.engine.splits import SplitKind
from windvane.wording import listed, percent

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
            f"{told} determines the target '{facts.target_name}' in all {facts.n_rows:,} rows: "
            "it is the target in another form.",
            "It is used as a feature. Remove it from the data unless it is known before the "
            "target.",
            "Target leakage: scores will be perfect, and predictions worthless where the column "
            "is not known yet.",
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
                "It is used as a feature. Remove it if it is only known after the target.",
                "Such columns are often derived from the target or recorded after it (target "
                "leakage). If so, scores will be far better than the quality of predictions on "
                "new data.",
            )


def _powers_hold(facts: TableFacts) -> bool:
    counts = facts.target.class_counts
    return not counts or min(counts) * facts.powers.n_rows / facts.n_rows >= _LEAST_TOLD


def shared_rows(facts: TableFacts) -> Iterator[Finding]:
    """Yield rows validated by a model that learns from their copy."""
    shared = facts.learned_copies.differing(facts.folds)
    n_shared = int((facts.folds[shared] >= 0).sum())
    n_validated = int((facts.folds >= 0).sum())
    if n_shared:
        yield Finding(
            "shared-rows",
            "medium" if n_shared > 0.1 * n_validated else "low",
            (),
            f"{n_shared:,} of {n_validated:,} validation rows ({percent(n_shared, n_validated)}) "
            "are also training rows, with the same target.",
            _why_shared(facts),
            "A model that memorises these rows scores well on them. The scores are realistic "
            "only if new data repeat known rows as often.",
        )


def _why_shared(facts: TableFacts) -> str:
    if facts.has_validation_set:
        return (
            "They are kept: validation data are not changed. Remove them from one of the two "
            "data sets."
        )
    if facts.split_kind is not SplitKind.ROWS:
        return (
            "They are kept: rows are split by groups or by time, not by their content. If they come from a join or from "
            "concatenating files twice, remove them."
        )
    return (
        "More than 20 % of all rows have copies, so copies seem to be normal for this table and may "
        "be in different folds. If they come from a join, from concatenating files twice or from "
        "oversampling a rare class, remove them."
    )


def order_in_time(facts: TableFacts) -> Iterator[Finding]:
    """Dates by which rows follow each other, while folds are drawn at random."""
    if facts.has_validation_set or facts.split_kind is SplitKind.TIME:
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
            f"{_what_it_tells(is_sorted, power, facts.target_name, column)}. Range: "
            f"{column.statistics['min'][:10]} to {column.statistics['max'][:10]}, "
            f"{column.statistics['distinct']:,} distinct values.",
            "Folds are random, and the date is used as a feature. If the model is to predict "
            "later rows, choose it in the form of a new job under 'Validate on later rows'. In code: "
            f"time_column='{column.name}' in the library, --time-column '{column.name}' on the command line, "
            "WindvaneTimeColumn in a feature specification file, or the latest rows as validation data.",
            "Models are validated on rows from the same period as their training rows. "
            "Predictions for the future may be worse than the scores suggest.",
        )


def order_of_rows(facts: TableFacts) -> Iterator[Finding]:
    """Yield rows that are sorted by the target, or by something that it follows."""
    if facts.split_kind is SplitKind.TIME or facts.has_validation_set:
        return
    if facts.powers.place < _PLACED or not _powers_hold(facts):
        return
    yield Finding(
        "row-order",
        "low",
        (facts.target_name,),
        f"The position of a row in the files predicts the target '{facts.target_name}' "
        f"(prediction power {facts.powers.place:.2f} of 1): the order of the rows is related to "
        "the target.",
        "Folds are random, and the position is not a feature. If rows are in chronological "
        "order, choose a column of times or numbers in the form of a new job under 'Validate on later rows'. In code: "
        "time_column in the library, --time-column on the command line, WindvaneTimeColumn in a feature specification "
        "file, or the last rows as validation data.",
        "None if rows were merely sorted by the target. If the target changes over time or "
        "between sources, predictions for future rows may be worse than the scores suggest.",
    )


def _what_it_tells(is_sorted: bool, power: float, target: str, column: TypedColumn) -> str:
    order = f"Rows are sorted by '{column.name}'"
    follows = f"predicts the target '{target}' (prediction power {power:.2f} of 1)"
    if not is_sorted:
        return f"'{column.name}' alone {follows}"
    return f"{order}, which {follows}" if power >= _FOLLOWS else order


def _is_time_of_day(column: TypedColumn) -> bool:
    return list(column.spec.parse.get("formats", ())) == ["%H:%M"]


def _share_of_steps(column: TypedColumn) -> float:
    """Return, of the steps to the next row that has another time, the share that goes in the more frequent direction."""
    steps = np.diff(column.values[~np.isnan(column.values)])
    n_up, n_down = int((steps > 0).sum()), int((steps < 0).sum())
    return max(n_up, n_down) / max(n_up + n_down, 1)
