"""`windvane explain`: writes the explainability and model insights reports of a candidate, from the folder that
`windvane automl --out DIR` wrote."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console

from windvane.automl.local.candidate_reports import report_candidate
from windvane.automl.local.parameters import machine_mb
from windvane.automl.local.report_request import OF_CANDIDATE, Reported, ReportStatus
from windvane.cli.ending import exit_code
from windvane.cli.progress import Progress
from windvane.errors import InvalidRequest, JobFault


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "explain",
        help="write the reports on any candidate of a finished `windvane automl`",
        description=__doc__,
    )
    parser.add_argument(
        "job", metavar="DIR", type=Path, help="the folder that `windvane automl --out` wrote"
    )
    parser.add_argument(
        "--candidate",
        type=int,
        required=True,
        metavar="N",
        help="the candidate's number on the leaderboard",
    )
    parser.add_argument(
        "--budget", type=float, default=60, metavar="S", help="time limit in seconds (default 60)"
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="number of processes (default: one per core)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code (exit_code); it is 2, too, if the time was too short for any report."""
    return exit_code("explain", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    screen = Console()
    if arguments.threads is not None and arguments.threads < 1:
        raise InvalidRequest(f"--threads is {arguments.threads}; it must be at least 1.")
    into = arguments.job / "reports" / "candidates" / str(arguments.candidate)
    with Progress(screen, arguments.budget, None) as progress:
        made = report_candidate(
            arguments.job,
            arguments.candidate,
            OF_CANDIDATE,
            into,
            arguments.budget,
            arguments.threads or len(os.sched_getaffinity(0)),
            machine_mb() * 3 // 4,
            progress.show,
        )
    _check(made)
    screen.print(f"Reports on candidate {arguments.candidate} written to {into}", highlight=False)


def _check(made: list[Reported]) -> None:
    """Check that at least one report was made, and that none failed.

    raises    JobFault if a report failed, InvalidRequest if there was no time for any
    """
    for one in made:
        if one.fate is ReportStatus.FAILED:
            raise JobFault(one.note)
    if all(one.fate is ReportStatus.LEFT_OUT for one in made):
        raise InvalidRequest("The time limit was too short for any report; raise it with --budget.")
