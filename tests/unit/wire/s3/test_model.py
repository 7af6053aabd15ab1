"""Which operation a request asks for."""

from __future__ import annotations

import pytest

from windvane.wire.call import Request
from windvane.wire.s3.actions import facts_of, permissions, read_source
from windvane.wire.s3.model import resolve
from windvane.wire.s3.refusals import S3Refusal


def asked(method: str, target: str, *headers: str) -> Request:
    path, _, query = target.partition("?")
    return Request(method, path, query, tuple((name, "x") for name in headers), b"")


COPY = "x-amz-copy-source"


@pytest.mark.parametrize(
    ("request_", "operation", "bucket", "key"),
    [
        (asked("GET", "/"), "ListBuckets", "", ""),
        (asked("GET", "/b"), "ListObjects", "b", ""),
        (asked("GET", "/b/?list-type=2&prefix=a"), "ListObjectsV2", "b", ""),
        (asked("GET", "/b?versions"), "ListObjectVersions", "b", ""),
        (asked("GET", "/b?uploads"), "ListMultipartUploads", "b", ""),
        (asked("GET", "/b?analytics"), "ListBucketAnalyticsConfigurations", "b", ""),
        (asked("GET", "/b?analytics&id=1"), "GetBucketAnalyticsConfiguration", "b", ""),
        (asked("HEAD", "/b"), "HeadBucket", "b", ""),
        (asked("PUT", "/b"), "CreateBucket", "b", ""),
        (asked("PUT", "/b?acl"), "PutBucketAcl", "b", ""),
        (asked("POST", "/b?delete"), "DeleteObjects", "b", ""),
        (asked("POST", "/b"), "PostObject", "b", ""),
        (asked("GET", "/b//k//"), "GetObject", "b", "/k//"),
        (asked("GET", "/b/k?X-Amz-Signature=1&x-id=GetObject"), "GetObject", "b", "k"),
        (asked("GET", "/b/k?partNumber=1"), "GetObject", "b", "k"),
        (asked("GET", "/b/k?uploadId=u"), "ListParts", "b", "k"),
        (asked("GET", "/b/%C3%BC%2F"), "GetObject", "b", "ü/"),
        (asked("PUT", "/b/k"), "PutObject", "b", "k"),
        (asked("PUT", "/b/k", COPY), "CopyObject", "b", "k"),
        (asked("PUT", "/b/k?partNumber=1&uploadId=u"), "UploadPart", "b", "k"),
        (asked("PUT", "/b/k?partNumber=1&uploadId=u", COPY), "UploadPartCopy", "b", "k"),
        (asked("POST", "/b/k?uploads"), "CreateMultipartUpload", "b", "k"),
        (asked("POST", "/b/k?uploadId=u"), "CompleteMultipartUpload", "b", "k"),
        (asked("DELETE", "/b/k?uploadId=u"), "AbortMultipartUpload", "b", "k"),
        (asked("POST", "/b/k?select&select-type=2"), "SelectObjectContent", "b", "k"),
    ],
)
def test_each_request_is_one_operation(
    request_: Request, operation: str, bucket: str, key: str
) -> None:
    found = resolve(request_)
    assert (found.operation, found.bucket, found.key) == (operation, bucket, key)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (asked("GET", "/b?acl&tagging"), "InvalidArgument"),
        (asked("GET", "/b?prefix=a&prefix=b"), "InvalidArgument"),
        (asked("PUT", "/b/k?uploadId=u"), "MethodNotAllowed"),
        (asked("PUT", "/b?uploads"), "MethodNotAllowed"),
        (asked("PATCH", "/b"), "MethodNotAllowed"),
        (asked("POST", "/"), "MethodNotAllowed"),
        (asked("HEAD", "/"), "MethodNotAllowed"),
        (asked("OPTIONS", "/b/k"), "AccessForbidden"),
        (asked("GET", "/%ff"), "InvalidURI"),
        (asked("GET", "/b/%ff"), "InvalidURI"),
        (asked("GET", "/b?prefix=%ff"), "InvalidURI"),
        (asked("GET", "//k"), "InvalidBucketName"),
    ],
)
def test_what_is_no_operation(request_: Request, code: str) -> None:
    with pytest.raises(S3Refusal) as caught:
        resolve(request_)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("ListBuckets", {}, ["s3:ListAllMyBuckets *"]),
        ("ListObjectsV2", {"Bucket": "b"}, ["s3:ListBucket b"]),
        ("HeadBucket", {"Bucket": "b"}, ["s3:ListBucket b"]),
        ("GetObject", {"Bucket": "b", "Key": "k"}, ["s3:GetObject b/k"]),
        ("GetObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, ["s3:GetObjectVersion b/k"]),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "Tagging": "a=b", "ACL": "private"},
            ["s3:PutObject b/k", "s3:PutObjectTagging b/k", "s3:PutObjectAcl b/k"],
        ),
        (
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "/c/d%20e?versionId=v"},
            ["s3:PutObject b/k", "s3:GetObjectVersion c/d e"],
        ),
        ("DeleteObjects", {"Bucket": "b"}, []),
        (
            "GetObjectAttributes",
            {"Bucket": "b", "Key": "k"},
            ["s3:GetObject b/k", "s3:GetObjectAttributes b/k"],
        ),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "IfMatch": '"e"'},
            ["s3:PutObject b/k", "s3:GetObject b/k"],
        ),
        ("PutObject", {"Bucket": "b", "Key": "k", "IfNoneMatch": "*"}, ["s3:PutObject b/k"]),
        ("PutBucketCors", {"Bucket": "b"}, ["s3:PutBucketCORS b"]),
    ],
)
def test_permissions_are_those_of_iam(
    operation: str, parameters: dict[str, str], expected: list[str]
) -> None:
    asked_for = [
        f"{action} {arn.removeprefix('arn:aws:s3:::')}"
        for action, arn in permissions(operation, parameters)
    ]
    assert asked_for == expected


def test_facts_for_conditions() -> None:
    facts = facts_of({"Prefix": "a/", "MaxKeys": 5, "ServerSideEncryption": "aws:kms", "Key": "k"})
    assert facts == {
        "s3:prefix": "a/",
        "s3:max-keys": "5",
        "s3:x-amz-server-side-encryption": "aws:kms",
    }


@pytest.mark.parametrize(
    "text", ["", "/", "b", "b/", "/b/", "b/k?other=1", "b/k?versionId=", "%ff/k"]
)
def test_copy_sources_that_are_none(text: str) -> None:
    with pytest.raises(S3Refusal):
        read_source(text)
