"""Which account a bucket of the S3 store belongs to, as the gateway asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from windvane.store.base import Store


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
