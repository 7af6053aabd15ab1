"""What a worker must know of a claimed task: what is to be done, until when, whether its owner still wants it, what
its end means and what follows. AutoML jobs and step jobs differ in nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from windvane.control.kms.lookup import check_usable, find_key, scope_named
from windvane.domain.candidate import ProcessingJob, StepStatus
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.task import Task, TaskKind
from windvane.domain.timing import stop_at
from windvane.errors import CallerFault, WindvaneError
from windvane.executor.base import Ended
from windvane.names import Scope
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, raised
from windvane.store.base import Transaction
from windvane.work.jobs.state import analysed_by
from windvane.work.workers import stepjobs
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.exchanges import OutOfReach
from windvane.work.workers.order import TaskOrder
from windvane.work.workers.reconciler import OF_ONE_JOB, Reconciler
from windvane.work.workers.task_outcome import Case, StepCase, TaskOutcome, judge

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskHandler:
    """The handling of one claimed task: what to do, until when, and what its end means.

    owner      name of the job that the task belongs to
    stop_at    when it must have ended
    order      what is done in a process of its own
    is_wanted  whether its job is to go on
    judge      (how its work ended, whether its job was told to stop) -> what that means for the task
    prepare    reads what that needs besides the store, before the transaction in which it is done
    advance    brings the job forward after the task's end
    """

    owner: str
    task: Task
    stop_at: datetime
    order: TaskOrder
    is_wanted: Callable[[Transaction], bool]
    judge: Callable[[Ended, bool], TaskOutcome]
    prepare: Callable[[], None]
    advance: Callable[[Transaction, datetime], None]


@dataclass(frozen=True)
class TaskHandlers:
    """Makes handlers of claimed tasks.

    max_attempts  how often a task is claimed at most
    """

    config: WorkConfig
    reconciler: Reconciler
    max_attempts: int

    def of(self, tx: Transaction, task: Task, now: datetime) -> TaskHandler | None:
        """Return how a task is run; None if its job is gone. The job is told that the task is begun."""
        return (
            self._of_step_job(tx, task, now)
            if task.kind is TaskKind.STEP
            else self._of_automl_job(tx, task, now)
        )

    def limited(self, tx: Transaction, handler: TaskHandler, now: datetime) -> TaskHandler:
        """Return the handler of a task as it begins now: with what others of its job have made, and its action, if it is one. If
        it is not to be found out what that is, this is why the task is not done.

        raises    OutOfReach
        """
        job, task = handler.order.job, handler.task
        if not isinstance(job, AutoMLJob):
            return handler
        try:
            memory_mb = self.config.task_memory_mb
            finished, action = self.reconciler.begun(tx, job, task, now, memory_mb)
        except OutOfReach:
            raise
        except (WindvaneError, OSError, *OF_ONE_JOB) as error:
            _LOG.exception("Nothing says what the task %s of %s is to do.", task.key, job.arn)
            cause = error.note if isinstance(error, WindvaneError) else raised(error)
            why = Note(NoteCode.CANNOT_BEGIN, because=cause)
            return replace(handler, order=replace(handler.order, why_not=why))
        order = replace(handler.order, finished=finished)
        if action is None:
            return replace(handler, order=order)
        until = min(handler.stop_at, datetime.fromtimestamp(action.limits.kill_at, UTC))
        order = replace(order, action=action, stop_at=until.timestamp())
        return replace(handler, order=order, stop_at=until)

    def _of_automl_job(self, tx: Transaction, task: Task, now: datetime) -> TaskHandler | None:
        if task.kind is TaskKind.ANALYZE:
            self.reconciler.advance(tx, task.job_arn, now)
        found = tx.by_arn(AutoMLJob, task.job_arn)
        if found is None:
            return None
        job, config = found, self.config
        until = stop_at(job, task, config.up_since)

        def is_wanted(tx: Transaction) -> bool:
            job_now = tx.by_arn(AutoMLJob, job.arn)
            return job_now is not None and job_now.status is JobStatus.IN_PROGRESS

        def meaning(ended: Ended, stopped: bool) -> TaskOutcome:
            return judge(
                Case(job, task, until, stopped, config.task_memory_mb), ended, self.max_attempts
            )

        why = _unusable(tx, job.volume_key)
        is_analysis = task.kind is TaskKind.ANALYZE
        analysed = task.attempt if is_analysis else analysed_by(tx.tasks(job.arn))
        return TaskHandler(
            owner=job.name,
            task=task,
            stop_at=until,
            order=self._order(job, task, until, why),
            is_wanted=is_wanted,
            judge=meaning,
            prepare=lambda: self.reconciler.prepare(job, analysed),
            advance=lambda tx, now: self.reconciler.advance(tx, job.arn, now),
        )

    def _of_step_job(self, tx: Transaction, task: Task, now: datetime) -> TaskHandler | None:
        found = stepjobs.begin(tx, task, now)
        if found is None:
            return None
        job, config = found, self.config
        runtime_s = stepjobs.max_runtime_s(job)
        until = (task.started or now) + timedelta(seconds=runtime_s)

        def meaning(ended: Ended, stopped: bool) -> TaskOutcome:
            case = StepCase(task, stopped, config.task_memory_mb, runtime_s)
            return judge(case, ended, self.max_attempts)

        why = _unusable(tx, job.volume_key)
        return TaskHandler(
            owner=job.name,
            task=task,
            stop_at=until,
            order=self._order(job, task, until, why),
            is_wanted=lambda tx: _is_in_progress(tx, job),
            judge=meaning,
            prepare=lambda: None,
            advance=lambda tx, now: stepjobs.advance(tx, job.arn, now),
        )

    def _order(
        self, job: AutoMLJob | ProcessingJob, task: Task, until: datetime, why_not: Note | None
    ) -> TaskOrder:
        where = self.reconciler.exchanges.where(job)
        return TaskOrder(job, task, where, until.timestamp(), self.config.figures, why_not)


def _is_in_progress(tx: Transaction, job: ProcessingJob) -> bool:
    now = stepjobs.find_step_job(tx, job.arn)
    return now is not None and now.status is StepStatus.IN_PROGRESS


def _unusable(tx: Transaction, volume_key: str) -> Note | None:
    """Return why nothing may be done on a volume with this key; None if it may, or there is no key."""
    if not volume_key:
        return None
    try:
        check_usable(find_key(tx, scope_named(volume_key, Scope("", "")), volume_key))
    except CallerFault as fault:
        return Note(NoteCode.VOLUME_UNUSABLE, because=fault.note)
    return None
