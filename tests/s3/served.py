"""An S3 store on a port of its own: the embedded object store behind its gateway, as somebody else's store would be."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from s3.gateways import own_gateway

from windvane.artifacts.connection import Connection
from windvane.objects.store import open_objects
from windvane.settings import DEFAULT_ACCOUNT
from windvane.wire.call import Credential, RequestRecord

_KEY, _SECRET = "AKIASOMEBODYELSE", "secret"


class OneKey:
    """A key ring with a key of the account that servers have by default: their default buckets are its own."""

    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        if access_key != _KEY:
            return None
        arn = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
        return Credential(DEFAULT_ACCOUNT, _KEY, _SECRET, arn, DEFAULT_ACCOUNT)


class ServedStore:
    """Serves from a thread until it is stopped."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self._objects = open_objects(folder)
        self._gateway = own_gateway(self._objects, OneKey(), lambda: datetime.now(UTC))
        self._listener = socket.create_server((address, 0))
        self._server = uvicorn.Server(
            uvicorn.Config(self._serve, interface="asgi3", lifespan="off", log_level="critical")
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def connection(self) -> Connection:
        address, port = self._listener.getsockname()
        return Connection(f"http://{address}:{port}", _KEY, _SECRET)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self._objects.close()

    def _run(self) -> None:
        async def run() -> None:
            await self._server.serve([self._listener])
            await self._gateway.close()

        asyncio.run(run())

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        record = RequestRecord("request", "127.0.0.1", service="s3")
        await self._gateway(record, scope, receive, send)
