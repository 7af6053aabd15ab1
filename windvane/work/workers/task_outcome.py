"""What the end of a child process means for its task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.errors import OutOfTime, WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.process.child import Ending, Exit

_PASSING = frozenset({"OSError", "BotoCoreError", "ClientError"})
"""Errors of disks, networks and the store of artefacts; another attempt may go well."""

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
    """A task of an AutoML job that a child process has worked on.

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

    def out_of_time(self, end: Exit) -> TaskOutcome:
        if self.is_own_limit:
            own = {"limit_s": self.job.limits.max_candidate_runtime_s}
            return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.CANDIDATE_LIMIT, own))
        if self.task.kind not in _MISSED:
            return TaskOutcome(TaskStatus.CANCELLED, end.note)
        facts = {
            "task": str(self.task.kind),
            "limit_s": self.job.limits.max_runtime_s,
        }
        return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.JOB_LIMIT, facts))


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

    def out_of_time(self, _: Exit) -> TaskOutcome:
        late = Note(NoteCode.STEP_LIMIT, {"limit_s": self.max_runtime_s})
        return TaskOutcome(TaskStatus.CANCELLED, late)


def judge(case: Case | StepCase, end: Exit, max_attempts: int) -> TaskOutcome:
    if end.ending is Ending.FINISHED:
        return TaskOutcome(TaskStatus.DONE)
    if case.stopped:
        return TaskOutcome(TaskStatus.CANCELLED)
    if end.ending is Ending.KILLED_TIME or end.is_a(OutOfTime):
        return case.out_of_time(end)
    if end.ending is Ending.KILLED_MEMORY:
        above = Note(NoteCode.MEMORY_LIMIT, {"memory_mb": case.memory_mb})
        return TaskOutcome(TaskStatus.FAILED, above)
    if end.is_a(WindvaneError):
        return TaskOutcome(TaskStatus.FAILED, end.note)
    if _may_pass(case.task, end) and case.task.attempts < max_attempts:
        return TaskOutcome(TaskStatus.READY, end.note)
    return TaskOutcome(TaskStatus.FAILED, Note(NoteCode.INTERNAL_ERROR, because=end.note))


def _may_pass(task: Task, end: Exit) -> bool:
    """A crash in training is the candidate's own; a crash of what a job hangs on may have come from outside."""
    if end.ending is Ending.CRASHED:
        return not task.kind.is_training
    return not _PASSING.isdisjoint(end.error_classes)
