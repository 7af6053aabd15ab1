"""Attacks on whose bucket is whose: attack 17, an account creates the default bucket of another before that one comes."""

import pytest
from s3.gateways import allow
from s3.house import OURS, THEIRS, S3House, refusal

from windvane.artifacts.base import Location
from windvane.artifacts.embedded import ObjectStoreArtifacts
from windvane.control.buckets import DefaultBucketsKept
from windvane.errors import AccessDenied
from windvane.names import default_bucket
from windvane.wire.call import Caller, Credential

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-7")


@pytest.fixture
def house(tmp_path):
    built = S3House(tmp_path)
    yield built
    built.close()


@pytest.mark.parametrize("region", REGIONS)
def test_anothers_default_bucket_cannot_be_created(house, region):
    bucket = default_bucket(OURS, region)
    theirs = house.client(THEIRS)
    assert refusal(theirs.create_bucket, Bucket=bucket) == ("BucketAlreadyExists", 409)
    assert house.store.owner(bucket) is None
    house.client(OURS).create_bucket(Bucket=bucket)
    assert house.store.owner(bucket) == OURS


def test_a_bucket_is_not_taken_over_by_creating_it_again(house):
    house.client(OURS).create_bucket(Bucket="ours")
    theirs = house.client(THEIRS)
    for call in (
        lambda: theirs.create_bucket(Bucket="ours"),
        lambda: theirs.create_bucket(Bucket="ours", ACL="public-read-write"),
        lambda: theirs.create_bucket(Bucket="ours", ObjectOwnership="ObjectWriter"),
        lambda: theirs.delete_bucket(Bucket="ours"),
    ):
        assert refusal(call)[1] in (400, 403, 409)
        assert house.store.owner("ours") == OURS


def test_the_server_finds_its_default_bucket_taken_and_does_not_use_it(house):
    bucket = default_bucket(OURS, "us-east-1")
    house.store.create_bucket(bucket, THEIRS, "us-east-1")
    artifacts = ObjectStoreArtifacts(house.store, OURS, "us-east-1")
    with pytest.raises(AccessDenied, match=f"{bucket} belongs to the account {THEIRS}"):
        artifacts.ensure_bucket(bucket)
    assert list(artifacts.list(Location(bucket, ""))) == []


def a_caller(account):
    credential = Credential(account, account, "secret", f"arn:aws:iam::{account}:root", account)
    return Caller(account, "us-east-1", credential)


@pytest.mark.parametrize("region", REGIONS)
def test_nor_can_it_in_an_external_store(region):
    authorize = DefaultBucketsKept(allow)
    resource = f"arn:aws:s3:::{default_bucket(OURS, region)}"
    with pytest.raises(AccessDenied, match="default bucket"):
        authorize(a_caller(THEIRS), "s3:CreateBucket", resource)
    authorize(a_caller(OURS), "s3:CreateBucket", resource)
    authorize(a_caller(THEIRS), "s3:CreateBucket", "arn:aws:s3:::data")
