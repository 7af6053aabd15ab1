"""`windvane events`: prints the status changes of jobs, candidates and endpoints of the running service, one JSON document per line."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

from windvane.cli.ending import exit_code
from windvane.errors import InvalidRequest
from windvane.settings import DEFAULT_REGION

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_FINAL = ("Completed", "Failed", "Stopped")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "events", help="print status changes of jobs, candidates and endpoints", description=__doc__
    )
    parser.add_argument(
        "job", nargs="?", metavar="JOB", help="an AutoML job (default: all jobs of the region)"
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument(
        "--follow",
        action="store_true",
        help="follow new events; with JOB, until it has ended",
    )
    parser.add_argument(
        "--after",
        default="0",
        metavar="SEQUENCE",
        help="only events after this one, or `latest` (default: all stored events)",
    )
    parser.add_argument(
        "--region", default=DEFAULT_REGION, help=f"region of the job (default {DEFAULT_REGION})"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code); events are on stdout, all else on stderr."""
    return exit_code("events", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    from windvane.cli.own_api import OwnApi  # heavy: other commands are to start fast

    if not _REGION.fullmatch(arguments.region):
        raise InvalidRequest(
            f"--region is '{arguments.region}'; it must be the name of a region, such as {DEFAULT_REGION}."
        )
    if not re.fullmatch("latest|[0-9]{1,18}", arguments.after, re.ASCII):
        raise InvalidRequest(f"--after is '{arguments.after}'; it must be a number or `latest`.")
    api = OwnApi(arguments.data_dir, arguments.region)
    follow = "true" if arguments.follow else "false"
    query = urlencode({"after": arguments.after, "follow": follow})
    last = arguments.after
    for sequence, document in api.follow(f"{_path(arguments.job)}?{query}"):
        last = sequence
        sys.stdout.write(f"{document}\n")
        sys.stdout.flush()
        if arguments.job is not None and _ends(document):
            return
    if arguments.follow:
        raise InvalidRequest(f"The server closed the stream. Continue with --after {last}.")


def _path(job: str | None) -> str:
    """Return the path of the event stream: of one job, or of all.

    raises    InvalidRequest for a name that is empty
    """
    if job is None:
        return "/windvane/events"
    if not job:
        raise InvalidRequest("JOB is empty; it must be a name.")
    return f"/windvane/jobs/{quote(job, safe='', errors='surrogateescape')}/events"


def _ends(document: str) -> bool:
    """Return whether it says that the AutoML job has ended."""
    return json.loads(document)["detail"].get("AutoMLJobStatus") in _FINAL
