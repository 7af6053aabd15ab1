"""How a CSV file is written: delimiter, quote, escape; and its header."""

from __future__ import annotations

import csv
import difflib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from windvane.engine.data.decompress import LONGEST_ROW
from windvane.errors import DataFault
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, unreadable

SNIFFED_BYTES = 4 * LONGEST_ROW
SNIFFED_RECORDS = 200


@dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'

    def records(self, lines: io.TextIOBase | io.StringIO) -> csv._reader:  # type: ignore[name-defined]
        """Return a csv reader of this dialect."""
        csv.field_size_limit(LONGEST_ROW)
        doubled = self.escape == self.quote
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            doublequote=doubled,
            escapechar=None if doubled else self.escape,
        )


_CANDIDATES = tuple(
    Dialect(delimiter, quote, escape)
    for quote, escape in (('"', '"'), ('"', "\\"), ("'", "'"))
    for delimiter in (",", ";", "\t", "|")
)


@dataclass(frozen=True)
class Opening:
    """The start of a file: its dialect, its first record, and some after it."""

    dialect: Dialect
    first: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]


def read_opening(path: Path, name: str, dialect: Dialect | None = None) -> Opening | None:
    """Return the opening of a plain text file, its dialect detected unless given; None for an empty file."""
    with path.open("rb") as stream:
        raw = stream.read(SNIFFED_BYTES)
    text = raw.decode("utf-8", errors="ignore")
    if not text.strip():
        return None
    is_cut = len(raw) == SNIFFED_BYTES
    chosen = dialect or _detect(text, is_cut)
    records = _records(text, chosen, is_cut)
    if not records:
        raise DataFault(unreadable(name, "CSV", "its first row has no end."))
    return Opening(chosen, records[0], tuple(records[1:]))


def _detect(text: str, is_cut: bool) -> Dialect:
    """Return the dialect under which the most records have as many fields as the header has, and at least two."""
    best, most = Dialect(), 0.0
    for candidate in _CANDIDATES:
        if candidate.delimiter not in text or not _is_quoted(text, candidate):
            continue
        score = _score(_records(text, candidate, is_cut))
        if score > most:
            best, most = candidate, score
    return best


def _is_quoted(text: str, dialect: Dialect) -> bool:
    """Unusual quotes and escapes are considered only where the text shows them."""
    if dialect.quote == "'":
        return '"' not in text and f"'{dialect.delimiter}'" in text
    return dialect.escape == '"' or '\\"' in text


def _score(records: Sequence[Sequence[str]]) -> float:
    widths = [len(record) for record in records]
    if not widths or widths[0] < 2:
        return 0.0
    agreeing = Counter(widths)[widths[0]] / len(widths)
    # Among delimiters that agree equally, the one that splits into more fields is the real one.
    return agreeing + min(widths[0], 1000) * 1e-6


def _records(text: str, dialect: Dialect, is_cut: bool) -> list[tuple[str, ...]]:
    reader = dialect.records(io.StringIO(text, newline=""))
    records: list[tuple[str, ...]] = []
    try:
        for record in reader:
            if record:
                records.append(tuple(record))
            if len(records) > SNIFFED_RECORDS:
                return records
    except csv.Error:
        return records
    return records[:-1] if is_cut else records


def column_names(first: Sequence[str], name: str, max_columns: int) -> tuple[str, ...]:
    """Return names from a header record; columns without one are called column_N.

    raises    DataFault for too many columns or for names that occur twice
    """
    if len(first) > max_columns:
        raise DataFault(f"{name} has {len(first):,} columns; at most {max_columns:,} can be used.")
    names = tuple(cell.strip() or f"column_{i}" for i, cell in enumerate(first, start=1))
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(f"'{column}'" for column in twice[:10])
        raise DataFault(
            f"{name} has several columns of the same name: {shown}. Give every column a unique "
            "name."
        )
    return names


def check_column(role: str, column: str, names: Sequence[str]) -> None:
    """Check that a named column exists.

    role      what the column is to the job, e.g. 'target'
    raises    DataFault if there is no such column, saying which there are
    """
    if column in names:
        return
    by_fold = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(column.casefold(), list(by_fold), n=1)
    shown = ", ".join(f"'{name}'" for name in names[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    facts = {
        "role": role,
        "column": DataValue(column),
        "near": DataValue(by_fold[near[0]]) if near else None,
        "columns": DataValue(f"{shown}{more}"),
    }
    raise DataFault(Note(NoteCode.COLUMN_MISSING, facts))


def check_same_columns(name: str, columns: Sequence[str], wanted: Sequence[str]) -> None:
    """Check that a file has the columns of the training data.

    name      of the file
    wanted    the columns of the training data
    raises    DataFault if there are others, or not all of them, saying which
    """
    there, needed = set(columns), set(wanted)
    lacking = [column for column in wanted if column not in there]
    beyond = [column for column in columns if column not in needed]
    if not lacking and not beyond:
        return
    told = [
        f"it {verb} {_shown(found)}"
        for verb, found in (("lacks", lacking), ("has", beyond))
        if found
    ]
    hint = " Does it begin with a header?" if len(lacking) == len(wanted) else ""
    raise DataFault(
        f"The validation data do not have the columns of the training data: in {name}, {' and '.join(told)}.{hint} "
        "Both channels must have the same columns; their order does not matter."
    )


def _shown(columns: Sequence[str]) -> str:
    shown = ", ".join(f"'{column[:60]}'" for column in columns[:10])
    return f"{shown} and {len(columns) - 10} more" if len(columns) > 10 else shown


def carries_header(opening: Opening, header: Sequence[str], model: Opening, name: str) -> bool:
    """Return whether a later file begins with the header of the first; if not, its first record is data.

    raises    DataFault if it begins with a different header
    """
    first = tuple(cell.strip() for cell in opening.first)
    if first == tuple(cell.strip() for cell in model.first):
        return True
    shared = set(first) & set(header)
    is_header = len(shared) * 2 > len(header) or _has_words_over_numbers(first, model)
    if is_header or len(first) != len(header):
        raise DataFault(_difference(first, header, name))
    return False


def check_no_header(opening: Opening, name: str) -> None:
    """Check that a file without a header does not begin with one.

    raises    DataFault if a file that is to hold rows alone begins with words over columns of numbers
    """
    if _has_words_over_numbers(opening.first, opening):
        shown = ", ".join(f"'{cell[:60]}'" for cell in opening.first[:5])
        raise DataFault(
            f"{name} was declared to have no header, but its first row ({shown}) has text above "
            "columns of numbers. Remove the row, or declare it as the header: ContentType "
            "text/csv;header=present."
        )


def _has_words_over_numbers(first: Sequence[str], model: Opening) -> bool:
    """Return whether cells are words in every column that holds only numbers in the first file."""
    rows = [row for row in model.others if len(row) == len(first)]
    numeric = [
        i
        for i in range(len(first))
        if rows and all(_is_number(row[i]) or not row[i].strip() for row in rows)
    ]
    return bool(numeric) and all(first[i] and not _is_number(first[i]) for i in numeric)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _difference(first: Sequence[str], header: Sequence[str], name: str) -> str:
    told = f"{name} does not fit the first file: "
    if len(first) != len(header):
        told += f"its first row has {len(first)} fields, the first file has {len(header)} columns"
    else:
        i = next(i for i, (a, b) in enumerate(zip(first, header, strict=True)) if a != b)
        told += f"column {i + 1} is called '{first[i][:60]}' instead of '{header[i]}'"
    return f"{told}. Every file must have the same columns in the same order."
