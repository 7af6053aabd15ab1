"""Columns of a raw table as times, numbers and codes; the same way for training rows and for rows of the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.domain.features import FeatureType
from windvane.domain.forecasting import LARGEST, ForecastSpec
from windvane.engine.checked import text_in, texts_in
from windvane.engine.data.times import distinct_texts, is_dictionary, read_times_as, told_rows
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.keys import key_of
from windvane.engine.forecasting.panel import Floats
from windvane.engine.forecasting.regularise import LongTable
from windvane.errors import DataFault

Columns = Mapping[str, pa.ChunkedArray]

MOST_CATEGORIES = 12
"""Of a covariate of texts: each of the most common ones becomes a column of its own, others are none of them."""

ONE_SERIES = "series"
"""The identifier of the only series of a table without one."""


@dataclass(frozen=True)
class CovariateEncoding:
    """The encoding of a column as columns of numbers.

    categories    texts that are told apart, each in a column of zeros and ones; () for a column of numbers
    """

    name: str
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Columns that it becomes."""
        return len(self.categories) or 1

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "categories": list(self.categories)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CovariateEncoding:
        """Read an encoding from JSON.

        raises    ValueError if it is none; AttributeError if the document is no object
        """
        categories = tuple(texts_in(document, "categories"))
        if len(categories) > MOST_CATEGORIES:
            raise ValueError(
                f"'categories' has {len(categories)} texts; {MOST_CATEGORIES} are the most"
            )
        return cls(text_in(document, "name"), categories)


def learn_encodings(
    columns: Columns,
    names: Sequence[str],
    types: Mapping[str, FeatureType] = MappingProxyType({}),
) -> tuple[CovariateEncoding, ...]:
    """Return how columns become numbers: those of texts that are no numbers by their most common values.

    types    column -> NUMERIC or CATEGORICAL, whatever its cells look like
    """
    return tuple(_encoding(columns[name], name, types.get(name)) for name in names)


def encoded(columns: Columns, encodings: Sequence[CovariateEncoding]) -> Floats:
    """Return (n_rows, n_columns) numbers, NaN where one is missing.

    raises    DataFault naming column and row of what is no number where numbers are expected
    """
    made = []
    for one in encodings:
        column = columns[one.name]
        if not one.categories:
            made.append(read_numbers(column, one.name)[:, None])
            continue
        texts = _texts(column)
        wanted = np.array(one.categories, object)
        made.append((texts[:, None] == wanted[None, :]).astype(np.float64))
    n_rows = len(next(iter(columns.values())))
    return np.concatenate(made, axis=1) if made else np.empty((n_rows, 0))


def decoded(
    cells: Floats, encodings: Sequence[CovariateEncoding]
) -> dict[str, NDArray[np.object_]]:
    """Return the values that were encoded, by column: numbers, or texts; None where one is missing, or no category.

    cells    (..., n_columns), as `encoded` returns them
    returns  name -> (...)
    """
    made: dict[str, NDArray[np.object_]] = {}
    begin = 0
    for one in encodings:
        part = cells[..., begin : begin + one.width]
        begin += one.width
        if one.categories:
            known, texts = np.nan_to_num(part), np.array([*one.categories, None], object)
            at = np.where(known.max(axis=-1) > 0, known.argmax(axis=-1), len(one.categories))
            made[one.name] = texts[at]
        else:
            values = part[..., 0].astype(object)
            values[np.isnan(part[..., 0])] = None
            made[one.name] = values
    return made


def long_table(
    columns: Columns,
    spec: ForecastSpec,
    known: Sequence[CovariateEncoding],
    static: Sequence[CovariateEncoding],
    past: Sequence[CovariateEncoding] = (),
    time_format: str = "",
) -> LongTable:
    """Return the rows of a raw table; those without identifier or time are refused.

    time_format    that is tried before others
    raises    DataFault naming the rows of times that cannot be read, or of a target that is no number
    """
    seconds, written = read_times_as(columns[spec.timestamp], spec.timestamp, time_format)
    target = read_numbers(columns[spec.target], spec.target)
    if not np.isfinite(target).any():
        raise DataFault(f"The target column '{spec.target}' has no value in any row.")
    items, series = read_items(columns, spec.item_id, spec.group_columns)
    of_rows = encoded(columns, static)
    first = np.unique(series, return_index=True)[1]
    return LongTable(
        items,
        series,
        seconds,
        target,
        encoded(columns, known),
        _names(known),
        of_rows[first],
        encoded(columns, past),
        _names(past),
        written,
    )


def _names(encodings: Sequence[CovariateEncoding]) -> tuple[str, ...]:
    """Return the column that each of the encoded ones was made of."""
    return tuple(one.name for one in encodings for _ in range(one.width))


def read_items(
    columns: Columns, item_id: str | None, group_columns: Sequence[str] = ()
) -> tuple[tuple[str, ...], Steps]:
    """Return what names each series, ascending, and the index of each row's: the identifier, or the key of identifier and
    groups (keys.py).

    raises    DataFault naming a row without one
    """
    if item_id is None:
        n_rows = len(next(iter(columns.values())))
        return (ONE_SERIES,), np.zeros(n_rows, np.int64)
    texts, codes = _identified(columns[item_id], item_id, "item identifier")
    parts = [(text,) for text in texts]
    for name in group_columns:
        more, code = _identified(columns[name], name, "grouping")
        pairs, codes = np.unique(codes * len(more) + code, return_inverse=True)
        parts = [(*parts[pair // len(more)], more[pair % len(more)]) for pair in pairs.tolist()]
    keys = np.array([key_of(one) for one in parts], object)
    order = np.argsort(keys)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return tuple(keys[order]), rank[codes]


def _identified(column: pa.ChunkedArray, name: str, role: str) -> tuple[list[str], Steps]:
    """Return the distinct texts of a column, and the index of each row's.

    raises    DataFault naming a row without one
    """
    coded = column if is_dictionary(column) else column.cast(pa.string())
    if coded.null_count:
        row = int(np.flatnonzero(coded.is_null().to_numpy())[0]) + 1
        raise DataFault(f"Row {row} has no value in the {role} column '{name}'.")
    texts, codes = distinct_texts(coded)
    return texts, np.asarray(codes, np.int64)


def read_numbers(column: pa.ChunkedArray, name: str) -> Floats:
    """Return a column as numbers.

    raises    DataFault naming the first row that is no number, or an infinite one, or one too large to reckon with
    """
    if is_dictionary(column):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        numbers = _parsed(column, name)
    else:
        numbers = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataFault(
            f"The column '{name}' has {np.count_nonzero(infinite):,} infinite values: {told_rows(np.flatnonzero(infinite))}."
        )
    large = np.abs(numbers) > LARGEST
    if large.any():
        raise DataFault(
            f"The column '{name}' has {np.count_nonzero(large):,} values beyond {LARGEST:g}: {told_rows(np.flatnonzero(large))}. "
            "Give its values in a larger unit."
        )
    return numbers


def _parsed(column: pa.ChunkedArray, name: str) -> Floats:
    texts, codes = distinct_texts(column)
    numbers = np.array([_number(text) for text in texts] or [np.nan])
    unread = np.array([np.isnan(_number(t)) and not _is_missing(t) for t in texts] or [False])
    if unread.any():
        rows = np.flatnonzero(unread[codes] & (codes >= 0))
        raise DataFault(
            f"The column '{name}' must have numbers; {len(rows):,} rows have none: {told_rows(rows)}, the first of them "
            f"'{texts[int(codes[rows[0]])][:40]}'."
        )
    return np.where(codes >= 0, numbers[codes], np.nan)


def _number(text: str) -> float:
    lowered = text.strip().lower()
    if lowered in ("true", "false"):
        return float(lowered == "true")
    if "_" in text:  # which Python reads as if it were not there
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _is_missing(text: str) -> bool:
    return text.strip().lower() in ("", "nan", "na", "n/a", "null", "none")


def _encoding(
    column: pa.ChunkedArray, name: str, asked: FeatureType | None = None
) -> CovariateEncoding:
    is_text = is_dictionary(column) or pa.types.is_string(column.type)
    if asked is FeatureType.NUMERIC or (not is_text and asked is None):
        return CovariateEncoding(name)
    texts, codes = distinct_texts(column if is_text else column.cast(pa.string()))
    if asked is None and all(_is_missing(t) or np.isfinite(_number(t)) for t in texts):
        return CovariateEncoding(name)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = np.lexsort((np.array(texts, object), -counts))[:MOST_CATEGORIES]
    return CovariateEncoding(name, tuple(sorted(texts[i] for i in order)))


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    texts, codes = distinct_texts(column if is_dictionary(column) else column.cast(pa.string()))
    return np.array([*texts, None], object)[codes]
