"""Objects as a caller may use them: whose default bucket is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from windvane.artifacts.embedded import ObjectStoreArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.mapped import BucketMap
from windvane.control.objects import Objects, bucket_maker
from windvane.errors import AccessDenied
from windvane.objects.store import open_objects
from windvane.wire.call import Caller, Credential

OWN, OTHER, REGION = "111122223333", "444455556666", "eu-west-1"


def caller(account: str, region: str = REGION) -> Caller:
    principal = f"arn:aws:iam::{account}:user/ann"
    return Caller(account, region, Credential(account, "AKIA", "secret", principal, "AIDA"))


def allow(*_: Any) -> None:
    """Allow everything."""


def test_the_default_bucket_belongs_to_its_account_and_lies_in_its_region(tmp_path: Path) -> None:
    store = open_objects(tmp_path)
    artifacts = ObjectStoreArtifacts(store, OWN, "us-east-1")
    objects = Objects(
        artifacts, store, BucketMap(), allow, make_bucket=bucket_maker(artifacts, store)
    )
    assert not objects.has_default_bucket(caller(OTHER))
    for _ in range(2):  # somebody else may be quicker
        objects.make_default_bucket(caller(OTHER))
    bucket = f"sagemaker-{REGION}-{OTHER}"
    assert objects.has_default_bucket(caller(OTHER))
    assert not objects.has_default_bucket(caller(OTHER, "us-west-2"))
    assert (store.owner(bucket), store.bucket(bucket).region) == (OTHER, REGION)
    objects.write(caller(OTHER), f"s3://{bucket}/a", b"x")
    with pytest.raises(AccessDenied, match=OWN):
        objects.read(caller(OWN), f"s3://{bucket}/a", 10)
    store.close()


def test_nothing_is_made_by_whoever_may_not_make_it(tmp_path: Path) -> None:
    asked = []

    def refuse(_: Caller, action: str, resource: str) -> None:
        asked.append((action, resource))
        raise AccessDenied("no")

    artifacts = LocalArtifacts(tmp_path)
    objects = Objects(artifacts, None, BucketMap(), refuse)  # type: ignore[arg-type]
    with pytest.raises(AccessDenied):
        objects.make_default_bucket(caller(OWN))
    assert asked == [("s3:CreateBucket", f"arn:aws:s3:::sagemaker-{REGION}-{OWN}")]
    assert not objects.has_default_bucket(caller(OWN))
