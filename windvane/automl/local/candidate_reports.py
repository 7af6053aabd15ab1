"""Reports on a candidate of a job that is over, from the folder that the job left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from windvane.automl.leaderboard import LeaderboardRow, leaderboard_from_json
from windvane.automl.local.events import OnEvent
from windvane.automl.local.report_request import Kind, Reported, ReportRequest
from windvane.automl.local.run_job import run_reports
from windvane.engine.manifest import read_json
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.notes.sentences import reason


def job_entries(job: Path) -> list[LeaderboardRow]:
    """Return its leaderboard, best first.

    raises    InvalidRequest if it is no folder of a job that came to its end; CorruptArtifact
    """
    file = job / "leaderboard.json"
    if not file.is_file() or not (job / "dataset").is_dir():
        raise InvalidRequest(
            f"{job} is not the folder of a finished job, as written by `windvane automl --out DIR`."
        )
    try:
        return leaderboard_from_json(read_json(file))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{file} is not a leaderboard: {error!r}.") from error


def report_candidate(
    job: Path,
    candidate: int,
    kinds: Sequence[Kind],
    into: Path,
    budget_s: float,
    threads: int,
    memory_mb: int,
    on_event: OnEvent = lambda _: None,
) -> list[Reported]:
    """Make reports in a process of their own; what there is no time for is cut or left out, and the record says so.

    job         its folder (automl/local/run.py)
    candidate   its index
    into        a folder that gets one for each kind
    budget_s    wall clock
    raises      InvalidRequest if the job has no such candidate, or if it failed; CorruptArtifact; JobFault; HostDied
    """
    started = time.time()
    _check_candidate(job, candidate)
    if not budget_s > 0:
        raise InvalidRequest(f"The time for reports is {budget_s:g} s; it must be above 0.")
    request = ReportRequest(
        job=job.absolute(),
        candidate=candidate,
        kinds=tuple(kinds),
        into=into.absolute(),
        ends=started + budget_s,
        threads=threads,
        memory_mb=memory_mb,
        started=started,
    )
    return run_reports(request, on_event)


def _check_candidate(job: Path, candidate: int) -> None:
    entries = {entry.index: entry for entry in job_entries(job)}
    if candidate not in entries:
        known = ", ".join(str(index) for index, entry in sorted(entries.items()) if entry.outcome)
        raise InvalidRequest(f"{job} has no candidate {candidate}; choose one of: {known}.")
    if entries[candidate].outcome is None:
        why = reason(entries[candidate].failure)
        raise InvalidRequest(f"Candidate {candidate} did not finish: {why}")
