"""Artifacts: bytes by S3 URI. The contract of the S3 client and of the local folder.

What any kind owes: an object is there whole or not at all; a failed write leaves no part behind; reading
streams, so that memory stays flat whatever the object's size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from windvane.errors import InvalidRequest


@dataclass(frozen=True)
class Location:
    """An S3 URI taken apart; key has no leading slash and may be empty."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def __truediv__(self, part: str) -> Location:
        return Location(self.bucket, f"{self.key.rstrip('/')}/{part}" if self.key else part)

    @property
    def parent(self) -> Location:
        """What the last part of the key lies below."""
        return Location(self.bucket, self.key.rpartition("/")[0])


MAX_KEY_BYTES = 1024
"""source    "Naming Amazon S3 objects" in S3's user guide"""

_PIECE = 1 << 20

_BUCKET = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,255}", re.ASCII)


def parse_location(uri: str) -> Location:
    """Parse an S3 URI.

    raises    InvalidRequest if it is not of the form s3://BUCKET/KEY
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not _BUCKET.fullmatch(bucket):
        raise InvalidRequest(f"'{uri}' is not of the form s3://BUCKET/KEY.")
    return Location(bucket, key)


@dataclass(frozen=True)
class ObjectInfo:
    """One object of a listing; size in bytes.

    kms_key    ARN of the key of KMS that whoever reads it must be allowed to use, as far as the store tells; "" for none
    """

    location: Location
    size: int
    etag: str
    kms_key: str = ""


class ReadableArtifacts(Protocol):
    """The part of the contract that buckets which are only read keep too.

    raises    AccessDenied, any of it, if a store of its own rights refuses
    """

    def bucket_exists(self, bucket: str) -> bool: ...

    def list(self, prefix: Location) -> Iterator[ObjectInfo]:
        """Return every object whose key starts with the prefix's key (plain prefix), in key order."""

    def info(self, location: Location) -> ObjectInfo | None: ...

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        """Return a stream of the object's bytes, of which `start` are left out; raises FileNotFoundError."""


class Artifacts(ReadableArtifacts, Protocol):
    """The contract; see the head of this file."""

    def ensure_bucket(self, bucket: str) -> None: ...

    def folders(self, prefix: Location) -> Iterator[Location]:
        """Return each beginning of keys that goes on from the prefix's to the next slash, the slash with it, in their order."""

    def read(self, location: Location) -> bytes: ...

    def write(self, location: Location, data: bytes) -> None:
        """Write an object, or replace it.

        raises    FileNotFoundError if there is no such bucket, PermissionError if writing is not allowed
        """

    def upload(self, location: Location, path: Path) -> None: ...

    def download(self, location: Location, path: Path) -> None:
        """Into a file that appears whole or not at all."""

    def delete(self, location: Location) -> None: ...

    def of(self, account: str) -> Artifacts:
        """Return the same artifacts as an account's: in them buckets of other accounts are not there, at any moment, as far
        as the store knows whose they are. A bucket may change hands between a look at whose it is and what is done to it."""

    def encrypted_under(self, key: str) -> Artifacts:
        """Return the same artifacts, of which what is written is encrypted under a key of KMS.

        key       as the store knows it; of the embedded one the key's ARN
        raises    what tells that a key cannot be used is raised when something is written or read
        """


def read_at_most(artifacts: ReadableArtifacts, location: Location, most: int) -> bytes | None:
    """Return the bytes of an object; None if there are more, whatever was told of its size: it may have been replaced
    since.

    raises    FileNotFoundError
    """
    parts, left = [], most + 1
    with artifacts.open(location) as stream:
        while left and (part := stream.read(min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
    return b"".join(parts) if left else None
