"""A long CSV text in blocks of whole records, with flat memory: plain records as columns at once, any others as Python's
csv module reads them, which reads plain ones alike.

A record ends at a newline outside quotes. Every record is data: there is no header.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.csv

from windvane.errors import InvalidRequest

Read = Callable[[int], bytes]
"""So many bytes of the text; fewer at its end alone."""

TextColumns = tuple[pa.Array, ...]
"""(n_rows,) strings without nulls, for each column."""

BLOCK_BYTES = 4 * 1000**2
"""Read at once."""

csv.field_size_limit(2**31 - 1)  # max_record bounds what a record may have

_MOST_PLAIN = 20_000
"""Columns that are read at once: each takes 8 KB, whatever stands in it."""

_CUT_SHORT = "unexpected end of data"
_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class PlainRecords:
    """Records without quotes, all of one length.

    text    in UTF-8, a newline after each but perhaps the last
    """

    text: bytes
    columns: TextColumns

    @property
    def n_rows(self) -> int:
        return len(self.columns[0])

    @property
    def first(self) -> list[str]:
        """The cells of the first one."""
        return [column[0].as_py() for column in self.columns]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of each."""
        return [list(row) for row in zip(*map(pa.Array.to_pylist, self.columns), strict=True)]

    @property
    def lines(self) -> list[str]:
        """Each as it stands in the text, without the end of its line."""
        return self.text.decode().removesuffix("\n").split("\n")


@dataclass(frozen=True)
class AnyRecords:
    """Records as Python's csv module reads them."""

    lines: list[str]
    rows: list[list[str]]

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    @property
    def first(self) -> list[str]:
        """The cells of the first one."""
        return self.rows[0]

    @cached_property
    def columns(self) -> TextColumns | None:
        """None if they are of different lengths."""
        width = len(self.rows[0])
        return transposed(self.rows) if all(len(row) == width for row in self.rows) else None


Records = PlainRecords | AnyRecords


@dataclass(frozen=True)
class CsvBlock:
    """Records of a CSV file that are sent together.

    first_row    number of the first record, counted from 1
    """

    first_row: int
    records: Records


def transposed(rows: Sequence[Sequence[str]]) -> TextColumns:
    """Return the columns of rows that are all of one length."""
    return tuple(pa.array(cells, pa.string()) for cells in zip(*rows, strict=True))


def wanted_bytes(n_waiting: int, block_bytes: int, max_record: int) -> int:
    """Return how many bytes to read after those that wait for the end of their record; 0 if they are too many for one."""
    lacking = block_bytes - n_waiting
    return lacking if lacking > 0 else max(0, min(block_bytes, max_record - n_waiting))


def csv_blocks(
    read: Read,
    *,
    block_bytes: int = BLOCK_BYTES,
    max_record: int,
    blank_is_row: bool = False,
    delimiter: str = ",",
) -> Iterator[CsvBlock]:
    """Yield the records of a text in UTF-8, with or without byte order mark.

    block_bytes    of a block, unless a record is longer
    max_record     bytes that a record may have
    blank_is_row   a blank line is a row of one empty cell; otherwise blank lines at the end are no rows
    raises         InvalidRequest naming row or byte
    """
    reader = _Reader(blank_is_row, delimiter)
    buffer = _without_mark(read(len(_MARK)), reader)
    is_over = False
    while not is_over:
        wanted = wanted_bytes(len(buffer), block_bytes, max_record)
        if not wanted:
            raise InvalidRequest(
                f"Row {reader.row} has more than {max_record} bytes, which is what MaxPayloadInMB allows. Is a quote "
                "not closed, or do lines end in something else than a newline?"
            )
        piece = read(wanted)
        is_over = len(piece) < wanted
        block, buffer = reader.take(buffer + piece, is_over)
        if block is not None:
            yield block


def _without_mark(head: bytes, reader: _Reader) -> bytes:
    if head.startswith(_OTHER_MARKS):
        raise InvalidRequest(
            f"It begins with the bytes 0x{head[:2].hex()}, the byte order mark of UTF-16; it must be UTF-8."
        )
    if head == _MARK:
        reader.offset = len(_MARK)
        return b""
    return head


class _Reader:
    """Takes the records from the front of a text that arrives bit by bit.

    row      of the next record
    offset   of the next byte, in the whole text
    """

    def __init__(self, blank_is_row: bool, delimiter: str) -> None:
        self.row = 1
        self.offset = 0
        self._blank_is_row = blank_is_row
        self._delimiter = delimiter

    def take(self, buffer: bytes, is_over: bool) -> tuple[CsvBlock | None, bytes]:
        """Return the records that are there whole, and what is left."""
        whole = buffer if is_over else buffer[: buffer.rfind(b"\n") + 1]
        if not self._blank_is_row:
            whole = _without_blank_end(whole)
        if not whole:
            return None, buffer
        records, size = self._read(whole, is_over)
        rest = b"" if is_over else buffer[size:]
        if not records.n_rows:
            return None, rest
        block = CsvBlock(self.row, records)
        self.row += records.n_rows
        self.offset += size
        return block, rest

    def _read(self, whole: bytes, is_over: bool) -> tuple[Records, int]:
        """Return the records, and how many bytes they take."""
        plain = None if b'"' in whole else _read_plain(whole, self._delimiter)
        if plain is not None and (len(plain.columns) > 1 or self._blank_is_row):
            return plain, len(whole)
        try:
            text = whole.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(
                f"It is not valid UTF-8: byte {self.offset + error.start} is "
                f"0x{whole[error.start]:02x} ({error.reason})."
            ) from error
        lines, rows = self._read_any(text, is_over)
        n_bytes = len("".join(lines).encode())
        return AnyRecords([_without_end(line) for line in lines], rows), n_bytes

    def _read_any(self, text: str, is_over: bool) -> tuple[list[str], list[list[str]]]:
        """Return the whole records at the beginning of the text, with the ends of their lines; and their cells."""
        physical = list(io.StringIO(text, newline=""))
        reader = csv.reader(physical, strict=True, delimiter=self._delimiter)
        lines: list[str] = []
        rows: list[list[str]] = []
        start = 0
        try:
            for row in reader:
                end = reader.line_num
                lines.append(physical[start] if end == start + 1 else "".join(physical[start:end]))
                rows.append(row or [""] if self._blank_is_row else row)
                start = end
        except csv.Error as error:
            if _CUT_SHORT in str(error) and not is_over:
                return lines, rows
            raise InvalidRequest(
                f"Row {self.row + len(rows)} is not valid CSV: {error}. A field with quotes in it must be quoted, "
                'and its quotes doubled: "so ""quoted"" here".'
            ) from error
        return lines, rows


def _without_blank_end(whole: bytes) -> bytes:
    """Return the text without the blank lines at the end, which wait for what follows them, if anything does."""
    bare = len(whole.rstrip(b"\r\n"))
    end = 2 if whole[bare : bare + 2] == b"\r\n" else 1
    return whole[: bare + end] if bare else b""


def _without_end(line: str) -> str:
    return line[:-2] if line.endswith("\r\n") else line.removesuffix("\n").removesuffix("\r")


def _read_plain(whole: bytes, delimiter: str) -> PlainRecords | None:
    """Read records of one length; None if the records are not all of one length, very long, or anything is odd."""
    if b"\r" in whole:
        if whole.count(b"\r") != whole.count(b"\r\n"):
            return None
        whole = whole.replace(b"\r\n", b"\n")
    first, _, _ = whole.partition(b"\n")
    n_columns = first.count(delimiter.encode()) + 1
    if n_columns > _MOST_PLAIN or (n_columns > 1 and b"\n\n" in whole):
        return None
    names = [str(number) for number in range(n_columns)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(whole),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=len(whole) + 1, column_names=names
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char=False, ignore_empty_lines=False
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return PlainRecords(whole, tuple(map(_whole_array, table.columns)))


def _whole_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
