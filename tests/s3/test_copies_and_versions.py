"""CopyObject, and objects whose bucket keeps versions."""

from __future__ import annotations

from typing import Any

import pytest
from s3.house import THEIRS, S3House, refusal

CONTENT = b"content of a source"


@pytest.fixture
def source(s3: Any, bucket: str) -> dict[str, str]:
    s3.put_object(
        Bucket=bucket,
        Key="source",
        Body=CONTENT,
        ContentType="x/y",
        Metadata={"a": "1"},
        Tagging="t=1",
    )
    return {"Bucket": bucket, "Key": "source"}


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def test_a_copy_is_like_its_source(s3: Any, bucket: str, source: dict[str, str]) -> None:
    copied = s3.copy_object(Bucket=bucket, Key="ü copy", CopySource=source)["CopyObjectResult"]
    answer = s3.get_object(Bucket=bucket, Key="ü copy", ChecksumMode="ENABLED")
    assert answer["Body"].read() == CONTENT
    assert (answer["ContentType"], answer["Metadata"], answer["TagCount"]) == ("x/y", {"a": "1"}, 1)
    assert (copied["ETag"], copied["ChecksumCRC32"]) == (answer["ETag"], answer["ChecksumCRC32"])


def test_what_is_replaced(s3: Any, bucket: str, source: dict[str, str]) -> None:
    s3.copy_object(
        Bucket=bucket, Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"},
        ContentType="new/type", TaggingDirective="REPLACE", Tagging="u=2", ChecksumAlgorithm="SHA256",
    )  # fmt: skip
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["ContentType"], head["Metadata"]) == ("new/type", {"b": "2"})
    assert head["ChecksumSHA256"]
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "u", "Value": "2"}]


def test_a_copy_onto_itself_changes_something(s3: Any, source: dict[str, str]) -> None:
    assert refusal(s3.copy_object, **source, CopySource=source) == ("InvalidRequest", 400)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"})
    assert s3.head_object(**source)["Metadata"] == {"c": "3"}


def test_conditions_on_the_source(s3: Any, bucket: str, source: dict[str, str]) -> None:
    etag = s3.head_object(**source)["ETag"]
    asked = {"Bucket": bucket, "Key": "k", "CopySource": source}
    for unmet in ({"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": etag}):
        assert refusal(s3.copy_object, **asked, **unmet) == ("PreconditionFailed", 412)
    s3.copy_object(**asked, CopySourceIfMatch=etag, IfNoneMatch="*")
    assert refusal(s3.copy_object, **asked, IfNoneMatch="*") == ("PreconditionFailed", 412)


def test_a_source_that_is_not_there(house: S3House, s3: Any, bucket: str) -> None:
    target = {"Bucket": bucket, "Key": "k"}
    for text, code in (
        (f"{bucket}/none", "NoSuchKey"), ("nowhere/x", "NoSuchBucket"), (bucket, "InvalidArgument"),
        ("/", "InvalidArgument"),
    ):  # fmt: skip
        assert refusal(s3.copy_object, **target, CopySource=text)[0] == code


def test_versions_are_kept(s3: Any, versioned: str) -> None:
    asked = {"Bucket": versioned, "Key": "k"}
    first = s3.put_object(**asked, Body=b"1")["VersionId"]
    second = s3.put_object(**asked, Body=b"2")["VersionId"]
    assert s3.get_object(**asked)["VersionId"] == second
    assert s3.get_object(**asked, VersionId=first)["Body"].read() == b"1"
    removal = s3.delete_object(**asked)
    assert removal["DeleteMarker"] is True
    assert refusal(s3.get_object, **asked) == ("NoSuchKey", 404)
    assert refusal(s3.get_object, **asked, VersionId=removal["VersionId"]) == (
        "MethodNotAllowed",
        405,
    )
    listed = s3.list_object_versions(Bucket=versioned)
    assert [one["VersionId"] for one in listed["Versions"]] == [second, first]
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == [removal["VersionId"]]
    assert [one["IsLatest"] for one in listed["DeleteMarkers"]] == [True]
    gone = s3.delete_object(**asked, VersionId=removal["VersionId"])
    assert (gone["DeleteMarker"], gone["VersionId"]) == (True, removal["VersionId"])
    assert s3.get_object(**asked)["Body"].read() == b"2"
    s3.delete_object(**asked, VersionId=second)
    assert s3.get_object(**asked)["Body"].read() == b"1"
    assert refusal(s3.get_object, **asked, VersionId=second) == ("NoSuchVersion", 404)


def test_versioning_is_suspended(s3: Any, versioned: str) -> None:
    asked = {"Bucket": versioned, "Key": "k"}
    kept = s3.put_object(**asked, Body=b"1")["VersionId"]
    suspended = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration=suspended)
    assert s3.get_bucket_versioning(Bucket=versioned)["Status"] == "Suspended"
    for body in (b"2", b"3"):
        assert "VersionId" not in s3.put_object(**asked, Body=body)
    listed = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [one["VersionId"] for one in listed] == ["null", kept]
    assert s3.get_object(**asked, VersionId="null")["Body"].read() == b"3"


def test_a_version_is_copied_and_tagged(s3: Any, versioned: str) -> None:
    asked = {"Bucket": versioned, "Key": "k"}
    first = s3.put_object(**asked, Body=b"1")["VersionId"]
    s3.put_object(**asked, Body=b"2")
    copied = s3.copy_object(Bucket=versioned, Key="c", CopySource={**asked, "VersionId": first})
    assert copied["CopySourceVersionId"] == first
    assert s3.get_object(Bucket=versioned, Key="c")["Body"].read() == b"1"
    tagging = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_object_tagging(**asked, VersionId=first, Tagging=tagging)
    assert s3.get_object_tagging(**asked, VersionId=first)["TagSet"] == tagging["TagSet"]
    assert s3.get_object_tagging(**asked)["TagSet"] == []


def test_a_bucket_with_versions_is_not_empty(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"")
    s3.delete_object(Bucket=versioned, Key="k")
    assert refusal(s3.delete_bucket, Bucket=versioned) == ("BucketNotEmpty", 409)
    listed = s3.list_object_versions(Bucket=versioned)
    entries = [*listed["Versions"], *listed["DeleteMarkers"]]
    objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in entries]
    answer = s3.delete_objects(Bucket=versioned, Delete={"Objects": objects})
    assert len(answer["Deleted"]) == 2
    s3.delete_bucket(Bucket=versioned)
    assert refusal(s3.head_bucket, Bucket=versioned) == ("404", 404)


def test_buckets_and_their_names(house: S3House, s3: Any, bucket: str) -> None:
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    theirs = house.client(THEIRS)
    assert refusal(theirs.create_bucket, Bucket=bucket) == ("BucketAlreadyExists", 409)
    assert refusal(theirs.head_bucket, Bucket=bucket) == ("403", 403)
    there = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=f"{bucket}-eu", CreateBucketConfiguration=there)
    assert s3.get_bucket_location(Bucket=f"{bucket}-eu")["LocationConstraint"] == "eu-west-1"
    again = refusal(s3.create_bucket, Bucket=f"{bucket}-eu", CreateBucketConfiguration=there)
    assert again == ("BucketAlreadyOwnedByYou", 409)
    for name in ("aa", "A" * 3, "a..b", "192.168.1.1", "xn--x", "-ab", "a_b", "a" * 64):
        assert refusal(s3.create_bucket, Bucket=name)[0] in ("InvalidBucketName", "404")


def test_configurations_of_buckets(s3: Any, bucket: str) -> None:
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refusal(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    rules = [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.put_object(Bucket=bucket, Key="tmp/x", Body=b"")
    assert 'rule-id="r"' in s3.head_object(Bucket=bucket, Key="tmp/x")["Expiration"]
    for bad in (
        {"Status": "Enabled", "Filter": {"Prefix": ""}}, {**rules[0], "Expiration": {"Days": 0}},
        {**rules[0], "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {**rules[0], "ID": "i" * 256},
    ):  # fmt: skip
        call = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [bad]}}
        assert refusal(s3.put_bucket_lifecycle_configuration, **call)[1] in (400, 501)
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket)[1] == 404
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    policy = s3.get_bucket_acl(Bucket=bucket)
    del policy["ResponseMetadata"]
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy=policy)
    refused = refusal(s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    assert refused == ("AccessControlListNotSupported", 400)
    assert refusal(s3.put_bucket_policy, Bucket=bucket, Policy="{}") == ("NotImplemented", 501)
    assert refusal(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert refusal(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": []})[1] == 501
