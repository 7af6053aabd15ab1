"""Rows that somebody pasted, as the model takes them: with or without a header, in any order of columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from windvane.errors import InvalidRequest

MOST_ROWS, MOST_CELLS = 250_000, 2_000_000
"""That are asked about at once. A row takes 100 bytes of memory, and a cell 60, however short they are."""

_DELIMITERS = (",", ";", "\t")

csv.field_size_limit(2**31 - 1)  # forms are bounded where they are read


@dataclass(frozen=True)
class Pasted:
    """Rows that were pasted.

    rows     cells in the order of the model's columns; as they were without a header
    remarks  what was done to them, sentences
    labels   the cell of the target in each row; () if the header does not name it
    """

    rows: list[list[str]]
    remarks: tuple[str, ...] = ()
    labels: Sequence[str] = ()


def read_pasted(text: str, columns: Sequence[str], target: str) -> Pasted:
    """Read pasted rows as CSV, whichever way they are delimited.

    raises    InvalidRequest if there is no row, or there are too many, or the text is no CSV
    """
    _check_size(text)
    rows, delimiter = _best(text.removeprefix("\ufeff"), columns)
    remarks, labels = [], []
    if delimiter != ",":
        name = "semicolons" if delimiter == ";" else "tabs"
        remarks.append(f"Values were read as separated by {name}.")
    if rows and is_header(rows[0], columns, target):
        header, rows = [cell.strip() for cell in rows[0]], rows[1:]
        _check_lengths(header, rows)
        if target.strip() in header:
            place = header.index(target.strip())
            labels = [row[place] for row in rows]
        remarks += _remarks(header, columns, target)
        rows = _by_name(header, rows, columns)
    if not rows:
        raise InvalidRequest(
            "No rows were found. Paste one row per line, with or without a header."
        )
    return Pasted(rows, tuple(remarks), labels)


def _check_size(text: str) -> None:
    """Check the number of rows and cells before they are taken apart; what is quoted counts as well."""
    n_rows = 1 + text.count("\n") + text.count("\r") - text.count("\r\n")
    n_cells = n_rows + max(map(text.count, _DELIMITERS))
    if n_rows > MOST_ROWS or n_cells > MOST_CELLS:
        raise InvalidRequest(
            f"The text has {n_rows:,} rows with {n_cells:,} values; at most {MOST_ROWS:,} rows with {MOST_CELLS:,} values can "
            "be sent from this page. Use a transform job for more."
        )


def _best(text: str, columns: Sequence[str]) -> tuple[list[list[str]], str]:
    """Read with the delimiter that gives the first row as many cells as there are columns; with commas if none does."""
    first = _read(text, ",")
    if not first or len(first[0]) >= len(columns):
        return first, ","
    for delimiter in _DELIMITERS[1:]:
        rows = _read(text, delimiter)
        if rows and len(rows[0]) >= len(columns):
            return rows, delimiter
    return first, ","


def _read(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        return [row for row in reader if any(row) or len(row) > 1]
    except csv.Error as error:
        raise InvalidRequest(
            f"This is not CSV near line {reader.line_num}: {error}. A value that contains quotes must be quoted, and "
            'its quotes doubled: "so ""quoted"" here".'
        ) from error


def is_header(row: Sequence[str], columns: Sequence[str], target: str) -> bool:
    """Return whether a first row names columns: all of the model's, or nothing but some of them and the target."""
    names = {cell.strip() for cell in row}
    known = {name.strip() for name in columns}
    return known <= names or (len(names) == len(row) and names <= known | {target.strip()})


def _check_lengths(header: Sequence[str], rows: Sequence[list[str]]) -> None:
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise InvalidRequest(
                f"Row {number} has {len(row)} values; the header has {len(header)} columns."
            )


def _by_name(
    header: Sequence[str], rows: Sequence[list[str]], columns: Sequence[str]
) -> list[list[str]]:
    """Return the rows with a cell for each column of the model.

    raises    InvalidRequest if there are too many: a header may leave out thousands of columns
    """
    if len(rows) * len(columns) > MOST_CELLS:
        raise InvalidRequest(
            f"The text has {len(rows):,} rows, and the model takes {len(columns):,} columns, those included that the header "
            f"leaves out; at most {MOST_CELLS:,} values can be sent from this page. Use a transform job for more."
        )
    place = {name: i for i, name in enumerate(header)}
    places = [place.get(name.strip()) for name in columns]
    return [["" if at is None else row[at] for at in places] for row in rows]


def _remarks(header: Sequence[str], columns: Sequence[str], target: str) -> list[str]:
    """Return what the model takes and the header has not, and the other way round."""
    given = set(header)
    missing = [name for name in columns if name.strip() not in given]
    known = {name.strip() for name in columns} | {target.strip()}
    extra = [name for name in dict.fromkeys(header) if name not in known]
    remarks = []
    if missing:
        remarks.append(f"Treated as missing, because not in the header: {', '.join(missing)}.")
    if extra:
        remarks.append(f"Ignored, because not an input of the model: {', '.join(extra)}.")
    return remarks
