"""`windvane serve`: runs the whole service in the foreground: API, console, S3 store, training and endpoints."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import os
import resource
import ssl
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from windvane.addresses import is_loopback
from windvane.cli.folder import locked, locked_database, make_folder
from windvane.cli.listeners import Listeners, listening
from windvane.control.kms.master import VARIABLE
from windvane.process.heap import share_heap
from windvane.process.log_lines import LogFormat, log_to
from windvane.settings import BadSettings, Settings
from windvane.settings_file import read_settings
from windvane.work.workers.process import start_first, start_for_cluster

_LOG_BYTES = 20_000_000
_MOST_DESCRIPTORS = 65_536


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("serve", help="run the service", description=__doc__)
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every kind of server is told."""
    parser.add_argument("--data-dir", type=Path, required=True, help="folder for all state")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help="port to listen on (default 8470; 0 picks a free one)"
    )
    parser.add_argument("--config", type=Path, help="configuration file (TOML)")
    parser.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="use TLS with this certificate (PEM)"
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="allow listening on a non-local address without TLS: anyone on the network can read and "
        "change the traffic",
    )


def run(arguments: argparse.Namespace) -> int:
    return run_server(arguments, _serve)


def run_server(arguments: argparse.Namespace, serve: Callable[[Settings, Listeners], None]) -> int:
    """Let a server run in a data folder that is locked, with sockets that listen."""
    os.umask(0o077)  # whatever this process and its children write is their own
    share_heap()
    allow_descriptors()
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    given = {
        name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None
    }
    for name in ("tls_cert", "tls_key"):
        if (path := getattr(arguments, name)) is not None:
            given[name] = str(path.absolute())
    # Out of the environment, which child processes inherit.
    settings = replace(settings, **given, master_key=os.environ.pop(VARIABLE, ""))
    check_tls(settings)
    check_host(settings, insecure=arguments.insecure)
    make_folder(settings.data_dir)
    with locked(settings.data_dir), locked_database(settings.store_url):
        os.environ["WINDVANE_DATA_DIR"] = str(settings.data_dir)
        _log_to(settings.data_dir / "logs", LogFormat(settings.logs.format))
        with listening(settings) as listeners:
            serve(settings, listeners)
    return 0


def _serve(settings: Settings, listeners: Listeners) -> None:
    """Start the first workers, and load the server while they load themselves."""
    if settings.executor.is_ray:
        workers = start_for_cluster(settings.data_dir)
    else:
        workers = start_first(settings.data_dir)

    import uvloop

    from windvane.app import Server
    from windvane.cli.service import serve, tell_ready

    uvloop.run(
        serve(
            settings,
            listeners,
            lambda address: Server(settings, workers, address),
            partial(tell_ready, settings),
        )
    )


def allow_descriptors() -> None:
    """Allow this process as many descriptors as it may have, up to 65,536: half of them bound the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def check_tls(settings: Settings) -> None:
    """Check that certificate and key can be used together.

    raises    BadSettings for a certificate or key that cannot be used
    """
    if not settings.tls_cert and not settings.tls_key:
        return
    if not settings.tls_cert or not settings.tls_key:
        raise BadSettings(
            "A certificate needs its key: give both --tls-cert and --tls-key, or [server] tls_cert and tls_key."
        )
    for path in (settings.tls_cert, settings.tls_key):
        if not Path(path).is_file():
            raise BadSettings(f"There is no file {path}. Create a certificate with `windvane tls`.")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert, settings.tls_key, _no_password)
    except OSError as error:
        raise BadSettings(
            f"Cannot use the certificate {settings.tls_cert} with the key {settings.tls_key}: {error}. Both must be "
            "PEM files that belong together, and the key must have no password."
        ) from error


def check_host(settings: Settings, *, insecure: bool) -> None:
    """Check that a server without TLS listens only where this machine alone reaches it.

    raises    BadSettings for an address that other machines reach, without TLS
    """
    if settings.tls_cert or insecure:
        return
    own = settings.metrics_address
    for host in (settings.host, *(own[:1] if own else ())):
        if not is_loopback(host):
            raise BadSettings(
                f"Cannot listen on {host} without TLS: other machines reach it, and what is sent could be read and changed "
                "on the way. Give --tls-cert and --tls-key (`windvane tls` makes a certificate), or, behind a proxy that "
                "speaks TLS or where nothing is secret, --insecure."
            )


def _no_password() -> str:
    return ""  # without it, OpenSSL would ask at the terminal


def _log_to(folder: Path, log_format: LogFormat) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    to_file = logging.handlers.RotatingFileHandler(
        folder / "server.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8"
    )
    log_to(
        log_format.lines("%(asctime)s %(levelname)s %(name)s: %(message)s"),
        logging.StreamHandler(sys.stderr),
        to_file,
    )
    for chatty in ("botocore", "boto3", "urllib3", "alembic", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of each request that is none: whoever reaches the port could fill the log with such lines.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
