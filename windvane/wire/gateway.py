"""S3 through our one port: who calls is proved here, whose bucket it is is looked up, then the request is
passed on to the S3 store as a stream, in both directions.

A request signed with a key that the store knows goes on untouched: path, query, Host and signature stay as
they are, and the store verifies payload hashes and signed chunks itself. Any other (temporary keys, external
stores) is signed anew for the store, its declared payload hash included, so a changed body is still refused.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from windvane.errors import WindvaneError
from windvane.wire.call import Caller, Request

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
_SIGNATURE = frozenset({"authorization", "x-amz-security-token", "x-amz-date", "host"})
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256"
_READS = frozenset({"GET", "HEAD"})
_CHUNK = 1 << 18


class S3Refusal(WindvaneError):
    """An S3 request that is not passed on; code and status are S3's."""

    def __init__(self, code: str, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.status = code, status


class Buckets(Protocol):
    """Whose bucket is whose."""

    def owner(self, bucket: str) -> str | None: ...

    def claim(self, bucket: str, account: str) -> str:
        """The owner after the call."""

    def release(self, bucket: str) -> None: ...


@dataclass(frozen=True)
class Upstream:
    """The S3 store behind us.

    knows_client_keys   permanent keys of clients are keys of the store too
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    knows_client_keys: bool


Authenticate = Callable[[Request], Caller]
Permits = Callable[[Caller, str, bool], bool]
"""Whether the caller's role may read (False) or write (True) in a bucket."""

Refuse = Callable[[WindvaneError], tuple[int, str]]
InThread = Callable[..., Any]


class S3Gateway:
    """An ASGI application for S3 requests.

    authenticate   proves who signed a request head; raises Unauthenticated
    permits        what the role behind temporary keys may do
    refuse         S3 status and code of one of our errors
    in_thread      runs a blocking call off the event loop: `await in_thread(function, *arguments)`
    """

    def __init__(
        self,
        upstream: Upstream,
        buckets: Buckets | None,
        authenticate: Authenticate,
        permits: Permits,
        refuse: Refuse,
        in_thread: InThread,
    ) -> None:
        self._upstream = upstream
        self._buckets = buckets
        self._authenticate = authenticate
        self._permits = permits
        self._refuse = refuse
        self._in_thread = in_thread
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _head(scope)
        try:
            caller = self._authenticate(head)
            bucket, key = _target(head.path)
            await self._admit(head, caller, bucket, key)
            await self._pass_on(head, caller, bucket, key, receive, send)
        except WindvaneError as error:
            await self._answer_refusal(error, head, send)
        except (aiohttp.ClientError, TimeoutError) as error:
            refusal = S3Refusal(
                "ServiceUnavailable", 503, f"The S3 store does not answer: {error}."
            )
            await self._answer_refusal(refusal, head, send)

    async def _admit(self, head: Request, caller: Caller, bucket: str, key: str) -> None:
        if not bucket:
            return
        self._check_role(caller, bucket, writes=head.method not in _READS)
        source = unquote(dict(head.headers).get("x-amz-copy-source", ""))
        source_bucket = source.lstrip("/").partition("/")[0]
        if source_bucket:
            self._check_role(caller, source_bucket, writes=False)
        if self._buckets is None:
            return
        if _creates_bucket(head, key):
            await self._claim(self._buckets, bucket, caller)
        else:
            await self._check_owner(self._buckets, bucket, caller)
        if source_bucket:
            await self._check_owner(self._buckets, source_bucket, caller)

    def _check_role(self, caller: Caller, bucket: str, *, writes: bool) -> None:
        if not self._permits(caller, bucket, writes):
            raise S3Refusal("AccessDenied", 403, "Access Denied")

    async def _claim(self, buckets: Buckets, bucket: str, caller: Caller) -> None:
        if await self._in_thread(buckets.claim, bucket, caller.account) != caller.account:
            raise S3Refusal(
                "BucketAlreadyExists",
                409,
                "The requested bucket name is not available. Please select a different name and try again.",
            )

    async def _check_owner(self, buckets: Buckets, bucket: str, caller: Caller) -> None:
        owner = await self._in_thread(buckets.owner, bucket)
        if owner is None:
            raise S3Refusal("NoSuchBucket", 404, "The specified bucket does not exist")
        if owner != caller.account:
            raise S3Refusal("AccessDenied", 403, "Access Denied")

    async def _pass_on(
        self, head: Request, caller: Caller, bucket: str, key: str, receive: Receive, send: Send
    ) -> None:
        body = _Body(receive)
        has_body = any(name in ("content-length", "transfer-encoding") for name, _ in head.headers)
        async with self._session().request(
            head.method,
            self._url(head, caller),
            headers=self._headers(head, caller),
            data=body.chunks() if has_body and head.method not in ("GET", "HEAD") else None,
            allow_redirects=False,
        ) as answer:
            await self._settle_ownership(head, bucket, key, answer.status)
            if not bucket and head.method == "GET" and answer.status == HTTPStatus.OK:
                await self._answer_bucket_list(await answer.read(), caller, answer, send)
            else:
                await _stream(answer, send, () if body.was_read or not has_body else _CLOSE)

    async def _settle_ownership(self, head: Request, bucket: str, key: str, status: int) -> None:
        if self._buckets is None or key or not bucket or _subresource(head):
            return
        deleted = head.method == "DELETE" and status in (
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_FOUND,
        )
        not_created = head.method == "PUT" and status == HTTPStatus.BAD_REQUEST
        if deleted or not_created:
            await self._in_thread(self._buckets.release, bucket)

    async def _answer_bucket_list(
        self, document: bytes, caller: Caller, answer: aiohttp.ClientResponse, send: Send
    ) -> None:
        if self._buckets is not None:
            document = await self._in_thread(_only_owned, document, self._buckets, caller.account)
        kept = [(n, v) for n, v in _answer_headers(answer) if n.lower() != b"content-length"]
        await _send_whole(send, answer.status, document, kept)

    def _untouched(self, caller: Caller) -> bool:
        return self._upstream.knows_client_keys and caller.credential.permanent

    def _url(self, head: Request, caller: Caller) -> URL:
        query = head.query
        if not self._untouched(caller):
            parts = [part for part in query.split("&") if part and not _PRESIGNED.match(part)]
            query = "&".join(parts)
        return URL(
            f"{self._upstream.endpoint}{head.path}" + (f"?{query}" if query else ""), encoded=True
        )

    def _headers(self, head: Request, caller: Caller) -> list[tuple[str, str]]:
        passed = [(name, value) for name, value in head.headers if name not in _HOP_BY_HOP]
        if self._untouched(caller):
            return passed
        kept = [(name, value) for name, value in passed if name not in _SIGNATURE]
        declared = dict(kept).get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        if declared.startswith(_SIGNED_CHUNKS):
            raise S3Refusal(
                "NotImplemented",
                501,
                "Uploads in signed chunks need a permanent key of the embedded store; "
                "send the payload whole, or unsigned with a trailing checksum.",
            )
        return kept + self._signed(head, self._url(head, caller), kept, declared)

    def _signed(
        self, head: Request, url: URL, kept: list[tuple[str, str]], declared: str
    ) -> list[tuple[str, str]]:
        signed = {
            n: v for n, v in kept if n.startswith("x-amz-") or n in ("content-md5", "content-type")
        }
        request = AWSRequest(head.method, str(url), headers=signed)
        credentials = Credentials(self._upstream.access_key, self._upstream.secret_key)
        _DeclaredHash(credentials, self._upstream.region, declared).add_auth(request)
        fresh = ("Authorization", "X-Amz-Date", "x-amz-content-sha256")
        already = {name for name, _ in kept}
        return [
            (n, request.headers[n])
            for n in fresh
            if n in request.headers and n.lower() not in already
        ]

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._client

    async def _answer_refusal(self, error: WindvaneError, head: Request, send: Send) -> None:
        status, code = (
            (error.status, error.code) if isinstance(error, S3Refusal) else self._refuse(error)
        )
        root = ET.Element("Error")
        for name, text in (
            ("Code", code),
            ("Message", str(error)),
            ("Resource", unquote(head.path)),
        ):
            ET.SubElement(root, name).text = _XML_FORBIDDEN.sub("?", text)
        document = (
            b""
            if head.method == "HEAD"
            else ET.tostring(root, xml_declaration=True, encoding="UTF-8")
        )
        headers = [(b"content-type", b"application/xml"), *_CLOSE]
        await _send_whole(send, status, document, headers)


_PRESIGNED = re.compile(
    r"X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)=",
    re.IGNORECASE,
)
_CLOSE = ((b"connection", b"close"),)
"""An answer before the end of the body: a client that waited for leave to send it (Expect: 100-continue) never
will, so the connection cannot be used again."""

_XML_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _DeclaredHash(S3SigV4Auth):  # type: ignore[misc]
    """Signs with the payload hash that the request declares, never reading a body."""

    def __init__(self, credentials: Credentials, region: str, declared: str) -> None:
        super().__init__(credentials, "s3", region)
        self._declared = declared

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's signature
        return self._declared


class _Body:
    """The body of an ASGI request as chunks."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.was_read = False

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise aiohttp.ClientConnectionError(
                    "the client went away in the middle of its upload"
                )
            if chunk := message.get("body", b""):
                yield chunk
            if not message.get("more_body", False):
                self.was_read = True
                return


def _head(scope: Scope) -> Request:
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"")


def _target(path: str) -> tuple[str, str]:
    bucket, _, key = path.lstrip("/").partition("/")
    return unquote(bucket), key


def _subresource(head: Request) -> bool:
    return any(part and not part.startswith(("X-Amz-", "x-id=")) for part in head.query.split("&"))


def _creates_bucket(head: Request, key: str) -> bool:
    return head.method == "PUT" and not key and not _subresource(head)


def _only_owned(document: bytes, buckets: Buckets, account: str) -> bytes:
    root = ET.fromstring(document)  # noqa: S314 - our own store's answer
    namespace = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    ET.register_namespace("", namespace.strip("{}"))
    listing = root.find(f"{namespace}Buckets")
    if listing is not None:
        for entry in list(listing):
            if buckets.owner(entry.findtext(f"{namespace}Name") or "") != account:
                listing.remove(entry)
    owned: bytes = ET.tostring(root, xml_declaration=True, encoding="UTF-8")
    return owned


def _answer_headers(answer: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    return [(n, v) for n, v in answer.raw_headers if n.decode("latin-1").lower() not in _HOP_BY_HOP]


async def _stream(
    answer: aiohttp.ClientResponse, send: Send, more_headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [*_answer_headers(answer), *more_headers],
    }
    await send(start)
    async for chunk in answer.content.iter_chunked(_CHUNK):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_whole(
    send: Send, status: int, document: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(document)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": document, "more_body": False})
