"""A raw column of times as seconds, and of anything as codes; where it cannot be, an error that names the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.engine.data.dates import FORMATS, date_reader, readable_format
from windvane.errors import DataFault
from windvane.wording import counted

Codes = NDArray[np.int64]
Seconds = NDArray[np.int64]

_SHOWN = 3
_SAMPLED = 2_000


def read_times(column: pa.ChunkedArray, name: str, role: str = "timestamp") -> Seconds:
    """Return (n_rows,) seconds; the zone of times that have one is converted to UTC.

    role      what messages call the column
    raises    DataFault naming the first rows that are missing, no time, or written differently from most
    """
    return read_times_as(column, name, role=role)[0]


def read_times_as(
    column: pa.ChunkedArray, name: str, usual: str = "", role: str = "timestamp"
) -> tuple[Seconds, str]:
    """Return what `read_times` does, and how the times are written: one of FORMATS, or "" for ISO 8601 without zone.

    usual     a format that is tried before others: many days can be read in several
    """
    if column.null_count:
        rows = np.flatnonzero(column.is_null().to_numpy())
        raise DataFault(
            f"{counted(len(rows), 'row')} without a value in the {role} column '{name}': {told_rows(rows)}."
        )
    texts, codes = distinct_texts(column if is_dictionary(column) else column.cast(pa.string()))
    seconds = _iso(texts)
    written = ""
    if seconds is None:
        written, most = _format_of(texts, (usual, *FORMATS) if usual else FORMATS)
        seconds = _written(texts, written, name, codes, role, is_usual=most > 0)
    return np.asarray(seconds[codes]), written


def _iso(texts: Sequence[str]) -> Seconds | None:
    """Return times as ISO 8601 writes them without zone; None if any is written otherwise."""
    if not all(map(_looks_iso, texts)):
        return None
    try:
        return np.array(texts, "datetime64[s]").astype(np.int64)
    except ValueError:
        return None


def _looks_iso(text: str) -> bool:
    """Return whether NumPy, which also takes signed years and zones, reads a text as a time of the years 1 to 9999, if at all."""
    year = text[:4]
    return (
        len(text) in (10, 16, 19)
        and year.isdecimal()
        and year != "0000"
        and text[4] == "-"
        and text[13:14] in ("", ":")
    )


def _format_of(texts: Sequence[str], formats: Sequence[str]) -> tuple[str, int]:
    """Return the first format of those that read most of the texts, and how many it reads: of very many texts only formats that
    do best with some of them are tried."""
    some = texts[:: max(1, len(texts) // _SAMPLED)]
    counts = {one: _n_read(some, one) for one in formats if one != "%H:%M"}
    most = max(counts.values())
    likely = [one for one, n_read in counts.items() if n_read == most]
    if most and len(some) < len(texts):
        counts = {one: _n_read(texts, one) for one in likely}
        most = max(counts.values())
    return next(one for one in likely if counts[one] == most), most


def _n_read(texts: Sequence[str], written: str) -> int:
    read = date_reader(written)
    return sum(np.isfinite(_read(read, text)) for text in texts)


def _written(
    texts: Sequence[str], written: str, name: str, codes: Codes, role: str, *, is_usual: bool
) -> Seconds:
    """Return times in one format.

    is_usual    whether it reads any
    """
    read = date_reader(written)
    seconds = np.array([_read(read, text) for text in texts])
    bad = ~np.isfinite(seconds)
    if bad.any():
        rows = np.flatnonzero(bad[codes])
        shown = texts[int(codes[rows[0]])][:40]
        expected = f" Most are written as {readable_format(written)}." if is_usual else ""
        raise DataFault(
            f"{counted(len(rows), 'row')} of the {role} column '{name}' cannot be read as times: {told_rows(rows)}, the first of "
            f"them '{shown}'.{expected}"
        )
    whole: Seconds = np.floor(seconds).astype(np.int64)
    return whole


def _read(read: Any, text: str) -> float:
    try:
        return float(read(text.strip()))
    except (ValueError, OverflowError):
        return np.nan


def distinct_texts(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """Return the distinct texts and the index of each row's; -1 for what is missing."""
    if not is_dictionary(column):
        column = pc.dictionary_encode(column)
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return [str(text) for text in whole.dictionary.to_pylist()], codes


def is_dictionary(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def told_rows(rows: Codes) -> str:
    """Name the first of some rows, which are counted from 1."""
    shown = ", ".join(f"{row + 1:,}" for row in rows[:_SHOWN])
    return (
        f"rows {shown}{' ...' if len(rows) > _SHOWN else ''}" if len(rows) > 1 else f"row {shown}"
    )
