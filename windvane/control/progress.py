"""How far an AutoML job is: its plan of time, what is under way, and what its candidates scored so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windvane.control.jobs import find_job
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob
from windvane.domain.progress import Finish, Phase, finishes, phases
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import stop_at, timetable
from windvane.names import Scope
from windvane.store.base import Store

MemoryOf = Callable[[str], int | None]
"""Bytes that the task in the hands of the worker of this name holds; None if this server has no such worker."""


_MOST_ROWS, _MOST_COLUMNS = 2**63 - 1, 2**31 - 1
"""As the answer can tell them."""


@dataclass(frozen=True)
class Running:
    """A task that a worker has in hand.

    candidate     that it makes or is about; None for what candidates share
    stops         it is killed then, if it still runs
    memory_bytes  None if it has just ended, or its worker
    """

    task: Task
    started: datetime
    age_s: float
    stops: datetime
    candidate: Candidate | None
    memory_bytes: int | None

    @property
    def recipe(self) -> str:
        """The recipe of the candidate, else that of the task; "" if there is none."""
        if self.candidate is not None:
            return self.candidate.recipe
        return str(self.task.payload.get("recipe", ""))


@dataclass(frozen=True)
class ProgressView:
    """The progress of a job.

    now         by the server's clock
    best        the best candidate; None while there is none
    last_start  no candidate is begun after it
    n_rows, n_columns
                of the training data, the target among the columns; None until they are known
    """

    job: AutoMLJob
    now: datetime
    best: Candidate | None
    last_start: datetime
    phases: tuple[Phase, ...]
    n_rows: int | None
    n_columns: int | None
    counts: Mapping[CandidateStatus, int]
    running: tuple[Running, ...]
    finishes: tuple[Finish, ...]


class Progress:
    """Describes how far jobs have come.

    up_since    since when one server or another has been up without a gap: plans of time depend on it after a downtime
    """

    def __init__(
        self,
        store: Store,
        up_since: Callable[[], datetime],
        memory_of: MemoryOf,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._up_since = up_since
        self._memory_of = memory_of
        self._clock = clock

    def describe(self, scope: Scope, name: str) -> ProgressView:
        """Return how far a job has come.

        raises    NotFound
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, name)
            tasks = tx.tasks(job.arn)
            candidates = tx.children(Candidate, job.arn)
        now = self._clock()
        times = timetable(job, self._up_since())
        found = _found(tasks)
        return ProgressView(
            job=job,
            now=now,
            best=next((one for one in candidates if one.name == job.best_candidate), None),
            last_start=times.last_start,
            phases=phases(job, tasks, times),
            n_rows=_figure(found, "n_rows", _MOST_ROWS),
            n_columns=_figure(found, "n_columns", _MOST_COLUMNS),
            counts=_counts(candidates),
            running=tuple(self._running(job, tasks, candidates, now)),
            finishes=finishes(candidates, job),
        )

    def _running(
        self, job: AutoMLJob, tasks: Sequence[Task], candidates: Sequence[Candidate], now: datetime
    ) -> Iterator[Running]:
        by_index = {candidate.index: candidate for candidate in candidates}
        for task in tasks:
            if task.status is TaskStatus.RUNNING and task.started is not None:
                candidate = by_index.get(index_of(task) or 0)
                age_s = max(0.0, (now - task.started).total_seconds())
                stops = stop_at(job, task, self._up_since())
                memory = self._memory_of(task.worker)
                yield Running(task, task.started, age_s, stops, candidate, memory)


def index_of(task: Task) -> int | None:
    """Return the index of the candidate that a task makes or is about; None for what candidates share."""
    plan: Mapping[str, Any] = task.payload.get("plan", task.payload)
    index: int | None = plan.get("index")
    return index


def _found(tasks: Sequence[Task]) -> Mapping[str, Any]:
    """Return what the analysis found; nothing before it is done."""
    done = (task.result for task in tasks if task.kind is TaskKind.ANALYZE)
    return next((result for result in done if result is not None), {})


def _figure(found: Mapping[str, Any], name: str, most: int) -> int | None:
    """Return a number of the analysis, whose task may have left anything in its place; None if it is none."""
    value = found.get(name)
    return value if type(value) is int and 0 <= value <= most else None


def _counts(candidates: Sequence[Candidate]) -> dict[CandidateStatus, int]:
    return {
        status: n
        for status in CandidateStatus
        if (n := sum(candidate.status is status for candidate in candidates))
    }
