"""The bucket in which the server's own tasks exchange data: no account has it, and none reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from windvane.artifacts.base import Artifacts
from windvane.errors import AccessDenied, WindvaneError
from windvane.names import is_server, server_owner
from windvane.objects.base import ObjectStore
from windvane.objects.errors import BucketTaken
from windvane.store.base import Store
from windvane.wire.call import Authorize, Caller

_ARN = "arn:aws:s3:::"


class BucketOfAccount(WindvaneError):
    """The bucket that is to be the server's own belongs to an account."""

    def __init__(self, bucket: str, owner: str) -> None:
        super().__init__(
            f"The bucket {bucket}, in which tasks are to exchange data, belongs to the account {owner}. Name another one: "
            "configuration, section [exchange], bucket."
        )


class ServersBucketKept:
    """Authorises S3 requests, none of which reaches the server's own bucket."""

    def __init__(self, authorize: Authorize, bucket: str) -> None:
        self._authorize, self._bucket = authorize, bucket

    def __call__(
        self,
        caller: Caller,
        action: str,
        resource: str,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Authorise a request, unless it is for the server's own bucket.

        raises    AccessDenied
        """
        if resource.removeprefix(_ARN).partition("/")[0] == self._bucket:
            raise AccessDenied(f"The bucket {self._bucket} is the server's own.")
        self._authorize(caller, action, resource, facts)


def make_exchange_bucket(
    store: Store,
    artifacts: Artifacts,
    objects: ObjectStore | None,
    bucket: str,
    region: str,
    now: datetime,
) -> str:
    """Make a bucket the server's own, unless it is; and return its owner, the same for all servers of one store. It names the
    part of the bucket that is theirs, since an external store may have servers of other stores, too.

    artifacts    of an external store
    objects      the embedded store; None if there is none
    raises       BucketOfAccount
    """
    own = server_owner()
    if objects is None:
        artifacts.ensure_bucket(bucket)
    else:
        try:
            objects.create_bucket(bucket, own, region)
        except BucketTaken as taken:
            own = _of_server(bucket, taken.owner)
    with store.transaction() as tx:
        return _of_server(bucket, tx.claim_bucket(bucket, own, now))


def _of_server(bucket: str, owner: str) -> str:
    if not is_server(owner):
        raise BucketOfAccount(bucket, owner)
    return owner
