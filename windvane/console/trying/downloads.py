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


def csv_download(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """Return CSV to be saved under a name; its cells are safe."""
    headers = {
        **PAGE_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    body = csv_text(rows, is_safe=True).encode("utf-8", "backslashreplace")
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")
