"""A task: one unit of work of an AutoML job or a step job that one worker at a time may own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from windvane.notes.note import Note


class TaskKind(StrEnum):
    """The kinds of tasks. EXPRESS kinds are short, hold up a whole job, and have a worker of their own. ASIDE kinds are
    done when there is nothing else to do. STEP is the whole of a step job that a client created; the others are parts
    of AutoML jobs."""

    ANALYZE = "analyze"
    SPLIT = "split"
    EXPLORE = "explore"
    FEATURES = "features"
    TRANSFORM = "transform"
    TRAIN = "train"
    FEWER_ROWS = "fewer-rows"
    ENSEMBLE = "ensemble"
    BASELINE = "baseline"
    REFIT = "refit"
    PACK = "pack"
    EXPLAIN = "explain"
    INSIGHTS = "insights"
    RETAIN = "retain"
    STEP = "step"

    @property
    def is_aside(self) -> bool:
        return self is TaskKind.TRANSFORM

    @property
    def is_express(self) -> bool:
        return not self.is_training and self is not TaskKind.STEP and not self.is_aside

    @property
    def is_training(self) -> bool:
        """Whether a candidate is trained: what takes the most of a job's time."""
        return self in (TaskKind.TRAIN, TaskKind.FEWER_ROWS, TaskKind.REFIT)


class TaskStatus(StrEnum):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in (TaskStatus.READY, TaskStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Task:
    """The record of one task.

    job_arn   whose task it is
    key       unique in the job: the same work is never queued twice
    payload   what to do, JSON
    token     fencing token: grows with each claim; a write that carries an older one is refused
    attempts  how often it was claimed
    losses    how often what ran it was gone before it ended; such a claim is no attempt
    said      what it has told its job's driver, JSON; None unless RUNNING
    result    what came out, JSON; None unless DONE
    failure   what went wrong, or why it was cancelled
    """

    id: int
    job_arn: str
    kind: TaskKind
    key: str
    payload: dict[str, Any]
    status: TaskStatus = TaskStatus.READY
    token: int = 0
    attempts: int = 0
    losses: int = 0
    worker: str = ""
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    lease_until: datetime | None = None
    said: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    failure: Note | None = None

    @property
    def attempt(self) -> str:
        """Name this claim of the task; no other claim of any task has the same name."""
        return f"{self.id}-{self.token}"


def task_id_of(attempt: str) -> int:
    """Return the id of the task of which this is the name of a claim.

    raises    ValueError if it is none
    """
    return int(attempt.partition("-")[0])


@dataclass(frozen=True)
class NewTask:
    """A task to be queued."""

    kind: TaskKind
    key: str
    payload: dict[str, Any] = field(default_factory=dict)
