"""A folder answers S3's reading operations: GetObject with ranges and conditions, HeadObject, HeadBucket,
ListObjects in both versions, GetBucketLocation. Any other is NotImplemented.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and its neighbours
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import BinaryIO, Protocol
from urllib.parse import parse_qsl

from windvane.wire.call import Request
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.s3.answers import Answered, InThread, whole
from windvane.wire.s3.conditions import ReadConditions, precondition_failed, read_range
from windvane.wire.s3.listing import Entries, FolderEntry, list_objects, location
from windvane.wire.s3.model import target
from windvane.wire.s3.refusals import S3Refusal

_CHUNK = 1 << 18
LISTED_AT_ONCE = 4
"""Lists, which all who ask share: a folder of many files takes a while to read."""

_LISTING = frozenset(
    {
        *("list-type", "prefix", "delimiter", "marker", "max-keys", "encoding-type"),
        *("continuation-token", "start-after", "fetch-owner"),
    }
)
_OVERRIDES = {
    f"response-{name}": name.encode()
    for name in (
        *("cache-control", "content-disposition", "content-encoding", "content-language"),
        *("content-type", "expires"),
    )
}


class ReadableFolder(Protocol):
    """Files by key; blocking."""

    def objects(self, prefix: str, after: str = "") -> Entries: ...

    def find(self, key: str) -> FolderEntry | None: ...

    def open(self, key: str) -> tuple[FolderEntry, BinaryIO]: ...


class FolderAnswers:
    """Answers requests that read objects of a folder.

    in_thread    as in S3Gateway
    """

    def __init__(self, in_thread: InThread) -> None:
        self._in_thread = in_thread
        self._listed = FairSemaphore(LISTED_AT_ONCE)

    @asynccontextmanager
    async def open(
        self, folder: ReadableFolder, region: str, head: Request, asker: str
    ) -> AsyncIterator[Answered]:
        """Yield the answer to a GET or HEAD.

        asker     the account that asks, or the address of whoever has no key: each leaves room to others
        raises    S3Refusal
        """
        bucket, key = target(head.path)
        query = _query(head)
        if not key:
            async with self._listed.of(asker):
                about = await self._about_bucket(folder, bucket, region, head, query)
            yield about
            return
        _refuse_others(query, frozenset(_OVERRIDES), "an object")
        try:
            found, file = await self._in_thread(folder.open, key)
        except FileNotFoundError as error:
            raise S3Refusal("NoSuchKey", 404, "The specified key does not exist.") from error
        except PermissionError as error:
            raise _unreadable() from error
        try:
            yield self._object(found, file, head, query)
        finally:
            await self._in_thread(file.close)

    async def _about_bucket(
        self, folder: ReadableFolder, bucket: str, region: str, head: Request, query: dict[str, str]
    ) -> Answered:
        xml = [(b"content-type", b"application/xml"), (b"x-amz-bucket-region", region.encode())]
        if head.method == "HEAD":
            return Answered(200, [*xml, (b"content-length", b"0")])
        if "location" in query:
            return whole(200, location(region), xml)
        _refuse_others(query, _LISTING, "a bucket")
        try:
            listed = await self._in_thread(list_objects, folder, bucket, query)
        except FileNotFoundError as error:
            raise S3Refusal(
                "NoSuchBucket", 404, "The specified bucket does not exist: its folder is gone."
            ) from error
        except PermissionError as error:
            raise _unreadable() from error
        return whole(200, listed, xml)

    def _object(
        self, found: FolderEntry, file: BinaryIO, head: Request, query: dict[str, str]
    ) -> Answered:
        headers = _object_headers(found, query)
        if (unmet := _conditions(head).unmet(found.etag, found.modified)) is not None:
            if unmet[0] == 412:
                raise precondition_failed(unmet[1])
            return Answered(304, headers)
        start, end, status = read_range(_header(head, "range"), found.size)
        if status == 206:
            content_range = f"bytes {start}-{end - 1}/{found.size}"
            headers.append((b"content-range", content_range.encode()))
        headers.append((b"content-length", str(end - start).encode()))
        if head.method == "HEAD":
            return Answered(status, headers)
        return Answered(status, headers, self._chunks(file, start, end))

    async def _chunks(self, file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
        await self._in_thread(file.seek, start)
        left = end - start
        while left:
            chunk = await self._in_thread(file.read, min(_CHUNK, left))
            if not chunk:
                raise OSError("The file became shorter while it was read.")
            left -= len(chunk)
            yield chunk


def _unreadable() -> S3Refusal:
    return S3Refusal("AccessDenied", 403, "Access Denied: the server may not read this file.")


def _query(head: Request) -> dict[str, str]:
    pairs = parse_qsl(head.query, keep_blank_values=True, errors="replace")
    return {
        name: value for name, value in pairs if not name.startswith("X-Amz-") and name != "x-id"
    }


def _refuse_others(query: dict[str, str], served: frozenset[str], of: str) -> None:
    if others := sorted(query.keys() - served):
        raise S3Refusal(
            "NotImplemented",
            501,
            f"'{others[0]}' of {of} is not served for a bucket that is read from a folder.",
        )


def _object_headers(found: FolderEntry, query: dict[str, str]) -> list[tuple[bytes, bytes]]:
    guessed = mimetypes.guess_type(found.key)[0] or "binary/octet-stream"
    headers = {
        b"content-type": guessed.encode(),
        b"etag": f'"{found.etag}"'.encode(),
        b"last-modified": format_datetime(found.modified, usegmt=True).encode(),
        b"accept-ranges": b"bytes",
    }
    for parameter, name in _OVERRIDES.items():
        if (value := query.get(parameter)) is not None:
            if not re.fullmatch(r"[\x20-\x7e]*", value):
                raise S3Refusal("InvalidArgument", 400, f"{parameter} is no value of a header.")
            headers[name] = value.encode()
    return list(headers.items())


def _conditions(head: Request) -> ReadConditions:
    return ReadConditions(
        _header(head, "if-match") or None,
        _header(head, "if-none-match") or None,
        _moment(_header(head, "if-modified-since")),
        _moment(_header(head, "if-unmodified-since")),
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None  # RFC 9110: a date that is none is as if it were not there
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _header(head: Request, name: str) -> str:
    return next((value for header, value in head.headers if header == name), "")
