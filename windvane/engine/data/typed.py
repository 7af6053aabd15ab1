"""A raw column to a typed one, with what the checks must know of it; the raw cells can then be dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.features import FeatureType
from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.encoded import EncodedColumn, ReadColumn, read_column
from windvane.engine.data.given_types import column_of_given_type, lenient, nothing_readable, unused
from windvane.engine.data.infer import LEAST_READABLE, infer_column, infer_words
from windvane.engine.data.plainnumbers import PlainNumbers
from windvane.engine.data.profile import describe_column, describe_sorted

MOST_MARKERS = 100
"""Unreadable texts remembered as missing, so that later requests may hold them too."""


@dataclass(frozen=True)
class TypedColumn:
    """A column whose values were typed.

    values         the typed cells
    statistics     as in Analysis.statistics
    unreadable     texts of a numeric or date column that became missing, with counts
    codes_digest   equal for columns that tell the rows apart in the same way
    texts_digest   with it, equal for columns that are the same
    """

    spec: ColumnSpec
    values: Values
    statistics: dict[str, Any]
    codes_digest: bytes
    texts_digest: bytes
    unreadable: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.spec.name


RawColumn = EncodedColumn | PlainNumbers


def type_column(column: RawColumn, forced: FeatureType | None = None) -> TypedColumn:
    """Infer the type of a column, or take the one it was given, and read all its cells by it.

    raises    DataFault if it was given a type that none of its cells has
    """
    if isinstance(column, PlainNumbers):
        return _type_numbers(column)
    spec, read = _read(column) if forced is None else _read_as(column, forced)
    codes_digest, texts_digest = column.digests()
    return TypedColumn(
        _remember(spec, read.unreadable),
        read.values,
        describe_column(column, spec, read.values),
        codes_digest,
        texts_digest,
        read.unreadable,
    )


def keep_unused(column: RawColumn) -> TypedColumn:
    """Return a column that is not learnt from, its cells as they are."""
    spec = unused(column.name)
    if isinstance(column, PlainNumbers):
        return replace(_type_numbers(column), spec=spec)
    values = read_column(column, spec).values
    statistics = describe_column(column, spec, values)
    return TypedColumn(spec, values, statistics, *column.digests())


def _type_numbers(column: PlainNumbers) -> TypedColumn:
    present = np.sort(column.values[~np.isnan(column.values)])
    distinct = int(np.count_nonzero(np.diff(present))) + 1
    reason = f"all {len(present):,} non-missing values are numbers, {distinct:,} distinct"
    statistics = {"distinct": distinct, "missing": len(column.values) - len(present)}
    return TypedColumn(
        ColumnSpec(column.name, ColumnType.NUMERIC, reason),
        column.values,
        statistics | describe_sorted(present),
        *column.digests(),
    )


def _read(column: EncodedColumn) -> tuple[ColumnSpec, ReadColumn]:
    spec = infer_column(column)
    read = read_column(column, spec)
    n_filled = int((column.codes >= 0).sum())
    if sum(read.unreadable.values()) > (1 - LEAST_READABLE) * n_filled:
        # The sampled texts misled: the column is not what they looked like.
        spec = infer_words(column)
        read = read_column(column, spec)
    return spec, read


def _read_as(column: EncodedColumn, forced: FeatureType) -> tuple[ColumnSpec, ReadColumn]:
    spec = column_of_given_type(column, forced)
    read = read_column(column, spec)
    if not read.unreadable:
        return spec, read
    if np.isnan(read.values).all():
        raise nothing_readable(spec, read.unreadable)
    return lenient(spec), read


def _remember(spec: ColumnSpec, unreadable: dict[str, int]) -> ColumnSpec:
    if not unreadable:
        return spec
    texts = [text.strip() for text in list(unreadable)[:MOST_MARKERS]]
    missing = sorted({*spec.parse.get("missing", ()), *texts})
    return replace(spec, parse={**spec.parse, "missing": missing})


def add_to_keys(keys: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Row keys (n_rows,) carried on over one more column; rows with equal cells keep equal keys.

    words     (n_rows,) equal for equal cells

    source    Steele et al. 2014, "Fast splittable pseudorandom number generators", mixing function of SplitMix64
    """
    mixed = keys * np.uint64(31)
    mixed ^= words
    mixed += np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
