"""Simulate the scheduler on many machines: python -m benchmarks.cluster.simulation [--nodes 1,2,4,...] [--jobs-per-day N]

Discrete events in virtual time. Jobs go through the states that the service's own workflow takes them through, workers claim
in the service's order, tasks take what was recorded (benchmarks/cluster/jobs), and each transaction takes what was measured
(benchmarks/cluster/scheduling.py) in a store that does one at a time.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.cluster.queue import TaskQueue, Waiting
from benchmarks.cluster.recorded import recorded_jobs
from benchmarks.cluster.simulated_job import Workflow
from benchmarks.markdown import markdown_table
from windvane.domain.task import Task, TaskStatus
from windvane.work.jobs.state import JobState
from windvane.work.workers.roles import Role

DAY_S = 86_400.0


@dataclass(frozen=True)
class Costs:
    """Seconds that one writer of the store takes for a transaction, and what else there is between two tasks.

    claim_s     of a claim that finds a task
    finish_s    of a task's end, with what follows for its job
    said_s      of what a task tells while it runs, with what follows
    renew_s     of a lease that is renewed, every `RENEW_S`
    start_s     from the claim to the task's first line
    fetch_s     for the data that a task reads, from the store of artefacts or the node's cache
    """

    claim_s: float = 0.0079
    finish_s: float = 0.0303
    said_s: float = 0.0158
    renew_s: float = 0.0017
    start_s: float = 0.02
    fetch_s: float = 0.02


RENEW_S = 4.0
_POLL_S = 0.25
"""windvane/work/workers/worker.py: between two looks of a worker that has nothing to do, and between two renewals."""


@dataclass(frozen=True)
class Cluster:
    """The machines that are simulated, and the jobs that they are given.

    nodes              that each have an express worker and so many that train
    accounts           among which jobs are spread
    jobs_per_day       that are created, at random moments; None keeps two jobs waiting for each worker
    jobs               that are created at the beginning, and no others
    pace               by which tasks are quicker than they were recorded
    """

    nodes: int
    workers: int = 2
    accounts: int = 20
    jobs_per_day: float | None = None
    jobs: int | None = None
    pace: float = 1.0
    costs: Costs = Costs()


@dataclass
class Figures:
    """The figures of a simulation, after its warm-up.

    busy_s    of training workers, in tasks
    ended_s   when the last job completed
    waits_s   of tasks that were ready
    """

    jobs: int = 0
    tasks: int = 0
    busy_s: float = 0.0
    store_s: float = 0.0
    ended_s: float = 0.0
    durations_s: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)


@dataclass
class _Job:
    number: int
    account: str
    flow: Workflow
    state: JobState
    created: float

    def __hash__(self) -> int:
        return self.number


@dataclass
class _Worker:
    role: Role
    is_idle: bool = True


class Simulation:
    """One cluster, from its start to a moment in virtual time.

    warm_s    what happens before is not counted
    """

    def __init__(
        self, cluster: Cluster, workflows: Sequence[Workflow], warm_s: float, seed: int = 0
    ) -> None:
        self.cluster, self._workflows, self._warm_s = cluster, workflows, warm_s
        self.figures = Figures()
        self.now = 0.0
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._queue: TaskQueue[_Job] = TaskQueue()
        self._store_free = 0.0
        self._open_jobs = 0
        roles = [Role.EXPRESS, *[Role.TRAIN] * cluster.workers] * cluster.nodes
        self._idle: dict[Role, list[_Worker]] = {Role.EXPRESS: [], Role.TRAIN: []}
        for role in roles:
            self._idle[role].append(_Worker(role))

    def run(self, until_s: float) -> Figures:
        self._create_jobs()
        while self._events and self._events[0][0] <= until_s:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        return self.figures

    def _at(self, time: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), happen))

    def _create_jobs(self) -> None:
        rate, jobs = self.cluster.jobs_per_day, self.cluster.jobs
        if rate is not None:
            self._at(self._random.expovariate(rate / DAY_S), self._arrive)
            return
        for _ in range(jobs or 2 * self.cluster.nodes * self.cluster.workers):
            self._create()

    def _arrive(self) -> None:
        self._create()
        if self.cluster.jobs_per_day is not None:
            wait = self._random.expovariate(self.cluster.jobs_per_day / DAY_S)
            self._at(self.now + wait, self._arrive)

    def _create(self) -> None:
        number = next(self._numbers)
        flow = self._workflows[number % len(self._workflows)]
        account = f"{number % self.cluster.accounts:012}"
        self._open_jobs += 1
        job = _Job(number, account, flow, flow.begun(), self.now)
        self._enqueue(job, job.state.tasks)

    def _enqueue(self, job: _Job, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self._queue.add(
                Waiting(job, job.account, task.kind, task.key, self.now, next(self._numbers))
            )
        for task in tasks:
            self._wake(task)

    def _wake(self, task: Task) -> None:
        """A worker that has nothing to do finds the task at one of its looks, soon if there are many."""
        able = Role.EXPRESS if task.kind.is_express or task.kind.is_aside else Role.TRAIN
        for role in (able, Role.TRAIN):
            if self._idle[role]:
                worker = self._idle[role].pop(self._random.randrange(len(self._idle[role])))
                wait = self._random.uniform(0.0, _POLL_S) / (1 + len(self._idle[role]))
                self._at(self.now + wait, partial(self._look, worker))
                return

    def _look(self, worker: _Worker) -> None:
        done = self._transaction(self.cluster.costs.claim_s)
        self._at(done, partial(self._claim, worker))

    def _claim(self, worker: _Worker) -> None:
        claimed = self._queue.claim(worker.role.turns)
        if claimed is None:
            self._idle[worker.role].append(worker)
            return
        costs, job = self.cluster.costs, claimed.job
        task = _named(job.state, claimed.key)
        recorded = job.flow.of(task)
        seconds = recorded.seconds / self.cluster.pace
        self._move(job, job.flow.running(job.state, task, self.now - job.created))
        begun = self.now + costs.start_s + costs.fetch_s
        n_folds = recorded.result.get("n_folds")
        if n_folds:
            self._at(begun + seconds / n_folds, partial(self._say, claimed))
        ended = begun + seconds
        for number in range(1, int((ended - self.now) / RENEW_S) + 1):
            self._at(self.now + number * RENEW_S, self._renew)
        if self.now >= self._warm_s:
            self.figures.waits_s.append(self.now - claimed.created)
            if worker.role is Role.TRAIN:
                self.figures.busy_s += seconds
        self._at(ended, partial(self._finish, worker, claimed))

    def _say(self, claimed: Waiting[_Job]) -> None:
        job = claimed.job
        task = _named(job.state, claimed.key)
        if task.status is TaskStatus.RUNNING:
            self._transaction(self.cluster.costs.said_s)
            self._move(job, job.flow.told(job.state, task, self.now - job.created))

    def _renew(self) -> None:
        self._transaction(self.cluster.costs.renew_s)

    def _finish(self, worker: _Worker, claimed: Waiting[_Job]) -> None:
        done = self._transaction(self.cluster.costs.finish_s)
        self._at(done, partial(self._ended, worker, claimed))

    def _ended(self, worker: _Worker, claimed: Waiting[_Job]) -> None:
        job = claimed.job
        self._queue.end(claimed)
        task = _named(job.state, claimed.key)
        self._move(job, job.flow.ended(job.state, task, self.now - job.created))
        if self.now >= self._warm_s:
            self.figures.tasks += 1
        if job.state.job.status.is_final:
            self._complete(job)
        self._look(worker)

    def _complete(self, job: _Job) -> None:
        self._open_jobs -= 1
        if self.now >= self._warm_s:
            self.figures.jobs += 1
            self.figures.durations_s.append(self.now - job.created)
            self.figures.ended_s = self.now
        if self.cluster.jobs_per_day is None and self.cluster.jobs is None:
            self._create()

    def _move(self, job: _Job, state: JobState) -> None:
        known = {task.key for task in job.state.tasks}
        job.state = state
        self._enqueue(job, [task for task in state.tasks if task.key not in known])

    def _transaction(self, cost_s: float) -> float:
        """Return when a transaction that is begun now is over."""
        if self.now >= self._warm_s:
            self.figures.store_s += cost_s
        self._store_free = max(self._store_free, self.now) + cost_s
        return self._store_free


def _named(state: JobState, key: str) -> Task:
    task = state.task(key)
    if task is None:
        raise LookupError(f"The job has no task {key}.")
    return task


def measured(
    cluster: Cluster, workflows: Sequence[Workflow], warm_s: float, seconds: float
) -> list[str]:
    """Return a row: what a cluster does in so many seconds, once it is warm."""
    found = Simulation(cluster, workflows, warm_s).run(warm_s + seconds)
    slots = cluster.nodes * cluster.workers
    return [
        f"{cluster.nodes:,}",
        f"{found.jobs * DAY_S / seconds:,.0f}",
        f"{found.tasks / seconds:,.1f}",
        f"{found.busy_s / (slots * seconds):.1%}",
        f"{found.store_s / seconds:.0%}",
        _middle(found.waits_s, 0.5),
        _middle(found.waits_s, 0.95),
        _middle(found.durations_s, 0.5),
    ]


def _of_jobs(nodes: int, flows: Sequence[Workflow], asked: argparse.Namespace) -> list[str]:
    """Return a row: how long a cluster takes for so many jobs a node."""
    cluster = Cluster(nodes, asked.workers, jobs=asked.jobs * nodes, pace=asked.pace)
    found = beside(cluster, flows)
    busy = found.busy_s / (nodes * asked.workers * found.ended_s)
    return [
        f"{nodes:,}",
        str(found.jobs),
        f"{found.tasks:,}",
        f"{found.ended_s:.1f}",
        f"{busy:.1%}",
    ]


def _middle(values: Sequence[float], share: float) -> str:
    return f"{sorted(values)[int(share * (len(values) - 1))]:,.2f}" if values else "-"


HEAD = (
    "nodes",
    "jobs a day",
    "tasks a second",
    "training workers busy",
    "store busy",
    "wait p50 s",
    "wait p95 s",
    "job p50 s",
)


def beside(cluster: Cluster, workflows: Sequence[Workflow]) -> Figures:
    """Return what comes of the jobs that a cluster is given, as `benchmarks.cluster.scheduling` does them for real."""
    return Simulation(cluster, workflows, 0.0).run(math.inf)


JOBS_HEAD = ("nodes", "jobs", "tasks", "seconds", "training workers busy")


def workflows_of(workers: int, max_candidates: int) -> list[Workflow]:
    return [Workflow(recorded, workers, max_candidates) for recorded in recorded_jobs()]


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    flows = workflows_of(asked.workers, asked.candidates)
    if asked.jobs:
        print(
            markdown_table(
                JOBS_HEAD, [_of_jobs(nodes, flows, asked) for nodes in _numbers(asked.nodes)]
            )
        )
        return 0
    costs = Costs(finish_s=asked.finish_ms / 1000, said_s=asked.said_ms / 1000)
    rows = [
        measured(
            Cluster(nodes, asked.workers, jobs_per_day=asked.jobs_per_day, costs=costs),
            flows,
            asked.warm_s,
            asked.seconds,
        )
        for nodes in _numbers(asked.nodes)
    ]
    print(markdown_table(HEAD, rows))
    return 0


_COST = "what the store takes, to see what less would bring; not with --jobs"


def _numbers(text: str) -> Iterator[int]:
    return (int(number) for number in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", default="1,2,4,8,16,64,256,1000")
    parser.add_argument("--workers", type=int, default=2, help="training workers of a node")
    parser.add_argument("--candidates", type=int, default=25, help="of each job")
    parser.add_argument("--jobs-per-day", type=float, help="by default as many as workers can do")
    parser.add_argument("--jobs", type=int, default=0, help="for each node, and no others")
    parser.add_argument("--pace", type=float, default=1.0, help="of tasks, with --jobs")
    parser.add_argument("--finish-ms", type=float, default=1000 * Costs.finish_s, help=_COST)
    parser.add_argument("--said-ms", type=float, default=1000 * Costs.said_s, help=_COST)
    parser.add_argument("--warm-s", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
