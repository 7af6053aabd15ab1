"""Request bodies to rows of raw cells, as they would stand in a CSV file without header and target."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from windvane.engine.packages.package import Schema
from windvane.errors import InvalidRequest
from windvane.serving.content_types import CSV, JSON, JSON_LINES, read_content_type

Row = Sequence[str | None]

_NAMES_SHOWN = 20

_MOST_LEFT_OUT = 4 * 1024**2
"""Cells of a request that does not have a byte for each of them, because it leaves out columns."""

csv.field_size_limit(2**31 - 1)  # the size of a body is bounded where requests come in


def read_rows(body: bytes, content_type: str, schema: Schema) -> list[Row]:
    """Return the rows of a body, each of len(schema.features) cells; a missing cell is "" or None.

    text/csv               one row a line, quoting as in RFC 4180, with or without BOM and final newline;
                           a first line equal to the names of the features is taken for a header
    application/json       a list of rows, {"instances": [rows]}, or one row; a row is a list of values in
                           order, an object by column name (absent is missing), or {"features": [values]}
    application/jsonlines  such a row on each line

    raises    ContentTypeRefused, or InvalidRequest naming row and column
    """
    rows = _READERS[read_content_type(content_type)](decoded(body), schema)
    if not rows:
        raise InvalidRequest(f"The request body has no rows. {_expected(schema)}")
    check_lengths(rows, schema)
    return rows


def check_lengths(rows: Sequence[Row], schema: Schema, first_row: int = 1) -> None:
    """Check that every row has a cell for each feature.

    raises    InvalidRequest naming the first row, counted from first_row, that has not a cell for each feature
    """
    n_cells = len(schema.features)
    for number, row in enumerate(rows, first_row):
        if len(row) != n_cells:
            raise InvalidRequest(_wrong_length(number, len(row), schema))


def check_size(n_rows: int, n_columns: int, n_bytes: int) -> None:
    """Check that a short request does not become a large table.

    n_columns    of the model;  n_bytes  of the request
    raises       InvalidRequest for more cells than the request has bytes, if those are millions
    """
    n_cells = n_rows * n_columns
    if n_cells > max(n_bytes, _MOST_LEFT_OUT):
        raise InvalidRequest(
            f"The request has {n_rows:,} rows, and the model {n_columns:,} columns, most of which are left out. Send at most "
            f"{max(_MOST_LEFT_OUT // n_columns, 1):,} rows at once."
        )


def decoded(body: bytes) -> str:
    """Return a body as text.

    raises    InvalidRequest naming the first byte that is not UTF-8
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The request body is not valid UTF-8: byte {error.start} is "
            f"0x{body[error.start]:02x} ({error.reason})."
        ) from error


def _read_csv(text: str, schema: Schema) -> list[Row]:
    if not text.strip():
        raise InvalidRequest(f"The request body is empty. {_expected(schema)}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows: list[Row] = list(reader)
    except csv.Error as error:
        raise InvalidRequest(
            f"The request body is not valid CSV near line {reader.line_num}: {error}. "
            'A field with quotes in it must be quoted, and its quotes doubled: "so ""quoted"" here".'
        ) from error
    if rows[0] == list(schema.features):
        del rows[0]
    if len(schema.features) == 1:
        return [row or [""] for row in rows]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _read_json(text: str, schema: Schema) -> list[Row]:
    return rows_of_document(parse_json(text, "The request body"), schema, len(text))


def rows_of_document(document: Any, schema: Schema, n_bytes: int) -> list[Row]:
    """Return the rows in a document that `parse_json` made, of whatever length; application/json in `read_rows`.

    n_bytes   of the document
    raises    InvalidRequest
    """
    if isinstance(document, dict) and set(document) == {"instances"}:
        document = document["instances"]
        if not isinstance(document, list):
            raise InvalidRequest('"instances" in the request body must be a list of rows.')
    elif isinstance(document, dict) or _is_flat(document):
        document = [document]
    if not isinstance(document, list):
        raise InvalidRequest(
            "The request body must be a list of rows, one row, or an object "
            f'{{"instances": [rows]}}. {_expected(schema)}'
        )
    check_size(len(document), len(schema.features), n_bytes)
    return [read_row(value, number, schema) for number, value in enumerate(document, 1)]


def _read_json_lines(text: str, schema: Schema) -> list[Row]:
    lines = [line for line in text.split("\n") if line.strip()]
    check_size(len(lines), len(schema.features), len(text))
    return [
        read_row(parse_json(line, f"Row {number}"), number, schema)
        for number, line in enumerate(lines, 1)
    ]


_READERS: dict[str, Callable[[str, Schema], list[Row]]] = {
    CSV: _read_csv,
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
}


def _missing(_: str) -> None:
    """NaN and the infinities, which JSON does not have and Python writes."""


def parse_json(text: str, what: str, number: Callable[[str], Any] = str) -> Any:
    """Return the document, its numbers as they were written: a cell is what it would be in a CSV file.

    number    what becomes of their text

    raises    InvalidRequest, which says that `what` is no JSON
    """
    try:
        return json.loads(text, parse_int=number, parse_float=number, parse_constant=_missing)
    except RecursionError as error:
        raise InvalidRequest(f"{what} is not valid JSON: it is nested too deeply.") from error
    except ValueError as error:
        raise InvalidRequest(f"{what} is not valid JSON: {error}.") from error


def _is_flat(document: Any) -> bool:
    return (
        isinstance(document, list)
        and len(document) > 0
        and not any(isinstance(value, (list, dict)) for value in document)
    )


def read_row(value: Any, number: int, schema: Schema) -> Row:
    """Read one row from what `parse_json` made of it.

    raises    InvalidRequest naming the row, `number`, and the column
    """
    if isinstance(value, dict) and set(value) == {"features"} and "features" not in schema.features:
        value = value["features"]
    if isinstance(value, list):
        names = schema.features + ("",) * (len(value) - len(schema.features))
        return [_cell(cell, number, name) for cell, name in zip(value, names, strict=False)]
    if isinstance(value, dict):
        return _row_by_name(value, number, schema)
    raise InvalidRequest(
        f"Row {number} must be a list of values or an object by column name. {_expected(schema)}"
    )


def _row_by_name(value: dict[str, Any], number: int, schema: Schema) -> Row:
    known = frozenset(schema.features)
    unknown = [name for name in value if name not in known]
    if unknown:
        hint = " Leave out the target." if schema.target in unknown else ""
        raise InvalidRequest(
            f"Row {number} has a column '{unknown[0]}' that the model does not take.{hint} "
            f"{_expected(schema)}"
        )
    return [_cell(value.get(name), number, name) for name in schema.features]


def _cell(value: Any, number: int, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    where = f"row {number}, column '{name}'" if name else f"row {number}"
    if isinstance(value, bool):
        raise InvalidRequest(
            f"The value of {where} is {json.dumps(value)}, which training data spell in several ways: send it "
            'as a string, spelled as there, e.g. "True".'
        )
    raise InvalidRequest(
        f"The value of {where} must be a string, a number or null, "
        f"not {'an object' if isinstance(value, dict) else 'a list'}."
    )


def _wrong_length(number: int, n_cells: int, schema: Schema) -> str:
    hint = ""
    if n_cells == len(schema.features) + 1:
        hint = f" Leave out the target '{schema.target}'."
    found = "is blank" if n_cells == 0 else f"has {n_cells} values"
    return f"Row {number} {found}.{hint} {_expected(schema)}"


def _expected(schema: Schema) -> str:
    names = schema.features
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    values = "value" if len(names) == 1 else "values"
    return f"The model takes rows of {len(names)} {values}: {shown}{more}."
