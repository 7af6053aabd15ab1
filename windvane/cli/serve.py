"""`windvane serve`: the whole service in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import logging
import logging.handlers
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn

from windvane.app import Server
from windvane.cli.folder import locked, make_folder, publish_address
from windvane.settings import BadSettings, Settings, read_settings

_LOG = logging.getLogger(__name__)
_DRAIN_S = 3
_LOG_BYTES = 20_000_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("serve", help="run the service", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="where all state lives")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help="port to listen on (default 8470; 0 picks a free one)"
    )
    parser.add_argument("--config", type=Path, help="configuration file (TOML)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    given = {
        name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None
    }
    settings = replace(settings, **given)
    make_folder(settings.data_dir)
    with locked(settings.data_dir):
        os.environ["WINDVANE_DATA_DIR"] = str(settings.data_dir)
        _log_to(settings.data_dir / "logs")
        with _listening(settings) as listener:
            asyncio.run(_serve(settings, listener, arguments.config))
    return 0


async def _serve(settings: Settings, listener: socket.socket, config: Path | None) -> None:
    """Start in this, the main thread: children are on a leash that this thread holds."""
    host, port = listener.getsockname()[:2]
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - only compared
    server = Server(settings, config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.start()
        web = _QuietSignals(_web_config(server))
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        stopping = asyncio.create_task(stop.wait())
        while not web.started and not serving.done():
            await asyncio.wait(
                [serving, stopping], timeout=0.01, return_when=asyncio.FIRST_COMPLETED
            )
        publish_address(settings.data_dir, url)
        print(f"windvane ready on {url}", flush=True)
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        web.should_exit = True
        await serving
    finally:
        await server.stop()
        (settings.data_dir / "server.json").unlink(missing_ok=True)
        _LOG.info("stopped")


def _web_config(server: Server) -> uvicorn.Config:
    return uvicorn.Config(
        server.asgi,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
        timeout_keep_alive=75,
    )


class _QuietSignals(uvicorn.Server):
    """Signals are handled by `_serve`, which has more to stop than the web server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
        ) from error
    listener.listen(1024)
    return listener


def _log_to(folder: Path) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    to_file = logging.handlers.RotatingFileHandler(
        folder / "server.log", maxBytes=_LOG_BYTES, backupCount=3
    )
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logging.StreamHandler(sys.stderr), to_file],
    )
    for chatty in ("botocore", "boto3", "urllib3", "alembic", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
