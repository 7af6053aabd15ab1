"""S3 objects that an account may read, as the console shows them and hands them on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from windvane.artifacts.base import Artifacts, Location, ObjectInfo, parse_location
from windvane.artifacts.mapped import BucketMap
from windvane.control.buckets import BucketOwners
from windvane.errors import AccessDenied, NotFound, TooLarge

_CHUNK = 1 << 20


class Objects:
    """owners    of the buckets of the embedded store; None where every account may use every bucket"""

    def __init__(
        self, artifacts: Artifacts, owners: BucketOwners | None, mapped: BucketMap
    ) -> None:
        self._artifacts = artifacts
        self._owners = owners
        self._mapped = mapped

    def info(self, account: str, uri: str) -> ObjectInfo:
        """raises    InvalidRequest for what is no S3 URI; AccessDenied, NotFound"""
        location = self._admitted(account, uri)
        info = self._artifacts.info(location) if location.key else None
        if info is None:
            raise NotFound(f"There is no object {location}.")
        return info

    def read(self, account: str, uri: str, limit_bytes: int) -> bytes:
        """The whole object.

        raises    as `info`, and TooLarge for one of more than `limit_bytes`
        """
        info = self.info(account, uri)
        if info.size > limit_bytes:
            raise TooLarge(
                f"{info.location} has {info.size} bytes; at most {limit_bytes} are shown."
            )
        return self._artifacts.read(info.location)

    def chunks(self, account: str, uri: str) -> Iterator[bytes]:
        """raises    as `info`, before the first chunk"""
        with self._artifacts.open(self.info(account, uri).location) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def list(self, account: str, prefix: str, limit: int) -> list[ObjectInfo]:
        """The first objects whose keys begin with that of the prefix, in the order of their keys."""
        return list(islice(self._artifacts.list(self._admitted(account, prefix)), limit))

    def write(self, account: str, uri: str, data: bytes) -> None:
        self._artifacts.write(self._admitted(account, uri), data)

    def _admitted(self, account: str, uri: str) -> Location:
        location = parse_location(uri)
        if (source := self._mapped.find(location.bucket)) is not None:
            is_allowed = source.is_open_to(account)
        elif self._owners is not None:
            is_allowed = self._owners.owner(location.bucket) == account
        else:
            is_allowed = True
        if not is_allowed:
            raise AccessDenied(f"The account {account} may not use the bucket {location.bucket}.")
        return location
