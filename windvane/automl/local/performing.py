"""What an action of a job without a service does, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from windvane.automl.actions import Action, Analyse, FirstLook, TrainCandidate, TrainOnFewerRows
from windvane.automl.documents import (
    action_from_json,
    action_to_json,
    limits_from_json,
    result_to_json,
)
from windvane.automl.limits import Limits
from windvane.automl.local.job import LEAST_ROWS, Job
from windvane.automl.local.libraries import Libraries
from windvane.automl.performing import ActionContext
from windvane.automl.performing import perform as perform_action
from windvane.engine import stages
from windvane.engine.data.analysis import ReadOptions
from windvane.executor.base import Say, Work

FUNCTION = "windvane.automl.local.performing:perform"


def work_of(job: Job, action: Action, limits: Limits) -> Work:
    """Return an action of a job as an executor takes it."""
    payload = {
        "job": job.to_json(),
        "action": action_to_json(action),
        "limits": asdict(limits),
    }
    memory_mb = job.memory_mb if limits.is_alone else job.memory_mb // job.threads
    return Work(action.key, FUNCTION, payload, memory_mb, limits.kill_at)


def perform(payload: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Run an action of a job.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    job = Job.from_json(payload["job"])
    action, limits = action_from_json(payload["action"]), limits_from_json(payload["limits"])
    if isinstance(action, Analyse):
        _analyse(job)
        return {}
    if isinstance(action, FirstLook | TrainCandidate | TrainOnFewerRows):
        Libraries(()).load_for(action.plan.algorithm)
    context = ActionContext(
        job.folders,
        limits,
        job.memory_mb // job.threads,
        job.max_latency_s,
        lambda n_folds: say({"n_folds": n_folds}),
    )
    return result_to_json(perform_action(action, context))


def _analyse(job: Job) -> None:
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=LEAST_ROWS,
    )
    stages.analyse(job.files, options, job.problem, job.folders.dataset, job.validation)
