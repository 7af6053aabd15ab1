"""A job with everything that belongs to it, as one value; read from the store and written back as differences."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from windvane.automl.request import ONE_NODE, DataParallel
from windvane.domain.candidate import Candidate, CandidateStatus, ProcessingJob
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.engine.data.analysis import Analysis
from windvane.store.base import Transaction
from windvane.work.jobs.steplines import tell_step
from windvane.work.jobs.steprecords import step_jobs, training_job
from windvane.work.jobs.workflow import index_of

Deploy = Callable[[Transaction, AutoMLJob, Candidate, datetime], object]


@dataclass(frozen=True)
class JobState:
    """A job with everything that decides what comes next.

    tasks        oldest first, as stored
    candidates   in the order of their indices
    endpoint     of the job's endpoint name; None if there is none
    analysis     given if it is needed
    up_since     since when one server or another has been up without a gap
    workers      training workers of all servers
    most_cores   of one task
    data_parallel
                 when several nodes train one model
    queued       tasks to be added
    deploys      the best candidate is to be deployed
    kept_models  single candidates whose models are kept at the job's end; 0 means all
    """

    job: AutoMLJob
    up_since: datetime
    workers: int
    tasks: tuple[Task, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    endpoint: Endpoint | None = None
    analysis: Analysis | None = None
    queued: tuple[NewTask, ...] = ()
    deploys: bool = False
    kept_models: int = 0
    most_cores: int = sys.maxsize
    data_parallel: DataParallel = ONE_NODE

    def of(self, kind: TaskKind) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.kind is kind)

    def task(self, key: str) -> Task | None:
        return next((task for task in self.tasks if task.key == key), None)

    def training(self, index: int) -> Task | None:
        """Return the task that trains the candidate of this index; None if none was begun."""
        tasks = self.of(TaskKind.TRAIN)
        return next((task for task in tasks if index_of(task) == index), None)

    def candidate_of(self, task: Task) -> Candidate | None:
        """Return the candidate that a task makes; None if it makes none, or there is none yet."""
        index = index_of(task)
        return None if index is None else self.candidate(index)

    def is_queued(self, key: str) -> bool:
        return self.task(key) is not None or any(task.key == key for task in self.queued)

    def candidate(self, index: int) -> Candidate | None:
        return next((c for c in self.candidates if c.index == index), None)

    def having(self, status: CandidateStatus) -> tuple[Candidate, ...]:
        return tuple(c for c in self.candidates if c.status is status)

    @property
    def is_made(self) -> bool:
        """Whether the model is packed, or could not be."""
        is_packed = any(not task.status.is_open for task in self.of(TaskKind.PACK))
        return is_packed or bool(self.of(TaskKind.EXPLAIN))

    @property
    def is_learning(self) -> bool:
        """Return whether the model is being made."""
        may_learn = not self.job.definitions_only and not self.job.status.is_final
        return bool(analysed_by(self.tasks)) and may_learn and not self.is_made

    @property
    def needs_analysis(self) -> bool:
        """Return whether the model is being made, for which the analysis of the table must be known."""
        return self.is_learning and not self.job.is_forecast

    @property
    def best(self) -> Candidate | None:
        return next((c for c in self.candidates if c.name == self.job.best_candidate), None)

    def with_candidate(self, candidate: Candidate) -> JobState:
        """Return the state with this one added, or in place of the one of its index."""
        others = [c for c in self.candidates if c.index != candidate.index]
        return replace(self, candidates=tuple(sorted((*others, candidate), key=lambda c: c.index)))

    def with_task(self, task: NewTask) -> JobState:
        """Return the state with this one queued, unless there is one of its key."""
        return self if self.is_queued(task.key) else replace(self, queued=(*self.queued, task))

    def without_ready(self, kinds: frozenset[TaskKind], now: datetime) -> JobState:
        """Return the state with every task of these kinds that no worker has begun cancelled."""
        return replace(
            self,
            tasks=tuple(
                replace(task, status=TaskStatus.CANCELLED, ended=now)
                if task.kind in kinds and task.status is TaskStatus.READY
                else task
                for task in self.tasks
            ),
            queued=tuple(task for task in self.queued if task.kind not in kinds),
        )


def analysed_by(tasks: Iterable[Task]) -> str:
    """Return the attempt that has analysed the data of a job; "" if none has."""
    found = (one for one in tasks if one.kind is TaskKind.ANALYZE)
    return next((one.attempt for one in found if one.status is TaskStatus.DONE), "")


def read_state(
    tx: Transaction,
    job: AutoMLJob,
    *,
    up_since: datetime,
    workers: int,
    kept_models: int = 0,
    most_cores: int = sys.maxsize,
    data_parallel: DataParallel = ONE_NODE,
) -> JobState:
    """Read everything but the analysis, which is not in the store."""
    return JobState(
        job=job,
        up_since=up_since,
        workers=workers,
        tasks=tuple(tx.tasks(job.arn)),
        candidates=tuple(sorted(tx.children(Candidate, job.arn), key=lambda c: c.index)),
        endpoint=tx.find(Endpoint, job.scope, job.endpoint_name) if job.endpoint_name else None,
        kept_models=kept_models,
        most_cores=most_cores,
        data_parallel=data_parallel,
    )


def write_changes(tx: Transaction, old: JobState, new: JobState, now: datetime) -> None:
    """Write everything by which the two differ but the deployment."""
    _write_job(tx, old, new, now)
    known = {candidate.index: candidate for candidate in old.candidates}
    for candidate in new.candidates:
        if candidate != known.get(candidate.index):
            _write_candidate(tx, candidate, known.get(candidate.index), new, now)
    cancelled = {
        after.kind
        for before, after in zip(old.tasks, new.tasks, strict=True)
        if before.status is not after.status
    }
    if cancelled:
        tx.cancel_ready_tasks(new.job.arn, sorted(cancelled), now)
    if new.queued:
        tx.add_tasks(new.job.arn, new.queued, now)


def write_step_jobs(
    tx: Transaction, job: AutoMLJob, tasks: tuple[Task, ...], now: datetime
) -> None:
    """Records of the steps that candidates share, as far as their tasks have come."""
    of_kind: dict[type[ProcessingJob], list[ProcessingJob]] = {}
    for step in step_jobs(job, tasks):
        of_kind.setdefault(type(step), []).append(step)
    for kind, steps in of_kind.items():
        told = {
            one.name.lower(): one for one in tx.named(kind, job.scope, [one.name for one in steps])
        }
        for step in steps:
            _write_step(tx, told.get(step.name.lower()), step, now)


def _write_job(tx: Transaction, old: JobState, new: JobState, now: datetime) -> None:
    if new.job != old.job:
        tx.update(replace(new.job, modified=now))


def _write_candidate(
    tx: Transaction, candidate: Candidate, before: Candidate | None, state: JobState, now: datetime
) -> None:
    candidate = replace(candidate, modified=now)
    task = state.training(candidate.index)
    if before is None:
        _insert(tx, candidate)
    else:
        tx.update(candidate)
    step = training_job(state.job, candidate, task, state.candidates)
    _write_step(tx, tx.find(type(step), step.scope, step.name), step, now, is_changed=True)


def _write_step(
    tx: Transaction,
    told: ProcessingJob | None,
    step: ProcessingJob,
    now: datetime,
    *,
    is_changed: bool = False,
) -> None:
    """Write the record of a step. Nothing is written of a step whose name a client has given to a job of its own: that
    one stays as it is.

    told          the record of its name; None if there is none
    is_changed    though its status may be what it was
    """
    if told is None:
        _insert(tx, step)
    elif told.parent == step.parent and (is_changed or told.status is not step.status):
        tx.update(step)
    else:
        return
    tell_step(tx, told, step, now)


def _insert(tx: Transaction, record: Candidate | ProcessingJob) -> None:
    if not tx.insert(record):
        raise RuntimeError(f"The generated name of {record.arn} is taken.")
