"""Sends a request to an S3 store as a stream, in both directions, signed anew with the key for that store."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from windvane.wire.call import Request
from windvane.wire.s3.answers import Answered

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
_PRESIGNED = re.compile(
    r"X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)=",
    re.IGNORECASE,
)
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Upstream:
    """An S3 store behind us.

    access_key          "" sends requests without a signature
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str


class Forwarder:
    """Sends requests to any upstream, over connections that are kept."""

    def __init__(self) -> None:
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def send(
        self,
        upstream: Upstream,
        head: Request,
        body: AsyncIterator[bytes] | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Return the store's answer to a request.

        body        read only if the head announces one
        """
        sends_body = has_body(head) and head.method not in ("GET", "HEAD")
        return self._session().request(
            head.method,
            _url(upstream, head),
            headers=_headers(upstream, head),
            data=body if sends_body else None,
            allow_redirects=False,
        )

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._client


def has_body(head: Request) -> bool:
    return any(name in ("content-length", "transfer-encoding") for name, _ in head.headers)


def answered(answer: aiohttp.ClientResponse) -> Answered:
    """Status, the headers that mean the same on the next leg, and the body."""
    headers = [
        (n, v) for n, v in answer.raw_headers if n.decode("latin-1").lower() not in _HOP_BY_HOP
    ]
    return Answered(answer.status, headers, answer.content.iter_chunked(_CHUNK))


def _url(upstream: Upstream, head: Request) -> URL:
    query = "&".join(part for part in head.query.split("&") if part and not _PRESIGNED.match(part))
    return URL(f"{upstream.endpoint}{head.path}" + (f"?{query}" if query else ""), encoded=True)


def _headers(upstream: Upstream, head: Request) -> list[tuple[str, str]]:
    passed = [(name, value) for name, value in head.headers if name not in _HOP_BY_HOP]
    kept = [(name, value) for name, value in passed if name not in _SIGNATURE]
    declared = dict(kept).get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if not upstream.access_key:
        return kept
    return kept + _signed(upstream, head, kept, declared)


def _signed(
    upstream: Upstream, head: Request, kept: list[tuple[str, str]], declared: str
) -> list[tuple[str, str]]:
    signed = {
        n: v for n, v in kept if n.startswith("x-amz-") or n in ("content-md5", "content-type")
    }
    request = AWSRequest(head.method, str(_url(upstream, head)), headers=signed)
    credentials = Credentials(upstream.access_key, upstream.secret_key)
    _DeclaredHash(credentials, upstream.region, declared).add_auth(request)
    fresh = ("Authorization", "X-Amz-Date", "x-amz-content-sha256")
    already = {name for name, _ in kept}
    return [
        (n, request.headers[n]) for n in fresh if n in request.headers and n.lower() not in already
    ]


class _DeclaredHash(S3SigV4Auth):  # type: ignore[misc]
    """Signs with the payload hash that the request declares, never reading a body."""

    def __init__(self, credentials: Credentials, region: str, declared: str) -> None:
        super().__init__(credentials, "s3", region)
        self._declared = declared

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's signature
        return self._declared
