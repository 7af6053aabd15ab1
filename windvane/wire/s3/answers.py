"""What every answer to an S3 request has in common: refusals, whole documents, and how a request is read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import Send

from windvane.errors import WindvaneError
from windvane.wire.call import Request

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CLOSE = ((b"connection", b"close"),)
"""An answer before the end of the body: a client that waited for leave to send it (Expect: 100-continue) never
will, so the connection cannot be used again."""

Headers = Iterable[tuple[bytes, bytes]]
InThread = Callable[..., Any]
"""Runs a blocking call off the event loop: `await in_thread(function, *arguments)`."""

_XML_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class S3Refusal(WindvaneError):
    """An S3 request that is not served; code and status are S3's."""

    def __init__(self, code: str, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Answered:
    """An answer whose body comes in chunks; None for no body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    chunks: AsyncIterator[bytes] | None = None


def target(path: str) -> tuple[str, str]:
    """The bucket, decoded, and the key as it stands in the path."""
    bucket, _, key = path.lstrip("/").partition("/")
    return unquote(bucket), key


def names_subresource(head: Request) -> bool:
    return any(part and not part.startswith(("X-Amz-", "x-id=")) for part in head.query.split("&"))


def creates_bucket(head: Request, key: str) -> bool:
    return head.method == "PUT" and not key and not names_subresource(head)


def xml_text(text: str) -> str:
    """Characters that XML cannot hold become question marks."""
    return _XML_FORBIDDEN.sub("?", text)


def document(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


async def send_refusal(send: Send, head: Request, status: int, code: str, sentence: str) -> None:
    root = ET.Element("Error")
    for name, text in (("Code", code), ("Message", sentence), ("Resource", unquote(head.path))):
        ET.SubElement(root, name).text = xml_text(text)
    body = b"" if head.method == "HEAD" else document(root)
    await send_whole(send, status, body, [(b"content-type", b"application/xml"), *CLOSE])


async def send_whole(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_answered(answer: Answered, send: Send, more_headers: Headers = ()) -> None:
    headers = [*answer.headers, *more_headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.chunks is not None:
        async for chunk in answer.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def whole(status: int, body: bytes, headers: Headers) -> Answered:
    """An answer whose body is known at once."""

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    length = (b"content-length", str(len(body)).encode())
    return Answered(status, [*headers, length], chunks())
