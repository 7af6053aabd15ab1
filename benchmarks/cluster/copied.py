"""Jobs copied inside a SQLite store, a block at a time: a million of them in minutes, where records written one by one take most of
an hour.

A copy has its own name, ARN and place in time, and so have its candidates. Times inside its record are those of its
original, and it has no events: a server deletes those after a while.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.seeded import fill
from windvane.store.open import FILE_NAME

BLOCK = 1000
"""Jobs that are copied by one statement. Their names differ in the last three digits."""

_COPY = """
INSERT INTO resources (kind, account, region, name, name_key, arn, parent, status, score, created, modified, body)
SELECT kind, account, region, replace(name, :old, :new), replace(name_key, :old, :new), replace(arn, :old, :new),
       replace(parent, :old, :new), status, score, created - :earlier, modified - :earlier, replace(body, :old, :new)
FROM resources WHERE id BETWEEN :first AND :last AND substr(name, 1, length(:old)) = :old ORDER BY id
"""


def fill_by_copies(
    data_dir: Path, first: int, end: int, n_candidates: int, newest: datetime
) -> None:
    """Fill the store as `fill` does, in less time: the first block is written as records, all whole blocks after it are copies of
    it, and what is left is records again."""
    blocks = range(max(1, -(-first // BLOCK)), end // BLOCK)
    if not blocks:
        fill(data_dir, first, end, n_candidates, newest)
        return
    fill(data_dir, first, blocks.start * BLOCK, n_candidates, newest)
    with closing(sqlite3.connect(data_dir / FILE_NAME, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN IMMEDIATE")
        ids = database.execute(
            "SELECT min(id), max(id) FROM resources WHERE name LIKE ?", (f"{_prefix(0)}%",)
        ).fetchone()
        for number in blocks:
            database.execute(
                _COPY,
                {
                    "old": _prefix(0),
                    "new": _prefix(number),
                    "earlier": number * BLOCK * 1_000_000,
                    "first": ids[0],
                    "last": ids[1],
                },
            )
        database.execute("COMMIT")
    fill(data_dir, blocks.stop * BLOCK, end, n_candidates, newest)


def _prefix(block: int) -> str:
    return f"filled-{block:04}"
