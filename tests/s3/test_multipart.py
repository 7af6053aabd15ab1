"""Uploads in parts: order, sizes, checksums, conditions, parts of a finished object, lists, aborts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from s3.house import refusal

PART = b"p" * (5 << 20)
Upload = tuple[dict[str, str], list[dict[str, Any]]]


def upload(s3: Any, bucket: str, *parts: bytes, **asked: Any) -> Upload:
    made = s3.create_multipart_upload(Bucket=bucket, Key="k", **asked)
    named = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    done = []
    for number, body in enumerate(parts, 1):
        part = s3.upload_part(**named, PartNumber=number, Body=body)
        done.append({"PartNumber": number, "ETag": part["ETag"]})
    return named, done


def test_parts_become_one_object(s3: Any, bucket: str) -> None:
    named, parts = upload(
        s3, bucket, PART, b"end", ContentType="x/y", Metadata={"a": "b"}, Tagging="t=1"
    )
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(body).digest() for body in (PART, b"end"))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert answer["Body"].read() == PART + b"end"
    assert (answer["ContentType"], answer["Metadata"], answer["TagCount"]) == ("x/y", {"a": "b"}, 1)
    tail = s3.get_object(Bucket=bucket, Key="k", Range="bytes=5242870-5242882")
    assert tail["Body"].read() == b"p" * 10 + b"end"
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (b"end", 2)
    assert refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=3)[1] == 416
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2


def test_what_is_wrong_with_the_parts_is_told(s3: Any, bucket: str) -> None:
    named, parts = upload(s3, bucket, b"small", b"end")
    complete = s3.complete_multipart_upload

    def told(*listed: dict[str, Any]) -> tuple[str, int]:
        return refusal(complete, **named, MultipartUpload={"Parts": list(listed)})

    assert told(*parts) == ("EntityTooSmall", 400)
    assert told(*reversed(parts)) == ("InvalidPartOrder", 400)
    assert told(parts[0] | {"ETag": '"other"'}) == ("InvalidPart", 400)
    assert told(parts[0], {"PartNumber": 3, "ETag": '"x"'}) == ("InvalidPart", 400)
    assert refusal(complete, **named) == ("MalformedXML", 400)
    assert refusal(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)
    complete(**named, MultipartUpload={"Parts": parts[1:]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"end"


def test_a_part_may_be_sent_again(s3: Any, bucket: str) -> None:
    named, _ = upload(s3, bucket, b"first")
    etag = s3.upload_part(**named, PartNumber=1, Body=b"second")["ETag"]
    listed = s3.list_parts(**named)["Parts"]
    assert [(one["PartNumber"], one["Size"], one["ETag"]) for one in listed] == [(1, 6, etag)]
    for number in (0, 10_001):
        assert refusal(s3.upload_part, **named, PartNumber=number, Body=b"")[0] == "InvalidArgument"


def test_an_upload_that_was_aborted_is_gone(s3: Any, bucket: str) -> None:
    named, parts = upload(s3, bucket, b"x")
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [
        named["UploadId"]
    ]
    s3.abort_multipart_upload(**named)
    gone = ("NoSuchUpload", 404)
    assert refusal(s3.upload_part, **named, PartNumber=1, Body=b"") == gone
    assert refusal(s3.list_parts, **named) == gone
    assert refusal(s3.abort_multipart_upload, **named) == gone
    assert refusal(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": parts}) == gone
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_lists_of_parts_and_uploads_have_pages(s3: Any, bucket: str) -> None:
    named, _ = upload(s3, bucket, b"1", b"2", b"3")
    page = s3.list_parts(**named, MaxParts=2)
    assert (page["IsTruncated"], page["NextPartNumberMarker"]) == (True, 2)
    rest = s3.list_parts(**named, PartNumberMarker=2)
    assert [one["PartNumber"] for one in rest["Parts"]] == [3]
    for key in ("a/1", "a/2", "b"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    listed = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", MaxUploads=1)
    assert [one["Prefix"] for one in listed["CommonPrefixes"]] == ["a/"]
    following = s3.list_multipart_uploads(
        Bucket=bucket, Delimiter="/", KeyMarker=listed["NextKeyMarker"]
    )
    assert [one["Key"] for one in following["Uploads"]] == ["b", "k"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("CRC32", "COMPOSITE"),
        ("SHA256", "COMPOSITE"),
        ("CRC32C", "FULL_OBJECT"),
        ("CRC64NVME", "FULL_OBJECT"),
    ],
)
def test_checksums_of_uploads(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    made = s3.create_multipart_upload(
        Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind
    )
    named = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    name, parts = f"Checksum{algorithm}", []
    for number, body in enumerate((PART, b"end"), 1):
        part = s3.upload_part(**named, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": part["ETag"], name: part[name]})
    wrong = [parts[0] | {name: parts[1][name]}, parts[1]]
    asked = {**named, "ChecksumType": kind}
    assert refusal(s3.complete_multipart_upload, **asked, MultipartUpload={"Parts": wrong}) == (
        "InvalidPart",
        400,
    )
    done = s3.complete_multipart_upload(**asked, MultipartUpload={"Parts": parts})
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (done[name], kind)
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert (second[name], second["ChecksumType"]) == (parts[1][name], kind)
    if kind == "FULL_OBJECT":
        whole = s3.put_object(
            Bucket=bucket, Key="w", Body=PART + b"end", ChecksumAlgorithm=algorithm
        )
        assert whole[name] == head[name]
    else:
        assert head[name].endswith("-2")


def test_the_size_and_the_condition_of_the_whole(s3: Any, bucket: str) -> None:
    named, parts = upload(s3, bucket, b"x")
    asked = {**named, "MultipartUpload": {"Parts": parts}}
    assert refusal(s3.complete_multipart_upload, **asked, MpuObjectSize=2)[0] == "InvalidRequest"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refusal(s3.complete_multipart_upload, **asked, IfNoneMatch="*")[1] == 412
    s3.complete_multipart_upload(**asked, MpuObjectSize=1)


def test_a_part_is_copied(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=PART + b"0123456789")
    named, _ = upload(s3, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    whole = s3.upload_part_copy(**named, PartNumber=1, CopySource=source)["CopyPartResult"]
    some = s3.upload_part_copy(
        **named, PartNumber=2, CopySource=source, CopySourceRange="bytes=5242880-5242884"
    )["CopyPartResult"]
    for bad in ("bytes=0-99999999", "bytes=1-", "0-1", "bytes=2-1"):
        assert refusal(
            s3.upload_part_copy, **named, PartNumber=3, CopySource=source, CopySourceRange=bad
        )[0] in ("InvalidRange", "InvalidArgument")
    parts = [{"PartNumber": n, "ETag": part["ETag"]} for n, part in ((1, whole), (2, some))]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert got == PART + b"0123456789" + b"01234"
