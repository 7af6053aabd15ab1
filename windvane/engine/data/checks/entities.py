"""Findings about rows that belong together: several of one entity, such as a customer or a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts
from windvane.engine.data.typed import TypedColumn
from windvane.engine.splits import SplitKind
from windvane.wording import listed

_FEWEST = 20
"""Distinct values below which a column names kinds of things, not things."""

_MOST_NAMES, _MOST_ATTRIBUTES = 20, 50
_MOSTLY, _COVERED, _BY_CHANCE = 0.99, 0.5, 0.2
"""Share of rows whose entity has a single value; of rows that can tell; and at most, of pairs of rows that are equal
anyway."""

_NUMBER_OF_A_THING = re.compile(r"(?:^|[\W_])(?:id|key)$|(?<=[a-z])(?:Id|ID|Key)$")


def repeated_entities(facts: TableFacts) -> Iterator[Finding]:
    """Yield a column whose values stand for entities: numbers that vary freely are always the same for each of them."""
    if facts.has_validation_set or facts.split_kind is not SplitKind.ROWS:
        return
    if facts.learned_copies.n_copies > 0.2 * facts.n_rows:  # rows repeat as a whole, which is told
        return
    attributes = [one for one in facts.of_type(ColumnType.NUMERIC) if _varies(one)]
    attributes = attributes[:_MOST_ATTRIBUTES]
    found = [
        (column, determined)
        for column in _names_of_things(facts)
        if (determined := _determined(column, attributes))
    ]
    if not found:
        return
    column, determined = max(found, key=lambda one: (len(one[1]), one[0].statistics["distinct"]))
    name = column.name
    have = "have" if len(determined) > 1 else "has"
    yield Finding(
        "repeated-entities",
        "medium" if len(determined) > 1 else "low",
        (name,),
        f"'{name}' has {column.statistics['distinct']:,} distinct values in {facts.n_rows:,} rows, and "
        f"{listed([repr(one) for one in determined])} {have} the same value in all rows of each: several rows seem to "
        "describe one entity.",
        "Folds are random. If the model is to predict for entities that it was not trained on, keep the rows of each "
        f"together: with group_column='{name}' in the library, --group-column '{name}' on the command line, or "
        "WindvaneGroupColumn in the feature specification file of a job.",
        "A model can recognise entities that it was trained on. For new ones, predictions may be worse than the scores "
        "suggest.",
    )


def _names_of_things(facts: TableFacts) -> list[TypedColumn]:
    """Return the columns that may name entities, those of the most values first."""
    named = [
        column
        for column in facts.columns
        if column.statistics["distinct"] >= _FEWEST
        and facts.repeats(column)
        and (column.values.dtype == object or _NUMBER_OF_A_THING.search(column.name))
    ]
    return sorted(named, key=lambda column: -column.statistics["distinct"])[:_MOST_NAMES]


def _varies(column: TypedColumn) -> bool:
    """Return whether two rows seldom have the same number."""
    if column.statistics["distinct"] < _FEWEST:
        return False
    counts = np.unique(column.values[~np.isnan(column.values)], return_counts=True)[1]
    return bool(((counts / counts.sum()) ** 2).sum() < _BY_CHANCE)


def _determined(names: TypedColumn, attributes: list[TypedColumn]) -> list[str]:
    """Return the columns that have one value for each name."""
    codes = pa.array(names.values, from_pandas=True).dictionary_encode().indices
    things: NDArray[np.int64] = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return [
        one.name for one in attributes if one is not names and _is_attribute(things, one.values)
    ]


def _is_attribute(things: NDArray[np.int64], values: NDArray[np.float64]) -> bool:
    told = np.flatnonzero((things >= 0) & ~np.isnan(values))
    if not told.size:
        return False
    order = told[np.argsort(things[told], kind="stable")]
    starts = np.flatnonzero(np.diff(things[order], prepend=-1))
    sizes = np.diff(starts, append=order.size)
    is_one = np.minimum.reduceat(values[order], starts) == np.maximum.reduceat(
        values[order], starts
    )
    n_repeated = sizes[sizes > 1].sum()
    return bool(
        n_repeated >= _COVERED * values.size
        and sizes[(sizes > 1) & is_one].sum() >= _MOSTLY * n_repeated
    )
