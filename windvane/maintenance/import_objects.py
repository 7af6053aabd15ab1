"""The one-time import of objects that an earlier version's store holds: every bucket, object and version, compared byte by
byte, before the old folder is moved aside."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from windvane.durable import sync_folder
from windvane.errors import WindvaneError
from windvane.maintenance.old_folder import (
    FOLDER,
    IMPORTED,
    IMPORTING,
    OLD,
    is_old_store,
    put_in_place,
)
from windvane.maintenance.old_store import running
from windvane.maintenance.sinks import sync_file_system
from windvane.objects.records import Attributes, Version, Versioning
from windvane.objects.store import EmbeddedObjects, open_objects

_BLOCK = 1024 * 1024
_PROBE = "windvane-probe"
"""A bucket that the earlier version made for itself."""

_HEADERS = {
    "ContentType": "content-type",
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "Expires": "expires",
}
_DOCUMENTS = {
    "get_bucket_cors": "CORS rules",
    "get_bucket_lifecycle_configuration": "lifecycle rules",
    "get_bucket_policy": "a policy",
    "get_bucket_tagging": "tags",
}


class ImportFault(WindvaneError):
    """Objects could not be imported; what the earlier version wrote is as it was."""


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    notes    what could not be taken over, a sentence each
    """

    n_buckets: int
    n_objects: int
    n_bytes: int
    notes: tuple[str, ...]


def import_objects(
    data_dir: Path, owners: Mapping[str, str], account: str, region: str
) -> Imported:
    """Import, compare, and move the earlier store's folder aside. The server must be stopped.

    owners     accounts by bucket
    account    that gets buckets which nobody owns
    raises     ImportFault, OldStoreFault: nothing was changed
    """
    put_in_place(data_dir)
    if not is_old_store(data_dir / FOLDER):
        raise ImportFault(f"{data_dir / FOLDER} holds no objects of an earlier version.")
    if (data_dir / OLD).exists():
        raise ImportFault(
            f"{data_dir / OLD} exists: move it away first, nothing is written over it."
        )
    shutil.rmtree(data_dir / IMPORTING, ignore_errors=True)
    clock = _Clock()
    objects = open_objects(data_dir / IMPORTING, clock)
    try:
        with running(data_dir / FOLDER) as client:
            done = _Import(client, objects, clock, owners, account, region).run()
    except ClientError as error:
        raise ImportFault(f"The earlier store refuses: {error}.") from error
    finally:
        objects.close()
    sync_file_system(data_dir)
    (data_dir / IMPORTING).rename(data_dir / IMPORTED)
    sync_folder(data_dir)
    put_in_place(data_dir)
    sync_folder(data_dir)
    return done


class _Clock:
    """The time as of which the next change is recorded: that of the object which is imported."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class _OldVersion:
    key: str
    version_id: str
    modified: datetime
    is_marker: bool = False
    is_latest: bool = True

    @property
    def written_ns(self) -> int:
        """The time at which it was written: what is told as modified is whole seconds, and of the last change of
        anything about it.

        The store's version ids begin with 16 hexadecimal digits of nanoseconds, counted down from the largest number that
        63 bits hold since there was a need to list the newest first.
        """
        if re.fullmatch(r"[0-9a-f]{32}", self.version_id):
            number = int(self.version_id[:16], 16)
            return number if number < 2**62 else 2**63 - 1 - number
        return int(self.modified.timestamp()) * 10**9


class _Import:
    def __init__(
        self,
        client: Any,
        objects: EmbeddedObjects,
        clock: _Clock,
        owners: Mapping[str, str],
        account: str,
        region: str,
    ) -> None:
        self._client, self._objects, self._clock = client, objects, clock
        self._owners, self._account, self._region = owners, account, region
        self._notes: list[str] = []
        self._n_objects = self._n_bytes = 0

    def run(self) -> Imported:
        buckets = [b for b in self._client.list_buckets()["Buckets"] if b["Name"] != _PROBE]
        for bucket in buckets:
            self._clock.now = bucket["CreationDate"].astimezone(UTC)
            self._import_bucket(bucket["Name"])
        for name in sorted(self._owners.keys() - {bucket["Name"] for bucket in buckets} - {_PROBE}):
            self._notes.append(
                f"Bucket {name} is claimed by account {self._owners[name]} but does not exist."
            )
        return Imported(len(buckets), self._n_objects, self._n_bytes, tuple(self._notes))

    def _import_bucket(self, bucket: str) -> None:
        if bucket not in self._owners:
            self._notes.append(f"Bucket {bucket} has no owner; account {self._account} gets it.")
        owner = self._owners.get(bucket, self._account)
        self._objects.create_bucket(bucket, owner, self._region)
        status = self._client.get_bucket_versioning(Bucket=bucket).get("Status")
        final = {"Enabled": Versioning.ENABLED, "Suspended": Versioning.SUSPENDED}.get(status)
        current = Versioning.OFF
        for old in self._versions(bucket) if final else self._newest(bucket):
            wanted = (
                Versioning.ENABLED if old.version_id not in ("", "null") else _unversioned(current)
            )
            if wanted is not current:
                self._objects.set_versioning(bucket, wanted)
                current = wanted
            self._import_version(bucket, old)
        if final is not None:
            self._objects.set_versioning(bucket, final)
            self._notes.append(f"Versions of objects in {bucket} have new version ids.")
        self._note_the_rest(bucket)

    def _newest(self, bucket: str) -> Iterator[_OldVersion]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", ()):
                yield _OldVersion(entry["Key"], "", entry["LastModified"].astimezone(UTC))

    def _versions(self, bucket: str) -> Iterator[_OldVersion]:
        """Yield the versions, of each key the oldest first."""
        found: dict[str, list[_OldVersion]] = {}
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for is_marker, entries in ((False, "Versions"), (True, "DeleteMarkers")):
                for entry in page.get(entries, ()):
                    modified = entry["LastModified"].astimezone(UTC)
                    version = _OldVersion(
                        entry["Key"], entry["VersionId"], modified, is_marker, entry["IsLatest"]
                    )
                    found.setdefault(entry["Key"], []).append(version)
        for key in sorted(found):
            yield from sorted(found[key], key=lambda old: (old.is_latest, old.written_ns))

    def _import_version(self, bucket: str, old: _OldVersion) -> None:
        self._clock.now = old.modified
        if old.is_marker:
            self._objects.delete(bucket, old.key)
            return
        which = {"VersionId": old.version_id} if old.version_id else {}
        try:
            got = self._client.get_object(Bucket=bucket, Key=old.key, **which)
            tags = self._client.get_object_tagging(Bucket=bucket, Key=old.key, **which)["TagSet"]
        except ClientError as error:
            raise ImportFault(
                f"s3://{bucket}/{old.key} cannot be read: {error}. An object that is encrypted with a client's own key "
                "(SSE-C) must be copied without one, or deleted, with the earlier version first."
            ) from error
        attributes = Attributes(
            headers={ours: _text(got[name]) for name, ours in _HEADERS.items() if name in got},
            metadata=got["Metadata"],
            tags={tag["Key"]: tag["Value"] for tag in tags},
        )
        digest = hashlib.sha256()
        with self._objects.stage() as staged:
            while data := got["Body"].read(_BLOCK):
                staged.write(data)
                digest.update(data)
            if staged.size != got["ContentLength"]:
                raise ImportFault(f"s3://{bucket}/{old.key} ended after {staged.size} bytes.")
            made = self._objects.put(bucket, old.key, staged, got["ETag"].strip('"'), attributes)
        self._compare(made, digest.hexdigest())
        self._n_objects += 1
        self._n_bytes += made.size

    def _compare(self, made: Version, digest: str) -> None:
        """Check that what was put reads back as it was read, and its MD5 is its entity tag unless it came in parts."""
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with self._objects.open(made) as stream:
            while data := stream.read(_BLOCK):
                sha256.update(data)
                md5.update(data)
        is_same = sha256.hexdigest() == digest and (
            "-" in made.etag or made.etag == md5.hexdigest()
        )
        if not is_same:
            raise ImportFault(
                f"s3://{made.bucket}/{made.key} is not what its entity tag says: it was damaged before. Delete it with "
                "the earlier version, or restore it from a backup, and import again."
            )

    def _note_the_rest(self, bucket: str) -> None:
        for operation, what in _DOCUMENTS.items():
            if _answers(getattr(self._client, operation), bucket):
                self._notes.append(
                    f"Bucket {bucket} has {what}, which were not taken over: set them again."
                )
        uploads = self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
        if uploads:
            self._notes.append(
                f"{len(uploads)} uploads to {bucket} were not complete: begin them again."
            )


def _unversioned(current: Versioning) -> Versioning:
    return Versioning.OFF if current is Versioning.OFF else Versioning.SUSPENDED


def _text(value: object) -> str:
    return (
        value.strftime("%a, %d %b %Y %H:%M:%S GMT") if isinstance(value, datetime) else str(value)
    )


def _answers(operation: Callable[..., Any], bucket: str) -> bool:
    try:
        operation(Bucket=bucket)
    except ClientError:
        return False
    return True
