"""The sockets on which a server listens: one for the API, and one for its metrics if they have an address of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from windvane.settings import BadSettings, Settings


@dataclass(frozen=True)
class Listeners:
    """Bound sockets.

    metrics    None if the metrics are served with the API
    """

    api: socket.socket
    metrics: socket.socket | None


@contextmanager
def listening(settings: Settings) -> Iterator[Listeners]:
    """Listen where the settings say, until the block ends.

    raises    BadSettings if an address is taken, or is none of this machine
    """
    own = settings.metrics_address
    with ExitStack() as open_sockets:
        api = open_sockets.enter_context(_listener(settings.host, settings.port))
        metrics = open_sockets.enter_context(_listener(*own)) if own else None
        yield Listeners(api, metrics)


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadSettings(f"Cannot listen on {host}:{port}: {reason}.") from error
    listener.listen(1024)
    return listener
