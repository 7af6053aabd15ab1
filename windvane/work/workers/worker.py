"""A worker process: claims a task, has it done in a process that it can kill, records what came of it.

Started by work/workers/supervisor.py, with its configuration on standard input. It never trains itself: it holds the
lease, watches stop requests, and outlives any task. It holds the keys of the stores too, so that tasks are no
forks of it, but of its fork server (executor/forkserver.py), and reach objects through its broker alone. Where tasks run on a
cluster, the process on their node has the fork server and the broker (work/workers/node.py).
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from windvane.control.deployments import deploy_candidate
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind, TaskStatus, task_id_of
from windvane.errors import NewerRecord, StoreUnreachable
from windvane.executor.base import Executor
from windvane.executor.errors import ClusterUnusable
from windvane.executor.exits import ended_of
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.zygote import ZygoteLine
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, raised
from windvane.process.child import failed_with
from windvane.process.log_lines import log_to
from windvane.store.base import Store, Transaction
from windvane.store.open import open_store
from windvane.tracing.span import Record, unrecorded
from windvane.work.workers.attendance import LEASE, Attendance
from windvane.work.workers.clearing import Clearing
from windvane.work.workers.config import WorkConfig, config_from_json
from windvane.work.workers.exchanges import Exchanges, OutOfReach
from windvane.work.workers.on_cluster import executor_on
from windvane.work.workers.process import ALIVE, BUSY, READY, REFUSED, title_of
from windvane.work.workers.reconciler import OF_ONE_JOB, Reconciler, forget, left_over, sweep
from windvane.work.workers.roles import ALL_KINDS, Role
from windvane.work.workers.starting import TaskPlaces
from windvane.work.workers.task_handlers import TaskHandler, TaskHandlers

if TYPE_CHECKING:
    from windvane.tracing.export import SpanExport

_LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 3

_LOOK_S = 0.25
_READY_S = 0.1
_SWEEP_S = 0.5
_ALIVE_S = 1.0
_PASSED_OVER_S = 60.0
_LONGEST_LINE = 3000
_CLEAR_UP_S = 10.0
_IDLE_S = (0.05, 0.25)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """Claims tasks and runs them until it is stopped.

    name     unique among all workers ever; begins with the run it belongs to
    executor has its tasks done
    prepare  whether one can begin at once: asked before a task is claimed, whose lease is short; None if that is always so
    most     tasks at once
    alive    is called between two looks for something to do
    busy     is called whenever there is something to do
    record_span
             takes in the spans of tasks whose jobs are traced
    """

    def __init__(
        self,
        config: WorkConfig,
        role: Role,
        name: str,
        store: Store,
        executor: Executor,
        prepare: Callable[[], bool] | None = None,
        clock: Callable[[], datetime] = utc_now,
        most: int = 1,
        alive: Callable[[], None] = lambda: None,
        busy: Callable[[], None] = lambda: None,
        record_span: Record = unrecorded,
    ) -> None:
        self._alive, self._busy, self._record_span = alive, busy, record_span
        self._config, self._role, self._name = config, role, name
        self._store, self._executor, self._clock = store, executor, clock
        self._prepare, self._most = prepare, most
        self._attendances: dict[str, Attendance] = {}
        exchanges = Exchanges.of(config, store)
        self._reconciler = Reconciler(
            exchanges,
            config.up_since,
            config.workers,
            _deployer(config.instance_limit),
            config.kept_models,
            config.max_columns,
            is_shared=config.is_shared,
            most_cores=config.most_cores,
            data_parallel=config.data_parallel,
        )
        self._handlers = TaskHandlers(config, self._reconciler, MAX_ATTEMPTS)
        self._clearing = Clearing(store, exchanges)
        self._passed_over: dict[str, float] = {}
        self._is_stopping = False
        self._next_sweep = self._next_clear_up = 0.0

    def stop(self) -> None:
        """Give the tasks back and return from `run` soon. May be called from a signal handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Work until told to stop."""
        idle_s = _IDLE_S[0]
        while self._attendances or not self._is_stopping:
            self._alive()
            self._meanwhile()
            has_room = len(self._attendances) < self._most
            if not self._is_stopping and (
                self._take_over_one() or (has_room and self._begin_one())
            ):
                idle_s = _IDLE_S[0]
                self._attend(0.0)
            elif self._attendances:
                self._attend(_LOOK_S)
            else:
                self._attend(idle_s)
                idle_s = min(2 * idle_s, _IDLE_S[1])

    def work_once(self) -> bool:
        """Do one task to its end; False if there is none."""
        if not self._begin_one():
            return False
        while self._attendances:
            self._attend(_LOOK_S)
            self._meanwhile()
        return True

    def _begin_one(self) -> bool:
        """Return whether there was a task to begin."""
        is_prepared = self._prepare is None or self._prepare()
        claimed = self._claim() if is_prepared else None
        if claimed is None:
            return False
        self._begin(claimed)
        return True

    def _claim(self) -> TaskHandler | None:
        """Writers take turns: who would find nothing does not ask for one."""
        with self._store.snapshot() as tx:
            if not tx.has_ready(ALL_KINDS):
                return None
            is_ours = tx.has_ready(self._role.kinds)
        self._busy()
        if not is_ours:
            return None
        now = self._clock()
        most = self._config.workers_per_account if self._role is Role.TRAIN else 0
        left = self._left_to_others()
        task: Task | None = None
        try:
            with self._store.transaction() as tx:
                for kinds in self._role.turns:
                    task = tx.claim_task(kinds, self._name, now, now + LEASE, most, left)
                    if task is not None:
                        return self._handler(tx, task, now)
        except NewerRecord:
            if task is None:
                raise
            self._pass_over(task)
        return None

    def _take_over_one(self) -> bool:
        """Return whether there was a task whose worker is gone, and which goes on. To attend to it needs no room."""
        if not (keys := self._executor.left_behind()):
            return False
        with self._store.snapshot() as tx:
            left = self._left_task(tx, keys)
        if left is None:
            return False
        now = self._clock()
        try:
            with self._store.transaction() as tx:
                task = tx.take_over_task(left, self._name, now + LEASE)
                handler = None if task is None else self._handler(tx, task, now)
        except NewerRecord:
            self._pass_over(left)
            return False
        if handler is None:
            return False
        _LOG.info("Task %s of %s is taken over.", handler.task.key, handler.owner)
        attendance = self._attendance(handler)
        attendance.take_over()
        self._attendances[attendance.key] = attendance
        return True

    def _left_task(self, tx: Transaction, keys: Sequence[str]) -> Task | None:
        """Return a task of these claims that another worker of this role has in hand; None if there is none."""
        passed_over = self._left_to_others()
        for key in keys:
            task = tx.task(task_id_of(key))
            if (
                task is not None
                and task.attempt == key
                and task.status is TaskStatus.RUNNING
                and task.kind in self._role.kinds
                and task.worker != self._name
                and task.job_arn not in passed_over
            ):
                return task
        return None

    def _pass_over(self, task: Task) -> None:
        _LOG.info("%s is left to servers of a newer version.", task.job_arn)
        self._passed_over[task.job_arn] = time.monotonic() + _PASSED_OVER_S

    def _left_to_others(self) -> set[str]:
        """Return the jobs whose tasks this worker does not claim: a newer version has written their records."""
        now = time.monotonic()
        self._passed_over = {arn: end for arn, end in self._passed_over.items() if now < end}
        return set(self._passed_over)

    def _handler(self, tx: Transaction, task: Task, now: datetime) -> TaskHandler | None:
        """Return what is to be done. A task that cannot be begun fails, so that it is not claimed again and again."""
        try:
            with tx.savepoint():
                return self._handlers.of(tx, task, now)
        except OF_ONE_JOB as error:
            _LOG.exception("Task %s of %s cannot be begun, and fails.", task.key, task.job_arn)
            why = Note(NoteCode.INTERNAL_ERROR, because=raised(error))
            tx.finish_task(task, TaskStatus.FAILED, now, failure=why)
            self._reconciler.bring_forward(tx, task.job_arn, now)
            return None

    def _begin(self, handler: TaskHandler) -> Attendance:
        if handler.task.kind is not TaskKind.ANALYZE:  # which another worker may be at, too
            handler.prepare()
        try:
            with self._store.snapshot() as tx:
                handler = self._handlers.limited(tx, handler, self._clock())
        except OutOfReach as error:
            attendance = self._attendance(handler)
            attendance.take(ended_of(handler.task.attempt, failed_with(error), {}))
        else:
            attendance = self._attendance(handler)
            attendance.begin()
            self._attendances[attendance.key] = attendance
        return attendance

    def _attendance(self, handler: TaskHandler) -> Attendance:
        return Attendance(
            handler,
            self._config.task_memory_mb,
            self._executor,
            self._store,
            self._reconciler,
            self._clock,
            self._record_span,
        )

    def _attend(self, seconds: float) -> None:
        """Take in what the executor tells within this time, and look after each task."""
        for news in self._executor.poll(seconds):
            self._attendances[news.key].take(news)
        for key, attendance in list(self._attendances.items()):
            if attendance.is_over:
                del self._attendances[key]
                continue
            if self._is_stopping:
                attendance.give_back()
            attendance.look()

    def _meanwhile(self) -> None:
        """What an express worker does besides its tasks, also while its child runs: time makes things due. What concerns
        all servers is done by the one that leads, though two that both did it would do no harm."""
        if self._role is not Role.EXPRESS:
            return
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + _SWEEP_S
            if self._leads():
                sweep(self._store, self._reconciler, self._clock(), MAX_ATTEMPTS)
        if time.monotonic() >= self._next_clear_up:
            self._next_clear_up = time.monotonic() + _CLEAR_UP_S
            leads = self._leads()
            self._clearing.begin(left_over(self._store, self._reconciler), leads=leads)
            if leads:
                days = self._config.log_days, self._config.event_days
                forget(self._store, self._clock(), *days)

    def _leads(self) -> bool:
        """Return whether the server of this worker leads."""
        if not self._config.is_shared:
            return True
        with self._store.snapshot() as tx:
            return tx.lease().holder == self._config.run


def _deployer(instance_limit: int) -> Callable[[Transaction, AutoMLJob, Any, datetime], object]:
    def deploy(tx: Transaction, job: AutoMLJob, candidate: Any, now: datetime) -> object:
        return deploy_candidate(tx, job, candidate, now, instance_limit=instance_limit)

    return deploy


def main(role: Role, line: int | None = None) -> None:
    """Run the process of a worker. Standard input says what it is to be, its name in the first line; standard output
    says when it is ready, and nothing else.

    line    descriptor of its line to the zygote; None if its tasks run on a cluster
    """
    faulthandler.enable()
    name, _, told = sys.stdin.read().partition("\n")
    if not told:
        return  # the server has ended before it came to this
    config = config_from_json(told)
    log_to(
        config.log_format.lines(f"%(asctime)s %(levelname)s [{name}] %(name)s: %(message)s", name)
    )
    store = open_store(config.store_url, config.data_dir)
    server = _Server()
    export = None if config.traces_to is None else _started_export(config.traces_to)
    executor: Executor
    if config.on_cluster is None:
        server.say(READY)
        source = ZygoteLine(socket.socket(fileno=line), title_of(name))
        forks = ForkServerExecutor(source, TaskPlaces(config, store).place_of)
        executor, prepare = forks, partial(forks.is_ready, _READY_S)
    else:
        try:
            executor, prepare = executor_on(config.on_cluster, config, store), None
        except ClusterUnusable as refusal:
            _LOG.error("%s", refusal)
            server.say(f"{REFUSED}{refusal}")
            sys.exit(1)
        server.say(READY)
    worker = Worker(
        config,
        role,
        name,
        store,
        executor,
        prepare,
        most=config.tasks_per_process,
        alive=server.say_alive,
        busy=server.say_busy,
        record_span=unrecorded if export is None else export.record,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        worker.run()
    except StoreUnreachable as away:
        _LOG.error("%s", away)
        sys.exit(1)
    store.close()
    executor.close()
    if export is not None:
        export.close()


def _started_export(endpoint: str) -> SpanExport:
    from windvane.tracing.export import SpanExport, otlp_exporter

    export = SpanExport(otlp_exporter(endpoint))
    export.start()
    return export


class _Server:
    """Says lines to the server on what was standard output, which is standard error from now on."""

    def __init__(self) -> None:
        self._line = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.set_blocking(self._line, False)
        self._next_s = 0.0
        self._is_busy = False

    def say(self, line: str) -> None:
        """Say a line. One that the server leaves no room for is not said: it reads them several times a second, unless it hangs
        itself."""
        text = " ".join(line.split())[:_LONGEST_LINE] + "\n"
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._line, text.encode())

    def say_busy(self) -> None:
        """Say, once, that there is something to do."""
        if not self._is_busy:
            self._is_busy = True
            self.say(BUSY)

    def say_alive(self) -> None:
        """Say that the worker goes on, once a second however often it is called."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _ALIVE_S
            self.say(ALIVE)


if __name__ == "__main__":
    main(Role(sys.argv[1]), *map(int, sys.argv[2:]))
