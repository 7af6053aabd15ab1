"""The process that logs one ended job of a server to MLflow: what it logs lies in a folder, and it has no other key than MLflow's.

    order.json    what is logged (JobRun)
    packages/     the archives of the model, if it is logged
    reports/      files that become artefacts of the run, if there are some

A job is logged once: its run has a mark of the job, by which an attempt finds what earlier ones have logged, and goes on with it.
Nothing of the folder is unpacked, imported or executed: clients of the server can replace these files.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from windvane.mlflow_runs import (
    MODEL,
    Ending,
    LoggedCandidate,
    experiment_id,
    import_mlflow,
    log_candidate,
    log_values,
    logged_run,
    without_credentials,
    write_model,
)
from windvane.version import __version__

ORDER = "order.json"
PACKAGES = "packages"
REPORTS = "reports"

_MARK = "windvane.job"
_DONE = "windvane.logged"
_MOST_RUNS = 10_000
_LONGEST_REASON = 300
_MADE_GOOD = (401, 403, 404, 408, 429)
"""Refusals that are not about what is logged: keys and addresses that are mended, and too much at once."""

_BAD_REQUEST, _SERVER_FAULT = 400, 500


class Outcome(IntEnum):
    """How the process ends, the last of them by the server; any other exit code is a fault of its own."""

    LOGGED = 0
    REFUSED = 3
    TRY_AGAIN = 4
    TOO_LONG = 5


@dataclass(frozen=True)
class JobRun:
    """A job as it is logged.

    mark         the same for each attempt, and of no other job
    ending       of the job's run
    """

    tracking_uri: str
    experiment: str
    name: str
    mark: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    candidates: tuple[LoggedCandidate, ...]
    ending: Ending = field(default_factory=Ending)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> JobRun:
        """Return what `dataclasses.asdict` made a document of."""
        candidates = tuple(LoggedCandidate(**one) for one in document["candidates"])
        ending = Ending(**document["ending"])
        return cls(**{**document, "candidates": candidates, "ending": ending})


def log_run(client: Any, job: JobRun, folder: Path) -> str:
    """Log a job, or what is missing of it, and return the id of its run.

    raises    whatever MLflow raises
    """
    within = experiment_id(client, job.experiment)
    found = _marked(client, within, job)
    begun = found[0] if found else None
    if begun is not None and _DONE in begun.data.tags:
        return str(begun.info.run_id)
    tags = {**job.tags, _MARK: job.mark, "windvane.version": __version__}
    known = _new_run(client, within, job, tags) if begun is None else str(begun.info.run_id)
    with logged_run(client, within, job.name, tags, job.ending, known) as run_id:
        _log_candidates(client, within, run_id, job)
        log_values(client, run_id, job.params, job.metrics)
        _log_files(client, run_id, folder)
        client.set_tag(run_id, _DONE, "yes")
    return run_id


def _new_run(client: Any, within: str, job: JobRun, tags: Mapping[str, str]) -> str:
    """Make the run of a job, and return its id. If another server has made one at the same moment, the older of both is the job's,
    and the other one is deleted: MLflow cannot claim a mark."""
    own = str(client.create_run(within, run_name=job.name, tags=dict(tags)).info.run_id)
    first = next((str(one.info.run_id) for one in _marked(client, within, job)), own)
    if first != own:
        client.delete_run(own)
    return first


def _marked(client: Any, within: str, job: JobRun) -> list[Any]:
    """Return the runs with the mark of a job, the oldest first."""
    found = _runs(client, within, f"tags.`{_MARK}` = '{job.mark}'")
    return sorted(found, key=lambda one: (one.info.start_time, one.info.run_id))


def _log_candidates(client: Any, within: str, run_id: str, job: JobRun) -> None:
    below = _runs(client, within, f"tags.`mlflow.parentRunId` = '{run_id}'")
    begun = {one.info.run_name: one.info for one in below}
    for candidate in job.candidates:
        there = begun.get(candidate.name)
        if there is None or there.status != "FINISHED":
            log_candidate(client, within, run_id, candidate, str(there.run_id) if there else "")


def _log_files(client: Any, run_id: str, folder: Path) -> None:
    if (folder / PACKAGES).is_dir():
        with TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
            write_model(Path(scratch) / MODEL, folder / PACKAGES)
            client.log_artifacts(run_id, str(Path(scratch) / MODEL), MODEL)
    if (folder / REPORTS).is_dir():
        client.log_artifacts(run_id, str(folder / REPORTS), REPORTS)


def _runs(client: Any, within: str, which: str) -> list[Any]:
    """Return runs of an experiment, the oldest first."""
    found = client.search_runs([within], which, max_results=_MOST_RUNS, order_by=["start_time ASC"])
    return list(found)


def outcome_of(error: Exception) -> Outcome:
    """Return whether logging is to be tried again: unless MLflow has refused what is logged, or it is not there as a whole."""
    status = getattr(error, "get_http_status_code", None)
    code = status() if callable(status) else _SERVER_FAULT
    is_refused = _BAD_REQUEST <= code < _SERVER_FAULT and code not in _MADE_GOOD
    return Outcome.REFUSED if is_refused else Outcome.TRY_AGAIN


def main(folder: Path) -> Outcome:
    """Log the job of a folder, and tell on stdout the id of its run or, for the server's own log, why not."""
    job = JobRun.from_json(json.loads((folder / ORDER).read_text(encoding="utf-8")))
    try:
        with redirect_stdout(
            sys.stderr
        ):  # MLflow's client prints links to runs of a tracking server
            told = log_run(import_mlflow().MlflowClient(job.tracking_uri), job, folder)
        outcome = Outcome.LOGGED
    except Exception as error:  # noqa: BLE001 - MLflow raises what its store, its client and its artefacts do
        told = f"{type(error).__name__}: {without_credentials(error)}"[:_LONGEST_REASON]
        outcome = outcome_of(error)
    sys.stdout.write(f"{told}\n")
    return outcome


if __name__ == "__main__":
    os.nice(10)  # jobs and answers of models come first
    sys.exit(main(Path(sys.argv[1])))
