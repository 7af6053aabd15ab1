"""Request bodies to the columns of a table with a header: history, known covariates of the steps ahead, or names of items."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from windvane.errors import InvalidRequest
from windvane.serving.content_types import CSV, JSON, read_content_type
from windvane.serving.csvblocks import BLOCK_BYTES, Read, csv_blocks
from windvane.serving.request_rows import check_size, decoded, parse_json

RequestColumns = dict[str, pa.ChunkedArray]
"""Name -> (n_rows,) strings, null where a cell is empty."""

_MOST_COLUMNS = 1_000
_HEAD_BYTES = 1 << 16
"""In which columns are counted before they are read."""


def read_columns(body: bytes, content_type: str, wanted: Collection[str]) -> RequestColumns:
    """Return the columns of a body that are wanted, in their order; others are passed over.

    text/csv               a header, then a row a line, quoting as in RFC 4180
    application/json       {"instances": [rows]} or a list of rows; a row is an object by column name, absent is missing
    application/jsonlines  such a row on each line

    raises    ContentTypeRefused, or InvalidRequest naming the row that cannot be read
    """
    media = read_content_type(content_type)
    if media == CSV:
        tables = list(csv_tables(io.BytesIO(body).read, wanted, len(body) + 1))
        if not tables:
            raise InvalidRequest("There is no header: the first row must name the columns.")
        return columns_of(tables)
    text = decoded(body)
    if media == JSON:
        return _columns_of_rows(_rows_of(parse_json(text, "The request body")), wanted, len(body))
    lines = [line for line in text.split("\n") if line.strip()]
    rows = [parse_json(line, f"Row {number}") for number, line in enumerate(lines, 1)]
    return _columns_of_rows(rows, wanted, len(body))


def csv_tables(
    read: Read, wanted: Collection[str], max_record: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[pa.Table]:
    """Yield the rows of a CSV text with a header, some at a time; the first table may have none. Nothing of an empty text.

    raises    InvalidRequest naming a row of another length than the header, rows counted from 1 after it
    """
    head = read(_HEAD_BYTES)
    if head.partition(b"\n")[0].count(b",") >= _MOST_COLUMNS:
        raise _too_many()
    names: list[str] = []
    for block in csv_blocks(_after(head, read), block_bytes=block_bytes, max_record=max_record):
        if not names:
            names = _header(block.records.first)
        columns: Sequence[pa.Array] | None = block.records.columns
        if columns is None or len(columns) != len(names):
            _check_lengths(block.records.rows, names, block.first_row)
            raise AssertionError("Rows of one length have columns.")
        skipped = 1 if block.first_row == 1 else 0
        pairs = zip(names, columns, strict=True)
        yield pa.table({name: _with_nulls(one[skipped:]) for name, one in pairs if name in wanted})


def columns_of(tables: Sequence[pa.Table]) -> RequestColumns:
    """Return the columns of tables, one after the other."""
    whole = pa.concat_tables(tables)
    return dict(zip(whole.column_names, whole.columns, strict=True))


def _after(head: bytes, read: Read) -> Read:
    """Return what reads on after the beginning of a text, that being read first."""
    waiting = head

    def read_on(size: int) -> bytes:
        nonlocal waiting
        part, waiting = waiting[:size], waiting[size:]
        return part + read(size - len(part)) if len(part) < size else part

    return read_on


def _header(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns.

    raises    InvalidRequest for a name that stands twice, or too many: the first line of the text is not all of a header whose
              names have ends of lines, or are long
    """
    if len(cells) > _MOST_COLUMNS:
        raise _too_many()
    names = [cell.strip() for cell in cells]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidRequest(f"The header names the column '{twice}' twice.")
    return names


def _too_many() -> InvalidRequest:
    return InvalidRequest(
        f"The header has more than {_MOST_COLUMNS:,} columns, which are the most there may be."
    )


def _check_lengths(rows: Sequence[Sequence[str]], names: Sequence[str], first_row: int) -> None:
    """Check that rows are as long as the header, which is row 0.

    raises    InvalidRequest naming the first that is not
    """
    for number, row in enumerate(rows, first_row - 1):
        if len(row) != len(names):
            raise InvalidRequest(
                f"Row {number} has {len(row)} values; the header has {len(names)}: {', '.join(names)}."
            )


def _with_nulls(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _rows_of(document: Any) -> list[Any]:
    if isinstance(document, dict) and set(document) == {"instances"}:
        document = document["instances"]
    if not isinstance(document, list):
        raise InvalidRequest(
            'The request body must be a list of rows, or {"instances": [rows]}; a row is an object by column name.'
        )
    return document


def _columns_of_rows(rows: Sequence[Any], wanted: Collection[str], n_bytes: int) -> RequestColumns:
    there: set[str] = set()
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InvalidRequest(f"Row {number} must be an object by column name.")
        there.update(name for name in row if name in wanted)
    check_size(len(rows), len(there), n_bytes)
    made = {}
    for name in sorted(there):
        cells = [_cell(row, name, number) for number, row in enumerate(rows, 1)]
        try:
            made[name] = pa.chunked_array([pa.array(cells, pa.string())])
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                f"The column '{name}' has half of a surrogate pair, which is no character: {error.object!a}."
            ) from error
    return made


def _cell(row: Mapping[str, Any], name: str, number: int) -> str | None:
    value = row.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidRequest(
            f"The value of row {number}, column '{name}' must be a string, a number or null, not "
            f"{'an object' if isinstance(value, dict) else 'a list'}."
        )
    return value
