"""Objects: put, get, head, delete; conditions, ranges, metadata, checksums, tags."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from s3.house import S3House, refusal
from s3.signing import sha256, signed

CONTENT = bytes(range(256)) * 16
KEYS = [
    "plain", "a b+c%2F&=?#", "//double//slashes//", "/leading", "trailing/", ".", "..", "a/../b",
    "ünï/çødé/\U0001f600", "x" * 1024, "\u202e", "a\nb", "tab\t", "'\"<>", "é", "e\u0301",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_opaque(s3: Any, bucket: str, key: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key=key, Body=CONTENT)["ETag"]
    assert etag == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == CONTENT
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(CONTENT)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refusal(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)


def test_a_key_has_1024_bytes_at_most(s3: Any, bucket: str) -> None:
    for call in (s3.put_object, s3.create_multipart_upload):
        assert refusal(call, Bucket=bucket, Key="ü" * 513) == ("KeyTooLongError", 400)


def test_what_is_kept_with_an_object_comes_back(s3: Any, bucket: str) -> None:
    kept = {
        "ContentType": "text/x-own",
        "CacheControl": "no-store",
        "ContentDisposition": 'attachment; filename="a"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"one": "1", "two-three": "a b"},
    }
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", Expires=datetime(2030, 1, 1, tzinfo=UTC), **kept
    )
    for call in (s3.get_object, s3.head_object):
        answer = call(Bucket=bucket, Key="k")
        assert {name: answer[name] for name in kept} == kept
        assert answer["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_metadata_has_two_kilobytes_at_most(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k", "Body": b""}
    s3.put_object(**asked, Metadata={"a": "v" * 2047})
    assert refusal(s3.put_object, **asked, Metadata={"a": "v" * 2048}) == ("MetadataTooLarge", 400)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=4090-", 4090, 4096),
        ("bytes=-7", 4089, 4096), ("bytes=10-99999", 10, 4096), ("bytes=-99999", 0, 4096),
    ],
)  # fmt: skip
def test_ranges(s3: Any, bucket: str, asked: str, start: int, end: int) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=CONTENT)
    answer = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert answer["Body"].read() == CONTENT[start:end]
    assert answer["ContentRange"] == f"bytes {start}-{end - 1}/4096"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=bucket, Key="k", Range=asked)["ContentLength"] == end - start


def test_ranges_that_are_none(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=CONTENT)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for text in ("bytes=5-4", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"):
        answer = s3.get_object(Bucket=bucket, Key="k", Range=text)
        assert (answer["Body"].read(), answer.get("ContentRange")) == (CONTENT, None)
    for key, text in (("k", "bytes=4096-"), ("k", "bytes=-0"), ("empty", "bytes=0-")):
        assert refusal(s3.get_object, Bucket=bucket, Key=key, Range=text) == ("InvalidRange", 416)


def test_conditions_of_reads(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k"}
    etag = s3.put_object(**asked, Body=b"x")["ETag"]
    now = s3.head_object(**asked)["LastModified"]
    for met in (
        {"IfMatch": etag}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": now - timedelta(days=1)}, {"IfUnmodifiedSince": now + timedelta(days=1)},
        {"IfMatch": etag, "IfUnmodifiedSince": now - timedelta(days=1)},
    ):  # fmt: skip
        assert s3.get_object(**asked, **met)["Body"].read() == b"x"
    for unmet in ({"IfNoneMatch": etag}, {"IfModifiedSince": now}):
        assert refusal(s3.get_object, **asked, **unmet) == ("304", 304)
        assert refusal(s3.head_object, **asked, **unmet) == ("304", 304)
    for unmet in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": now - timedelta(days=1)}):
        assert refusal(s3.get_object, **asked, **unmet) == ("PreconditionFailed", 412)


def test_conditions_of_writes(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    assert refusal(s3.put_object, **asked, IfMatch='"none"') == ("NoSuchKey", 404)
    etag = s3.put_object(**asked, IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, **asked, IfNoneMatch="*") == ("PreconditionFailed", 412)
    s3.put_object(**asked, IfMatch=etag)
    assert refusal(s3.put_object, **asked, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert refusal(s3.put_object, **asked, IfNoneMatch=etag) == ("PreconditionFailed", 412)
    s3.put_object(**asked, IfNoneMatch='"other"')
    assert refusal(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"other"')[1] == 412
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums(house: S3House, s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=CONTENT, ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    name = f"Checksum{algorithm}"
    assert head[name] == put[name]
    assert name not in s3.head_object(Bucket=bucket, Key="k")
    wrong = {name: head[name].swapcase()}
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **wrong)[0] in (
        "BadDigest",
        "InvalidRequest",
    )
    parts = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize", "ETag", "StorageClass"]
    )
    assert parts["Checksum"] == {name: head[name], "ChecksumType": "FULL_OBJECT"}
    assert (parts["ObjectSize"], parts["StorageClass"]) == (4096, "STANDARD")


def test_a_body_without_a_checksum_gets_one(house: S3House, bucket: str) -> None:
    target = f"/{bucket}/k"
    headers = signed("PUT", target, [("content-length", "1")], sha256(b"x"))
    assert house.ask("PUT", target, headers, b"x").status == 200
    head = house.client().head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"]


@pytest.mark.parametrize("md5", ["", "AAAA", "kAFQmDzST7DWlj99KOF/cg=="])
def test_content_md5_is_compared(house: S3House, bucket: str, md5: str) -> None:
    extra = [("content-length", "3"), ("content-md5", md5)]
    answer = house.ask(
        "PUT", f"/{bucket}/k", signed("PUT", f"/{bucket}/k", extra, sha256(b"abc")), b"abc"
    )
    assert answer.status == (200 if md5.startswith("kAF") else 400)


def test_lengths_have_to_agree(house: S3House, bucket: str) -> None:
    for length, status in ((None, 411), ("2", 400), ("4", 400), ("-1", 400), ("5368709121", 400)):
        extra = [] if length is None else [("content-length", length)]
        headers = signed("PUT", f"/{bucket}/k", extra, "UNSIGNED-PAYLOAD")
        assert house.ask("PUT", f"/{bucket}/k", headers, b"abc").status == status


def test_tags(s3: Any, bucket: str) -> None:
    asked = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**asked, Body=b"", Tagging="a=1&b+c=%2F")
    assert s3.head_object(**asked)["TagCount"] == 2
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": "/"}]
    assert s3.get_object_tagging(**asked)["TagSet"] == tags
    ten = [{"Key": f"{n}", "Value": "v" * 256} for n in range(10)]
    s3.put_object_tagging(**asked, Tagging={"TagSet": ten})
    for bad in (
        [*ten, {"Key": "11", "Value": ""}], [{"Key": "k" * 129, "Value": ""}],
        [{"Key": "k", "Value": "v" * 257}], [ten[0], ten[0]], [{"Key": "aws:x", "Value": ""}],
        [{"Key": "<>", "Value": ""}],
    ):  # fmt: skip
        assert refusal(s3.put_object_tagging, **asked, Tagging={"TagSet": bad})[1] == 400
    assert s3.get_object_tagging(**asked)["TagSet"] == ten
    s3.delete_object_tagging(**asked)
    assert s3.get_object_tagging(**asked)["TagSet"] == []
    assert refusal(s3.put_object, **asked, Body=b"", Tagging="a=1&a=2")[1] == 400


def test_many_are_deleted_at_once(s3: Any, bucket: str) -> None:
    keys = [f"k{n}" for n in range(20)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    objects = [{"Key": key} for key in [*keys, "none"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [one["Key"] for one in answer["Deleted"]] == [*keys, "none"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    assert "Deleted" not in quiet
    too_many = [{"Key": f"{n}"} for n in range(1001)]
    assert refusal(s3.delete_objects, Bucket=bucket, Delete={"Objects": too_many})[1] == 400


def test_headers_of_an_answer_are_those_that_a_link_asks_for(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    answer = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="x/y", ResponseCacheControl="no-cache"
    )
    assert (answer["ContentType"], answer["CacheControl"]) == ("x/y", "no-cache")
    bad = {"Bucket": bucket, "Key": "k", "ResponseContentType": "a\r\nx: y"}
    assert refusal(s3.get_object, **bad) == ("InvalidArgument", 400)


@pytest.mark.parametrize(
    "asked",
    [
        {"StorageClass": "GLACIER"}, {"ACL": "public-read"}, {"GrantRead": "id=x"},
        {"WebsiteRedirectLocation": "/x"}, {"ObjectLockMode": "GOVERNANCE"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
        {"ServerSideEncryption": "AES256"},
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(s3: Any, bucket: str, asked: dict[str, str]) -> None:
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", **asked)[1] in (400, 501)
    assert refusal(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_every_answer_names_its_request(house: S3House, s3: Any, bucket: str) -> None:
    found = s3.list_objects_v2(Bucket=bucket)["ResponseMetadata"]
    assert found["RequestId"] == house.records[-1].request_id
    answer = house.ask("GET", f"/{bucket}/none", signed("GET", f"/{bucket}/none"))
    request_id = house.records[-1].request_id
    assert answer.headers["x-amz-request-id"] == request_id
    for text in (
        f"<RequestId>{request_id}<",
        "<HostId>",
        f"<Resource>/{bucket}/none<",
        "<Key>none<",
    ):
        assert text.encode() in answer.body


def test_the_record_of_a_request_says_what_was_asked(house: S3House, s3: Any, bucket: str) -> None:
    refusal(s3.get_object, Bucket=bucket, Key="none")
    record = house.records[-1]
    assert record.operation == "GetObject"
    assert record.resources == (f"arn:aws:s3:::{bucket}/none",)
    assert record.caller is not None
    assert record.error_code == "NoSuchKey"
    assert house.allowed.asked[-1] == ("s3:GetObject", f"arn:aws:s3:::{bucket}/none")
