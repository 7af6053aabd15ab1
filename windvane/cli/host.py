"""`windvane host`: runs models of endpoints for servers that share a database, and nothing else."""

from __future__ import annotations

import argparse

from windvane.cli.listeners import Listeners
from windvane.cli.serve import add_arguments, run_server
from windvane.settings import Settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "host", help="run models of endpoints for other servers", description=__doc__
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    return run_server(arguments, _host)


def _host(settings: Settings, listeners: Listeners) -> None:
    import uvloop

    from windvane.cli.service import serve
    from windvane.host import Host

    uvloop.run(serve(settings, listeners, lambda address: Host(settings, address), _tell_ready))


def _tell_ready(url: str) -> None:
    print(f"windvane host ready on {url}", flush=True)
