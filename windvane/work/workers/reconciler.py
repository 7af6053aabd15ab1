"""Brings jobs forward: reads what is, asks `flow` what is to be, writes it, all in the caller's transaction.

What goes wrong with one job ends that job, with its reason, and takes no other with it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from windvane.automl.request import ONE_NODE, DataParallel
from windvane.automl.task import ActionTask, task_for
from windvane.domain.candidate import ProcessingJob, StepStatus
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.task import Task, TaskStatus
from windvane.domain.timing import next_change
from windvane.engine.data.analysis import Analysis
from windvane.errors import (
    CallerFault,
    CorruptArtifact,
    NewerRecord,
    WindvaneError,
    WrongTransition,
)
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, raised
from windvane.notes.untrusted import bounded
from windvane.store.base import Store, Transaction
from windvane.work.jobs import flow, forecasting, learning
from windvane.work.jobs.finished import Finished
from windvane.work.jobs.joblines import tell_job
from windvane.work.jobs.state import (
    Deploy,
    JobState,
    analysed_by,
    read_state,
    write_changes,
    write_step_jobs,
)
from windvane.work.jobs.workflow import ACTIONS, action_of
from windvane.work.workers import stepjobs
from windvane.work.workers.analyses import read_analysis
from windvane.work.workers.exchanges import Exchanges, OutOfReach
from windvane.work.workspace import Workspace, attempt_of, workspace_of, workspaces

_LOG = logging.getLogger(__name__)

UNFINISHED = tuple(status for status in JobStatus if not status.is_final)

OF_ONE_JOB = (
    ArithmeticError,
    AttributeError,
    CallerFault,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    WrongTransition,
)
"""What goes wrong with the records of one job, or with the result of a task, which whoever took over the task may have
made. A database that does not answer is none of it: that is tried again."""

_MAX_KNOWN, _MOST_KNOWN_BYTES = 8, 48 << 20
"""Analyses that a worker remembers, and the bytes of their files; the last one in any case. In memory they take seven times
as much."""

_LOOK_AGAIN = timedelta(seconds=10)
_LISTEN = timedelta(seconds=1)
"""Between two looks at a job whose candidates wait for what the first one says."""

_LEFT = timedelta(minutes=1)
_MOST_FORGOTTEN = 2000


class VolumeLost(WindvaneError):
    """The volume of a job was in memory, and the machine went off."""

    def __init__(self, name: str) -> None:
        super().__init__(Note(NoteCode.VOLUME_LOST, {"job": name}))


@dataclass(frozen=True)
class KnownAnalysis:
    """An analysis that is kept in memory.

    n_bytes    of its file
    """

    analysis: Analysis
    n_bytes: int


@dataclass(frozen=True)
class _Quiet:
    """A job for which nothing was due, as it stood, and when to look again though it stands the same."""

    seen: tuple[AutoMLJob, Endpoint | None]
    until: datetime


@dataclass
class Reconciler:
    """Brings the records of a job to the state that comes next.

    exchanges  what tasks have left
    up_since   since when one server or another has been up without a gap
    workers    training workers of this server
    deploy     control's one-click deployment
    kept_models
               single candidates whose models are kept at a job's end; 0 means all
    max_columns
               of a table
    is_shared  other servers may work with the store as well
    most_cores
               of one task
    data_parallel
               when several nodes train one model
    """

    exchanges: Exchanges
    up_since: datetime
    workers: int
    deploy: Deploy
    kept_models: int = 0
    max_columns: int = 10_000
    is_shared: bool = False
    most_cores: int = sys.maxsize
    data_parallel: DataParallel = ONE_NODE
    _analyses: dict[str, KnownAnalysis] = field(default_factory=dict)
    _quiet: dict[str, _Quiet] = field(default_factory=dict)
    _left: dict[str, datetime] = field(default_factory=dict)

    def bring_forward(self, tx: Transaction, job_arn: str, now: datetime) -> None:
        """Bring an AutoML job, or a step job, as far as it can go at this moment. One that cannot be written as it is
        to be fails; one that cannot even fail is left alone for a minute."""
        try:
            with tx.savepoint():
                self.advance(tx, job_arn, now)
                stepjobs.advance(tx, job_arn, now)
        except NewerRecord:
            self._leave(job_arn, now)
        except OF_ONE_JOB as error:
            _LOG.exception("%s cannot be brought forward, and fails.", job_arn)
            self._fail(tx, job_arn, _broken(error), now)

    def prepare(self, job: AutoMLJob, attempt: str) -> None:
        """Read what bringing forward a job whose data are analysed needs besides the store, so that it is not read
        while nobody else may write. What is wrong with it is told then.

        attempt    that has analysed them; "" if none has
        """
        if attempt and not job.is_forecast:
            with suppress(WindvaneError, OSError):
                self._analysis_of(job, attempt)

    def begun(
        self, tx: Transaction, job: AutoMLJob, task: Task, now: datetime, memory_mb: int
    ) -> tuple[Finished, ActionTask | None]:
        """Return what a task that begins now finds done, and what it reads and writes and its limits, if it is an
        action of the workflow.

        raises    CorruptArtifact, VolumeLost, OutOfReach
        """
        state = self._read(tx, job)
        finished = learning.finished(state, now)
        if task.kind not in ACTIONS:
            return finished, None
        if job.is_forecast:
            self._check_volume(job)
            return finished, forecasting.action_task(state, task, now, memory_mb)
        state = replace(state, analysis=self._analysis_of(job, analysed_by(state.tasks)))
        at = learning.situation(state, now)
        return finished, task_for(action_of(task), at, memory_mb, memory_mb)

    def is_left(self, job_arn: str, now: datetime) -> bool:
        """Return whether a job is left alone, because of what went wrong with it a moment ago."""
        return now < self._left.get(job_arn, now)

    def advance(self, tx: Transaction, job_arn: str, now: datetime) -> None:
        """Bring one job as far as it can go at this moment; nothing happens if nothing is due."""
        job = tx.by_arn(AutoMLJob, job_arn)
        if job is None:
            return
        old = self._read(tx, job)
        new = self._next(old, now)
        write_changes(tx, old, new, now)
        tell_job(tx, old, new, now)
        write_step_jobs(tx, new.job, tuple(tx.tasks(job_arn)) if new.queued else new.tasks, now)
        if new.deploys:
            self._deploy(tx, new, now)
        if new.job.status is not old.job.status:
            _LOG.info("%s is %s (%s).", job_arn, new.job.status, new.job.secondary)

    def is_due(self, tx: Transaction, job: AutoMLJob, now: datetime) -> bool:
        """Return whether `advance` would change anything. A task's end advances its job by itself, so what is asked
        here is whether time, a stop request or an endpoint makes something due."""
        if self.is_left(job.arn, now):
            return False
        try:
            return self._would_change(tx, job, now)
        except NewerRecord:
            self._leave(job.arn, now)
            return False
        except OF_ONE_JOB:
            _LOG.exception("What is due of %s cannot be told.", job.arn)
            return True

    def _would_change(self, tx: Transaction, job: AutoMLJob, now: datetime) -> bool:
        endpoint = tx.find(Endpoint, job.scope, job.endpoint_name) if job.endpoint_name else None
        quiet = self._quiet.get(job.arn)
        if quiet is not None and quiet.seen == (job, endpoint) and now < quiet.until:
            return False
        state = self._read(tx, job)
        if self._is_changed_by_time(state, now):
            return True
        waits = learning.waits_for_fold_count(state)
        due = (
            forecasting.next_change(state, now)
            if job.is_forecast
            else next_change(job, self.up_since, now)
        )
        until = min(due, now + (_LISTEN if waits else _LOOK_AGAIN))
        self._quiet[job.arn] = _Quiet((job, endpoint), until)
        return waits

    def _is_changed_by_time(self, state: JobState, now: datetime) -> bool:
        """Return whether something is due of a job though no task of it has ended. What a task's end makes due needs
        the analysis, which is not read here: this is asked of all jobs every few seconds, and each has another one."""
        if state.is_learning and self.exchanges.is_lost(state.job):
            return True
        if learning.is_idle(state):
            return True
        try:
            return flow.advance(state, now) != state
        except Exception:  # noqa: BLE001 - a job that cannot go on is ended by bringing it forward
            return True

    def forget_all_but(self, job_arns: Iterable[str]) -> None:
        """Drop what is known of other jobs."""
        kept = set(job_arns)
        self._quiet = {arn: quiet for arn, quiet in self._quiet.items() if arn in kept}
        self._left = {arn: until for arn, until in self._left.items() if arn in kept}

    def _fail(self, tx: Transaction, job_arn: str, why: Note, now: datetime) -> None:
        try:
            with tx.savepoint():
                if (job := tx.by_arn(AutoMLJob, job_arn)) is not None:
                    old = self._read(tx, job)
                    write_changes(tx, old, flow.broken(old, why, now), now)
                stepjobs.fail(tx, job_arn, why, now)
        except OF_ONE_JOB:
            _LOG.exception("%s cannot be failed either.", job_arn)
            self._left[job_arn] = now + _LEFT

    def _leave(self, job_arn: str, now: datetime) -> None:
        """Leave a job alone for a minute, some of whose records a newer version has written: a server of that version goes on
        with it."""
        _LOG.info("%s is left to servers of a newer version.", job_arn)
        self._left[job_arn] = now + _LEFT

    def _read(self, tx: Transaction, job: AutoMLJob) -> JobState:
        return read_state(
            tx,
            job,
            up_since=self.up_since,
            workers=self._n_workers(tx),
            kept_models=self.kept_models,
            most_cores=self.most_cores,
            data_parallel=self.data_parallel,
        )

    def _n_workers(self, tx: Transaction) -> int:
        """Return how many training workers all servers have."""
        if not self.is_shared:
            return self.workers
        found = sum(server.workers for server in tx.servers() if not server.is_host_only)
        return max(self.workers, found)

    def _next(self, state: JobState, now: datetime) -> JobState:
        try:
            if state.is_learning:
                self._check_volume(state.job)
            if state.needs_analysis:
                state = self._with_analysis(state)
            return replace(flow.advance(state, now), analysis=None)
        except VolumeLost as lost:
            return flow.broken(state, lost.note, now)
        except Exception as error:  # noqa: BLE001 - the end of a stage: a job that cannot go on must end
            _LOG.exception("%s cannot go on.", state.job.arn)
            return flow.broken(state, _broken(error), now)

    def _with_analysis(self, state: JobState) -> JobState:
        """Return the state without it while it is out of reach: what does not need it goes on."""
        try:
            analysis = self._analysis_of(state.job, analysed_by(state.tasks))
        except OutOfReach as error:
            _LOG.warning("%s waits for its analysis: %s", state.job.arn, error)
            return state
        return replace(state, analysis=analysis)

    def _analysis_of(self, job: AutoMLJob, attempt: str) -> Analysis:
        """Return the analysis of a job, from memory if it is there.

        attempt    that has made it
        """
        if attempt not in self._analyses:
            self._check_volume(job)
            found = _analysis_in(self.exchanges, job, attempt, self.max_columns)
            self._remember(attempt, found)
        return self._analyses[attempt].analysis

    def _check_volume(self, job: AutoMLJob) -> None:
        """Check that what tasks of a job have published is there.

        raises    VolumeLost
        """
        if self.exchanges.is_lost(job):
            raise VolumeLost(job.name)

    def _remember(self, attempt: str, known: KnownAnalysis) -> None:
        """Keep an analysis in place of those that were read first, if they are too many or too large together."""
        kept = self._analyses
        while kept and (
            len(kept) >= _MAX_KNOWN
            or sum(one.n_bytes for one in kept.values()) + known.n_bytes > _MOST_KNOWN_BYTES
        ):
            kept.pop(next(iter(kept)))
        kept[attempt] = known

    def _deploy(self, tx: Transaction, state: JobState, now: datetime) -> None:
        if state.best is None:
            raise ValueError(f"{state.job.arn} has no candidate to deploy.")
        try:
            self.deploy(tx, state.job, state.best, now)
        except CallerFault as fault:
            state = JobState(
                state.job, state.up_since, state.workers, state.tasks, state.candidates
            )
            failed = flow.deployment_failed(state, fault.note, now)
            write_changes(tx, state, failed, now)
            tell_job(tx, state, failed, now)


def sweep(store: Store, reconciler: Reconciler, now: datetime, max_attempts: int) -> None:
    """Give tasks of silent workers back and bring every unfinished job forward: what time or a stop request alone
    makes due."""
    with store.transaction() as tx:
        for job_arn in {task.job_arn for task in tx.release_expired(now, max_attempts)}:
            reconciler.bring_forward(tx, job_arn, now)
    with store.snapshot() as tx:
        unfinished = list(tx.every(AutoMLJob, UNFINISHED))
        due = [
            (job, analysed_by(tx.tasks(job.arn)) if job.problem_type is not None else "")
            for job in unfinished
            if reconciler.is_due(tx, job, now)
        ]
        stopping = [
            job.arn
            for job in stepjobs.unfinished(tx, (StepStatus.STOPPING,))
            if not reconciler.is_left(job.arn, now)
        ]
    for job, attempt in due:
        reconciler.prepare(job, attempt)
        with store.transaction() as tx:
            reconciler.bring_forward(tx, job.arn, now)
    for job_arn in stopping:
        with store.transaction() as tx:
            reconciler.bring_forward(tx, job_arn, now)


def forget(store: Store, now: datetime, log_days: int, event_days: int) -> None:
    """Remove the oldest lines of logs and the oldest events, some at a time.

    log_days, event_days    that they are kept; 0 means for ever
    """
    with store.transaction() as tx:
        if log_days:
            tx.forget_lines(now - timedelta(days=log_days), _MOST_FORGOTTEN)
        if event_days:
            tx.forget_events(now - timedelta(days=event_days), _MOST_FORGOTTEN)


def left_over(store: Store, reconciler: Reconciler) -> list[Workspace]:
    """Return the workspaces of jobs that have ended, and the folders of attempts that have.

    Folders are listed before jobs: one that is seen belongs to a job or an attempt that is seen, or has ended.
    """
    data_dir = reconciler.exchanges.data_dir
    present = list(workspaces(data_dir))
    with store.snapshot() as tx:
        unfinished = tx.every(AutoMLJob, UNFINISHED)
        step_jobs = list(stepjobs.unfinished(tx))
        running = {space.folder for space in present if _is_running(tx, attempt_of(space))}
    reconciler.forget_all_but(job.arn for job in unfinished)
    going: list[AutoMLJob | ProcessingJob] = [*unfinished, *step_jobs]
    kept = {workspace_of(data_dir, job).folder for job in going} | running
    return [workspace for workspace in present if workspace.folder not in kept]


def _is_running(tx: Transaction, attempt: str) -> bool:
    """Return whether an attempt is still running.

    attempt    "" for none
    """
    task = tx.task(int(attempt.partition("-")[0])) if attempt else None
    return task is not None and task.status is TaskStatus.RUNNING and task.attempt == attempt


def _analysis_in(
    exchanges: Exchanges, job: AutoMLJob, attempt: str, max_columns: int
) -> KnownAnalysis:
    """Return what a task found out of the data, as far as the search needs it. It may have left anything in its place.

    raises    CorruptArtifact
    """
    data = exchanges.analysis(job, attempt)
    try:
        return KnownAnalysis(read_analysis(data, max_columns), len(data))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CorruptArtifact(f"The analysis of the data cannot be read: {error}") from error


def _broken(error: Exception) -> Note:
    """Return that a job cannot go on; an error may quote all of what a task has left."""
    return bounded(Note(NoteCode.JOB_BROKEN, because=raised(error)))
