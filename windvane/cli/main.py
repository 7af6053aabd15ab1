"""The `windvane` command."""

from __future__ import annotations

import argparse
import sys

from windvane import __version__
from windvane.cli import (
    audit,
    automl,
    backup,
    check,
    doctor,
    env,
    events,
    explain,
    import_objects,
    keys,
    login,
    report,
    restore,
    serve,
    tls,
)
from windvane.cli.ending import process_start
from windvane.errors import WindvaneError

_COMMANDS = (
    serve,
    env,
    login,
    keys,
    tls,
    report,
    events,
    audit,
    automl,
    explain,
    backup,
    restore,
    check,
    import_objects,
    doctor,
)


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    argv      None for that of this process, whose time began when the process did
    returns   the exit code: 0, 2 for what the user can mend, 1 for our fault (with a traceback)
    """
    parser = argparse.ArgumentParser(
        prog="windvane", description="AutoML you own: Amazon SageMaker Autopilot, self-hosted."
    )
    parser.add_argument("--version", action="version", version=f"windvane {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    arguments = parser.parse_args(argv)
    if argv is None:
        arguments.started = process_start()
    try:
        code: int = arguments.run(arguments)
    except WindvaneError as error:
        print(f"windvane: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
