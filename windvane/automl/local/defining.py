"""The candidate definitions of a job without a service, written in a child of this process beside other work.

They stand in the job's folder, from which the notebook trains candidates again on this machine:

    definitions/notebooks/          the notebook, to be run there
    definitions/generated_module/   what it imports
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from windvane.automl.local.events import EventEmitter
from windvane.automl.local.job import Job
from windvane.automl.local.report_request import ReportStatus
from windvane.engine.definitions.record import DefinedJob
from windvane.executor.base import End, Ended, Executor, Say, Work
from windvane.executor.forking import ForkingExecutor

FOLDER = "definitions"

_WRITE = "windvane.automl.local.defining:write"

_WAIT_S = 60.0
"""For their end, before it is asked again."""

_DATASET = "../../dataset"
"""From the notebook's folder: the job's may be moved."""


@contextmanager
def definitions_beside(job: Job, ends: float, emitter: EventEmitter) -> Iterator[None]:
    """Write them while the block runs. What came of it is told afterwards: 'definitions' events.

    ends    time.time() at which they are left out, but not before the block is over
    """
    executor = ForkingExecutor(job.out)
    try:
        payload, each_mb = {"job": job.to_json()}, job.memory_mb // job.threads
        executor.submit(Work(FOLDER, _WRITE, payload, each_mb, max(ends, time.time())))
        yield
        fate, note = _fate(_end(executor))
        emitter.tell("definitions", state=fate, note=note)
    finally:
        executor.close()


def write(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Write the definitions of a job; in a process of its own.

    raises    CorruptArtifact
    """
    write_definitions(Job.from_json(payload["job"]))
    return {}


def write_definitions(job: Job) -> None:
    """Write the definitions, whole or not at all; those that were there are gone.

    raises    CorruptArtifact
    """
    # Loading what notebooks need would take time from jobs that want none.
    from windvane.engine.definitions.define import define

    defined = DefinedJob(
        name=job.out.name,
        max_candidates=job.max_candidates,
        max_runtime_s=float(math.ceil(job.max_runtime_s + job.reports_s)),
        dataset=_DATASET,
        strategy=job.strategy,
    )
    part, into = job.out / f".{FOLDER}", job.out / FOLDER
    shutil.rmtree(part, ignore_errors=True)
    for path, content in define(job.folders.dataset, defined).items():
        _write(part / path, content)
    shutil.rmtree(into, ignore_errors=True)
    part.rename(into)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _end(executor: Executor) -> Ended:
    while True:
        for news in executor.poll(_WAIT_S):
            if isinstance(news, Ended):
                return news


def _fate(ended: Ended) -> tuple[ReportStatus, str]:
    match ended.end:
        case End.FINISHED:
            return ReportStatus.WRITTEN, ""
        case End.OUT_OF_TIME:
            return (
                ReportStatus.LEFT_OUT,
                "The candidate definitions were skipped: there was not enough time.",
            )
        case _:
            return (
                ReportStatus.FAILED,
                f"The candidate definitions could not be written. {ended.text}",
            )
