"""Which account a bucket of the S3 store belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from windvane.store.base import Store


class BucketOwners(Protocol):
    """Whose bucket is whose: kept by the embedded object store itself."""

    def owner(self, bucket: str) -> str | None:
        """Return the account, None if it is nobody's."""


class DeclaredOwners:
    """Owners that are known beforehand: of an external S3 store, where every account may use every other bucket."""

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = owners

    def owner(self, bucket: str) -> str | None:
        return self._owners.get(bucket)


class StoredBuckets:
    """Owners as the store knows them."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def owner(self, bucket: str) -> str | None:
        with self._store.snapshot() as tx:
            return tx.bucket_owner(bucket)

    def claim(self, bucket: str, account: str) -> str:
        """The owner after the call."""
        with self._store.transaction() as tx:
            return tx.claim_bucket(bucket, account, self._clock())

    def release(self, bucket: str) -> None:
        with self._store.transaction() as tx:
            tx.release_bucket(bucket)
