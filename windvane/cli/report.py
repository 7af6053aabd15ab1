"""`windvane report`: requests the explainability and model insights reports of a candidate from the running service.
Waits for the reports, which are written to S3 next to those on the best candidate."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windvane.cli.ending import exit_code
from windvane.errors import InvalidRequest, JobFault
from windvane.process.log_lines import one_line
from windvane.settings import DEFAULT_REGION

if TYPE_CHECKING:
    from windvane.cli.own_api import OwnApi

_POLL_S = 1.0
_TOLD_EVERY_S = 10.0
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_WAITING = ("InProgress", "Stopping")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "report",
        help="generate the reports on any candidate of a server's job",
        description=__doc__,
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--job", required=True, metavar="NAME", help="the AutoML job")
    parser.add_argument("--candidate", required=True, metavar="NAME", help="one of its candidates")
    parser.add_argument(
        "--region", default=DEFAULT_REGION, help=f"region of the job (default {DEFAULT_REGION})"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code); the S3 prefixes of the reports are on stdout, one a line,
    and all else on stderr."""
    return exit_code("report", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    from windvane.cli.own_api import OwnApi  # heavy: other commands are to start fast

    if not _REGION.fullmatch(arguments.region):
        raise InvalidRequest(
            f"--region is '{arguments.region}'; it must be the name of a region, such as {DEFAULT_REGION}."
        )
    job, candidate = _encoded("--job", arguments.job), _encoded("--candidate", arguments.candidate)
    path = f"/windvane/jobs/{job}/candidates/{candidate}/reports"
    api = OwnApi(arguments.data_dir, arguments.region)
    answer = _ended(api, path, api.call("POST", path))
    if answer["Status"] != "Completed":
        raise JobFault(_what_became(answer))
    print(one_line(answer["Explainability"]))
    print(one_line(answer["ModelInsights"]))


def _ended(api: OwnApi, path: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer once nothing is to be waited for any more; how long it takes is told now and then."""
    began, next_told_s = time.monotonic(), 0.0
    while answer["Status"] in _WAITING:
        waited_s = time.monotonic() - began
        if waited_s >= next_told_s:
            next_told_s += _TOLD_EVERY_S
            name, status = answer["ProcessingJobName"], answer["Status"]
            _tell(f"The processing job {name} is {status}; waiting for {waited_s:.0f} s.")
        time.sleep(_POLL_S)
        answer = api.call("GET", path)
    return answer


def _encoded(option: str, text: str) -> str:
    """Return a name as a part of a path.

    raises    InvalidRequest if it is empty
    """
    if not text:
        raise InvalidRequest(f"{option} is empty; it must be a name.")
    return quote(text, safe="", errors="surrogateescape")


def _what_became(answer: dict[str, Any]) -> str:
    why = answer.get("FailureReason", "It was stopped. Run the command again to start another one.")
    return f"The processing job {answer['ProcessingJobName']} is {answer['Status']}: {why}"


def _tell(text: str) -> None:
    sys.stderr.write(f"windvane report: {text}\n")
