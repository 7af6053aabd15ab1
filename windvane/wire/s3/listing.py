"""ListObjects of both versions, and GetBucketLocation, as documents; over keys that come in order.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import base64
import binascii
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from windvane.wire.s3.answers import NAMESPACE, document, xml_text
from windvane.wire.s3.refusals import S3Refusal

MAX_KEYS = 1000
_LAST = "\U0010ffff"


class FolderEntry(Protocol):
    """An object of a listing; size in bytes."""

    @property
    def key(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def etag(self) -> str: ...
    @property
    def modified(self) -> datetime: ...


class Entries(Protocol):
    """Iterates over entries; `after` may be moved on, and what lies between is passed over."""

    after: str

    def __iter__(self) -> Iterator[FolderEntry]: ...


class Keys(Protocol):
    def objects(self, prefix: str, after: str = "") -> Entries:
        """Return the objects in key order whose key starts with `prefix` and is greater than `after`."""


@dataclass
class _Page:
    """A page of a listing.

    next    where the rest begins: a key or a common prefix; "" if there is none
    """

    objects: list[FolderEntry]
    prefixes: list[str]
    next: str = ""


def list_objects(keys: Keys, bucket: str, query: Mapping[str, str]) -> bytes:
    """Return the answer to ListObjects, or with list-type=2 to ListObjectsV2.

    raises    S3Refusal for a parameter that S3 would refuse
    """
    version_2 = _is_version_2(query)
    after = _after(query) if version_2 else query.get("marker", "")
    limit = _limit(query)
    encode = _encoder(query)
    page = _page(keys, query.get("prefix", ""), query.get("delimiter", ""), after, limit)
    root = ET.Element("ListBucketResult", xmlns=NAMESPACE)
    _put(root, "Name", bucket)
    _put(root, "Prefix", encode(query.get("prefix", "")))
    for name in ("delimiter", "start-after") if version_2 else ("delimiter",):
        if query.get(name):
            _put(root, _MEMBERS[name], encode(query[name]))
    if query.get("encoding-type"):
        _put(root, "EncodingType", "url")
    _put(root, "MaxKeys", str(limit))
    _put(root, "IsTruncated", "true" if page.next else "false")
    if version_2:
        _put(root, "KeyCount", str(len(page.objects) + len(page.prefixes)))
        if query.get("continuation-token"):
            _put(root, "ContinuationToken", query["continuation-token"])
        if page.next:
            _put(root, "NextContinuationToken", _token(page.next))
    else:
        _put(root, "Marker", encode(query.get("marker", "")))
        if page.next and query.get("delimiter"):
            _put(root, "NextMarker", encode(page.next))
    for entry in page.objects:
        _put_object(ET.SubElement(root, "Contents"), entry, encode(entry.key))
    for prefix in page.prefixes:
        _put(ET.SubElement(root, "CommonPrefixes"), "Prefix", encode(prefix))
    return document(root)


def location(region: str) -> bytes:
    """Return the answer to GetBucketLocation."""
    root = ET.Element("LocationConstraint", xmlns=NAMESPACE)
    root.text = None if region == "us-east-1" else region
    return document(root)


def _page(keys: Keys, prefix: str, delimiter: str, after: str, limit: int) -> _Page:
    page = _Page([], [])
    if not limit:
        return page
    last, entries = "", keys.objects(prefix, after)
    for entry in entries:
        cut = entry.key.find(delimiter, len(prefix)) if delimiter else -1
        common = entry.key[: cut + len(delimiter)] if cut >= 0 else ""
        if common and common in (after, last):
            entries.after = common + _LAST
            continue
        if len(page.objects) + len(page.prefixes) == limit:
            page.next = last
            break
        if common:
            page.prefixes.append(common)
            entries.after = common + _LAST
        else:
            page.objects.append(entry)
        last = common or entry.key
    return page


_MEMBERS = {"delimiter": "Delimiter", "start-after": "StartAfter"}


def _put_object(node: ET.Element, entry: FolderEntry, key: str) -> None:
    _put(node, "Key", key)
    _put(node, "LastModified", f"{entry.modified:%Y-%m-%dT%H:%M:%S.000Z}")
    _put(node, "ETag", f'"{entry.etag}"')
    _put(node, "Size", str(entry.size))
    _put(node, "StorageClass", "STANDARD")


def _put(node: ET.Element, name: str, text: str) -> None:
    ET.SubElement(node, name).text = xml_text(text)


def _is_version_2(query: Mapping[str, str]) -> bool:
    if (version := query.get("list-type", "")) not in ("", "1", "2"):
        raise _invalid("list-type", version, "1 or 2")
    return query.get("list-type") == "2"


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("max-keys", "") or str(MAX_KEYS)
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise _invalid("max-keys", text, "a whole number, 0 or more")
    return min(MAX_KEYS, int(text))


def _encoder(query: Mapping[str, str]) -> Callable[[str], str]:
    kind = query.get("encoding-type", "")
    if kind not in ("", "url"):
        raise _invalid("encoding-type", kind, "url")
    return _url_encoded if kind else str


def _url_encoded(text: str) -> str:
    return quote(text, safe="/*")


def _after(query: Mapping[str, str]) -> str:
    token = query.get("continuation-token", "")
    if not token:
        return query.get("start-after", "")
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise S3Refusal(
            "InvalidArgument", 400, "The continuation token provided is incorrect"
        ) from error


def _token(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode()


def _invalid(name: str, value: str, right: str) -> S3Refusal:
    return S3Refusal("InvalidArgument", 400, f"{name} must be {right}, not '{value[:64]}'.")
