"""A worker process: claims a task, has it done in a process that it can kill, records what came of it.

Started by work/workers/supervisor.py, with its configuration on standard input. It never trains itself: it holds the
lease, watches time and stop requests, and outlives any task. It holds the keys of the stores too, so that tasks are no
forks of it, but of its fork server (work/workers/forkserver.py), and reach objects through its broker alone.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any, Protocol

from windvane.control.deployments import deploy_candidate
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.errors import WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.log import in_log
from windvane.notes.note import Note, raised
from windvane.process.child import Ending, Exit, failed_with
from windvane.process.log_lines import log_to
from windvane.store.base import Store, Transaction
from windvane.store.open import open_store
from windvane.work.jobs.workflow import words_of
from windvane.work.workers.clearing import Clearing
from windvane.work.workers.config import WorkConfig, config_from_json
from windvane.work.workers.forked import Result
from windvane.work.workers.forks import Forks
from windvane.work.workers.order import TaskOrder
from windvane.work.workers.process import READY_LINE
from windvane.work.workers.reconciler import OF_ONE_JOB, Reconciler, forget, left_over, sweep
from windvane.work.workers.roles import Role
from windvane.work.workers.starting import TaskStarter
from windvane.work.workers.task_handlers import TaskHandler, TaskHandlers
from windvane.work.workers.task_outcome import TaskOutcome

_LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LEASE = timedelta(seconds=15)

_RENEW_S = 4.0
_LOOK_S = 0.25
_SWEEP_S = 0.5
_CLEAR_UP_S = 10.0
_IDLE_S = (0.05, 0.25)

_UNREADABLE = Note(NoteCode.NO_RESULT)


def utc_now() -> datetime:
    return datetime.now(UTC)


class TaskProcess(Protocol):
    """A task under way in a process of its own."""

    def wait(self, timeout_s: float) -> Exit | None:
        """Return how it ended, after waiting until it does, says something, or the time is over."""

    def said(self) -> Result | None:
        """Return what it said last, once; None if it has said nothing since."""

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        """Kill it now. Returns how it ended: `reason`, or what it was if it had ended before."""

    def result(self) -> Result:
        """Of one that FINISHED."""


@dataclass(frozen=True)
class NeverStarted:
    """A task that ended before it had a process."""

    ended: Exit

    def wait(self, _timeout_s: float) -> Exit:
        return self.ended

    def said(self) -> Result | None:
        return None

    def kill(self, _reason: Ending = Ending.KILLED) -> Exit:
        return self.ended

    def result(self) -> Result:
        return {}


StartTask = Callable[[TaskOrder], TaskProcess]


@dataclass(frozen=True)
class RunningTask:
    """A task under way and what it is of."""

    handler: TaskHandler
    running: TaskProcess


class Worker:
    """name     unique among all workers ever; begins with the run it belongs to
    start    begins to do an order, one at a time
    prepare  whether that can begin at once: asked before a task is claimed, whose lease is short
    """

    def __init__(
        self,
        config: WorkConfig,
        role: Role,
        name: str,
        store: Store,
        start: StartTask,
        prepare: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config, self._role, self._name = config, role, name
        self._store, self._start_task, self._clock = store, start, clock
        self._prepare = prepare
        self._reconciler = Reconciler(
            config.data_dir,
            config.up_since,
            config.workers,
            _deployer(config.instance_limit),
            config.kept_models,
            config.max_columns,
            is_shared=config.is_shared,
        )
        self._handlers = TaskHandlers(config, self._reconciler, MAX_ATTEMPTS)
        self._clearing = Clearing()
        self._is_stopping = False
        self._next_sweep = self._next_clear_up = self._next_renewal = 0.0

    def stop(self) -> None:
        """Give the task back and return from `run` soon. May be called from a signal handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Work until told to stop."""
        idle_s = _IDLE_S[0]
        while not self._is_stopping:
            self._meanwhile()
            if self.work_once():
                idle_s = _IDLE_S[0]
            else:
                time.sleep(idle_s)
                idle_s = min(2 * idle_s, _IDLE_S[1])

    def work_once(self) -> bool:
        """Do one task to its end; False if there is none."""
        if not self._prepare():
            return False
        claimed = self._claim()
        if claimed is None:
            return False
        watch = self._start(claimed)
        ended = self._attend(watch)
        if ended is not None:
            self._record(watch, *ended)
        return True

    def _claim(self) -> TaskHandler | None:
        now = self._clock()
        most = self._config.workers_per_account if self._role is Role.TRAIN else 0
        with self._store.transaction() as tx:
            for kinds in self._role.turns:
                task = tx.claim_task(kinds, self._name, now, now + LEASE, most)
                if task is not None:
                    return self._begun(tx, task, now)
        return None

    def _begun(self, tx: Transaction, task: Task, now: datetime) -> TaskHandler | None:
        """What is to be done. A task that cannot be begun fails, so that it is not claimed again and again."""
        try:
            with tx.savepoint():
                return self._handlers.of(tx, task, now)
        except OF_ONE_JOB as error:
            _LOG.exception("Task %s of %s cannot be begun, and fails.", task.key, task.job_arn)
            why = Note(NoteCode.INTERNAL_ERROR, because=raised(error))
            tx.finish_task(task, TaskStatus.FAILED, now, failure=why)
            self._reconciler.bring_forward(tx, task.job_arn, now)
            return None

    def _start(self, handler: TaskHandler) -> RunningTask:
        if handler.task.kind is not TaskKind.ANALYZE:  # which another worker may be at, too
            handler.prepare()
        with self._store.snapshot() as tx:
            handler = self._handlers.limited(tx, handler, self._clock())
        running = self._started(handler.order)
        self._next_renewal = time.monotonic() + _RENEW_S
        return RunningTask(handler, running)

    def _started(self, order: TaskOrder) -> TaskProcess:
        """Return what begins to do an order. One whose folder cannot be made, for want of room in memory or on the disk, has
        failed."""
        try:
            return self._start_task(order)
        except (OSError, WindvaneError) as error:
            _LOG.exception("The task %s of %s could not be started.", order.task.key, order.job.arn)
            return NeverStarted(failed_with(error))

    def _attend(self, watch: RunningTask) -> tuple[Exit, bool] | None:
        """Return how the child ended, and whether it was stopped because its job is not to go on. None if the task is not
        ours any more: given back, or lost."""
        is_heard = False
        while (ended := watch.running.wait(_LOOK_S)) is None:
            is_heard = is_heard or self._listen(watch)
            if self._is_stopping:
                self._give_back(watch)
                return None
            if self._clock() >= watch.handler.stop_at:
                return watch.running.kill(Ending.KILLED_TIME), False
            if not self._keep(watch.handler.task):
                watch.running.kill()
                _tell_lost(watch.handler)
                return None
            if not self._is_wanted(watch):
                return watch.running.kill(), True
            self._meanwhile()
        return ended, False

    def _listen(self, watch: RunningTask) -> bool:
        """Return whether the task has said what its job waits for. That is kept, and the job brought forward."""
        said, task = watch.running.said(), watch.handler.task
        words = None if said is None else words_of(task, said)
        if words is None:
            return False
        watch.handler.prepare()
        now = self._clock()
        with self._store.transaction() as tx:
            if tx.keep_said(task, words):
                self._reconciler.bring_forward(tx, task.job_arn, now)
        return True

    def _give_back(self, watch: RunningTask) -> None:
        watch.running.kill()
        with self._store.transaction() as tx:
            tx.release_task(watch.handler.task)

    def _keep(self, task: Task) -> bool:
        if time.monotonic() < self._next_renewal:
            return True
        self._next_renewal = time.monotonic() + _RENEW_S
        with self._store.transaction() as tx:
            return tx.renew_lease(task, self._clock() + LEASE)

    def _is_wanted(self, watch: RunningTask) -> bool:
        with self._store.snapshot() as tx:
            return watch.handler.is_wanted(tx)

    def _record(self, watch: RunningTask, ended: Exit, is_stopped: bool) -> None:
        """The end of the task and what follows from it, in one transaction; nothing if the lease was lost."""
        handler = watch.handler
        outcome = handler.judge(ended, is_stopped)
        why = in_log(outcome.note)
        result = watch.running.result() if outcome.status is TaskStatus.DONE else None
        now = self._clock()
        if outcome.status is TaskStatus.READY:
            _LOG.warning("Task %s is tried again: %s", handler.task.id, why)
            with self._store.transaction() as tx:
                tx.renew_lease(handler.task, now)
            return
        try:
            is_ours = self._finish(handler, outcome, result)
        except OF_ONE_JOB:
            _LOG.exception("Task %s left a result that is none.", handler.task.id)
            outcome, why = TaskOutcome(TaskStatus.FAILED, _UNREADABLE), in_log(_UNREADABLE)
            is_ours = self._finish(handler, outcome, None)
        if not is_ours:
            _tell_lost(handler)
            return
        _LOG.info("Task %s of %s: %s %s", handler.task.key, handler.owner, outcome.status, why)

    def _finish(self, handler: TaskHandler, outcome: TaskOutcome, result: Result | None) -> bool:
        """Return whether the task was still ours; if not, nothing is recorded."""
        handler.prepare()
        now = self._clock()
        with self._store.transaction() as tx:
            is_ours = tx.finish_task(
                handler.task, outcome.status, now, result=result, failure=outcome.note
            )
            if is_ours and result is not None:
                handler.advance(tx, now)
            elif is_ours:
                self._reconciler.bring_forward(tx, handler.task.job_arn, now)
        return is_ours

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
            self._clearing.begin(left_over(self._store, self._reconciler))
            if self._leads():
                days = self._config.log_days, self._config.event_days
                forget(self._store, self._clock(), *days)

    def _leads(self) -> bool:
        """Return whether the server of this worker leads."""
        if not self._config.is_shared:
            return True
        with self._store.snapshot() as tx:
            return tx.lease().holder == self._config.run


def _tell_lost(handler: TaskHandler) -> None:
    task = handler.task
    _LOG.warning(
        "Task %s of %s is another worker's now; nothing is recorded.", task.key, handler.owner
    )


def _deployer(instance_limit: int) -> Callable[[Transaction, AutoMLJob, Any, datetime], object]:
    def deploy(tx: Transaction, job: AutoMLJob, candidate: Any, now: datetime) -> object:
        return deploy_candidate(tx, job, candidate, now, instance_limit=instance_limit)

    return deploy


def main(role: Role) -> None:
    """The process of a worker. Standard input says what it is to be, its name in the first line; standard output says
    when it is ready, and nothing else."""
    faulthandler.enable()
    name, _, told = sys.stdin.read().partition("\n")
    if not told:
        return  # the server has ended before it came to this
    log_to(f"%(asctime)s %(levelname)s [{name}] %(name)s: %(message)s")
    config = config_from_json(told)
    store = open_store(config.store_url, config.data_dir)
    sys.stdout.buffer.write(READY_LINE)
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    forks = Forks(
        role.libraries
    )  # its libraries take seconds to load: other workers are to be ready first
    starter = TaskStarter(config, store, forks)
    worker = Worker(config, role, name, store, starter.start, starter.prepare)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    store.close()
    forks.close()


if __name__ == "__main__":
    main(Role(sys.argv[1]))
