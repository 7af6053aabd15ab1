"""Requests for S3 from botocore's model: small valid ones and made-up ones, then mutated on the wire.

Parameters are made from the shape of an operation's input (names of what is there, boundary values, hostile text) and
written by botocore's own serializer; then up to three things are changed: method, path, query, headers, body, or how it is
signed.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.serialize import create_serializer
from hostile.pools import HOSTILE
from hypothesis import strategies as st

from windvane.api.s3 import served

THERE, VERSIONED, THEIRS = "there", "versioned", "theirs"
KEYS = (
    "key",
    "a/b/c",
    "ünï/ß",
    "versions",
    "//",
    "a//b/",
    ".",
    "..",
    "../x",
    "%2e%2e",
    "x" * 1024,
    "+ &?#",
)
BODY = b"content " * 40
MOST_DEPTH = 6

NAMED: dict[str, tuple[Any, ...]] = {
    "Bucket": (
        *[THERE] * 24,
        *[VERSIONED] * 4,
        THEIRS,
        THEIRS,
        "none-such",
        "ab",
        "UPPER",
        "x" * 64,
    ),
    "Key": (*["key"] * 10, *KEYS),
    "Prefix": ("", "a/", "ü", "key"),
    "Delimiter": ("", "/", "é", "//"),
    "VersionId": ("null", "", "0" * 32, "UPLOAD"),
    "UploadId": (*["UPLOAD"] * 8, "", "none"),
    "KeyMarker": ("", "key"),
    "StartAfter": ("", "key"),
    "ContinuationToken": ("", "x", "AAAA"),
    "EncodingType": ("url",),
    "PartNumber": (0, 1, 2, 10_000, 10_001, -1),
    "MaxKeys": (0, 1, 2, 1000, 1001, -1, 2**31 - 1),
    "CopySource": (
        f"{THERE}/key",
        f"/{THERE}/key",
        f"{THEIRS}/key",
        "x",
        "",
        "%",
        f"{THERE}/key?versionId=null",
    ),
    "CopySourceRange": ("bytes=0-9", "bytes=9-0", "bytes=0-", "x"),
    "Range": ("bytes=0-9", "bytes=-5", "bytes=5-", "bytes=9-0", "bytes=0-1,3-4", "x", "bytes=-0"),
    "IfMatch": ("*", "x", '"d41d8cd98f00b204e9800998ecf8427e"'),
    "IfNoneMatch": ("*", "x"),
    "ContentMD5": ("AAAAAAAAAAAAAAAAAAAAAA==", "x", ""),
    "ACL": ("private", "public-read", "x"),
    "ServerSideEncryption": ("AES256", "aws:kms", "x"),
    "SSECustomerAlgorithm": ("AES256", "x"),
    "SSECustomerKey": ("k" * 32, "", "x"),
    "ChecksumAlgorithm": ("CRC32", "CRC64NVME", "SHA256", "MD4"),
    "StorageClass": ("STANDARD", "GLACIER", "x"),
    "Tagging": ("a=b", "a=b&a=c", "=", "&", "a" * 300 + "=b"),
    "ETag": ('"d41d8cd98f00b204e9800998ecf8427e"', "x", ""),
    "Status": ("Enabled", "Suspended", "Disabled", "x"),
    "ExpectedBucketOwner": ("111122223333", "444455556666", "x"),
    "Days": (-1, 0, 1, 2**31 - 1),
}
ODD_HEADERS = (
    ("range", "bytes=0-0"),
    ("x-amz-copy-source", f"/{THEIRS}/key"),
    ("x-amz-copy-source", ""),
    ("x-amz-acl", "public-read"),
    ("x-amz-meta-a", "b"),
    ("x-amz-meta-" + "n" * 200, "v" * 3000),
    ("x-amz-tagging", "a=b"),
    ("x-amz-checksum-crc32", "AAAAAA=="),
    ("x-amz-checksum-sha256", "x"),
    ("x-amz-sdk-checksum-algorithm", "CRC32"),
    ("x-amz-trailer", "x-amz-checksum-crc32"),
    ("x-amz-decoded-content-length", "-1"),
    ("x-amz-security-token", "x"),
    ("x-amz-storage-class", "GLACIER"),
    ("x-amz-server-side-encryption", "aws:kms"),
    ("x-amz-object-lock-mode", "GOVERNANCE"),
    ("x-amz-website-redirect-location", "/x"),
    ("x-amz-mfa", "1 2"),
    ("content-encoding", "aws-chunked"),
    ("content-md5", "x"),
    ("content-length", "0"),
    ("expect", "100-continue"),
    ("if-match", "*"),
    ("if-none-match", "*"),
    ("if-modified-since", "yesterday"),
    ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("origin", "https://evil.example"),
    ("seaweed-owner", "x"),
)
ODD_QUERY = (
    "acl", "policy", "versionId=null", "versionId=", "uploadId=UPLOAD", "uploads", "partNumber=1", "partNumber=x",
    "list-type=2", "list-type=3", "versions", "tagging", "delete", "location", "torrent", "restore", "select&select-type=2",
    "max-keys=x", "max-keys=99999999999999999999", "delimiter=%ff", "prefix=%00", "encoding-type=x", "X-Amz-Expires=1",
    "response-content-type=text%2Fhtml", "response-expires=%0d%0aX-Injected%3A1", "x-id=GetObject", "a=b&a=c", "%", "=",
)  # fmt: skip
ODD_BODIES = (
    b"",
    b"x",
    b"<",
    b"<a/>",
    b"\xff\xfe",
    b"<Delete></Delete>",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><Delete><Object><Key>&b;</Key></Object></Delete>",
    b"<a>" * 3000,
    b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
    b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
    b"5;chunk-signature="
    + b"0" * 64
    + b"\r\nhello\r\n0;chunk-signature="
    + b"0" * 64
    + b"\r\n\r\n",
)
DECLARED = (
    "UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "0" * 64,
    "x",
)
SERVED = sorted({*served._HANDLERS, *served._UPLOADS})
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE")


@dataclass(frozen=True)
class Wire:
    """A request as it is sent.

    declared    x-amz-content-sha256; "" for that of the body
    account     whose key signs it; "" for no signature
    """

    operation: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    declared: str = ""
    account: str = "111122223333"
    changed: tuple[str, ...] = field(default=())


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")


def operations() -> list[str]:
    """All but the one that goes to a host of its own."""
    return sorted(set(model().operation_names) - {"WriteGetObjectResponse"})


@st.composite
def requests(draw: Any, upload: str = "none") -> Wire:
    """upload    the id of an upload that is under way"""
    is_served = draw(st.integers(0, 4)) != 4
    operation = model().operation_model(
        draw(st.sampled_from(SERVED if is_served else operations()))
    )
    made = _written(draw, operation, upload)
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3)))):
        change = draw(st.sampled_from(CHANGES))
        made = change(draw, replace(made, changed=(*made.changed, change.__name__)))
    return made


def _written(draw: Any, operation: OperationModel, upload: str) -> Wire:
    shape = operation.input_shape
    given = {} if shape is None else _structure(draw, shape, 0, upload)
    written = create_serializer("rest-xml", include_validation=False).serialize_to_request(
        given, operation
    )
    query = written["query_string"]
    text = query if isinstance(query, str) else urlencode(query, quote_via=quote)
    path, _, literal = written["url_path"].partition("?")
    body = written["body"]
    body = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = [(name.lower(), _header(value)) for name, value in written["headers"].items()]
    if body.startswith(b"<") and draw(st.integers(0, 4)) != 4:
        # As every client does: XML without a sum of it is refused.
        sums = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers.append(("content-md5", sums))
    return Wire(
        operation.name,
        written["method"],
        path,
        "&".join(part for part in (literal, text) if part),
        tuple(headers),
        body,
    )


def _header(value: Any) -> str:
    return "".join(c for c in str(value) if c.isprintable() and ord(c) < 256).strip()


def _structure(draw: Any, shape: Shape, depth: int, upload: str) -> dict[str, Any]:
    required = set(shape.metadata.get("required", ()))
    some = (
        draw(st.sets(st.sampled_from(sorted(shape.members)), max_size=3))
        if shape.members
        else set()
    )
    names = required if depth >= MOST_DEPTH else required | some
    if draw(st.integers(0, 19)) == 19:
        names = some
    if depth == 0:
        names |= required & {"Bucket", "Key"}
    return {
        name: _value(draw, shape.members[name], name, depth + 1, upload) for name in sorted(names)
    }


def _value(draw: Any, shape: Shape, name: str, depth: int, upload: str) -> Any:
    kind = shape.type_name
    is_plain = kind not in ("structure", "list", "map", "blob", "timestamp", "boolean")
    if name in NAMED and is_plain and draw(st.integers(0, 9)) != 9:
        chosen = draw(st.sampled_from(NAMED[name]))
        return upload if chosen == "UPLOAD" else chosen
    if kind == "structure":
        if shape.is_document_type or getattr(shape, "is_eventstream", False):
            return {}
        return _structure(draw, shape, depth, upload)
    if kind == "list":
        count = draw(st.integers(0, 2)) if depth < MOST_DEPTH else 0
        return [_value(draw, shape.member, "", depth + 1, upload) for _ in range(count)]
    if kind == "map":
        return {
            draw(st.sampled_from(("a", "b-c", "n" * 100))): draw(st.sampled_from(("v", "ü", "")))
        }
    return _scalar(draw, kind, shape)


def _scalar(draw: Any, kind: str, shape: Shape) -> Any:
    if kind in ("integer", "long"):
        return draw(st.sampled_from((-1, 0, 1, 5, 1000, 2**31 - 1)))
    if kind == "boolean":
        return draw(st.booleans())
    if kind == "timestamp":
        return draw(st.sampled_from((0, 1, 1_700_000_000, 4_000_000_000)))
    if kind == "blob":
        return draw(st.sampled_from((b"", b"x", BODY)))
    if kind in ("float", "double"):
        return 0.5
    options = getattr(shape, "enum", None)
    if options and draw(st.integers(0, 4)):
        return draw(st.sampled_from(options))
    return draw(
        st.sampled_from(
            ("x", "", "a" * 300, *(t for t in HOSTILE if t.isascii() or t.isprintable()))
        )
    )


def other_method(draw: Any, wire: Wire) -> Wire:
    return replace(wire, method=draw(st.sampled_from(METHODS)))


def other_path(draw: Any, wire: Wire) -> Wire:
    odd = ("/", "//", f"/{THERE}", f"/{THERE}/", f"/{THERE}//key", f"/{THERE}/%", f"/{THERE}/%ff", f"/{THERE}/%00",
           f"/{THERE}/../{THEIRS}/key", f"/{THERE}/" + "y" * 1500, "/x" * 500, "/;/?")  # fmt: skip
    return replace(wire, path=draw(st.sampled_from(odd)))


def other_query(draw: Any, wire: Wire) -> Wire:
    odd = draw(st.sampled_from(ODD_QUERY))
    kept = wire.query if draw(st.booleans()) else ""
    return replace(wire, query="&".join(part for part in (kept, odd) if part))


def more_headers(draw: Any, wire: Wire) -> Wire:
    return replace(wire, headers=(*wire.headers, draw(st.sampled_from(ODD_HEADERS))))


def twice(draw: Any, wire: Wire) -> Wire:
    if not wire.headers:
        return wire
    return replace(wire, headers=(*wire.headers, draw(st.sampled_from(wire.headers))))


def other_body(draw: Any, wire: Wire) -> Wire:
    if wire.body and draw(st.booleans()):
        at = draw(st.integers(0, len(wire.body) - 1))
        return replace(
            wire,
            body=wire.body[:at] + draw(st.sampled_from((b"", b"<", b"\x00"))) + wire.body[at + 1 :],
        )
    return replace(wire, body=draw(st.sampled_from(ODD_BODIES)))


def other_signature(draw: Any, wire: Wire) -> Wire:
    if draw(st.booleans()):
        return replace(wire, declared=draw(st.sampled_from(DECLARED)))
    return replace(wire, account=draw(st.sampled_from(("", "444455556666", "999999999999"))))


CHANGES = (other_method, other_path, other_query, more_headers, twice, other_body, other_signature)
