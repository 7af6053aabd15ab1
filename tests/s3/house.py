"""S3 as a client sees it, in process: real boto3 clients, the real gateway, the embedded object store in a folder."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from conformance import session
from conformance.watching import watched
from s3.gateways import own_gateway

from windvane.errors import AccessDenied
from windvane.objects.base import ObjectStore
from windvane.objects.store import open_objects
from windvane.wire.call import Caller, Credential, RequestRecord
from windvane.wire.s3.mapped import FindMapped, nothing_mapped
from windvane.wire.s3.threads import Threads

OURS, THEIRS, THIRD = "111122223333", "444455556666", "777788889999"
SECRET = "secret"
URL = "http://windvane.test"

Headers = list[tuple[str, str]]


class AccountsAsKeys:
    """A key for each account: the account's number."""

    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        if access_key not in (OURS, THEIRS, THIRD):
            return None
        arn = f"arn:aws:sts::{access_key}:assumed-role/windvane/test"
        return Credential(access_key, access_key, SECRET, arn, "AROATEST:test")


class Allowed:
    """What callers may do; everything until told otherwise. Remembers what was asked.

    denied_versions    that a Deny with a condition on s3:VersionId names
    """

    def __init__(self) -> None:
        self.denied: set[tuple[str, str]] = set()
        self.denied_versions: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    def __call__(
        self,
        caller: Caller,
        action: str,
        resource: str,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.asked.append((action, resource))
        is_denied_version = facts.get("s3:versionid") in self.denied_versions
        if is_denied_version or (action, resource) in self.denied:
            raise AccessDenied("Access Denied")


class Answer:
    """Status, headers (each once, lower case) and body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class S3House:
    def __init__(
        self, folder: Path, store: ObjectStore | None = None, mapped: FindMapped = nothing_mapped
    ) -> None:
        self.ahead = timedelta()
        self.allowed = Allowed()
        self.records: list[RequestRecord] = []
        self.store = store or open_objects(folder / "s3", self.clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._pool = ThreadPoolExecutor(4)
        self.in_thread = Threads(self._pool)
        self.gateway = own_gateway(
            self.store, AccountsAsKeys(), self.clock, self.allowed, mapped, self.in_thread
        )

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        self.run(self.gateway.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown()
        self.store.close()

    def client(self, account: str = OURS, region: str = "us-east-1", **config: Any) -> Any:
        client = boto3.client(
            "s3",
            region_name=region,
            endpoint_url=URL,
            aws_access_key_id=account,
            aws_secret_access_key=SECRET,
            config=Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config
            ),
        )
        client.meta.events.register("before-send.s3", self._send)
        return client

    def ask(
        self,
        method: str,
        target: str,
        headers: Headers = [],  # noqa: B006 - never changed
        body: bytes | list[bytes] = b"",
    ) -> Answer:
        """One request as it stands on the wire; a list of bodies comes in as many pieces."""
        pieces = body if isinstance(body, list) else [body]
        return self.run(self._call(method, target, headers, pieces))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = [(n.lower(), _text(v)) for n, v in request.headers.items()]
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self.ask(request.method, target, headers, _bytes(body))
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))

    async def _call(
        self, method: str, target: str, headers: Headers, pieces: list[bytes]
    ) -> Answer:
        path, _, query = target.partition("?")
        given = (
            headers
            if any(n == "host" for n, _ in headers)
            else [("host", "windvane.test"), *headers]
        )
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in given],
            "client": ("192.0.2.1", 1),
        }
        sent: list[dict[str, Any]] = []
        coming = list(pieces)

        async def receive() -> dict[str, Any]:
            piece = coming.pop(0) if coming else b""
            return {"type": "http.request", "body": piece, "more_body": bool(coming)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        record = RequestRecord(f"request-{len(self.records)}", "192.0.2.1", service="s3")
        self.records.append(record)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self.gateway(record, scope, receive, send)

        is_known = not any(name == "x-amz-target" for name, _ in headers)
        noted = watched(app, session.notes()) if is_known else app
        await noted(scope, receive, send)
        answered = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in sent[0]["headers"]}
        return Answer(
            sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:])
        )


class _Raw(io.BytesIO):
    def stream(self, amt: int = 1 << 16, **_: Any) -> Any:
        while piece := self.read(amt):
            yield piece


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    """Code and status of the error that a client gets."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
