"""ListObjects in both versions, ListObjectVersions, ListBuckets: prefixes, delimiters, pages."""

from __future__ import annotations

from typing import Any

import pytest
from s3.house import THEIRS, S3House, refusal

KEYS = sorted(
    [
        "asdf",
        "boo/bar",
        "boo/baz/xyzzy",
        "cquux/thud",
        "cquux/bla",
        "a b",
        "ä",
        "z/",
        "z//y",
        "%41",
    ],
    key=lambda key: key.encode(),
)


@pytest.fixture(scope="module")
def filled(s3: Any) -> str:
    s3.create_bucket(Bucket="filled")
    for key in KEYS:
        s3.put_object(Bucket="filled", Key=key, Body=b"x")
    return "filled"


def expected(prefix: str, delimiter: str) -> list[str]:
    found = []
    for key in KEYS:
        if not key.startswith(prefix):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        found.append(key if cut < 0 else key[: cut + len(delimiter)])
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize(
    ("prefix", "delimiter"),
    [("", ""), ("", "/"), ("boo/", "/"), ("c", "u"), ("z", "//"), ("x", "/")],
)
def test_pages_hold_each_entry_once(
    s3: Any, filled: str, operation: str, size: int, prefix: str, delimiter: str
) -> None:
    pages = s3.get_paginator(operation).paginate(
        Bucket=filled, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": size}
    )
    entries: list[str] = []
    for page in pages:
        objects = page.get("Contents", page.get("Versions", ()))
        found = [one["Key"] for one in objects]
        found += [one["Prefix"] for one in page.get("CommonPrefixes", ())]
        assert len(found) <= size
        entries += sorted(found, key=lambda key: key.encode())
    assert entries == expected(prefix, delimiter)


def test_what_was_asked_is_told_back(s3: Any, filled: str) -> None:
    answer = s3.list_objects_v2(
        Bucket=filled, Prefix="c", Delimiter="/", StartAfter="cq", MaxKeys=5, FetchOwner=True
    )
    told = {name: answer[name] for name in ("Name", "Prefix", "Delimiter", "StartAfter", "MaxKeys")}
    assert told == {
        "Name": filled, "Prefix": "c", "Delimiter": "/", "StartAfter": "cq", "MaxKeys": 5,
    }  # fmt: skip
    assert (answer["KeyCount"], answer["IsTruncated"]) == (1, False)
    first = s3.list_objects_v2(Bucket=filled, MaxKeys=1, FetchOwner=True)["Contents"][0]
    assert first["Owner"]["ID"] == s3.list_buckets()["Owner"]["ID"]
    assert "Owner" not in s3.list_objects_v2(Bucket=filled, MaxKeys=1)["Contents"][0]


def test_no_keys_at_all(s3: Any, filled: str) -> None:
    answer = s3.list_objects_v2(Bucket=filled, MaxKeys=0)
    assert (answer["KeyCount"], answer["IsTruncated"]) == (0, False)
    assert s3.list_objects_v2(Bucket=filled, MaxKeys=5000)["MaxKeys"] == 1000


@pytest.mark.parametrize(
    "bad", [{"MaxKeys": -1}, {"ContinuationToken": "none of ours"}, {"EncodingType": "gzip"}]
)
def test_bad_parameters_are_refused(s3: Any, filled: str, bad: dict[str, Any]) -> None:
    assert refusal(s3.list_objects_v2, Bucket=filled, **bad) == ("InvalidArgument", 400)


def test_a_deleted_folder_is_gone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/b/c", Body=b"")
    s3.delete_object(Bucket=bucket, Key="a/b/c")
    assert "CommonPrefixes" not in s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert refusal(s3.head_object, Bucket=bucket, Key="a") == ("404", 404)
    assert refusal(s3.head_object, Bucket=bucket, Key="a/") == ("404", 404)


def test_buckets_are_listed_to_their_owner(house: S3House, s3: Any) -> None:
    theirs = house.client(THEIRS)
    names = [f"listed-{n}" for n in range(5)]
    for name in names:
        theirs.create_bucket(Bucket=name)
    assert [one["Name"] for one in theirs.list_buckets()["Buckets"]] == names
    assert not set(names) & {one["Name"] for one in s3.list_buckets()["Buckets"]}
    page = theirs.list_buckets(MaxBuckets=2, Prefix="listed-")
    rest = theirs.list_buckets(ContinuationToken=page["ContinuationToken"])
    found = [one["Name"] for one in (*page["Buckets"], *rest["Buckets"])]
    assert (len(page["Buckets"]), found) == (2, names)
