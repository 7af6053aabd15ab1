"""Ended AutoML jobs are logged to MLflow: what of a job is logged, and by which process.

Deliveries (events/deliveries.py) tell of the end of each job, again and again until it is logged, and to one server alone. A process
of its own logs (mlflow_job.py), with what it needs to reach MLflow and with nothing else of the server's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from signal import SIGKILL

from windvane.artifacts.base import Artifacts, Location, ObjectInfo, parse_location
from windvane.control.leaderboard import standings
from windvane.domain.candidate import Candidate
from windvane.domain.events import Event
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.logs import line_of, place_of
from windvane.errors import InvalidRequest
from windvane.mlflow_job import ORDER, PACKAGES, REPORTS, JobRun, Outcome
from windvane.mlflow_runs import ARCHIVE, FORECASTER, Ending, LoggedCandidate
from windvane.names import derived_suffix
from windvane.notes.codes import NoteCode
from windvane.notes.log import in_log
from windvane.notes.note import Note
from windvane.process.log_lines import one_line
from windvane.process.parent_death import command
from windvane.store.base import Store

_LOG = logging.getLogger(__name__)

MOST_MODEL_BYTES = 2 * 1024**3
MOST_REPORT_BYTES = 200_000_000
_MOST_REPORTS = 500
_LONGEST_S = 3600.0
_LONGEST_TOLD = 400

_PART = re.compile(r"[\w. +,=@()-]{1,200}", re.ASCII)
"""Of the name of a report."""

_STATUSES = {JobStatus.FAILED: "FAILED", JobStatus.STOPPED: "KILLED"}

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR")
"""Variables of the server's environment that the process gets, beside those of MLflow."""

_OWN = {
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""Nothing is reported to MLflow's makers; a server that does not answer is tried again by the deliveries."""

_WHY: Mapping[int, str] = {
    Outcome.REFUSED: "MLflow refuses it",
    Outcome.TRY_AGAIN: "MLflow does not answer, or does not accept the server's credentials",
    Outcome.TOO_LONG: "it takes too long",
}


@dataclass(frozen=True)
class Experiments:
    """The MLflow experiment that ended jobs are logged to, and how it is reached.

    tracking_uri    of MLflow; without credentials
    experiment      its name; {account} in it is the account of the job
    accounts        whose jobs are logged
    give_up_s       a job that ended longer ago and cannot be logged is not
    credentials     gives environment variables by which MLflow and its store of artefacts are reached

    raises          OSError, ValueError from `credentials`, if they cannot be read
    """

    tracking_uri: str
    experiment: str
    accounts: tuple[str, ...]
    give_up_s: float
    credentials: Callable[[], Mapping[str, str]] = field(repr=False)


class JobsToMlflow:
    """The receiver of events that logs the jobs which they say have ended.

    longest_s    that logging one may take
    """

    title = "MLflow"

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        experiments: Experiments,
        clock: Callable[[], datetime],
        longest_s: float = _LONGEST_S,
    ) -> None:
        self._store, self._artifacts, self._clock = store, artifacts, clock
        self._experiments, self._longest_s = experiments, longest_s
        self.key = f"mlflow-{derived_suffix(experiments.tracking_uri, experiments.experiment)}"
        self.give_up_s = experiments.give_up_s
        self._told_of = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing stays open from one job to the next."""
        yield

    async def wants(self, event: Event) -> bool:
        return event.scope.account in self._experiments.accounts and event.is_end_of_job

    async def take(self, event: Event) -> str:
        """Log the job; done with, too, if it is gone or MLflow refuses it for good."""
        try:
            why = await self._log(event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one job, others are logged after give_up_s
            _LOG.exception("MLflow: a job could not be prepared; it is tried again.")
            why = f"it could not be prepared ({type(error).__name__})"
        if why and event.id != self._told_of:
            self._told_of = event.id
            await asyncio.to_thread(self._tell, event, Note(NoteCode.MLFLOW_WAITS, {"why": why}))
        return why

    async def skip(self, event: Event) -> None:
        why = f"it was tried for {self.give_up_s:.0f} s"
        await asyncio.to_thread(self._tell, event, Note(NoteCode.MLFLOW_NOT_LOGGED, {"why": why}))

    async def _log(self, event: Event) -> str:
        """Return why the job is to be logged again; "" if it is logged, or never will be."""
        with tempfile.TemporaryDirectory(prefix="windvane-mlflow-") as scratch:
            job = await asyncio.to_thread(self._prepare, event, Path(scratch))
            if job is None:
                return ""
            environment = await asyncio.to_thread(self._environment)
            code, told = await _run(Path(scratch), environment, self._longest_s)
        if code == Outcome.LOGGED:
            _LOG.info("MLflow: the job %s is logged as run %s.", event.owner, told)
            note = Note(NoteCode.MLFLOW_LOGGED, {"run": told, "experiment": job.experiment})
            await asyncio.to_thread(self._tell, event, note)
            return ""
        _LOG.warning(
            "MLflow: the job %s is not logged: %s", event.owner, told or f"exit code {code}"
        )
        if code == Outcome.TRY_AGAIN:
            return _WHY[Outcome.TRY_AGAIN]
        why = _WHY.get(code, f"the process that logs it ended with {code}")
        note = Note(NoteCode.MLFLOW_NOT_LOGGED, {"why": why})
        await asyncio.to_thread(self._tell, event, note)
        return ""

    def _environment(self) -> dict[str, str]:
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**given, **_OWN, **self._experiments.credentials()}

    def _tell(self, event: Event, note: Note) -> None:
        """Write a line to the log of the job, if it is still there."""
        with self._store.transaction() as tx:
            job = tx.find(AutoMLJob, event.scope, _name(event))
            if job is not None:
                tx.log(place_of(job), [line_of(note)], self._clock())

    def _prepare(self, event: Event, folder: Path) -> JobRun | None:
        """Write what is logged of a job into a folder; None if the job is gone, or is another one of its name."""
        with self._store.snapshot() as tx:
            job = tx.find(AutoMLJob, event.scope, _name(event))
            if job is None or not job.status.is_final or job.created > event.time:
                return None
            candidates = [one.candidate for one in standings(job, tx.children(Candidate, job.arn))]
        best = next((one for one in candidates if one.name == job.best_candidate), None)
        missing = self._fetch(job, best, folder)
        order = job_run(self._experiments, job, candidates, best, missing)
        (folder / ORDER).write_text(json.dumps(asdict(order)), encoding="utf-8")
        return order

    def _fetch(self, job: AutoMLJob, best: Candidate | None, folder: Path) -> str:
        """Download model and reports into a folder; return why something of it is not logged, or ""."""
        if job.output_key or job.volume_key:
            return "The job has a KMS key: its model and reports stay where the key protects them."
        if best is None:
            return ""
        artifacts = self._artifacts.of(job.scope.account)
        try:
            _download_model(artifacts, _archives(job, best), folder / PACKAGES)
            prefixes = (best.explainability, best.model_insights, job.exploration, job.definitions)
            for info, name in _reports(artifacts, job, [one for one in prefixes if one]):
                (folder / REPORTS / name).parent.mkdir(parents=True, exist_ok=True)
                artifacts.download(info.location, folder / REPORTS / name)
        except (FileNotFoundError, InvalidRequest, _NotLogged) as error:
            return f"Of its model and reports not all is logged: {error}"
        return ""


def _archives(job: AutoMLJob, best: Candidate) -> dict[str, str]:
    """Return the URIs of the archives of a model by the folder that each gets."""
    urls = [one.model_data_url for one in best.containers]
    if job.is_forecast:
        return {FORECASTER: urls[0]}
    # A third container has the transformers of the first again, for the labels.
    return {str(place): url for place, url in enumerate(urls[:2])}


class _NotLogged(Exception):
    """An object is not logged, and so are those after it."""


def job_run(
    experiments: Experiments,
    job: AutoMLJob,
    candidates: list[Candidate],
    best: Candidate | None,
    missing: str = "",
) -> JobRun:
    """Return a job as it is logged: no values of anybody's data, as in its log.

    candidates    the best first
    missing       why something of its model and reports is not logged
    """
    params = {
        "target": job.spec.problem.target,
        "problem_type": "TimeSeriesForecasting" if job.is_forecast else job.problem_type,
        "objective": job.objective,
        "job": job.name,
        "job_arn": job.arn,
        "max_candidates": job.limits.max_candidates,
        "max_runtime_s": job.limits.max_runtime_s,
        "candidate": best.name if best is not None else None,
    }
    return JobRun(
        tracking_uri=experiments.tracking_uri,
        experiment=experiments.experiment.replace("{account}", job.scope.account),
        name=job.name,
        mark=derived_suffix(job.arn, job.created.isoformat(), n_hex=32),
        tags={"windvane.not_logged": missing} if missing else {},
        params={name: value for name, value in params.items() if value is not None},
        metrics=_metrics(job, best) if best is not None else {},
        candidates=tuple(_candidate(job, one) for one in candidates),
        ending=Ending(_STATUSES.get(job.status, "FINISHED"), in_log(job.failure)),
    )


def _candidate(job: AutoMLJob, one: Candidate) -> LoggedCandidate:
    params = {"algorithm": one.algorithm, "recipe": one.recipe, **one.hyperparameters}
    return LoggedCandidate(one.name, params, _metrics(job, one), in_log(one.failure))


def _metrics(job: AutoMLJob, one: Candidate) -> dict[str, float]:
    validated = [metric for metric in one.metrics if metric.split == "Validation"]
    of_objective = next((metric for metric in validated if metric.name is job.objective), None)
    known = {
        "score": one.score,
        "standard_error": of_objective.standard_error if of_objective is not None else None,
        "fit_s": one.fit_s,
        "latency_ms": None if one.latency_s is None else 1000 * one.latency_s,
        "size_mb": None if one.size_bytes is None else one.size_bytes / 1e6,
        "folds": one.folds,
        **{str(metric.name): metric.value for metric in validated},
    }
    return {
        name: float(value)
        for name, value in known.items()
        if value is not None and abs(value) < float("inf")
    }


def _download_model(artifacts: Artifacts, urls: Mapping[str, str], into: Path) -> None:
    """Download the archives of a model as they are.

    urls      by the folder below `into` that each gets

    raises    FileNotFoundError, InvalidRequest, _NotLogged
    """
    found = {name: _checked(artifacts.info(parse_location(url)), url) for name, url in urls.items()}
    if sum(info.size for info in found.values()) > MOST_MODEL_BYTES:
        raise _NotLogged(f"the model has more than {MOST_MODEL_BYTES / 1e9:.1f} GB.")
    for name, info in found.items():
        (into / name).mkdir(parents=True)
        artifacts.download(info.location, into / name / ARCHIVE)


def _checked(info: ObjectInfo | None, uri: str) -> ObjectInfo:
    if info is None:
        raise FileNotFoundError(f"{uri} is not there.")
    if info.kms_key:
        raise _NotLogged(f"{uri} is encrypted under a KMS key.")
    return info


def _reports(
    artifacts: Artifacts, job: AutoMLJob, uris: list[str]
) -> Iterator[tuple[ObjectInfo, PurePosixPath]]:
    """Yield the objects of a job's reports with their names below its output.

    raises    _NotLogged for more of them than are logged
    """
    root, n_files, n_bytes = parse_location(job.output_root), 0, 0
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    for uri in uris:
        for listed in artifacts.list(parse_location(uri)):
            name = _beneath(root, listed.location)
            if name is None or name in folders or not files.isdisjoint(name.parents):
                continue
            files.add(name)
            folders.update(name.parents)
            info = _checked(artifacts.info(listed.location), str(listed.location))
            n_files, n_bytes = n_files + 1, n_bytes + info.size
            if n_files > _MOST_REPORTS or n_bytes > MOST_REPORT_BYTES:
                raise _NotLogged(
                    f"the reports are more than {_MOST_REPORTS} files or {MOST_REPORT_BYTES / 1e6:.0f} MB."
                )
            yield info, name


def _beneath(root: Location, location: Location) -> PurePosixPath | None:
    """Return the name of an object below a prefix as that of a file; None for a key that no file can have, or that MLflow's client
    would make another address of: it sends names as they are, where %2e%2e leads up and ? begins a query."""
    key = location.key.removeprefix(f"{root.key}/")
    parts = key.split("/")
    is_below = location.bucket == root.bucket and key != location.key
    is_name = all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    return PurePosixPath(*parts) if is_below and is_name else None


def _name(event: Event) -> str:
    return event.owner.rpartition(":automl-job/")[2]


async def _run(folder: Path, environment: Mapping[str, str], longest_s: float) -> tuple[int, str]:
    """Log what a folder holds, in a process that ends with this one; return its exit code, and what it told or failed with."""
    words = [sys.executable, "-P", "-m", "windvane.mlflow_job", str(folder)]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *command(words),
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
    )
    try:
        async with asyncio.timeout(longest_s):
            told, failed = await child.communicate()
    except TimeoutError:
        return Outcome.TOO_LONG, f"it took longer than {longest_s:.0f} s"
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, SIGKILL)
            await child.wait()
    said = told.decode(errors="replace").strip() or failed.decode(errors="replace").strip()
    return child.returncode or 0, one_line(said[-_LONGEST_TOLD:])
