"""The life of a server: start every part, say so, wait for a signal, stop every part."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn

from windvane import __version__
from windvane.api.key_file import load_or_create_keys
from windvane.cli.certificates import check_certificates
from windvane.cli.env import console_url
from windvane.cli.folder import publish_address
from windvane.cli.handshakes import TlsServer
from windvane.cli.listeners import Listeners
from windvane.cli.protocol import Bounded, EndedSoon
from windvane.process.log_lines import writes_json
from windvane.settings import Settings

_LOG = logging.getLogger(__name__)
_DRAIN_S = 3


class Served(Protocol):
    """A server, of whatever kind: app.Server, host.Host.

    asgi       answers what comes to its address
    metrics    answers /metrics alone
    """

    asgi: Any
    metrics: Any

    async def start(self) -> None:
        """Start every part; returns once all of them answer."""

    async def leave(self) -> None:
        """Hand over to other servers, if there are some, what they can go on with at once."""

    def end_streams(self) -> None:
        """Let the clients go that follow events."""

    async def stop(self) -> None:
        """Stop every part."""


async def serve(
    settings: Settings,
    listeners: Listeners,
    make: Callable[[str], Served],
    tell: Callable[[str], None],
) -> None:
    """Start in this, the main thread: children die with this thread.

    make    a server that others reach at this URL
    tell    is called with the URL of this machine once every part answers
    """
    scheme = "https" if settings.tls_cert else "http"
    url = _url_here(scheme, listeners.api)
    server = make(_own_address(settings, scheme, listeners.api.getsockname()[1]))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.start()
        stopping = asyncio.create_task(stop.wait())
        webs = [_Web(server.asgi, listeners.api, settings)]
        if listeners.metrics is not None:
            webs.append(_Web(server.metrics, listeners.metrics, settings))
        for web in webs:
            await web.started(stopping)
        _LOG.info(
            "Windvane %s listens on %s; %s", __version__, url, _metrics_told(listeners, scheme)
        )
        for check in check_certificates(settings):
            if check.remedy:
                _LOG.warning("%s: %s. %s", check.name, check.found, check.remedy)
        tell(url)
        serving = [web.serving for web in webs]
        await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        await server.leave()
        server.end_streams()
        for web in webs:
            web.end()
        await asyncio.gather(*serving)
    finally:
        await server.stop()
        (settings.data_dir / "server.json").unlink(missing_ok=True)
        _LOG.info("stopped")


def tell_ready(settings: Settings, url: str) -> None:
    """Tell whoever started a server where it is, and how to get in."""
    publish_address(settings.data_dir, url, settings.tls_cert)
    print(f"windvane ready on {url}", flush=True)
    way_in = _way_in(url, settings)
    if writes_json() and not sys.stderr.isatty():
        _LOG.info("%s", way_in)
    else:
        print(way_in, file=sys.stderr, flush=True)


def _url_here(scheme: str, listener: socket.socket) -> str:
    """Return the URL at which this machine reaches a socket, with the port that it was given."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - only compared


def _metrics_told(listeners: Listeners, scheme: str) -> str:
    if listeners.metrics is None:
        return "metrics are there, at /metrics."
    return f"metrics are at {_url_here(scheme, listeners.metrics)}/metrics."


def _own_address(settings: Settings, scheme: str, port: int) -> str:
    """Return the URL at which other servers reach this one."""
    is_any = settings.host in ("0.0.0.0", "")  # noqa: S104 - only compared
    return f"{scheme}://{socket.gethostname() if is_any else settings.host}:{port}"


def _way_in(url: str, settings: Settings) -> str:
    """Return how to get into the console. A link goes to a terminal alone: elsewhere standard error is kept, by journald or
    in a file, where others read it than who may sign in."""
    if not sys.stderr.isatty():
        data_dir = shlex.quote(str(settings.data_dir))
        return (
            f"console: {url}/console/ (`windvane login --data-dir {data_dir}` prints a one-time "
            "sign-in link)"
        )
    key = load_or_create_keys(settings.data_dir, settings.account)
    return f"console (one-time link, valid for 10 minutes): {console_url(url, key)}"


def _web_config(application: Any, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
        http=EndedSoon if settings.tls_cert else Bounded,
        loop="none",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
        timeout_keep_alive=75,
    )


class _Web:
    """One application that is served on one socket."""

    def __init__(self, application: Any, listener: socket.socket, settings: Settings) -> None:
        served_by = _QuietTls if settings.tls_cert else _Quiet
        self._server = served_by(_web_config(application, settings))
        self.serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def started(self, stopping: asyncio.Task[Any]) -> None:
        """Return once it answers, or cannot."""
        while not self._server.started and not self.serving.done():
            await asyncio.wait(
                [self.serving, stopping], timeout=0.01, return_when=asyncio.FIRST_COMPLETED
            )

    def end(self) -> None:
        """Let `serving` end once the requests that have come are answered."""
        self._server.should_exit = True


class _Quiet(uvicorn.Server):
    """Signals are handled by `serve`, which has more to stop than the web server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _QuietTls(_Quiet, TlsServer):
    """The same with TLS."""
