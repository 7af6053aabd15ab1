"""The `windvane` command."""

from __future__ import annotations

import argparse
import importlib
import os
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from windvane import __version__
from windvane.cli.examples import add_examples
from windvane.errors import StoreUnreachable, WindvaneError
from windvane.process.log_lines import printable

COMMANDS = (
    "serve",
    "host",
    "cluster",
    "env",
    "login",
    "keys",
    "token",
    "tls",
    "report",
    "events",
    "audit",
    "automl",
    "forecast",
    "explain",
    "export",
    "mlflow",
    "backup",
    "restore",
    "check",
    "import-objects",
    "doctor",
    "completion",
)
"""In the order of the help; each is a module of this package."""

UNREACHABLE = 75
"""The exit code for a database that cannot be reached (EX_TEMPFAIL of sysexits.h): a service manager should try again."""

_START_TIME = 22
"""Number of the field in /proc/self/stat (proc(5)): when the process started, in ticks since the machine did."""


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    argv      None for that of this process, whose time began when the process did
    returns   the exit code: 0, 2 for what the user can mend, 75 for a database that cannot be reached, 1 for our fault (with
              a traceback)
    """
    arguments = make_parser(sys.argv[1:] if argv is None else argv).parse_args(argv)
    if argv is None:
        arguments.started = process_start()
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _has_no_reader(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except WindvaneError as error:
        print(f"windvane: {printable(str(error))}", file=sys.stderr)
        return UNREACHABLE if isinstance(error, StoreUnreachable) else 2
    return code


def make_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of these words; of every command if they name none."""
    parser = argparse.ArgumentParser(
        prog="windvane", description="AutoML you own: Amazon SageMaker Autopilot, self-hosted."
    )
    parser.add_argument("--version", action="version", version=f"windvane {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _asked(words):
        command.add_parser(commands)
    add_examples(parser)
    return parser


def _asked(words: Sequence[str]) -> list[ModuleType]:
    """Return the command that is named, as a server need not load what others load; all of them if none is."""
    names = [words[0]] if words and words[0] in COMMANDS else COMMANDS
    return [importlib.import_module(f"windvane.cli.{name.replace('-', '_')}") for name in names]


def _has_no_reader(output: int) -> bool:
    """Return whether whoever read the output, such as `head`, has had enough of it."""
    poll = select.poll()
    poll.register(output, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def process_start() -> float:
    """Return the time.monotonic() at which this process started: loading libraries is a part of a command's time."""
    # The second field, the program's name in brackets, may hold anything.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[_START_TIME - 3]) / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)


if __name__ == "__main__":
    sys.exit(main())
