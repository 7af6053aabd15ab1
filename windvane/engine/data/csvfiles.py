"""Rows of CSV files, read by DuckDB in one explicit dialect, every cell a string."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.decompress import LONGEST_ROW, plain_text
from windvane.engine.data.dialect import (
    Dialect,
    Opening,
    carries_header,
    check_no_header,
    column_names,
    read_opening,
)
from windvane.engine.data.widefiles import wide_rows
from windvane.errors import DataFault, JobFault
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, unreadable

BATCH_ROWS = 50_000
MOST_COLUMNS_OF_DUCKDB = 1000
"""DuckDB holds 2,048 rows of every column at once: 10,000 columns would take half a gigabyte before any cell."""


@dataclass(frozen=True)
class _TextFile:
    name: str
    path: Path
    opening: Opening


class CsvFiles:
    """The rows of several files as one stream; the first file's header names the columns.

    names    of the columns, known once the first file was opened
    """

    is_mapped = False

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        options: ReadOptions,
        scratch: Path,
    ) -> None:
        self._connection, self._options, self._scratch = connection, options, scratch
        self._files = iter(files)
        self._bytes_left = options.max_bytes
        self._dialect: Dialect | None = None
        model = self._next()
        if model is None:
            name = files[0].name
            raise DataFault(
                Note(NoteCode.FILE_EMPTY, {"file": DataValue(name)})
                if len(files) == 1
                else f"All {len(files)} files are empty: {name} and others."
            )
        self._model = model
        if not options.has_header:
            check_no_header(model.opening, model.name)
        first = model.opening.first if options.has_header else ("",) * len(model.opening.first)
        self.names = column_names(first, model.name, options.max_columns)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all files in batches.

        raises    DataFault naming file and line of what cannot be read
        """
        file: _TextFile | None = self._model
        while file is not None:
            has_header = self._options.has_header and (
                file is self._model
                or carries_header(file.opening, self.names, self._model.opening, file.name)
            )
            yield from self._rows(file, has_header)
            if file.path.is_relative_to(self._scratch):
                file.path.unlink()
            file = self._next()

    def _next(self) -> _TextFile | None:
        """Return the next file that is not empty, as checked plain text."""
        for file in self._files:
            options = replace(self._options, max_bytes=self._bytes_left)
            path = plain_text(file, options, self._scratch / "unpacked.csv")
            self._bytes_left -= path.stat().st_size
            opening = read_opening(path, file.name, self._dialect)
            if opening is not None:
                self._dialect = opening.dialect
                return _TextFile(file.name, path, opening)
        return None

    def _rows(self, file: _TextFile, has_header: bool) -> Iterator[pa.RecordBatch]:
        is_wide = len(self.names) > MOST_COLUMNS_OF_DUCKDB
        rows = wide_rows if is_wide else self._duckdb_rows
        try:
            yield from rows(file.path, file.opening.dialect, len(self.names), has_header)
        except (duckdb.Error, pa.ArrowInvalid) as error:
            raise _fault(error, file, self.names) from error

    def _duckdb_rows(
        self, path: Path, dialect: Dialect, n_columns: int, has_header: bool
    ) -> Iterator[pa.RecordBatch]:
        query = _query(path, dialect, n_columns, has_header)
        yield from self._connection.sql(query).to_arrow_reader(BATCH_ROWS)


def _query(path: Path, dialect: Dialect, n_columns: int, has_header: bool) -> str:
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(n_columns))
    options = {
        "auto_detect": "false",
        "columns": f"{{{columns}}}",
        "delim": _quoted(dialect.delimiter),
        "quote": _quoted(dialect.quote),
        "escape": _quoted(dialect.escape),
        "header": str(has_header).lower(),
        "nullstr": "''",
        "strict_mode": "true",
        "max_line_size": str(LONGEST_ROW),
    }
    told = ", ".join(f"{key} = {value}" for key, value in options.items())
    return f"SELECT * FROM read_csv({_quoted(str(path))}, {told})"  # noqa: S608 - all parts are quoted


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fault(
    error: duckdb.Error | pa.ArrowInvalid, file: _TextFile, names: Sequence[str]
) -> JobFault:
    told = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return JobFault(
            f"{file.name} cannot be read within the memory given to the job: {told[:300]}"
        )
    if "Maximum line size" in told or "straddling object" in told:
        return DataFault(
            f"{file.name} has a row longer than {LONGEST_ROW:,} bytes; a row may have at most that many. "
            "Is a closing quote missing?"
        )
    line, n_fields = _first_ragged(file, len(names))
    if n_fields is not None:
        facts = {
            "file": DataValue(file.name),
            "line": line,
            "n_fields": n_fields,
            "n_columns": len(names),
            "delimiter": DataValue(file.opening.dialect.delimiter),
        }
        return DataFault(Note(NoteCode.RAGGED_ROW, facts))
    if match := re.search(r"CSV Error on Line: (\d+)", told):
        return DataFault(
            f"{file.name}, row {match[1]}: a quoted field is not closed, or text follows its closing "
            'quote. Quotes within a quoted field are doubled ("").'
        )
    return DataFault(unreadable(file.name, "CSV", told.splitlines()[0][:300]))


def _first_ragged(file: _TextFile, n_columns: int) -> tuple[int, int | None]:
    """Line (from 1) and number of fields of the first row that has not `n_columns`; None if there is none.

    A row with one more, empty field at its end is not ragged.
    """
    with file.path.open(encoding="utf-8", newline="") as lines:
        reader = file.opening.dialect.records(lines)
        begins = 1
        try:
            for record in reader:
                is_open = len(record) == n_columns + 1 and record[-1] == ""
                if record and len(record) != n_columns and not is_open:
                    return begins, len(record)
                begins = reader.line_num + 1
        except csv.Error:
            return begins, None
    return begins, None
