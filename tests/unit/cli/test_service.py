"""The life of a server around one that answers nothing: what its log and its output say of where it listens."""

import asyncio
import logging
import os
import signal

from starlette.responses import PlainTextResponse
from unit.cli.openssl import needs_openssl

from windvane.cli.listeners import listening
from windvane.cli.service import serve
from windvane.cli.tls import make_certificate
from windvane.settings import Settings


class Nothing:
    asgi = PlainTextResponse("api")
    metrics = PlainTextResponse("metrics")

    async def start(self):
        pass

    async def leave(self):
        pass

    def end_streams(self):
        pass

    async def stop(self):
        pass


def served(settings):
    """Return where the server says that it is, and the ports that it and its metrics have."""
    told = []

    def tell(url):
        told.append(url)
        os.kill(os.getpid(), signal.SIGTERM)

    with listening(settings) as listeners:
        sockets = (listeners.api, listeners.metrics)
        ports = [one and one.getsockname()[1] for one in sockets]
        asyncio.run(serve(settings, listeners, lambda _: Nothing(), tell))
    return *told, *ports


def test_the_first_line_of_the_log_says_where_a_server_listens(tmp_path, caplog):
    caplog.set_level(logging.INFO, "windvane")
    url, port, _ = served(Settings(tmp_path, port=0))
    assert url == f"http://127.0.0.1:{port}"
    assert f"listens on {url}; metrics are there, at /metrics." in caplog.messages[0]


def test_metrics_are_told_with_the_port_that_they_got(tmp_path, caplog):
    caplog.set_level(logging.INFO, "windvane")
    _, _, own = served(Settings(tmp_path, port=0, metrics="127.0.0.1:0"))
    assert own
    assert caplog.messages[0].endswith(f"metrics are at http://127.0.0.1:{own}/metrics.")


@needs_openssl
def test_a_certificate_that_ends_soon_is_warned_of_when_a_server_starts(tmp_path, caplog):
    make_certificate(tmp_path, ["DNS:localhost"], 10)
    cert, key = (str(tmp_path / name) for name in ("cert.pem", "key.pem"))
    served(Settings(tmp_path, port=0, tls_cert=cert, tls_key=key))
    [warning] = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert f"certificate: {cert} is valid until" in warning
    assert "Renew it" in warning
