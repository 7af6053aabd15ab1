"""Objects that come in parts: each part is a file in the folder that becomes the object's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from windvane.errors import InvalidRequest
from windvane.objects import listing
from windvane.objects.base import Staged
from windvane.objects.changes import FILE_BYTES, BucketChange, NewVersion, beside
from windvane.objects.errors import (
    InvalidPart,
    InvalidPartOrder,
    NoSuchBucket,
    NoSuchUpload,
    PartTooSmall,
)
from windvane.objects.files import DataFile
from windvane.objects.opened import Opened, own
from windvane.objects.records import (
    MAX_PARTS,
    MIN_PART_BYTES,
    Attributes,
    Checksum,
    Condition,
    NamedPart,
    Part,
    PartPage,
    Upload,
    UploadPage,
    Version,
)
from windvane.objects.rows import (
    PART_COLUMNS,
    SUM_COLUMNS,
    UPLOAD_COLUMNS,
    VERSION_COLUMNS,
    attributes_to_json,
    bucket_row,
    checksum_from_json,
    checksum_to_json,
    key_bytes,
    new_nonce,
    parameters_to_json,
    parse_identifier,
    part_of,
    sought_bytes,
    upload_of,
    version_of,
)
from windvane.objects.staging import StagedBytes

_ALWAYS_A_FILE = -1


class UploadOperations(Opened):
    """The part of a store that is about uploads in parts; see objects/base.py."""

    def create_upload(self, bucket: str, key: str, attributes: Attributes) -> Upload:
        raw, text, now = key_bytes(key), attributes_to_json(attributes), self._now()

        def create(db: sqlite3.Connection, gone: list[str]) -> Upload:
            change = BucketChange(db, bucket, gone, self._limit_bytes, self.account)
            change.count(0, 0, beside(raw, len(text)) + FILE_BYTES)
            content = db.execute(
                "INSERT INTO contents (file, stored_size, refs) VALUES (?, 0, 1)", (folder,)
            ).lastrowid
            row = db.execute(
                "INSERT INTO uploads (nonce, bucket, key, begun, content, attributes) "
                f"VALUES (?, ?, ?, ?, ?, ?) RETURNING {UPLOAD_COLUMNS}",
                (new_nonce(), change.id, raw, now, content, text),
            ).fetchone()
            return upload_of(bucket, row)

        with self._files.new_folder() as folder:
            return self._change(create)

    def upload(self, bucket: str, key: str, upload_id: str) -> Upload:
        with self._index.read() as db:
            found = _find(db, bucket, key, upload_id)
            row = db.execute(
                f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE id = ?", (found.id,)
            ).fetchone()
        return upload_of(bucket, row)

    def stage_part(self, upload: Upload) -> StagedBytes:
        with self._index.read() as db:
            found = _find_upload(db, upload)

        def new_part() -> DataFile:
            try:
                return self._files.new_part(found.folder)
            except FileNotFoundError as error:
                raise NoSuchUpload(upload.bucket, upload.key, upload.upload_id) from error

        return StagedBytes(new_part, _ALWAYS_A_FILE, found.folder, self._count_staged())

    def put_part(
        self,
        upload: Upload,
        number: int,
        staged: Staged,
        etag: str,
        *,
        size: int | None = None,
        checksum: Checksum | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Part:
        mine = own(staged)
        if not 1 <= number <= MAX_PARTS:
            raise InvalidRequest(f"Part number {number} is not from 1 to {MAX_PARTS}.")
        plain_size = mine.size if size is None else size
        sums = (checksum_to_json(checksum), parameters_to_json(parameters or {}))

        def put(db: sqlite3.Connection, gone: list[str]) -> Part:
            found = _find_upload(db, upload)
            if mine.folder != found.folder:
                raise ValueError("the part was staged for another upload")
            change = BucketChange(db, upload.bucket, gone, self._limit_bytes, self.account)
            _remove_part(change, found, number, gone)
            change.count(plain_size, 0, FILE_BYTES)
            row = db.execute(
                f"INSERT INTO parts (content, number, file, size, stored_size, {SUM_COLUMNS}, etag, modified, "
                f"checksum, parameters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {PART_COLUMNS}",
                (
                    found.content,
                    number,
                    mine.file,
                    plain_size,
                    mine.size,
                    mine.sum.value,
                    mine.sum.kind.value,
                    etag,
                    self._now(),
                    *sums,
                ),
            ).fetchone()
            return part_of(row)

        try:
            return self._commit(mine, put)
        except FileNotFoundError as error:
            raise NoSuchUpload(upload.bucket, upload.key, upload.upload_id) from error

    def list_parts(self, upload: Upload, *, after: int = 0, limit: int = 1000) -> PartPage:
        with self._index.read() as db:
            found = _find_upload(db, upload)
            rows = db.execute(
                f"SELECT {PART_COLUMNS} FROM parts WHERE content = ? AND number > ? "
                "ORDER BY number LIMIT ?",
                (found.content, after, limit + 1),
            ).fetchall()
        parts = tuple(part_of(row) for row in rows[:limit])
        return PartPage(parts, parts[-1].number if parts and len(rows) > limit else None)

    def list_uploads(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after_key: str = "",
        after_upload: str = "",
        limit: int = 1000,
    ) -> UploadPage:
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket, self.account)
            position = None
            if after_upload:
                parsed = parse_identifier(after_upload)
                if parsed is None:
                    raise NoSuchUpload(bucket, after_key, after_upload)
                position = parsed[0]
            what = listing.wanted(prefix, delimiter, after_key, limit, position)
            page = listing.list_uploads(db, number, what)
        uploads = tuple(upload_of(bucket, row) for row in page.rows)
        if page.last is None or isinstance(page.last, str):
            return UploadPage(
                uploads, tuple(page.prefixes), None if page.last is None else (page.last, "")
            )
        return UploadPage(uploads, tuple(page.prefixes), (uploads[-1].key, uploads[-1].upload_id))

    def complete_upload(
        self,
        upload: Upload,
        parts: Sequence[NamedPart],
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        _check_order(parts)
        text, named = attributes_to_json(attributes), _named(parts)
        raw = sought_bytes(upload.key)

        def complete(db: sqlite3.Connection, gone: list[str]) -> Version:
            change = BucketChange(db, upload.bucket, gone, self._limit_bytes, self.account)
            try:
                found = _find_upload(db, upload)
            except NoSuchUpload:
                if (version := _completed(change, upload, named)) is None:
                    raise
                return version
            change.check(raw, condition)
            size, stored_size = _keep_named(change, found, parts, gone)
            change.drop_upload(found.id)
            db.execute(
                "UPDATE contents SET stored_size = ? WHERE id = ?", (stored_size, found.content)
            )
            now = self._now()
            etag = _joined_etag(parts)
            version = change.add(
                NewVersion(raw, now, found.content, size, stored_size, len(parts), etag, text)
            )
            db.execute(
                "INSERT INTO completions VALUES (?, ?, ?, ?, ?, ?)",
                (upload.upload_id, change.id, raw, version.sequence, named, now),
            )
            return version

        return self._change(complete)

    def abort_upload(self, upload: Upload) -> None:
        def abort(db: sqlite3.Connection, gone: list[str]) -> None:
            found = _find_upload(db, upload)
            BucketChange(db, upload.bucket, gone).abort_upload(found.id)

        self._change(abort)


@dataclass(frozen=True)
class _Found:
    """Row id, content and folder of an upload."""

    id: int
    content: int
    folder: str


def _remove_part(change: BucketChange, found: _Found, number: int, gone: list[str]) -> None:
    """Remove a part of an upload, if there is one of this number."""
    row = change.db.execute(
        "DELETE FROM parts WHERE content = ? AND number = ? RETURNING file, size",
        (found.content, number),
    ).fetchone()
    if row is not None:
        gone.append(f"{found.folder}/{row[0]}")
        change.count(-row[1], 0, -FILE_BYTES)


def _find_upload(db: sqlite3.Connection, upload: Upload) -> _Found:
    """Return where an upload of the caller is.

    raises    NoSuchUpload
    """
    try:
        return _find(db, upload.bucket, upload.key, upload.upload_id)
    except NoSuchBucket as error:
        raise NoSuchUpload(upload.bucket, upload.key, upload.upload_id) from error


def _find(db: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> _Found:
    """Return where an upload is, by its names.

    raises    NoSuchBucket; NoSuchUpload
    """
    number, _ = bucket_row(db, bucket)
    parsed = parse_identifier(upload_id)
    row = (
        parsed
        and db.execute(
            "SELECT uploads.id, content, file FROM uploads JOIN contents ON contents.id = content "
            "WHERE uploads.id = ? AND nonce = ? AND bucket = ? AND key = ?",
            (*parsed, number, sought_bytes(key)),
        ).fetchone()
    )
    if not row:
        raise NoSuchUpload(bucket, key, upload_id)
    return _Found(*row)


def _check_order(parts: Sequence[NamedPart]) -> None:
    if not parts:
        raise InvalidRequest("An upload is completed of at least one part.")
    numbers = [part.number for part in parts]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise InvalidPartOrder


def _keep_named(
    change: BucketChange, found: _Found, parts: Sequence[NamedPart], gone: list[str]
) -> tuple[int, int]:
    """Drop the parts that are not named; return the size and the stored size of those that are.

    raises    InvalidPart; PartTooSmall
    """
    rows = change.db.execute(
        "SELECT number, file, size, stored_size, etag, checksum FROM parts WHERE content = ?",
        (found.content,),
    ).fetchall()
    stored = {number: kept for number, *kept in rows}
    change.count(-sum(kept[1] for kept in stored.values()), 0, -len(stored) * FILE_BYTES)
    sizes: list[tuple[int, int]] = []
    for named in parts:
        if (kept := stored.pop(named.number, None)) is None:
            raise InvalidPart(named.number)
        _, size, stored_size, etag, checksum = kept
        if etag != named.etag:
            raise InvalidPart(named.number)
        if named.checksum is not None and named.checksum != checksum_from_json(checksum):
            raise InvalidPart(named.number)
        sizes.append((size, stored_size))
    for named, (size, _) in zip(parts[:-1], sizes, strict=False):
        if size < MIN_PART_BYTES:
            raise PartTooSmall(named.number, named.etag, size, MIN_PART_BYTES)
    for number, (file, *_) in stored.items():
        change.db.execute(
            "DELETE FROM parts WHERE content = ? AND number = ?", (found.content, number)
        )
        gone.append(f"{found.folder}/{file}")
    return sum(size for size, _ in sizes), sum(stored for _, stored in sizes)


def _completed(change: BucketChange, upload: Upload, named: str) -> Version | None:
    """Return the version that an earlier completion with the same parts made, if it is still there."""
    row = change.db.execute(
        f"SELECT {VERSION_COLUMNS} FROM versions WHERE sequence = (SELECT sequence FROM completions "
        "WHERE upload = ? AND bucket = ? AND key = ? AND named = ?)",
        (upload.upload_id, change.id, sought_bytes(upload.key), named),
    ).fetchone()
    return None if row is None else version_of(upload.bucket, row)


def _named(parts: Sequence[NamedPart]) -> str:
    """Return what tells one list of parts from another."""
    text = "\n".join(f"{part.number}:{part.etag}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _joined_etag(parts: Sequence[NamedPart]) -> str:
    joined = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
