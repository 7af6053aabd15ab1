"""CSV that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from starlette.responses import Response

from windvane.console.security import PAGE_HEADERS

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the full-width forms, which some spreadsheets take for the others."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
"""Digits that were taken are not given back: in how many ways a million of them are no number is not tried out."""

_MAYBE_FORMULA = re.compile(
    rb'(?:^|[,"\n\r])(?:[=@\t]|\r(?!\n)|\xef\xbc[\x9d\x8b\x8d\xa0]|'
    rb'[+-](?!(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?:[,"\n\r]|$)))'
)
"""A cell that begins like a formula and is no number, wherever a cell may begin: also what is none, within quotes."""

_MOST_WAITING = 32 << 20
"""Bytes of a row that is not at its end; longer ones are no rows of ours."""


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: what begins like one and is no number gets an apostrophe.

    source    OWASP, "CSV Injection"
    """
    is_formula = text.startswith(_FORMULA) and _NUMBER.fullmatch(text) is None
    return f"'{text}" if is_formula else text


def csv_text(rows: Iterable[Sequence[str]], *, is_safe: bool = False) -> str:
    """Return rows as CSV. Lines end in a newline alone.

    is_safe    `safe_cell` of each
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([safe_cell(cell) for cell in row] if is_safe else row for row in rows)
    return stream.getvalue()


class SafeRows:
    """Rows of CSV that come in pieces, as rows whose cells are safe. Those that have no cell that could be a formula stay as
    they are."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, piece: bytes) -> bytes:
        """Return the rows that a piece ends, with those before it that waited for their ends."""
        text = self._rest + piece
        end = _end_of_rows(text)
        if end == 0 and len(text) > _MOST_WAITING:
            end = len(text)
        self._rest = text[end:]
        return _safe(text[:end])

    def last(self) -> bytes:
        """Return the rows that nothing ended."""
        text, self._rest = self._rest, b""
        return _safe(text)


def _end_of_rows(text: bytes) -> int:
    """Return where the last line ends before which quotes come in pairs; 0 if there is none."""
    end = text.rfind(b"\n") + 1
    n_quotes = text.count(b'"', 0, end)
    while end and n_quotes % 2:
        before = text.rfind(b"\n", 0, end - 1) + 1
        n_quotes -= text.count(b'"', before, end)
        end = before
    return end


def _safe(rows: bytes) -> bytes:
    if _MAYBE_FORMULA.search(rows) is None:
        return rows
    stream = io.StringIO(rows.decode("utf-8", "surrogateescape"), newline="")
    return csv_text(csv.reader(stream), is_safe=True).encode("utf-8", "surrogateescape")


def csv_download(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """Return CSV to be saved under a name; its cells are safe."""
    headers = {
        **PAGE_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    body = csv_text(rows, is_safe=True).encode("utf-8", "backslashreplace")
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")
