"""What every answer to an S3 request has in common: its headers, refusals, bodies whole and in blocks."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import Send

from windvane.wire.call import Request, RequestRecord
from windvane.wire.s3.refusals import Details

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CLOSE = ((b"connection", b"close"),)
"""An answer before the end of the body: a client that waited for leave to send it (Expect: 100-continue) never
will, so the connection cannot be used again."""

HOST_ID = "windvane"
SLOW_S = 60.0
"""A client that takes nothing of an answer for so long is let go."""

Headers = Iterable[tuple[bytes, bytes]]
InThread = Callable[..., Any]
"""Runs a blocking call off the event loop: `await in_thread(function, *arguments)`, which lasts as long as the call."""


_TAKEN_AT_ONCE = 1 << 16
"""Bytes that are handed on whether or not the client takes them."""

_XML_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Answered:
    """An answer whose body comes in chunks; None for no body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    chunks: AsyncIterator[bytes] | None = None


@dataclass(frozen=True)
class Refused:
    """The answer to a request that is not served."""

    status: int
    code: str
    sentence: str
    details: Details
    headers: Details


def xml_text(text: str) -> str:
    """Characters that XML cannot hold become question marks."""
    return _XML_FORBIDDEN.sub("?", text)


def document(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def identified(record: RequestRecord) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers by which a request is found again."""
    return ((b"x-amz-request-id", record.request_id.encode()), (b"x-amz-id-2", HOST_ID.encode()))


async def send_refusal(
    send: Send, head: Request, record: RequestRecord, refused: Refused, more_headers: Headers
) -> None:
    elements = {
        "Code": refused.code,
        "Message": refused.sentence,
        "Resource": unquote(head.path, errors="replace"),
        **refused.details,
        "RequestId": record.request_id,
        "HostId": HOST_ID,
    }
    bodiless = head.method == "HEAD" or refused.status == 304
    headers = [*identified(record), *more_headers]
    headers += [(n.encode(), v.encode("latin-1")) for n, v in refused.headers.items()]
    body = b""
    if not bodiless:
        body = flat_document("Error", elements)
    if refused.status != 304:
        headers.append((b"content-type", b"application/xml"))
    await send_whole(send, refused.status, body, headers)


def flat_document(name: str, elements: Mapping[str, str]) -> bytes:
    """Return an XML document of texts side by side."""
    root = ET.Element(name)
    for name, value in elements.items():
        ET.SubElement(root, name).text = xml_text(value)
    return document(root)


async def send_whole(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Send an answer, and wait until its client has taken it if it is long; one of status 204 or 304 has no length."""
    length = () if status in (204, 304) else ((b"content-length", str(len(body)).encode()),)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    if len(body) > _TAKEN_AT_ONCE:
        async with asyncio.timeout(SLOW_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_answered(answer: Answered, send: Send, more_headers: Headers = ()) -> None:
    """Send an answer block by block; a client that takes none for SLOW_S is given up with TimeoutError."""
    headers = [*answer.headers, *more_headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.chunks is not None:
        try:
            async for chunk in answer.chunks:
                async with asyncio.timeout(SLOW_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            if (close := getattr(answer.chunks, "aclose", None)) is not None:
                await close()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def whole(status: int, body: bytes, headers: Headers) -> Answered:
    """Return an answer whose body is known at once."""

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    length = (b"content-length", str(len(body)).encode())
    return Answered(status, [*headers, length], chunks())
