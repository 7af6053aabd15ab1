"""Types that the caller has given to columns, or that they are to be ignored, whatever their cells look like."""

from __future__ import annotations

from dataclasses import replace

from windvane.domain.features import FeatureType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dates import readable_format
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.data.infer import Evidence, gather, share_read, without
from windvane.engine.data.missing_markers import among_values, among_words
from windvane.engine.data.notation import most_numbers
from windvane.engine.data.parse import LENIENT
from windvane.engine.data.temporal import most_dates
from windvane.errors import DataFault

_ASKED = "set by you"


def column_of_given_type(column: EncodedColumn, kind: FeatureType) -> ColumnSpec:
    """Return the spec of a column of this type; one that is the same in all rows stays a constant.

    raises    DataFault if it is to hold numbers or dates and holds none
    """
    everything = gather(column)
    is_of_values = kind in (FeatureType.NUMERIC, FeatureType.DATETIME)
    evidence = without(everything, among_values if is_of_values else among_words)
    if evidence.n_distinct == 0:
        return evidence.spec(ColumnType.CONSTANT, f"all {evidence.n_rows} values are empty")
    if evidence.n_distinct == 1 and evidence.n_missing == 0:
        return evidence.spec(
            ColumnType.CONSTANT,
            f"the same value in all {evidence.n_rows:,} rows, regardless of its type",
        )
    if kind is FeatureType.NUMERIC:
        return _numeric(evidence)
    if kind is FeatureType.DATETIME:
        return _datetime(evidence)
    reason = f"{_ASKED}: {evidence.n_distinct:,} distinct values in {evidence.n_filled:,} rows"
    return evidence.spec(ColumnType(kind.value), reason)


def lenient(spec: ColumnSpec) -> ColumnSpec:
    """Return the spec that takes cells as missing which cannot be read."""
    return replace(spec, parse={**spec.parse, LENIENT: True})


def unused(name: str) -> ColumnSpec:
    """Return the spec of a column that is kept as it is and not learnt from."""
    return ColumnSpec(name, ColumnType.UNUSED, f"ignored, {_ASKED}")


def nothing_readable(spec: ColumnSpec, unreadable: dict[str, int]) -> DataFault:
    """Return the error for a column none of whose cells is of its type."""
    what = "numbers" if spec.type is ColumnType.NUMERIC else "dates"
    text = next(iter(unreadable), "")
    return DataFault(
        f"The column '{spec.name}' was given the type {spec.type}, but none of its non-missing "
        f"values can be read as {what}, for example '{text[:60]}'. Choose another type, or leave "
        "the type to be detected."
    )


def _numeric(evidence: Evidence) -> ColumnSpec:
    found = most_numbers(evidence.texts, evidence.counts)
    if found is None:
        raise nothing_readable(
            _spec(evidence, ColumnType.NUMERIC), dict.fromkeys(evidence.texts, 1)
        )
    described = found.notation.describe()
    reason = (
        f"{_ASKED}: {share_read(evidence, found.unreadable)} values are "
        f"numbers{' ' if described else ''}{described}, {evidence.n_distinct} distinct"
    )
    parse = {} if found.notation.is_plain else found.notation.to_json()
    return evidence.spec(ColumnType.NUMERIC, reason, **parse)


def _datetime(evidence: Evidence) -> ColumnSpec:
    formats = most_dates(evidence.texts)
    if not formats:
        raise nothing_readable(
            _spec(evidence, ColumnType.DATETIME), dict.fromkeys(evidence.texts, 1)
        )
    reason = f"{_ASKED}: dates in {' or '.join(map(readable_format, formats))} format"
    return evidence.spec(ColumnType.DATETIME, reason, formats=list(formats))


def _spec(evidence: Evidence, kind: ColumnType) -> ColumnSpec:
    return ColumnSpec(evidence.name, kind, _ASKED)
