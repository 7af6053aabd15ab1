"""Lists in the binary order of keys, a page at a time. Common prefixes are passed over by one search each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from windvane.objects.rows import (
    UPLOAD_COLUMNS,
    VERSION_COLUMNS,
    parse_identifier,
    sought_bytes,
)

_AFTER_ALL = b"\xff"
"""Greater than every key: no UTF-8 has this byte."""

Row = tuple[Any, ...]
"""Of versions or uploads; the second column is the key."""

_OF_VERSION, _OF_UPLOAD = 8, 4
"""The column of a row that holds its attributes."""

_PAGE_CHARACTERS = 8 << 20
"""Of attributes, after which a page ends before its limit: each object may have 400,000, and whoever lists has them all in
memory."""


@dataclass(frozen=True)
class Wanted:
    """The parameters of a list, as bytes.

    after      entries are greater than this
    sequence   with `after` as a key: go on within it, beyond this row; None: beyond the key
    """

    prefix: bytes
    delimiter: bytes
    after: bytes
    limit: int
    sequence: int | None = None

    @property
    def end(self) -> bytes:
        return _successor(self.prefix)

    def common_prefix(self, key: bytes) -> bytes | None:
        if not self.delimiter or not key.startswith(self.prefix):
            return None
        cut = key.find(self.delimiter, len(self.prefix))
        return None if cut < 0 else key[: cut + len(self.delimiter)]


@dataclass(frozen=True)
class Page:
    """Rows and common prefixes; `last` is the last entry if there are more: a row, or a common prefix."""

    rows: list[Row]
    prefixes: list[str]
    last: Row | str | None


def wanted(prefix: str, delimiter: str, after: str, limit: int, sequence: int | None) -> Wanted:
    return Wanted(
        sought_bytes(prefix), sought_bytes(delimiter), sought_bytes(after), limit, sequence
    )


def list_latest(db: sqlite3.Connection, bucket: int, what: Wanted) -> Page:
    """List the newest versions; rows are VERSION_COLUMNS."""

    def rows(start: bytes) -> Iterator[Row]:
        return db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key >= ? AND key < ? "
            "AND latest = 1 AND content IS NOT NULL ORDER BY key",
            (bucket, start, what.end),
        )

    return _page(what, rows, iter(()), _OF_VERSION)


def list_versions(db: sqlite3.Connection, bucket: int, what: Wanted) -> Page:
    """List versions; rows are VERSION_COLUMNS, the newest of a key first."""

    def rows(start: bytes) -> Iterator[Row]:
        return db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key >= ? AND key < ? "
            "ORDER BY key, sequence DESC",
            (bucket, start, what.end),
        )

    rest: Iterator[Row] = iter(())
    if what.sequence is not None:
        rest = db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? "
            "AND key >= ? AND key < ? AND sequence < ? ORDER BY sequence DESC",
            (bucket, what.after, what.prefix, what.end, what.sequence),
        )
    return _page(what, rows, rest, _OF_VERSION)


def list_uploads(db: sqlite3.Connection, bucket: int, what: Wanted) -> Page:
    """List uploads; rows are UPLOAD_COLUMNS, the earliest of a key first."""

    def rows(start: bytes) -> Iterator[Row]:
        return db.execute(
            f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE bucket = ? AND key >= ? AND key < ? "
            "ORDER BY key, id",
            (bucket, start, what.end),
        )

    rest: Iterator[Row] = iter(())
    if what.sequence is not None:
        rest = db.execute(
            f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE bucket = ? AND key = ? "
            "AND key >= ? AND key < ? AND id > ? ORDER BY id",
            (bucket, what.after, what.prefix, what.end, what.sequence),
        )
    return _page(what, rows, rest, _OF_UPLOAD)


def position_of(
    db: sqlite3.Connection, bucket: int, key: str, version_id: str
) -> tuple[int | None, bool]:
    """Return the sequence after which a list of versions goes on within `key`, and whether the id has the form of one.

    A null version that is gone by now gives the head of the key: better twice than not at all.
    """
    if not version_id:
        return None, True
    if version_id == "null":
        row = db.execute(
            "SELECT sequence FROM versions WHERE bucket = ? AND key = ? AND nonce = ''",
            (bucket, sought_bytes(key)),
        ).fetchone()
        return (2**63 - 1 if row is None else row[0]), True
    parsed = parse_identifier(version_id)
    return (None, False) if parsed is None else (parsed[0], True)


def _page(
    what: Wanted,
    rows_from: Callable[[bytes], Iterator[Row]],
    rest: Iterator[Row],
    attributes_at: int,
) -> Page:
    found: list[Row] = []
    prefixes: list[str] = []
    last: Row | str | None = None
    n_characters = 0
    if what.limit <= 0:
        return Page(found, prefixes, None)
    rows = rows_from(_start(what))
    if what.common_prefix(what.after) is None:
        rows = chain(rest, rows)
    while True:
        for row in rows:
            if len(found) + len(prefixes) == what.limit or n_characters > _PAGE_CHARACTERS:
                return Page(found, prefixes, last)
            n_characters += len(row[attributes_at])
            common = what.common_prefix(row[1])
            if common is None:
                found.append(row)
                last = row
                continue
            last = common.decode()
            prefixes.append(last)
            rows = rows_from(_successor(common))
            break
        else:
            return Page(found, prefixes, None)


def _start(what: Wanted) -> bytes:
    """Return the least key that may be an entry."""
    if what.after < what.prefix:
        return what.prefix
    if (common := what.common_prefix(what.after)) is not None:
        return _successor(common)
    return what.after + b"\0" if what.after else b""


def _successor(prefix: bytes) -> bytes:
    """Return the least text greater than all that begin with `prefix`."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else _AFTER_ALL
