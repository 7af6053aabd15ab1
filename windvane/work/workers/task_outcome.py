"""What the end of the work of a task means for the task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.errors import OutOfTime, StoreUnusable, WindvaneError
from windvane.executor.base import End, Ended
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_PASSING = frozenset({"OSError", "BotoCoreError", "ClientError", "StoreUnusable"})
"""Errors of disks, networks, and the stores of artefacts and records; another attempt may go well."""

MAX_LOSSES = 3
"""Times that the work of a task may be lost: it is begun again, as it was not to blame, unless it is what ends machines."""

_MISSED = frozenset(
    {
        TaskKind.ANALYZE,
        TaskKind.SPLIT,
        TaskKind.BASELINE,
        TaskKind.EXPLORE,
        TaskKind.EXPLAIN,
        TaskKind.INSIGHTS,
    }
)
"""What people would miss; the others are given up in silence when the time is over."""


@dataclass(frozen=True)
class TaskOutcome:
    """status of the task; READY means another attempt. `note` says why it is not DONE, if there is a reason."""

    status: TaskStatus
    note: Note | None = None


@dataclass(frozen=True)
class Case:
    """A task of an AutoML job whose work has ended.

    stop_at    when it was to have ended
    stopped    its job was told to stop, or had ended
    memory_mb  its cap
    """

    job: AutoMLJob
    task: Task
    stop_at: datetime
    stopped: bool
    memory_mb: int

    @property
    def is_own_limit(self) -> bool:
        """Whether the candidate's own limit is what ended it, not the job's time."""
        own = timedelta(seconds=self.job.limits.max_candidate_runtime_s)
        return (
            self.task.kind is TaskKind.TRAIN
            and self.task.started is not None
            and self.stop_at >= self.task.started + own
        )

    def out_of_time(self, end: Ended) -> TaskOutcome:
        if self.is_own_limit:
            own = {"limit_s": self.job.limits.max_candidate_runtime_s}
            return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.CANDIDATE_LIMIT, own))
        if self.task.kind not in _MISSED:
            return TaskOutcome(TaskStatus.CANCELLED, end.note)
        facts = {
            "task": str(self.task.kind),
            "limit_s": self.job.limits.max_runtime_s,
            "waited_s": self._waited_s(),
            "analysis_s": self.job.analysis_s,
        }
        return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.JOB_LIMIT, facts))

    def _waited_s(self) -> float | None:
        """Return how long the data waited for a worker; None if this task does not read them."""
        if self.task.kind is not TaskKind.ANALYZE or self.task.started is None:
            return None
        return max(0.0, (self.task.started - self.job.created).total_seconds())


@dataclass(frozen=True)
class StepCase:
    """The task of a step job that a client created.

    stopped        it was told to stop
    max_runtime_s  its own
    """

    task: Task
    stopped: bool
    memory_mb: int
    max_runtime_s: int

    def out_of_time(self, _: Ended) -> TaskOutcome:
        late = Note(NoteCode.STEP_LIMIT, {"limit_s": self.max_runtime_s})
        return TaskOutcome(TaskStatus.CANCELLED, late)


def judge(case: Case | StepCase, end: Ended, max_attempts: int) -> TaskOutcome:
    if end.end is End.FINISHED:
        return TaskOutcome(TaskStatus.DONE)
    if case.stopped:
        return TaskOutcome(TaskStatus.CANCELLED)
    if end.end is End.OUT_OF_TIME or end.is_a(OutOfTime):
        return case.out_of_time(end)
    if end.end is End.OUT_OF_MEMORY:
        above = Note(NoteCode.MEMORY_LIMIT, {"memory_mb": case.memory_mb})
        return TaskOutcome(TaskStatus.FAILED, above)
    if end.end is End.LOST:
        return _lost(case.task, end)
    if end.is_a(WindvaneError) and not end.is_a(StoreUnusable):
        return TaskOutcome(TaskStatus.FAILED, end.note)
    if _may_pass(case.task, end) and case.task.attempts < max_attempts:
        return TaskOutcome(TaskStatus.READY, end.note)
    return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.INTERNAL_ERROR, because=end.note))


def _lost(task: Task, end: Ended) -> TaskOutcome:
    losses = task.losses + 1
    if losses < MAX_LOSSES:
        return TaskOutcome(TaskStatus.READY, end.note)
    return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.LOST_TOO_OFTEN, {"losses": losses}))


def _may_pass(task: Task, end: Ended) -> bool:
    """A crash in training is the candidate's own; a crash of what a job hangs on may have come from outside."""
    if end.end is End.CRASHED:
        return not task.kind.is_training
    return not _PASSING.isdisjoint(end.error_classes)
