"""Artifacts in an S3 store: the embedded one, any compatible one, or AWS itself, through boto3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from windvane.artifacts.base import MAX_KEY_BYTES, Location, ObjectInfo
from windvane.artifacts.connection import Connection
from windvane.artifacts.parts import opened_in_parts
from windvane.errors import AccessDenied, InvalidRequest

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_BEYOND = frozenset({"416", "InvalidRange"})
"""Nothing is left from where reading is to begin; an empty object has no part at all."""

_DENIED = frozenset(
    {
        *("403", "AccessDenied", "AllAccessDisabled"),
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    }
)
_TRANSFER = TransferConfig(max_concurrency=2, use_threads=False)


class S3Artifacts:
    """May be used by several threads; not across a fork (open a new one in the child)."""

    def __init__(self, connection: Connection, key: str = "") -> None:
        """Read and write through a connection to a store.

        key    of KMS, under which what is written is to be encrypted; "" for what the store does by itself
        """
        self._connection = connection
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._region = connection.region
        session = boto3.session.Session(
            aws_access_key_id=connection.access_key or None,
            aws_secret_access_key=connection.secret_key or None,
            region_name=connection.region,
        )
        self._client: Any = session.client(
            "s3",
            endpoint_url=connection.endpoint or None,
            config=Config(
                signature_version=None if connection.access_key else UNSIGNED,
                s3={"addressing_style": "path" if connection.path_style else "auto"},
                retries={"mode": "standard", "max_attempts": 5},
                connect_timeout=5,
                read_timeout=60,
                ignore_configured_endpoint_urls=True,
            ),
        )

    def bucket_exists(self, bucket: str) -> bool:
        try:
            with _allowed(f"s3://{bucket} to be looked at"):
                self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if _code(error) in _MISSING:
                return False
            raise
        return True

    def ensure_bucket(self, bucket: str) -> None:
        if self.bucket_exists(bucket):
            return
        constraint = (
            {}
            if self._region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        )
        try:
            with _allowed(f"s3://{bucket} to be made"):
                self._client.create_bucket(Bucket=bucket, **constraint)
        except ClientError as error:
            if _code(error) != "BucketAlreadyOwnedByYou":
                raise

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        if _has_dots(prefix.parent.key):
            return iter(())
        # Stores that keep folders list "p/a" before "p-a": the order of keys is made here.
        return iter(sorted(self._listed(prefix), key=lambda info: info.location.key))

    def folders(self, prefix: Location) -> Iterator[Location]:
        if _has_dots(prefix.parent.key):
            return iter(())
        found = (
            entry["Prefix"]
            for page in self._pages(prefix, Delimiter="/")
            for entry in page.get("CommonPrefixes", ())
        )
        return iter([Location(prefix.bucket, key) for key in sorted(found)])

    def _listed(self, prefix: Location) -> Iterator[ObjectInfo]:
        for page in self._pages(prefix):
            for entry in page.get("Contents", ()):
                location = Location(prefix.bucket, entry["Key"])
                yield ObjectInfo(location, entry["Size"], entry["ETag"].strip('"'))

    def _pages(self, prefix: Location, **options: str) -> Iterator[dict[str, Any]]:
        """Yield nothing if there is no such bucket."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=prefix.bucket, Prefix=prefix.key, **options
        )
        try:
            with _allowed(f"{prefix} to be listed"):
                yield from pages
        except ClientError as error:
            if _code(error) not in _MISSING:
                raise

    def info(self, location: Location) -> ObjectInfo | None:
        if not location.key or len(location.key.encode()) > MAX_KEY_BYTES:
            return None
        if _has_dots(location.key):
            return None
        try:
            with _allowed(f"{location} to be looked at"):
                head = self._client.head_object(Bucket=location.bucket, Key=location.key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise
        return ObjectInfo(location, head["ContentLength"], head["ETag"].strip('"'))

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        if _has_dots(location.key):
            raise FileNotFoundError(str(location))
        try:
            with _allowed(f"{location} to be read"):
                return opened_in_parts(self._client, location, start)
        except ClientError as error:
            if _code(error) in _MISSING:
                raise FileNotFoundError(str(location)) from error
            if _code(error) in _BEYOND:
                return io.BytesIO()
            raise

    def read(self, location: Location) -> bytes:
        with self.open(location) as stream:
            return stream.read()

    def write(self, location: Location, data: bytes) -> None:
        _refuse_dots(location)
        try:
            self._client.put_object(
                Bucket=location.bucket, Key=location.key, Body=data, **self._encryption
            )
        except ClientError as error:
            if _code(error) in _MISSING:
                raise FileNotFoundError(f"there is no bucket '{location.bucket}'") from error
            if _code(error) in _DENIED:
                raise PermissionError(f"{_code(error)} at {location}") from error
            raise

    def upload(self, location: Location, path: Path) -> None:
        _refuse_dots(location)
        self._client.upload_file(
            str(path), location.bucket, location.key, Config=_TRANSFER, ExtraArgs=self._encryption
        )

    def of(self, _account: str) -> S3Artifacts:
        """Its buckets are of no account."""
        return self

    def encrypted_under(self, key: str) -> S3Artifacts:
        return S3Artifacts(self._connection, key)

    def download(self, location: Location, path: Path) -> None:
        part = path.with_name(f".{path.name}.part")
        with self.open(location) as stream, part.open("wb") as target:
            while chunk := stream.read(1 << 20):
                target.write(chunk)
        part.replace(path)

    def delete(self, location: Location) -> None:
        _refuse_dots(location)
        with _allowed(f"{location} to be deleted"):
            self._client.delete_object(Bucket=location.bucket, Key=location.key)


@contextmanager
def _allowed(what: str) -> Iterator[None]:
    """Turn the store's refusal of what is asked inside into an error that says what to do.

    raises    AccessDenied if the store refuses what is asked of it here
    """
    try:
        yield
    except ClientError as error:
        if _code(error) not in _DENIED:
            raise
        raise AccessDenied(
            f"The S3 store does not allow {what} ({_code(error)}). It was asked with the keys that this server has for "
            "it: give these the right to do so, or name another place."
        ) from error


def _refuse_dots(location: Location) -> None:
    """Check that no part of a key is "." or "..".

    raises    InvalidRequest for what may only be written where it is meant by a store that resolves no dots
    """
    if _has_dots(location.key):
        raise InvalidRequest(
            f"Nothing is written to {location}: its key has '.' or '..' between slashes, which the S3 store may follow to "
            "another place."
        )


def _has_dots(key: str) -> bool:
    """Return whether the key has `.` or `..` between slashes: a store that resolves them would follow it out of what policies
    allow, or out of its bucket, with the rights of the server."""
    return any(part in (".", "..") for part in key.replace("\\", "/").split("/"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
