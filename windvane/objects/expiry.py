"""Executes lifecycle rules: finds what is due page by page, and removes it in small transactions.

What was found is looked at again in the transaction that removes it: an object that was written anew meanwhile stays, so does
one with other tags, and everything once the rules of its bucket are others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from windvane.objects.bucket_operations import BucketOperations
from windvane.objects.changes import BucketChange
from windvane.objects.errors import NoSuchBucket, NoSuchUpload
from windvane.objects.lifecycle import days_over
from windvane.objects.object_operations import ObjectOperations
from windvane.objects.records import Upload, Version, Versioning
from windvane.objects.rows import bucket_row, key_bytes, rules_from_json, to_micros
from windvane.objects.rule_index import RuleIndex
from windvane.objects.upload_operations import UploadOperations

_BATCH = 200
_FORGOTTEN = 5_000
"""Completed uploads that are forgotten in one transaction, in which nobody else writes."""

_COMPLETIONS_KEPT = timedelta(days=1)


class Expiry(BucketOperations, ObjectOperations, UploadOperations):
    """The part of a store that lets things expire."""

    def _expire(self, now: datetime) -> None:
        with self._index.read() as db:
            rows = db.execute(
                "SELECT name FROM lifecycles JOIN buckets ON buckets.id = bucket ORDER BY name"
            ).fetchall()
        for (bucket,) in rows:
            with suppress(NoSuchBucket):  # deleted meanwhile
                text = self._rules_of(bucket)
                rules = RuleIndex(rules_from_json(text))
                self._expire_versions(bucket, text, rules, now)
                self._expire_uploads(bucket, text, rules, now)
        while self._forget_completions(to_micros(now - _COMPLETIONS_KEPT)):
            pass

    def _forget_completions(self, oldest: int) -> bool:
        """Forget some of those before `oldest`; return whether there may be more."""

        def forget(db: sqlite3.Connection, _: list[str]) -> int:
            return db.execute(
                "DELETE FROM completions WHERE upload IN "
                "(SELECT upload FROM completions WHERE at < ? ORDER BY at LIMIT ?)",
                (oldest, _FORGOTTEN),
            ).rowcount

        return self._change(forget) == _FORGOTTEN

    def _rules_of(self, bucket: str) -> str:
        """Return the rules as they are kept; raises NoSuchBucket."""
        with self._index.read() as db:
            number, _ = bucket_row(db, bucket)
            row = db.execute("SELECT rules FROM lifecycles WHERE bucket = ?", (number,)).fetchone()
        return "[]" if row is None else str(row[0])

    def _expire_versions(self, bucket: str, text: str, rules: RuleIndex, now: datetime) -> None:
        """Remove the versions of a bucket that its rules have expired.

        text    the rules as they are kept
        """
        batch: list[Version] = []
        for version in due(self._versions(bucket), rules, now):
            batch.append(version)
            if len(batch) == _BATCH:
                if not self._remove_due(bucket, text, batch, now):
                    return
                batch = []
        self._remove_due(bucket, text, batch, now)

    def _remove_due(self, bucket: str, rules: str, batch: Sequence[Version], now: datetime) -> bool:
        """Return whether the rules are still those by which it was found due; nothing is removed if not."""

        def remove(db: sqlite3.Connection, gone: list[str]) -> bool:
            change = BucketChange(db, bucket, gone)
            kept = db.execute(
                "SELECT rules FROM lifecycles WHERE bucket = ?", (change.id,)
            ).fetchone()
            if kept is None or kept[0] != rules:
                return False
            for version in batch:
                _remove(change, version, to_micros(now))
            return True

        return not batch or self._change(remove)

    def _expire_uploads(self, bucket: str, text: str, rules: RuleIndex, now: datetime) -> None:
        for upload in self._uploads(bucket) if rules.aborts_uploads else ():
            days = rules.abort_days(upload.key)
            if days is not None and days_over(upload.begun, days) <= now:
                if self._rules_of(bucket) != text:
                    return
                with suppress(NoSuchUpload):
                    self.abort_upload(upload)

    def _versions(self, bucket: str) -> Iterator[Version]:
        place: tuple[str, str] | None = ("", "")
        while place is not None:
            page = self.list_versions(bucket, after_key=place[0], after_version=place[1])
            yield from page.versions
            place = page.next

    def _uploads(self, bucket: str) -> Iterator[Upload]:
        place: tuple[str, str] | None = ("", "")
        while place is not None:
            page = self.list_uploads(bucket, after_key=place[0], after_upload=place[1])
            yield from page.uploads
            place = page.next


def due(versions: Iterable[Version], rules: RuleIndex, now: datetime) -> Iterator[Version]:
    """Yield those of a list of versions, by key and the newest first, that a rule lets go.

    A key may come twice, when what the list goes on from is gone by then: its newest version stays the newest.
    """
    newer: Version | None = None
    n_noncurrent = 0
    for version, follower in _with_follower(versions):
        if newer is None or newer.key != version.key or version.is_latest:
            n_noncurrent = 0
            is_alone = follower is None or follower.key != version.key
            if _is_newest_due(version, is_alone, rules, now):
                yield version
        else:
            if rules.is_noncurrent_over(version, newer.modified, n_noncurrent, now):
                yield version
            n_noncurrent += 1
        newer = version


def _is_newest_due(version: Version, is_alone: bool, rules: RuleIndex, now: datetime) -> bool:
    found = rules.expiry_of(version)
    is_over = found is not None and found[0] <= now
    if not version.is_delete_marker:
        return is_over
    return is_alone and (is_over or rules.removes_lone_marker(version))


def _with_follower(versions: Iterable[Version]) -> Iterator[tuple[Version, Version | None]]:
    rest = iter(versions)
    current = next(rest, None)
    while current is not None:
        follower = next(rest, None)
        yield current, follower
        current = follower


def _remove(change: BucketChange, version: Version, now: int) -> None:
    """Remove what is still as it was found."""
    key = key_bytes(version.key)
    sequences = [
        sequence
        for (sequence,) in change.db.execute(
            "SELECT sequence FROM versions WHERE bucket = ? AND key = ? "
            "AND (sequence = ? OR latest = 1) ORDER BY sequence DESC",
            (change.id, key, version.sequence),
        )
    ]
    is_newest = sequences[:1] == [version.sequence]
    if version.sequence not in sequences or is_newest != version.is_latest:
        return
    if change.tags(version) != version.attributes.tags:
        return
    if version.is_delete_marker and is_newest and not change.is_alone(key):
        return
    if not is_newest or version.is_delete_marker or change.bucket.versioning is Versioning.OFF:
        change.remove(version, key)
    else:
        change.mark_deleted(key, now)
