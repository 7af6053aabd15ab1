"""Starts the process of a whole job and follows it to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from windvane.automl.local.events import Event, OnEvent
from windvane.automl.local.job import Job
from windvane.automl.local.job_process import ENVIRONMENT
from windvane.automl.local.report_request import Reported, ReportRequest
from windvane.errors import DataFault, JobFault
from windvane.process import parent_death

_FAULTS: dict[str, Callable[[str], JobFault]] = {"DataFault": DataFault, "JobFault": JobFault}
_TOLD_OF_LOG = 2000


class HostDied(RuntimeError):
    """The process of a job ended without saying why: a fault of ours or of the system."""


class Asked(Protocol):
    """The request to a process."""

    def to_json(self) -> str: ...


Request = TypeVar("Request", bound=Asked)


def run_job(out: Path, ask: Callable[[], Job], on_event: OnEvent) -> Job:
    """Run a job in a process of its own, which dies with this one.

    out       the job's folder; it exists already
    ask       makes the job, while the process starts
    returns   what `ask` made
    raises    JobFault, DataFault if the data are to blame; HostDied; whatever `ask` raises
    """
    return run_process("windvane.automl.local.job_process", out / "host.log", ask, on_event)


def run_reports(request: ReportRequest, on_event: OnEvent) -> list[Reported]:
    """Make reports in a process of their own, which dies with this one.

    raises    JobFault; HostDied
    """
    made: list[Reported] = []

    def hear(event: Event) -> None:
        if event["event"] == "report":
            made.append(Reported.from_event(event))
        on_event(event)

    log = request.job / "reports.log"
    run_process("windvane.automl.local.report_process", log, lambda: request, hear)
    return made


def run_process(module: str, log: Path, ask: Callable[[], Request], on_event: OnEvent) -> Request:
    """Run a module in a process of its own, which dies with this one: it reads a request from stdin and tells events on stdout.

    log       a file for its stderr
    ask       makes the request, while the process starts
    returns   what `ask` made
    raises    JobFault, DataFault if the data are to blame; HostDied; whatever `ask` raises
    """
    with log.open("wb") as errors:
        host = subprocess.Popen(
            parent_death.command([sys.executable, "-m", module]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **ENVIRONMENT},
            text=True,
        )
    try:
        request = ask()
        last = _follow(host, request, on_event)
    finally:
        _end(host)
    if last.get("event") == "failed":
        raise _FAULTS[str(last["error"])](str(last["text"]))
    if last.get("event") != "done" or host.returncode != 0:
        raise HostDied(
            f"The process of the job ended with exit code {host.returncode}. Its last "
            f"output:\n{_tail(log)}"
        )
    return request


def _follow(host: subprocess.Popen[str], request: Asked, on_event: OnEvent) -> Event:
    """Return the last event; returns when the process has closed its output and ended."""
    last: Event = {}
    if host.stdin is None or host.stdout is None:
        raise AssertionError("The process was started without pipes.")
    with suppress(BrokenPipeError), host.stdin:
        host.stdin.write(request.to_json())
    for line in host.stdout:
        last = json.loads(line)
        on_event(last)
    host.wait()
    return last


def _end(host: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(host.pid, signal.SIGKILL)
    # Just started, it leads no group yet.
    host.kill()
    host.wait()
    for pipe in (host.stdin, host.stdout):
        if pipe is not None:
            pipe.close()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_TOLD_OF_LOG:].strip()
