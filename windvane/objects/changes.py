"""Changes of the index that several operations make, inside their transaction.

Files whose last reference a transaction drops are named in `gone`; they are removed once it is durable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from windvane.objects.errors import NoSuchKey, PreconditionFailed, QuotaExceeded
from windvane.objects.records import Condition, Version, Versioning
from windvane.objects.rows import (
    VERSION_COLUMNS,
    attributes_from_json,
    bucket_row,
    new_nonce,
    version_of,
)

ROW_BYTES, FILE_BYTES = 512, 4096
"""That a row with its indexes, and a file or folder, take at least."""


def beside(key: bytes, n_attributes: int) -> int:
    """Return the bytes that a version or an upload takes beside its content: the key is in its row and in three indexes.

    n_attributes    length of its attributes as they are kept
    """
    return ROW_BYTES + 4 * len(key) + n_attributes


@dataclass(frozen=True)
class NewVersion:
    """A row to be; without `content` it is a delete marker."""

    key: bytes
    modified: int
    content: int | None = None
    size: int = 0
    stored_size: int = 0
    n_parts: int = 0
    etag: str = ""
    attributes: str = "{}"


class BucketChange:
    """Changes of one bucket's versions within one transaction."""

    def __init__(
        self,
        db: sqlite3.Connection,
        bucket: str,
        gone: list[str],
        limit_bytes: int = 0,
        account: str | None = None,
    ) -> None:
        """Change a bucket in a transaction that is open.

        limit_bytes    that the bucket's account may come to use; 0 means any
        account        whose bucket it has to be; None: anybody's

        raises    NoSuchBucket
        """
        self.db = db
        self._limit_bytes = limit_bytes
        self.id, self.bucket = bucket_row(db, bucket, account)
        self._gone = gone

    def latest(self, key: bytes) -> Version | None:
        """Return the newest version of a key, which may be a delete marker."""
        row = self.db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? "
            "ORDER BY sequence DESC LIMIT 1",
            (self.id, key),
        ).fetchone()
        return None if row is None else version_of(self.bucket.name, row)

    def tags(self, version: Version) -> Mapping[str, str]:
        """Return the tags of a version that is there, as they are now."""
        (text,) = self.db.execute(
            "SELECT attributes FROM versions WHERE sequence = ?", (version.sequence,)
        ).fetchone()
        return attributes_from_json(text).tags

    def is_alone(self, key: bytes) -> bool:
        """Return whether the key has one version and no more."""
        found = self.db.execute(
            "SELECT 1 FROM versions WHERE bucket = ? AND key = ? LIMIT 2", (self.id, key)
        )
        return len(found.fetchall()) == 1

    def check(self, key: bytes, condition: Condition | None) -> None:
        """Check a condition against the newest version of a key.

        raises    PreconditionFailed; NoSuchKey
        """
        if condition is not None:
            self.check_version(self.latest(key), key, condition)

    def check_version(self, found: Version | None, key: bytes, condition: Condition) -> None:
        """Check a condition against a version.

        raises    PreconditionFailed; NoSuchKey
        """
        if found is not None and found.is_delete_marker:
            found = None
        if condition.if_match is not None:
            if found is None:
                raise NoSuchKey(self.bucket.name, key.decode())
            if condition.if_match not in ("*", found.etag):
                raise PreconditionFailed("If-Match")
        if found is not None and condition.if_none_match in ("*", found.etag):
            raise PreconditionFailed("If-None-Match")

    def add(self, new: NewVersion) -> Version:
        """Make a version the newest of its key, in place of the null version unless versioning is enabled."""
        nonce = new_nonce()
        if self.bucket.versioning is not Versioning.ENABLED:
            nonce = ""
            self.remove_null(new.key)
        self._mark_newest(new.key, 0)
        sequence = self.db.execute(
            "INSERT INTO versions (bucket, key, nonce, latest, content, size, stored_size, n_parts, etag, "
            "modified, attributes) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.id,
                new.key,
                nonce,
                new.content,
                new.size,
                new.stored_size,
                new.n_parts,
                new.etag,
                new.modified,
                new.attributes,
            ),
        ).lastrowid
        n_beside = beside(new.key, len(new.attributes))
        self.count(new.size, 0 if new.content is None else 1, n_beside)
        row = self.db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE sequence = ?", (sequence,)
        ).fetchone()
        return version_of(self.bucket.name, row)

    def mark_deleted(self, key: bytes, modified: int) -> str:
        """Add a delete marker and return its version id."""
        return self.add(NewVersion(key, modified)).version_id

    def remove(self, version: Version, key: bytes) -> None:
        """Remove a version (or delete marker) for good; the next newest takes its place."""
        content, n_attributes = self.db.execute(
            "DELETE FROM versions WHERE sequence = ? RETURNING content, length(attributes)",
            (version.sequence,),
        ).fetchone()
        self.count(-version.size, 0 if content is None else -1, -beside(key, n_attributes))
        if content is not None:
            self.drop_content(content)
        if version.is_latest:
            self._mark_newest(key, 1)

    def remove_null(self, key: bytes) -> Version | None:
        """Remove the null version of a key, if it has one, and return it."""
        row = self.db.execute(
            f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? AND nonce = ''",
            (self.id, key),
        ).fetchone()
        if row is None:
            return None
        version = version_of(self.bucket.name, row)
        self.remove(version, key)
        return version

    def drop_content(self, content: int) -> None:
        refs, file = self.db.execute(
            "UPDATE contents SET refs = refs - 1 WHERE id = ? RETURNING refs, file", (content,)
        ).fetchone()
        if refs == 0:
            self.db.execute("DELETE FROM contents WHERE id = ?", (content,))
            self.db.execute("DELETE FROM parts WHERE content = ?", (content,))
            if file is not None:
                self._gone.append(file)

    def drop_upload(self, number: int) -> int:
        """Drop the row of an upload, not its parts; return its content."""
        content, key, n_attributes = self.db.execute(
            "DELETE FROM uploads WHERE id = ? RETURNING content, key, length(attributes)", (number,)
        ).fetchone()
        self.count(0, 0, -beside(key, n_attributes) - FILE_BYTES)
        return int(content)

    def abort_upload(self, number: int) -> int:
        """Drop an upload and its parts, which did not become an object; return how many there were."""
        content = self.drop_upload(number)
        size, n_parts = self.db.execute(
            "SELECT coalesce(sum(size), 0), count(*) FROM parts WHERE content = ?", (content,)
        ).fetchone()
        self.count(-size, 0, -n_parts * FILE_BYTES)
        self.drop_content(content)
        return int(n_parts)

    def count(self, n_bytes: int, n_objects: int, n_beside: int) -> None:
        """Add to what the bucket's account uses.

        n_beside    bytes that are not of content: whoever stores a million empty objects fills a disk, too
        raises      QuotaExceeded if it grows beyond what it may
        """
        (used,) = self.db.execute(
            "INSERT INTO usage (account, n_bytes, n_objects, n_beside) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (account) DO UPDATE SET n_bytes = n_bytes + excluded.n_bytes, "
            "n_objects = n_objects + excluded.n_objects, n_beside = n_beside + excluded.n_beside "
            "RETURNING n_bytes + n_beside",
            (self.bucket.account, n_bytes, n_objects, n_beside),
        ).fetchone()
        more = n_bytes + n_beside
        if more > 0 and 0 < self._limit_bytes < used:
            raise QuotaExceeded(self.bucket.account, self._limit_bytes, used - more, more)

    def _mark_newest(self, key: bytes, latest: int) -> None:
        self.db.execute(
            "UPDATE versions SET latest = ? WHERE sequence = (SELECT sequence FROM versions "
            "WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1)",
            (latest, self.id, key),
        )
