"""Two echoes on a free port, under the web server and the settings of `windvane serve`; prints their address.

    python -m benchmarks.echo ACCESS_KEY SECRET_KEY

POST /endpoints/bare/invocations sends the body back. The same of any other name does so after the edge has read it as
an InvokeEndpoint request: the signature by this key, the operation, its members; what is missing is a model.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from windvane.api.keyring import KeyRing
from windvane.wire.call import Call, Result
from windvane.wire.edge import Edge

BARE = "/endpoints/bare/invocations"


async def bare_echo(_: Any, receive: Any, send: Any) -> None:
    """Sends the body back."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    headers = [(b"content-type", b"text/csv"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def edge_echo(access_key: str, secret_key: str) -> Edge:
    """Sends the body back once it has been read as an InvokeEndpoint request."""

    async def invoke_endpoint(call: Call) -> Result:
        return {"Body": call.parameters["Body"], "ContentType": "text/csv"}

    keys = KeyRing([("000000000000", access_key, secret_key)], b"")
    operations = {("sagemaker-runtime", "InvokeEndpoint"): invoke_endpoint}
    return Edge(keys, {}, operations, None, _utc_now)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _by_path(bare: ASGIApp, others: ASGIApp) -> Callable[..., Any]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (bare if scope["path"] == BARE else others)(scope, receive, send)

    return app


def _web_config(app: Callable[..., Any]) -> uvicorn.Config:
    """As `windvane serve` has it (cli/service.py)."""
    return uvicorn.Config(
        app,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
    )


def main(access_key: str, secret_key: str) -> None:
    app = _by_path(bare_echo, edge_echo(access_key, secret_key))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvloop.run(uvicorn.Server(_web_config(app)).serve(sockets=[listener]))


if __name__ == "__main__":
    main(*sys.argv[1:])
