"""CopyObject and UploadPartCopy from a bucket that the S3 store does not hold: read there, written here as a stream."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, quote, unquote_to_bytes

from starlette.types import Send

from windvane.wire.call import Request
from windvane.wire.s3.answers import (
    NAMESPACE,
    Answered,
    S3Refusal,
    document,
    send_answered,
    send_whole,
    target,
)
from windvane.wire.s3.forward import Forwarder, Upstream, answered

_CONDITIONS = {
    "x-amz-copy-source-range": "range",
    "x-amz-copy-source-if-match": "if-match",
    "x-amz-copy-source-if-none-match": "if-none-match",
    "x-amz-copy-source-if-modified-since": "if-modified-since",
    "x-amz-copy-source-if-unmodified-since": "if-unmodified-since",
}
_OF_THE_BODY = frozenset(
    {
        *("content-length", "content-md5", "transfer-encoding", "content-encoding", "content-type"),
        *("x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"),
        *("x-amz-metadata-directive", "x-amz-tagging-directive"),
    }
)
_READ = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


@dataclass(frozen=True)
class CopySource:
    """What x-amz-copy-source names.

    path        percent-encoded, with the bucket
    conditions  headers of the read
    """

    path: str
    query: str
    conditions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, head: Request) -> CopySource | None:
        headers = dict(head.headers)
        if not (named := headers.get("x-amz-copy-source", "")):
            return None
        path, _, query = named.partition("?")
        conditions = [(_CONDITIONS[n], v) for n, v in head.headers if n in _CONDITIONS]
        encoded = quote(unquote_to_bytes(path).lstrip(b"/"), safe="/~")
        return cls(f"/{encoded}", query, tuple(conditions))

    @property
    def bucket(self) -> str:
        return target(self.path)[0]

    def read_head(self) -> Request:
        return Request("GET", self.path, self.query, self.conditions, b"")


async def copy_into(
    forwarder: Forwarder, upstream: Upstream, head: Request, found: Answered, send: Send
) -> None:
    """head     of the copy
    found    the answer to the read; one that is no object is passed on
    """
    if found.status not in _READ or found.chunks is None:
        await send_answered(found, send)
        return
    async with forwarder.send(upstream, _write_head(head, found), found.chunks) as answer:
        if answer.status != HTTPStatus.OK:
            await send_answered(answered(answer), send)
            return
        kind = "CopyPartResult" if "partNumber" in parse_qs(head.query) else "CopyObjectResult"
        root = ET.Element(kind, xmlns=NAMESPACE)
        ET.SubElement(root, "LastModified").text = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        ET.SubElement(root, "ETag").text = answer.headers.get("ETag", "")
        await send_whole(send, 200, document(root), [(b"content-type", b"application/xml")])


def _write_head(head: Request, found: Answered) -> Request:
    of_source = {name.decode().lower(): value.decode("latin-1") for name, value in found.headers}
    if "content-length" not in of_source:
        raise S3Refusal("NotImplemented", 501, "The source of the copy does not tell its length.")
    replaced = dict(head.headers).get("x-amz-metadata-directive", "").upper() == "REPLACE"
    of_type = dict(head.headers) if replaced else of_source
    headers = [
        (n, v)
        for n, v in head.headers
        if n not in _OF_THE_BODY and not n.startswith("x-amz-copy-source")
    ]
    headers.append(("content-length", of_source["content-length"]))
    headers += [(n, of_type[n]) for n in ("content-type", "content-encoding") if of_type.get(n)]
    return Request("PUT", head.path, head.query, tuple(headers), b"")
