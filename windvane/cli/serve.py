"""`windvane serve`: the whole service in the foreground."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

from windvane.cli.folder import locked, make_folder
from windvane.settings import BadSettings, Settings, read_settings

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
    import uvloop

    from windvane.cli.service import serve  # heavy: other commands are to start fast

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
            uvloop.run(serve(settings, listener))
    return 0


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
