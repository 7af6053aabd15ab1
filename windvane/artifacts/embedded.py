"""Artifacts straight in the embedded object store, from any process of the machine: no HTTP, no keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from windvane.artifacts.base import Location, ObjectInfo
from windvane.errors import AccessDenied
from windvane.objects.base import ObjectStore
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import Algorithm, DataKeys, asked, key_to_ask_for
from windvane.objects.errors import (
    BucketTaken,
    InvalidKey,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
)
from windvane.objects.records import Attributes, Version
from windvane.objects.store import open_objects

_CHUNK = 1 << 20
_ATTRIBUTES = Attributes(headers={"content-type": "binary/octet-stream"})
"""source    the content type that S3 gives to what is put without one"""


@dataclass(frozen=True)
class EmbeddedFolder:
    """The folder of the embedded store, and whose buckets are that the server itself makes."""

    folder: Path
    account: str
    region: str


class ObjectStoreArtifacts:
    """May be used by several threads; not across a fork (open a new store in the child)."""

    def __init__(self, objects: ObjectStore, account: str, region: str, key: str = "") -> None:
        """Read and write in an open object store.

        account, region    of the buckets that `ensure_bucket` makes
        key                of KMS, under which what is written is encrypted; "" for AES256
        """
        self._objects = objects
        self._account = account
        self._region = region
        encryption = asked(Algorithm.KMS, key) if key else None
        self._attributes = replace(_ATTRIBUTES, encryption=encryption)

    def bucket_exists(self, bucket: str) -> bool:
        return self._objects.owner(bucket) is not None

    def ensure_bucket(self, bucket: str) -> None:
        """Create a bucket unless the account has it.

        raises    AccessDenied if it belongs to another account
        """
        try:
            self._objects.create_bucket(bucket, self._account, self._region)
        except BucketTaken as taken:
            if taken.owner != self._account:
                raise AccessDenied(
                    f"The bucket {bucket} belongs to the account {taken.owner}, not to {self._account}."
                ) from taken

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        after: str | None = ""
        while after is not None:
            try:
                page = self._objects.list_objects(prefix.bucket, prefix=prefix.key, after=after)
            except NoSuchBucket:
                return
            for version in page.objects:
                yield _info(version)
            after = page.next

    def folders(self, prefix: Location) -> Iterator[Location]:
        after: str | None = ""
        while after is not None:
            try:
                page = self._objects.list_objects(
                    prefix.bucket, prefix=prefix.key, delimiter="/", after=after
                )
            except NoSuchBucket:
                return
            for found in page.prefixes:
                yield Location(prefix.bucket, found)
            after = page.next

    def info(self, location: Location) -> ObjectInfo | None:
        try:
            return _info(self._objects.find(location.bucket, location.key))
        except (NoSuchBucket, NoSuchKey):
            return None

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        while True:
            try:
                stream = self._objects.open(self._objects.find(location.bucket, location.key))
            except NoSuchVersion:
                continue  # it was replaced between the two calls: the next one is there, or none
            except (NoSuchBucket, NoSuchKey) as error:
                raise FileNotFoundError(str(location)) from error
            stream.seek(start)
            return stream

    def read(self, location: Location) -> bytes:
        with self.open(location) as stream:
            return stream.read()

    def write(self, location: Location, data: bytes) -> None:
        self._put(location, (data,))

    def upload(self, location: Location, path: Path) -> None:
        with path.open("rb") as source:
            self._put(location, iter(lambda: source.read(_CHUNK), b""))

    def download(self, location: Location, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        try:
            with self.open(location) as stream, part.open("wb") as target:
                while chunk := stream.read(_CHUNK):
                    target.write(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def delete(self, location: Location) -> None:
        with suppress(NoSuchBucket, InvalidKey):
            self._objects.delete(location.bucket, location.key)

    def of(self, account: str) -> ObjectStoreArtifacts:
        made = ObjectStoreArtifacts(self._objects.of(account), self._account, self._region)
        made._attributes = self._attributes
        return made

    def encrypted_under(self, key: str) -> ObjectStoreArtifacts:
        return ObjectStoreArtifacts(self._objects, self._account, self._region, key)

    def _put(self, location: Location, chunks: Iterator[bytes] | tuple[bytes, ...]) -> None:
        digest = hashlib.md5(usedforsecurity=False)
        with self._objects.stage() as staged:
            for chunk in chunks:
                digest.update(chunk)
                staged.write(chunk)
            try:
                self._objects.put(
                    location.bucket, location.key, staged, digest.hexdigest(), self._attributes
                )
            except NoSuchBucket as error:
                raise FileNotFoundError(f"there is no bucket '{location.bucket}'") from error


def open_embedded(place: EmbeddedFolder, keys: DataKeys) -> ObjectStoreArtifacts:
    """Open the embedded store of a data folder, to read and write artefacts in it.

    raises    StoreUnusable
    """
    objects = EncryptedStore(open_objects(place.folder), keys)
    return ObjectStoreArtifacts(objects, place.account, place.region)


def _info(version: Version) -> ObjectInfo:
    key = key_to_ask_for(version.attributes.encryption)
    return ObjectInfo(Location(version.bucket, version.key), version.size, version.etag, key)
