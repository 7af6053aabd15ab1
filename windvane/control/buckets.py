"""Which account a bucket of the S3 store belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from windvane.errors import AccessDenied
from windvane.names import bucket_reserved_for
from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchBucket
from windvane.store.base import Store
from windvane.wire.call import Authorize, Caller

_ARN = "arn:aws:s3:::"


class BucketOwners(Protocol):
    """Whose bucket is whose: kept by the embedded object store itself."""

    def owner(self, bucket: str) -> str | None:
        """Return the account, None if it is nobody's."""


RegionOf = Callable[[str], str | None]
"""The region of a bucket of the S3 store; None if that is unknown."""


def no_region(_: str) -> str | None:
    """Return None: the store does not say in which regions its buckets are."""
    return None


def regions_of(objects: ObjectStore | None, external: str | None) -> RegionOf:
    """Return what says in which region a bucket is.

    objects     the embedded store; None if there is none
    external    the region of the external store, which is in one
    """

    def region(bucket: str) -> str | None:
        if objects is None:
            return external
        try:
            return objects.bucket(bucket).region
        except NoSuchBucket:
            return None

    return region


class DeclaredOwners:
    """Owners that are known beforehand: of an external S3 store, where every account may use every other bucket."""

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = owners

    def owner(self, bucket: str) -> str | None:
        return self._owners.get(bucket)


class DefaultBucketsKept:
    """Authorises S3 requests of an external store, where nobody else keeps the names of default buckets for their accounts."""

    def __init__(self, authorize: Authorize) -> None:
        self._authorize = authorize

    def __call__(
        self,
        caller: Caller,
        action: str,
        resource: str,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Authorise a request, and refuse to create the default bucket of another account.

        raises    AccessDenied
        """
        self._authorize(caller, action, resource, facts)
        bucket = resource.removeprefix(_ARN)
        if action == "s3:CreateBucket" and bucket_reserved_for(bucket) not in (
            None,
            caller.account,
        ):
            raise AccessDenied(
                f"The bucket {bucket} can be created by the account alone whose default bucket it is."
            )


class StoredBuckets:
    """Owners as the store knows them."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def owner(self, bucket: str) -> str | None:
        with self._store.snapshot() as tx:
            return tx.bucket_owner(bucket)

    def claim(self, bucket: str, account: str) -> str:
        """Return the owner after the call."""
        with self._store.transaction() as tx:
            return tx.claim_bucket(bucket, account, self._clock())

    def release(self, bucket: str) -> None:
        with self._store.transaction() as tx:
            tx.release_bucket(bucket)
