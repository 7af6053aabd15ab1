"""A bare echo on a free port, under the web server and the settings of `windvane serve`: prints its address."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
import uvloop

from windvane.cli.service import web_config


async def echo(_: Any, receive: Any, send: Any) -> None:
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


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvloop.run(uvicorn.Server(web_config(echo)).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
