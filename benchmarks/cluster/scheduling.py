"""Run the service's own workers on recorded jobs: python -m benchmarks.cluster.scheduling [--store URL] [--nodes 1,2,4] [--pace P]

Every worker is a process, claims from a store and records what came of its tasks, as in the service; only that a task is a wait
for as long as was recorded, divided by the pace. With the pace 0 tasks take no time, and what is measured is the scheduler
itself: how many tasks a second it bears, and how long its transactions hold the store.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cluster.recorded import RecordedJob, algorithm_of, recorded_jobs
from benchmarks.cluster.simulated_job import replayed_job, result_of, said_of
from benchmarks.markdown import markdown_table
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.task import NewTask, Task, TaskKind
from windvane.executor.base import End, Ended, News, Said, Work
from windvane.names import Scope
from windvane.store.base import Store
from windvane.store.open import open_store
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.order import order_from_json
from windvane.work.workers.roles import Role
from windvane.work.workers.worker import Worker
from windvane.work.workspace import workspace_of

_ACCOUNTS = 20
_LOOK_S = 1.0
"""Between two looks at whether any job is open."""
_KINDS = {
    "claim_task": "claim",
    "finish_task": "finish",
    "renew_lease": "renew",
    "keep_said": "said",
}
HEAD = ("nodes", "jobs", "tasks", "seconds", "tasks a second", "training workers busy")
COSTS_HEAD = ("transaction", "number", "ms p50", "ms mean", "ms p95")


@dataclass
class _Wait:
    """A task under way.

    ends     in time.monotonic()
    brings   its result
    tells    what it says while it runs; None if it has said it, or says nothing
    """

    ends: float
    brings: Mapping[str, Any]
    tells: Mapping[str, Any] | None


class ReplayingExecutor:
    """An executor whose work is a wait for as long as was recorded, and brings what was recorded.

    pace    by which waits are shorter; 0 for none
    """

    def __init__(self, data_dir: Path, recorded: Sequence[RecordedJob], pace: float) -> None:
        self._data_dir, self._pace = data_dir, pace
        self._by_name = {one.name: one for one in recorded}
        self._running: dict[str, _Wait] = {}

    def submit(self, work: Work) -> None:
        order = order_from_json(work.payload["order"])
        job, task = order.job, order.task
        if not isinstance(job, AutoMLJob):
            raise TypeError(f"{job.name} is no AutoML job.")
        source = self._by_name[job.spec.data.training.source.uri.rpartition("/")[2]]
        told = source.like(task.kind, task.key, algorithm_of(task.payload))
        if task.kind is TaskKind.ANALYZE:
            folder = workspace_of(self._data_dir, job).dataset
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "analysis.json").write_bytes(source.analysis)
        seconds = told.seconds / self._pace if self._pace else 0.0
        ends = time.monotonic() + seconds
        self._running[work.key] = _Wait(ends, result_of(told, task), said_of(told))

    def poll(self, timeout_s: float) -> list[News]:
        until = time.monotonic() + timeout_s
        while not (news := self._news()) and time.monotonic() < until:
            soonest = min((one.ends for one in self._running.values()), default=until)
            time.sleep(max(0.0, min(soonest, until) - time.monotonic()))
        return news

    def kill(self, key: str) -> None:
        self._running.pop(key, None)

    def left_behind(self) -> list[str]:
        return []

    def take_over(self, work: Work) -> None:
        raise NotImplementedError("No work is left behind here, so none is taken over.")

    def close(self) -> None:
        self._running.clear()

    def _news(self) -> list[News]:
        news: list[News] = []
        for key, one in list(self._running.items()):
            if one.tells is not None:
                news.append(Said(key, one.tells))
                one.tells = None
            if time.monotonic() >= one.ends:
                news.append(Ended(key, End.FINISHED, one.brings))
                del self._running[key]
        return news


@dataclass
class TimedStore:
    """A store that notes how long each transaction held it, by what was done in it."""

    inner: Store
    held_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self.inner.transaction() as tx:
            noted = _Noted(tx)
            started = time.perf_counter()
            yield noted
        self.held_s[noted.kind()].append(time.perf_counter() - started)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Noted:
    """A transaction that remembers what was asked of it."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self._asked: set[str] = set()
        self._claimed = False

    def __getattr__(self, name: str) -> Any:
        self._asked.add(name)
        return getattr(self._tx, name)

    def claim_task(self, *arguments: Any) -> Task | None:
        self._asked.add("claim_task")
        task: Task | None = self._tx.claim_task(*arguments)
        self._claimed = self._claimed or task is not None
        return task

    def kind(self) -> str:
        found = next((kind for name, kind in _KINDS.items() if name in self._asked), "other")
        return found if found != "claim" or self._claimed else "claim of nothing"


def work(config: WorkConfig, role: Role, name: str, pace: float, costs: Path) -> None:
    """Be a worker until no job is open, and write down how long transactions took."""
    store = TimedStore(open_store(config.store_url, config.data_dir))
    executor = ReplayingExecutor(config.data_dir, recorded_jobs(), pace)
    worker = Worker(config, role, name, store, executor)
    threading.Thread(target=_stop_at_the_end, args=(worker, store.inner), daemon=True).start()
    worker.run()
    store.close()
    costs.write_text(json.dumps(store.held_s))


def _stop_at_the_end(worker: Worker, store: Store) -> None:
    while True:
        with store.snapshot() as tx:
            if not tx.count(AutoMLJob, [str(JobStatus.IN_PROGRESS)]):
                worker.stop()
                return
        time.sleep(_LOOK_S)


@dataclass(frozen=True)
class Run:
    """The figures of one run of workers on recorded jobs.

    busy_s    of training workers, in tasks
    held_s    how long each transaction held the store, by what was done in it
    """

    nodes: int
    workers: int
    jobs: int
    tasks: int
    seconds: float
    busy_s: float
    held_s: dict[str, list[float]]

    def row(self) -> list[str]:
        busy = self.busy_s / (self.nodes * self.workers * self.seconds)
        return [
            str(self.nodes),
            str(self.jobs),
            f"{self.tasks:,}",
            f"{self.seconds:.1f}",
            f"{self.tasks / self.seconds:.1f}",
            f"{busy:.1%}",
        ]


def run(store_url: str, nodes: int, asked: argparse.Namespace) -> Run:
    """Create jobs, and let workers do them."""
    recorded = recorded_jobs()
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder:
        now = datetime.now(UTC)
        config = WorkConfig(Path(folder), "replay", now, asked.workers, 8192, store_url=store_url)
        store = open_store(store_url, config.data_dir)
        store.migrate()
        name = f"{nodes}-{time.time_ns()}"
        arns = [
            _create(store, recorded[number % len(recorded)], number, name, asked.candidates)
            for number in range(asked.jobs * nodes)
        ]
        started = time.monotonic()
        _do(config, nodes, asked, Path(folder))
        seconds = time.monotonic() - started
        with store.snapshot() as tx:
            tasks = [task for arn in arns for task in tx.tasks(arn)]
        store.close()
        held: dict[str, list[float]] = defaultdict(list)
        for file in Path(folder).glob("*.costs"):
            for kind, values in json.loads(file.read_text()).items():
                held[kind] += values
    busy_s = sum(_seconds(task) for task in tasks if "/train-" in task.worker)
    return Run(nodes, asked.workers, len(arns), len(tasks), seconds, busy_s, dict(held))


def _create(store: Store, recorded: RecordedJob, number: int, name: str, candidates: int) -> str:
    scope = Scope(f"{number % _ACCOUNTS:012}", "us-east-1")
    job = replayed_job(recorded, scope, f"job-{name}-{number}", datetime.now(UTC), candidates)
    with store.transaction() as tx:
        tx.insert(job)
        tx.add_tasks(job.arn, [NewTask(TaskKind.ANALYZE, "analyze")], job.created)
    return job.arn


def _do(config: WorkConfig, nodes: int, asked: argparse.Namespace, folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(
            target=work,
            args=(
                config,
                role,
                f"replay-{node}/{role}-{number}/1",
                asked.pace,
                folder / f"{node}-{number}.costs",
            ),
        )
        for node in range(nodes)
        for number, role in enumerate((Role.EXPRESS, *[Role.TRAIN] * asked.workers))
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"A worker ended with {process.exitcode}.")


def _seconds(task: Task) -> float:
    if task.started is None or task.ended is None:
        return 0.0
    return (task.ended - task.started).total_seconds()


def _costs(runs: Sequence[Run]) -> list[list[str]]:
    held: dict[str, list[float]] = defaultdict(list)
    for one in runs:
        for kind, values in one.held_s.items():
            held[kind] += values
    return [
        [
            kind,
            f"{len(values):,}",
            f"{1000 * sorted(values)[len(values) // 2]:.2f}",
            f"{1000 * sum(values) / len(values):.2f}",
            f"{1000 * sorted(values)[int(0.95 * len(values))]:.2f}",
        ]
        for kind, values in sorted(held.items())
    ]


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    runs = [run(asked.store, int(nodes), asked) for nodes in asked.nodes.split(",")]
    print(markdown_table(HEAD, [one.row() for one in runs]))
    print(markdown_table(COSTS_HEAD, _costs(runs)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--store", default="", help="URL; by default SQLite in a temporary folder")
    parser.add_argument("--nodes", default="1,2,4")
    parser.add_argument("--workers", type=int, default=2, help="training workers of a node")
    parser.add_argument("--jobs", type=int, default=4, help="for each node")
    parser.add_argument("--candidates", type=int, default=25, help="of each job")
    parser.add_argument("--pace", type=float, default=0.0, help="0: tasks take no time")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
