"""What is run for an action of a job without a service, in a process of its own.

All that an action reads was written on this machine, in the job's folder. The address of that folder, as `shared`, stands
beside the task, which knows of no machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windvane.automl.actions import Analyse, FirstLook, TrainCandidate, TrainOnFewerRows
from windvane.automl.documents import result_to_json
from windvane.automl.exchange import SharedFolder
from windvane.automl.limits import Limits
from windvane.automl.local.job import LEAST_ROWS, Job
from windvane.automl.local.libraries import Libraries
from windvane.automl.performing import run_task
from windvane.automl.task import ActionTask
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions
from windvane.executor.base import Say, Work

_PERFORM = "windvane.automl.local.performing:perform"
_ANALYSE = "windvane.automl.local.performing:analyse"


def work_of(job: Job, task: ActionTask) -> Work:
    """Return a task of a job as an executor takes it."""
    payload = {"task": task.to_json(), "shared": str(job.out)}
    return Work(
        task.action.key,
        _PERFORM,
        payload,
        task.resources.memory_mb,
        task.limits.kill_at,
        task.resources.cpus,
    )


def analysis_of(job: Job, limits: Limits) -> Work:
    """Return the analysis of a job's table as an executor takes it: it reads the caller's own files."""
    payload = {"job": job.to_json()}
    return Work(Analyse().key, _ANALYSE, payload, job.memory_mb, limits.kill_at, job.threads)


def perform(payload: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Run an action of a job.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    task, exchange = ActionTask.from_json(payload["task"]), SharedFolder(Path(payload["shared"]))
    if isinstance(task.action, FirstLook | TrainCandidate | TrainOnFewerRows):
        Libraries(()).load_for(task.action.plan.algorithm)
    return result_to_json(run_task(task, exchange, lambda n_folds: say({"n_folds": n_folds})))


def analyse(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Read, check and split the table of a job. Returns when it was done, which its driver may notice later.

    raises    DataFault
    """
    job = Job.from_json(payload["job"])
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=LEAST_ROWS,
    )
    stages.analyse(job.files, options, job.problem, job.folders.dataset, job.validation)
    return {"ended": time.time()}
