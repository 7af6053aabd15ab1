"""S3 objects that a caller may read, as the console shows them, hands them on and deletes them, and the bucket for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

from windvane.artifacts.base import Artifacts, Location, ObjectInfo, parse_location, read_at_most
from windvane.artifacts.mapped import BucketMap
from windvane.control.buckets import BucketOwners
from windvane.errors import AccessDenied, NotFound, TooLarge
from windvane.names import default_bucket
from windvane.objects.base import ObjectStore
from windvane.objects.errors import BucketTaken
from windvane.wire.call import Authorize, Caller

_CHUNK = 1 << 20


KeyOfWrites = Callable[[Location], str]
"""The ARN of the key of KMS that whoever writes an object must be allowed to use; "" for none."""

MakeBucket = Callable[[str, str, str], None]
"""Makes a bucket of this name, of an account, in a region, unless it is there."""


def bucket_maker(artifacts: Artifacts, objects: ObjectStore | None) -> MakeBucket:
    """Return what makes buckets.

    artifacts    of an external store
    objects      the embedded store; None if there is none
    """

    def make(bucket: str, account: str, region: str) -> None:
        if objects is None:
            artifacts.ensure_bucket(bucket)
            return
        with suppress(BucketTaken):  # somebody else was quicker; whose it is, is asked at every use
            objects.create_bucket(bucket, account, region)

    return make


def no_key(_: Location) -> str:
    """Return no key: that of a store that knows no keys, or asks for them itself."""
    return ""


class Objects:
    """Reads, writes and deletes objects with the rights of a caller, for the console.

    authorize    whether a caller may do what S3 calls it
    owners       of the buckets of the embedded store; None where every account may use every bucket
    make_bucket  makes the default bucket of an account where it is missing
    """

    def __init__(
        self,
        artifacts: Artifacts,
        owners: BucketOwners | None,
        mapped: BucketMap,
        authorize: Authorize,
        key_of_writes: KeyOfWrites = no_key,
        make_bucket: MakeBucket | None = None,
    ) -> None:
        self._authorize = authorize
        self._make_bucket = make_bucket or bucket_maker(artifacts, None)
        self._key_of_writes = key_of_writes
        self._artifacts = artifacts
        self._owners = owners
        self._mapped = mapped

    def has_default_bucket(self, caller: Caller) -> bool:
        """Return whether the default bucket of the caller's account and region is there."""
        return self._artifacts.bucket_exists(default_bucket(caller.account, caller.region))

    def make_default_bucket(self, caller: Caller) -> None:
        """Make the default bucket of the caller's account and region.

        raises    AccessDenied
        """
        bucket = default_bucket(caller.account, caller.region)
        self._authorize(caller, "s3:CreateBucket", f"arn:aws:s3:::{bucket}")
        self._make_bucket(bucket, caller.account, caller.region)

    def info(self, caller: Caller, uri: str) -> ObjectInfo:
        """Return the size and time of an object.

        raises    InvalidRequest for what is no S3 URI; AccessDenied, NotFound
        """
        location = self._admitted(caller, uri)
        self._authorize(caller, "s3:GetObject", _arn(location))
        info = self._artifacts.of(caller.account).info(location) if location.key else None
        if info is None:
            raise NotFound(f"There is no object {location}.")
        return info

    def read(self, caller: Caller, uri: str, limit_bytes: int) -> bytes:
        """Return the whole object.

        raises    as `info`, and TooLarge for one of more than `limit_bytes`
        """
        info = self._readable(caller, uri)
        if info.size > limit_bytes:
            raise TooLarge(
                f"{info.location} has {info.size} bytes; at most {limit_bytes} are shown."
            )
        data = read_at_most(self._artifacts.of(caller.account), info.location, limit_bytes)
        if data is None:
            raise TooLarge(f"{info.location} has become larger than what is shown.")
        return data

    def chunks(self, caller: Caller, uri: str) -> Iterator[bytes]:
        """Yield an object in chunks.

        raises    as `info`, before the first chunk
        """
        location = self._readable(caller, uri).location
        with self._artifacts.of(caller.account).open(location) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def list(self, caller: Caller, prefix: str, limit: int) -> list[ObjectInfo]:
        """Return the first objects whose keys begin with that of the prefix, in the order of their keys.

        raises    InvalidRequest for what is no S3 URI; AccessDenied
        """
        location = self._admitted(caller, prefix)
        bucket = f"arn:aws:s3:::{location.bucket}"
        self._authorize(caller, "s3:ListBucket", bucket, {"s3:prefix": location.key})
        return list(islice(self._artifacts.of(caller.account).list(location), limit))

    def write(self, caller: Caller, uri: str, data: bytes) -> None:
        """Write an object.

        raises    InvalidRequest for what is no S3 URI; AccessDenied; what tells that the bucket's key cannot be used
        """
        location = self._admitted(caller, uri)
        self._authorize(caller, "s3:PutObject", _arn(location))
        if key := self._key_of_writes(location):
            self._authorize(caller, "kms:GenerateDataKey", key)
        self._artifacts.of(caller.account).write(location, data)

    def delete(self, caller: Caller, uri: str) -> None:
        """Delete an object; one that is not there is none.

        raises    InvalidRequest for what is no S3 URI; AccessDenied; NotFound for a bucket without a key
        """
        location = self._admitted(caller, uri)
        if not location.key:
            raise NotFound(f"There is no object {location}.")
        self._authorize(caller, "s3:DeleteObject", _arn(location))
        try:
            self._artifacts.of(caller.account).delete(location)
        except PermissionError as error:
            raise AccessDenied(f"The bucket {location.bucket} cannot be changed.") from error

    def _readable(self, caller: Caller, uri: str) -> ObjectInfo:
        info = self.info(caller, uri)
        if info.kms_key:
            self._authorize(caller, "kms:Decrypt", info.kms_key)
        return info

    def _admitted(self, caller: Caller, uri: str) -> Location:
        location, account = parse_location(uri), caller.account
        if (source := self._mapped.find(location.bucket)) is not None:
            is_allowed = source.is_open_to(account)
        elif self._owners is not None:
            is_allowed = self._owners.owner(location.bucket) == account
        else:
            is_allowed = True
        if not is_allowed:
            raise AccessDenied(f"The account {account} may not use the bucket {location.bucket}.")
        return location


def _arn(location: Location) -> str:
    return f"arn:aws:s3:::{location.bucket}/{location.key}"
