"""Short ways to write and read in the laws."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from windvane.objects.base import ObjectStore
from windvane.objects.records import (
    MIN_PART_BYTES,
    Attributes,
    Condition,
    NamedPart,
    Part,
    Upload,
    Version,
)

OWNER = "111122223333"
OTHER = "444455556666"
REGION = "us-east-1"
PLAIN = Attributes(headers={"content-type": "text/plain"})
LARGE = 300_000
"""Bytes that no store keeps in its index."""

LEAST_PART = b"p" * MIN_PART_BYTES

NASTY_KEYS = (
    " ",
    "a b",
    "ä/ü",
    "x%2Fy",
    "q?r#s",
    "../up",
    "./.",
    "..",
    "dot/./dot/../dot",
    "//",
    "/leading",
    "trailing/",
    "a//b",
    "line\nbreak\r\n",
    "nul\0inside",
    "plus+plus",
    "quote'\"<&>",
    "emoji-⛵",
    "\U0010ffff",
    "\ufeffmark",
    "\u202eright",
    "e\u0301 is not \u00e9",
    "k" * 1024,
    "\U0001f926" * 256,
    "; DROP TABLE versions --",
)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def make_bucket(objects: ObjectStore, name: str = "bucket", account: str = OWNER) -> str:
    return objects.create_bucket(name, account, REGION).name


def put(
    objects: ObjectStore,
    key: str,
    data: bytes = b"x",
    *,
    bucket: str = "bucket",
    attributes: Attributes = PLAIN,
    condition: Condition | None = None,
) -> Version:
    with objects.stage() as staged:
        staged.write(data)
        return objects.put(bucket, key, staged, md5(data), attributes, condition=condition)


def put_tagged(objects: ObjectStore, key: str, tags: Mapping[str, str]) -> Version:
    return put(objects, key, attributes=Attributes(tags=tags))


def read(objects: ObjectStore, key: str, bucket: str = "bucket") -> bytes:
    with objects.open(objects.find(bucket, key)) as stream:
        return stream.read()


def put_part(objects: ObjectStore, upload: Upload, number: int, data: bytes) -> Part:
    with objects.stage_part(upload) as staged:
        staged.write(data)
        return objects.put_part(upload, number, staged, md5(data))


def put_in_parts(objects: ObjectStore, key: str, parts: Sequence[bytes]) -> Version:
    upload = objects.create_upload("bucket", key, PLAIN)
    made = [put_part(objects, upload, number, data) for number, data in enumerate(parts, 1)]
    return objects.complete_upload(upload, named(made), PLAIN)


def named(parts: Sequence[Part]) -> list[NamedPart]:
    return [NamedPart(part.number, part.etag) for part in parts]


def keys(versions: Sequence[Version]) -> list[str]:
    return [version.key for version in versions]
