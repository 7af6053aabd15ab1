"""What has happened in a job so far, whatever the job is to learn: a step for each action, by the action's key."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from windvane.notes.note import Note


class HasKey(Protocol):
    """An action. Two of a job that have the same key are the same."""

    @property
    def key(self) -> str: ...


class Status(StrEnum):
    """The states of an action. WAITING is asked for and not begun; FAILED includes what was killed or lost."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        return self in (Status.WAITING, Status.RUNNING)


A = TypeVar("A", bound=HasKey, covariant=True)


@dataclass(frozen=True)
class ActionStep(Generic[A]):
    """An action of a job and how far it is.

    began, ended    time.time(); 0 before that
    failure         why it FAILED
    """

    action: A
    status: Status
    began: float = 0.0
    ended: float = 0.0
    _: KW_ONLY
    failure: Note | None = None


S = TypeVar("S", bound=ActionStep[Any])


@dataclass(frozen=True)
class ActionHistory(Generic[S]):
    """The steps of a job, oldest first. There is one step for an action's key."""

    steps: tuple[S, ...] = ()

    def step(self, key: str) -> S | None:
        """Return the step of an action's key; None if it was never asked for."""
        return next((step for step in self.steps if step.action.key == key), None)

    def with_step(self, step: S) -> Self:
        """Return a history with this step, added or in place of the one of its key."""
        key = step.action.key
        if self.step(key) is None:
            return replace(self, steps=(*self.steps, step))
        steps = tuple(step if one.action.key == key else one for one in self.steps)
        return replace(self, steps=steps)

    def is_busy(self, *kinds: type[HasKey]) -> bool:
        """Return whether an action of these types is waiting or running."""
        return any(step.status.is_open and isinstance(step.action, kinds) for step in self.steps)

    def has_any(self, *kinds: type[HasKey]) -> bool:
        """Return whether an action of these types has been asked for."""
        return any(isinstance(step.action, kinds) for step in self.steps)
