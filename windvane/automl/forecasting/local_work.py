"""What is run for an action of a forecasting job without a service, in a process of its own: all that it reads is in the job's
folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windvane.automl.exchange import SharedFolder
from windvane.automl.forecasting.actions import Prepare
from windvane.automl.forecasting.documents import result_to_json
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.performing import prepare, run_task
from windvane.automl.task import ActionTask
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.data.analysis import ReadOptions
from windvane.executor.base import Say, Work

_PERFORM = "windvane.automl.forecasting.local_work:perform"
_PREPARE = "windvane.automl.forecasting.local_work:prepare_job"


def work_of(job: ForecastJob, task: ActionTask) -> Work:
    """Return a task of a job as an executor takes it."""
    memory_mb, kill_at = task.resources.memory_mb, task.limits.kill_at
    key = task.action.key
    if isinstance(task.action, Prepare):
        return Work(key, _PREPARE, {"job": job.to_json()}, memory_mb, kill_at)
    payload = {
        "task": task.to_json(),
        "shared": str(job.out),
        "objective": str(job.spec.objective),
        "chronos_bolt": None if job.chronos_bolt is None else str(job.chronos_bolt),
    }
    return Work(key, _PERFORM, payload, memory_mb, kill_at)


def perform(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Run an action of a job.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    task, exchange = ActionTask.from_json(payload["task"]), SharedFolder(Path(payload["shared"]))
    weights, objective = payload["chronos_bolt"], ForecastMetric(payload["objective"])
    folder = None if weights is None else Path(weights)
    return result_to_json(run_task(task, exchange, objective, folder))


def prepare_job(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Read the rows of a job.

    raises    DataFault
    """
    job = ForecastJob.from_json(payload["job"])
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=1,
    )
    made = prepare(
        [job.file], options, job.spec, job.out, has_pretrained=job.chronos_bolt is not None
    )
    return result_to_json(made)
