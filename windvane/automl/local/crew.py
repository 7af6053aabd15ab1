"""A few child processes at once, each with a time by which it must have ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from windvane.process.child import Child, Ending, Exit

Work = TypeVar("Work")

_TURN_S = 0.02


@dataclass(frozen=True)
class _Member(Generic[Work]):
    work: Work
    child: Child
    kill_at: float


class Crew(Generic[Work]):
    """At most `size` children, each capped to `memory_mb`. To be used by one thread."""

    def __init__(self, size: int, memory_mb: int) -> None:
        self._size, self._memory_mb = size, memory_mb
        self._members: list[_Member[Work]] = []

    @property
    def has_room(self) -> bool:
        return len(self._members) < self._size

    @property
    def is_idle(self) -> bool:
        return not self._members

    def start(self, work: Work, function: Callable[[], None], kill_at: float) -> None:
        """Run `function` in a child, which is killed at `kill_at`, a time.time()."""
        child = Child.start(function, memory_mb=self._memory_mb)
        self._members.append(_Member(work, child, kill_at))

    def next_ended(self, meanwhile: Callable[[], bool] = lambda: False) -> tuple[Work, Exit]:
        """Wait for any child to end; there must be one.

        meanwhile   called while none has ended; whether there is more for it to do
        """
        is_busy = True
        while (ended := self._look_around(0.0 if is_busy else _TURN_S)) is None:
            is_busy = is_busy and meanwhile()
        return ended

    def ended_unless(self, something_else: Callable[[], bool]) -> tuple[Work, Exit] | None:
        """The next child to end, which there must be; None if `something_else` happens before."""
        while (ended := self._look_around(_TURN_S)) is None:
            if something_else():
                return None
        return ended

    def stop(self) -> None:
        """Kill what still runs."""
        for member in self._members:
            member.child.kill()
        self._members.clear()

    def _look_around(self, wait_s: float) -> tuple[Work, Exit] | None:
        for member in self._members:
            ended = self._look_at(member, wait_s)
            if ended is not None:
                self._members.remove(member)
                return member.work, ended
        return None

    def _look_at(self, member: _Member[Work], wait_s: float) -> Exit | None:
        left_s = member.kill_at - time.time()
        if left_s <= 0:
            return member.child.kill(Ending.KILLED_TIME)
        return member.child.wait(min(left_s, wait_s))
