"""The tasks that wait in the store, in the order in which workers are given them (windvane/store/task_rows.py)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from windvane.domain.task import TaskKind

J = TypeVar("J", bound=Hashable)


@dataclass(frozen=True)
class Waiting(Generic[J]):
    """A task that waits for a worker.

    number    of all tasks, in the order in which they were added
    """

    job: J
    account: str
    kind: TaskKind
    key: str
    created: float
    number: int


@dataclass
class TaskQueue(Generic[J]):
    """The waiting tasks, and which is next: of the account with fewest running tasks, then of its job with fewest, then the
    oldest."""

    _waiting: dict[str, dict[J, deque[Waiting[J]]]] = field(default_factory=dict)
    _of_account: Counter[str] = field(default_factory=Counter)
    _of_job: Counter[J] = field(default_factory=Counter)
    n_waiting: int = 0

    def add(self, task: Waiting[J]) -> None:
        self._waiting.setdefault(task.account, {}).setdefault(task.job, deque()).append(task)
        self.n_waiting += 1

    def claim(self, turns: Sequence[Sequence[TaskKind]]) -> Waiting[J] | None:
        """Return the task that is next for a worker, which runs from then on; None if there is none.

        turns    kinds of tasks that it looks for, the first group first
        """
        for kinds in turns:
            found = self._next(frozenset(kinds))
            if found is not None:
                self._take(found)
                return found
        return None

    def end(self, task: Waiting[J]) -> None:
        """Let a task that was claimed run no more."""
        self._of_account[task.account] -= 1
        self._of_job[task.job] -= 1
        if not self._of_job[task.job]:
            del self._of_job[task.job]

    def _next(self, kinds: frozenset[TaskKind]) -> Waiting[J] | None:
        best: tuple[int, int, float, int] | None = None
        chosen: Waiting[J] | None = None
        for account, jobs in sorted(
            self._waiting.items(), key=lambda one: self._of_account[one[0]]
        ):
            if best is not None and self._of_account[account] > best[0]:
                break
            for job, tasks in jobs.items():
                first = next((task for task in tasks if task.kind in kinds), None)
                if first is None:
                    continue
                turn = (self._of_account[account], self._of_job[job], first.created, first.number)
                if best is None or turn < best:
                    best, chosen = turn, first
        return chosen

    def _take(self, task: Waiting[J]) -> None:
        jobs = self._waiting[task.account]
        jobs[task.job].remove(task)
        if not jobs[task.job]:
            del jobs[task.job]
        if not jobs:
            del self._waiting[task.account]
        self._of_account[task.account] += 1
        self._of_job[task.job] += 1
        self.n_waiting -= 1
