"""Objects, their versions and lists, in the index and the data files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from windvane.objects import listing
from windvane.objects.base import Staged
from windvane.objects.changes import BucketChange, NewVersion
from windvane.objects.checksums import StoredChecksum
from windvane.objects.errors import (
    DamagedObject,
    NoSuchKey,
    NoSuchVersion,
    ObjectFault,
)
from windvane.objects.opened import Opened, own
from windvane.objects.reading import Segment, inline_stream, open_stream
from windvane.objects.records import (
    NULL_VERSION,
    Attributes,
    Condition,
    Deletion,
    Listing,
    Part,
    Removal,
    Version,
    Versioning,
    VersionPage,
)
from windvane.objects.rows import (
    PART_COLUMNS,
    SUM_COLUMNS,
    VERSION_COLUMNS,
    attributes_from_json,
    attributes_to_json,
    bucket_row,
    key_bytes,
    parse_identifier,
    part_of,
    sought_bytes,
    sum_of,
    version_of,
)
from windvane.objects.staging import INLINE_BYTES, StagedBytes


class ObjectOperations(Opened):
    """The part of a store that is about objects; see objects/base.py."""

    def stage(self) -> StagedBytes:
        return StagedBytes(self._files.new_file, INLINE_BYTES, count=self._count_staged())

    def put(
        self,
        bucket: str,
        key: str,
        staged: Staged,
        etag: str,
        attributes: Attributes,
        *,
        size: int | None = None,
        condition: Condition | None = None,
    ) -> Version:
        raw, mine, text = key_bytes(key), own(staged), attributes_to_json(attributes)
        if mine.folder is not None:
            raise ValueError("what was staged is a part of an upload")

        def put(db: sqlite3.Connection, gone: list[str]) -> Version:
            change = BucketChange(db, bucket, gone, self._limit_bytes, self.account)
            change.check(raw, condition)
            content = db.execute(
                f"INSERT INTO contents (file, data, stored_size, {SUM_COLUMNS}, refs) "
                "VALUES (?, ?, ?, ?, ?, 1)",
                (
                    mine.file,
                    None if mine.file else mine.data,
                    mine.size,
                    mine.sum.value,
                    mine.sum.kind.value,
                ),
            ).lastrowid
            return change.add(
                NewVersion(
                    raw,
                    self._now(),
                    content,
                    mine.size if size is None else size,
                    mine.size,
                    0,
                    etag,
                    text,
                )
            )

        return self._commit(mine, put)

    def find(self, bucket: str, key: str, version_id: str | None = None) -> Version:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            row = _version_row(db, number, sought_bytes(key), version_id)
        if row is None and version_id is not None:
            raise NoSuchVersion(bucket, key, version_id)
        if row is None:
            raise NoSuchKey(bucket, key)
        version = version_of(bucket, row)
        if version.is_delete_marker and version_id is None:
            raise NoSuchKey(bucket, key, version.version_id)
        return version

    def open(self, version: Version) -> BinaryIO:
        name = f"s3://{version.bucket}/{version.key}"
        content = self._content(version)
        if content.file is None:
            return inline_stream(name, content.data, content.sum)
        try:
            held = self._hold(version, content.file) if version.n_parts else None
            return open_stream(name, content.segments, held)
        except FileNotFoundError as error:
            self._content(version)  # it was deleted meanwhile, or
            raise DamagedObject(f"{name} is damaged: {error.filename} is missing.") from error

    def parts(self, version: Version) -> tuple[Part, ...]:
        with self._index.read() as db:
            rows = db.execute(
                f"SELECT {PART_COLUMNS} FROM parts WHERE content = "
                "(SELECT content FROM versions WHERE sequence = ?) ORDER BY number",
                (version.sequence,),
            ).fetchall()
        if len(rows) != version.n_parts:
            raise _gone(version)
        return tuple(part_of(row) for row in rows)

    def copy(
        self,
        source: Version,
        bucket: str,
        key: str,
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        raw, text = key_bytes(key), attributes_to_json(attributes)

        def copy(db: sqlite3.Connection, gone: list[str]) -> Version:
            change = BucketChange(db, bucket, gone, self._limit_bytes, self.account)
            change.check(raw, condition)
            row = db.execute(
                "UPDATE contents SET refs = refs + 1 WHERE id = "
                "(SELECT content FROM versions WHERE sequence = ?) RETURNING id",
                (source.sequence,),
            ).fetchone()
            if row is None:
                raise _gone(source)
            return change.add(
                NewVersion(
                    raw,
                    self._now(),
                    row[0],
                    source.size,
                    source.stored_size,
                    source.n_parts,
                    source.etag,
                    text,
                )
            )

        return self._change(copy)

    def set_tags(self, version: Version, tags: Mapping[str, str]) -> None:
        def change(db: sqlite3.Connection, gone: list[str]) -> None:
            row = db.execute(
                "SELECT attributes FROM versions WHERE sequence = ?", (version.sequence,)
            ).fetchone()
            if row is None:
                raise _gone(version)
            text = attributes_to_json(replace(attributes_from_json(row[0]), tags=tags))
            bucket = BucketChange(db, version.bucket, gone, self._limit_bytes, self.account)
            bucket.count(0, 0, len(text) - len(row[0]))
            db.execute(
                "UPDATE versions SET attributes = ? WHERE sequence = ?", (text, version.sequence)
            )

        self._change(change)

    def delete(
        self,
        bucket: str,
        key: str,
        version_id: str | None = None,
        *,
        condition: Condition | None = None,
    ) -> Removal:
        (removal,) = self.delete_many(bucket, (Deletion(key, version_id, condition),))
        if removal.fault is not None:
            raise removal.fault
        return removal

    def delete_many(self, bucket: str, deletions: Sequence[Deletion]) -> tuple[Removal, ...]:
        now = self._now()

        def delete(db: sqlite3.Connection, gone: list[str]) -> tuple[Removal, ...]:
            change = BucketChange(db, bucket, gone, self._limit_bytes, self.account)
            return tuple(_delete(change, deletion, now) for deletion in deletions)

        return self._change(delete)

    def list_objects(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        limit: int = 1000,
    ) -> Listing:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            what = listing.wanted(prefix, delimiter, after, limit, None)
            page = listing.list_latest(db, number, what)
        objects = tuple(version_of(bucket, row) for row in page.rows)
        last = page.last if page.last is None or isinstance(page.last, str) else objects[-1].key
        return Listing(objects, tuple(page.prefixes), last)

    def list_versions(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after_key: str = "",
        after_version: str = "",
        limit: int = 1000,
    ) -> VersionPage:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            sequence, is_one = listing.position_of(db, number, after_key, after_version)
            if not is_one:
                raise NoSuchVersion(bucket, after_key, after_version)
            what = listing.wanted(prefix, delimiter, after_key, limit, sequence)
            page = listing.list_versions(db, number, what)
        versions = tuple(version_of(bucket, row) for row in page.rows)
        if page.last is None or isinstance(page.last, str):
            return VersionPage(
                versions, tuple(page.prefixes), None if page.last is None else (page.last, "")
            )
        return VersionPage(
            versions, tuple(page.prefixes), (versions[-1].key, versions[-1].version_id)
        )

    def _hold(self, version: Version, folder: str) -> int:
        """Hold a folder of parts, of which nothing had been removed by then."""
        held = self._files.hold_folder(folder)
        try:
            self._content(version)
        except BaseException:
            os.close(held)
            raise
        return held

    def _content(self, version: Version) -> _Content:
        """Return where the content of a version is.

        raises    NoSuchVersion if the version is gone
        """
        with self._index.read() as db:
            row = db.execute(
                f"SELECT id, file, data, stored_size, {SUM_COLUMNS} FROM contents WHERE id = "
                "(SELECT content FROM versions WHERE sequence = ?)",
                (version.sequence,),
            ).fetchone()
            if row is None:
                raise _gone(version)
            number, file, data, size, *summed = row
            if file is None:
                return _Content(None, data, sum_of(*summed), ())
            if not version.n_parts:
                only = Segment(self._files.path(file), size, sum_of(*summed))
                return _Content(file, b"", only.sum, (only,))
            parts = db.execute(
                f"SELECT file, stored_size, {SUM_COLUMNS} FROM parts WHERE content = ? ORDER BY number",
                (number,),
            ).fetchall()
        path = self._files.path
        segments = tuple(
            Segment(path(f"{file}/{name}"), size, sum_of(*of)) for name, size, *of in parts
        )
        return _Content(file, b"", StoredChecksum(), segments)


@dataclass(frozen=True)
class _Content:
    """The place of a version's bytes: in `data` if there is no file."""

    file: str | None
    data: bytes
    sum: StoredChecksum
    segments: tuple[Segment, ...]


def _gone(version: Version) -> NoSuchVersion:
    return NoSuchVersion(version.bucket, version.key, version.version_id)


def _version_row(
    db: sqlite3.Connection, bucket: int, key: bytes, version_id: str | None
) -> tuple[Any, ...] | None:
    """Return the VERSION_COLUMNS of a version, of the newest if none is named."""
    chosen: tuple[str, tuple[object, ...]]
    if version_id is None:
        chosen = ("ORDER BY sequence DESC LIMIT 1", ())
    elif version_id == NULL_VERSION:
        chosen = ("AND nonce = ''", ())
    elif (parsed := parse_identifier(version_id)) is not None:
        chosen = ("AND sequence = ? AND nonce = ?", parsed)
    else:
        return None
    clause, values = chosen
    row: tuple[Any, ...] | None = db.execute(
        f"SELECT {VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? {clause}",
        (bucket, key, *values),
    ).fetchone()
    return row


def _delete(change: BucketChange, deletion: Deletion, now: int) -> Removal:
    key, version_id = deletion.key, deletion.version_id
    try:
        raw = key_bytes(key)
        row = _version_row(change.db, change.id, raw, version_id)
        found = None if row is None else version_of(change.bucket.name, row)
        if deletion.condition is not None:
            change.check_version(found, raw, deletion.condition)
    except ObjectFault as fault:
        return Removal(key, version_id, fault=fault)
    if version_id is not None:
        if found is None:
            return Removal(key, version_id)
        change.remove(found, raw)
        return Removal(key, version_id, version_id if found.is_delete_marker else None)
    if change.bucket.versioning is Versioning.OFF:
        change.remove_null(raw)
        return Removal(key)
    return Removal(key, marker_id=change.mark_deleted(raw, now))
