"""Bodies of multipart/form-data, as an HTML form uploads a file: fields first, then the file as a stream.

source    RFC 7578; https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from windvane.wire.s3.refusals import S3Refusal, refused

MAX_FIELDS = 20 << 10
"""Bytes of all fields together, as in S3."""

_MAX_HEAD = 4 << 10
_MAX_HEADS = 20 << 10
"""Bytes of the head of a part, and of all of them: none is known to be anybody's when it is read."""

_MAX_REST = 1 << 16
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE
)
_NAME = re.compile(r'(?:^|[;\s])name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FILE_NAME = re.compile(r'(?:^|[;\s])filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass
class Form:
    """A form whose fields were read.

    fields      by lower-case name
    file_name   as the browser says, "" if it says none
    content     the bytes of the file, to be read once
    """

    fields: dict[str, str]
    file_name: str
    content: AsyncIterator[bytes]


async def read_form(content_type: str, blocks: AsyncIterator[bytes]) -> Form:
    """Read the fields up to the file.

    raises    S3Refusal for what is no such form, has no file, or has fields that are too long
    """
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise refused("MalformedPOSTRequest")
    reader = _Parts((match[1] or match[2]).encode("latin-1"), blocks)
    await reader.begin()
    fields: dict[str, str] = {}
    n_bytes = n_of_heads = 0
    while (head := await reader.next_head()) is not None:
        n_of_heads += len(head)
        if n_of_heads > _MAX_HEADS:
            raise _too_large()
        name, file_name = _read_head(head)
        if name == "file":
            return Form(fields, file_name, reader.content())
        value = await reader.field(MAX_FIELDS - n_bytes)
        n_bytes += len(name) + len(value)
        if n_bytes > MAX_FIELDS:
            raise _too_large()
        if name in fields:
            raise refused("InvalidArgument", f"The field '{name[:64]}' stands in the form twice.")
        fields[name] = value
    raise refused("InvalidArgument", "POST requires exactly one file upload per request.")


def _read_head(head: bytes) -> tuple[str, str]:
    """Name of a field, and of its file."""
    for line in head.decode("utf-8", errors="replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            name, file_name = _NAME.search(value), _FILE_NAME.search(value)
            if name is not None:
                return name[1].lower(), file_name[1] if file_name else ""
    raise refused("MalformedPOSTRequest")


def _too_large() -> S3Refusal:
    return refused(
        "MaxMessageLengthExceeded",
        "Your POST request fields preceding the upload file were too large.",
    )


class _Parts:
    """Walks over the parts of a body."""

    def __init__(self, boundary: bytes, blocks: AsyncIterator[bytes]) -> None:
        self._first = b"--" + boundary
        self._delimiter = b"\r\n--" + boundary
        self._blocks = blocks
        self._buffer = bytearray()

    async def begin(self) -> None:
        await self._fill(len(self._first) + 2)
        if not self._buffer.startswith(self._first):
            raise refused("MalformedPOSTRequest")
        del self._buffer[: len(self._first)]

    async def next_head(self) -> bytes | None:
        """Return the headers of the next part; None behind the last one."""
        await self._fill(2)
        if self._buffer[:2] == b"--":
            return None
        if self._buffer[:2] != b"\r\n":
            raise refused("MalformedPOSTRequest")
        return (await self._until(b"\r\n\r\n", _MAX_HEAD))[2:]

    async def field(self, limit: int) -> str:
        try:
            return (await self._until(self._delimiter, limit)).decode()
        except UnicodeDecodeError as error:
            raise refused("MalformedPOSTRequest") from error

    async def content(self) -> AsyncIterator[bytes]:
        kept = len(self._delimiter) - 1
        while (end := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > kept:
                piece = bytes(self._buffer[:-kept])
                del self._buffer[:-kept]
                yield piece
            if not await self._more():
                raise refused("MalformedPOSTRequest")
        if end:
            yield bytes(self._buffer[:end])
        while await self._more():
            if len(self._buffer) - end > _MAX_REST:
                raise refused("MalformedPOSTRequest")

    async def _until(self, end: bytes, limit: int) -> bytes:
        while (found := self._buffer.find(end)) < 0:
            if len(self._buffer) > limit + len(end):
                raise _too_large()
            if not await self._more():
                raise refused("MalformedPOSTRequest")
        read = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return read

    async def _fill(self, n_bytes: int) -> None:
        while len(self._buffer) < n_bytes:
            if not await self._more():
                raise refused("MalformedPOSTRequest")

    async def _more(self) -> bool:
        async for block in self._blocks:
            self._buffer += block
            return True
        return False
