"""Buckets and what belongs to a whole bucket, in the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from windvane.errors import InvalidRequest
from windvane.objects.changes import BucketChange
from windvane.objects.errors import BucketNotEmpty, BucketTaken
from windvane.objects.lifecycle import LifecycleRule
from windvane.objects.opened import Opened
from windvane.objects.records import Bucket, BucketPage, Usage, Version, Versioning
from windvane.objects.rows import (
    BUCKET_COLUMNS,
    bucket_of,
    bucket_row,
    rules_from_json,
    rules_to_json,
)

LIFECYCLE_DOCUMENT = "lifecycle"
_BATCH, _PARTS = 200, 10_000
"""Uploads that are aborted in one transaction, in which nobody else writes, and their parts, but for those of the last one."""


class BucketOperations(Opened):
    """The part of a store that is about buckets; see objects/base.py."""

    def create_bucket(self, name: str, account: str, region: str) -> Bucket:
        now = self._now()

        def create(db: sqlite3.Connection, _: list[str]) -> Bucket:
            taken = db.execute("SELECT account FROM buckets WHERE name = ?", (name,)).fetchone()
            if taken is not None:
                raise BucketTaken(name, taken[0])
            db.execute(
                f"INSERT INTO buckets ({BUCKET_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                (name, account, region, now, Versioning.OFF.value),
            )
            return bucket_row(db, name)[1]

        return self._change(create)

    def bucket(self, name: str) -> Bucket:
        with self._index.read() as db:
            return bucket_row(db, name, self.account)[1]

    def owner(self, name: str) -> str | None:
        with self._index.read() as db:
            row = db.execute("SELECT account FROM buckets WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def list_buckets(
        self,
        account: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 10_000,
        region: str | None = None,
    ) -> BucketPage:
        with self._index.read() as db:
            rows = db.execute(
                f"SELECT {BUCKET_COLUMNS} FROM buckets WHERE account = ? AND name > ? AND name >= ? "
                "AND substr(name, 1, ?) = ? AND (? IS NULL OR region = ?) ORDER BY name LIMIT ?",
                (account, after, prefix, len(prefix), prefix, region, region, limit + 1),
            ).fetchall()
        buckets = tuple(bucket_of(row) for row in rows[:limit])
        return BucketPage(buckets, buckets[-1].name if buckets and len(rows) > limit else None)

    def delete_bucket(self, name: str) -> None:
        def delete(db: sqlite3.Connection, gone: list[str]) -> bool:
            change = BucketChange(db, name, gone, account=self.account)
            if db.execute(
                "SELECT 1 FROM versions WHERE bucket = ? LIMIT 1", (change.id,)
            ).fetchone():
                raise BucketNotEmpty(name)
            uploads = db.execute(
                "SELECT id FROM uploads WHERE bucket = ? LIMIT ?", (change.id, _BATCH)
            ).fetchall()
            n_parts = 0
            for (number,) in uploads:
                n_parts += change.abort_upload(number)
                if n_parts >= _PARTS:
                    break
            if uploads:
                return False
            change.count(0, 0, -_documents_bytes(db, change.id))
            for table in ("documents", "lifecycles"):  # completions go by time
                db.execute(f"DELETE FROM {table} WHERE bucket = ?", (change.id,))
            db.execute("DELETE FROM buckets WHERE id = ?", (change.id,))
            return True

        while not self._change(delete):
            pass

    def set_versioning(self, bucket: str, versioning: Versioning) -> None:
        def change(db: sqlite3.Connection, _: list[str]) -> None:
            number, found = bucket_row(db, bucket, self.account)
            if versioning is Versioning.OFF and found.versioning is not Versioning.OFF:
                raise InvalidRequest(
                    f"The versioning of {bucket} was set before: it can be suspended, not switched off."
                )
            db.execute("UPDATE buckets SET versioning = ? WHERE id = ?", (versioning.value, number))

        self._change(change)

    def document(self, bucket: str, name: str) -> str | None:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            row = db.execute(
                "SELECT text FROM documents WHERE bucket = ? AND name = ?", (number, name)
            ).fetchone()
        return None if row is None else str(row[0])

    def set_document(self, bucket: str, name: str, text: str | None) -> None:
        def change(db: sqlite3.Connection, gone: list[str]) -> None:
            with self._documents(db, bucket, gone) as number:
                _set_document(db, number, name, text)

        self._change(change)

    def lifecycle(self, bucket: str) -> tuple[LifecycleRule, ...]:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            row = db.execute("SELECT rules FROM lifecycles WHERE bucket = ?", (number,)).fetchone()
        return () if row is None else rules_from_json(row[0])

    def expiry_of(self, version: Version) -> tuple[datetime, LifecycleRule] | None:
        with self._index.read() as db:
            number, _ = bucket_row(db, version.bucket, self.account)
            row = db.execute("SELECT rules FROM lifecycles WHERE bucket = ?", (number,)).fetchone()
        return None if row is None else self._rules.get(number, row[0]).expiry_of(version)

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule], text: str | None) -> None:
        plain = tuple(
            replace(rule, filter=replace(rule.filter, tags=dict(rule.filter.tags)))
            for rule in rules
        )

        def change(db: sqlite3.Connection, gone: list[str]) -> None:
            with self._documents(db, bucket, gone) as number:
                db.execute("DELETE FROM lifecycles WHERE bucket = ?", (number,))
                if plain:
                    kept = rules_to_json(plain)
                    db.execute("INSERT INTO lifecycles VALUES (?, ?)", (number, kept))
                _set_document(db, number, LIFECYCLE_DOCUMENT, text)

        self._change(change)

    def usage(self, account: str) -> Usage:
        with self._index.read() as db:
            row = db.execute(
                "SELECT n_bytes, n_objects FROM usage WHERE account = ?", (account,)
            ).fetchone()
        return Usage(*row) if row is not None else Usage(0, 0)

    @contextmanager
    def _documents(self, db: sqlite3.Connection, bucket: str, gone: list[str]) -> Iterator[int]:
        """Yield the row of a bucket whose documents change in the block; what they grow by is counted."""
        change = BucketChange(db, bucket, gone, self._limit_bytes, self.account)
        before = _documents_bytes(db, change.id)
        yield change.id
        change.count(0, 0, _documents_bytes(db, change.id) - before)


def _documents_bytes(db: sqlite3.Connection, bucket: int) -> int:
    (n_bytes,) = db.execute(
        "SELECT coalesce((SELECT sum(length(text)) FROM documents WHERE bucket = ?), 0) + "
        "coalesce((SELECT length(rules) FROM lifecycles WHERE bucket = ?), 0)",
        (bucket, bucket),
    ).fetchone()
    return int(n_bytes)


def _set_document(db: sqlite3.Connection, bucket: int, name: str, text: str | None) -> None:
    db.execute("DELETE FROM documents WHERE bucket = ? AND name = ?", (bucket, name))
    if text is not None:
        db.execute("INSERT INTO documents VALUES (?, ?, ?)", (bucket, name, text))
