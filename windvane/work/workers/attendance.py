"""A claimed task that an executor has in hand: its lease is kept, what it says is kept, it is ended once it is not to go on,
and what came of it is recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from windvane.domain.task import TaskStatus
from windvane.executor.base import End, Ended, Executor, News, Said, Work
from windvane.executor.forked import Result
from windvane.notes.codes import NoteCode
from windvane.notes.log import in_log
from windvane.notes.note import Note
from windvane.store.base import Store
from windvane.tracing.context import within
from windvane.tracing.span import OpenSpan, Record, unrecorded
from windvane.work.jobs.workflow import words_of
from windvane.work.workers.order import work_of
from windvane.work.workers.process_times import taken_from
from windvane.work.workers.reconciler import OF_ONE_JOB, Reconciler
from windvane.work.workers.task_handlers import TaskHandler
from windvane.work.workers.task_outcome import TaskOutcome
from windvane.work.workers.task_spans import begin_task_span, task_spans

_LOG = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)

_RENEW_S = 4.0

_UNREADABLE = Note(NoteCode.NO_RESULT)


class _Course(StrEnum):
    """The next step of a task.

    GOES_ON      its end counts
    STOPPED      its job is not to go on
    GIVEN_BACK   another worker is to do it
    TAKEN        another worker has it: its lease was lost
    """

    GOES_ON = "goes-on"
    STOPPED = "stopped"
    GIVEN_BACK = "given-back"
    TAKEN = "taken"


class Attendance:
    """Attends to one claimed task until its end: keeps its lease, stops it, records how it ended.

    memory_mb    cap of the task
    record_span  takes in what there is to tell of it if its job is traced
    """

    def __init__(
        self,
        handler: TaskHandler,
        memory_mb: int,
        executor: Executor,
        store: Store,
        reconciler: Reconciler,
        clock: Callable[[], datetime],
        record_span: Record = unrecorded,
    ) -> None:
        self._handler, self._task, self._memory_mb = handler, handler.task, memory_mb
        self._executor, self._store, self._clock = executor, store, clock
        self._reconciler, self._record_span = reconciler, record_span
        self._span: OpenSpan | None = None
        self._course = _Course.GOES_ON
        self._is_heard = False
        self._next_renewal = time.monotonic() + _RENEW_S
        self.is_over = False
        self.key = ""

    def begin(self) -> None:
        """Have the executor begin."""
        self._executor.submit(self._work())

    def take_over(self) -> None:
        """Have the executor attend to a task that goes on, after the worker that began it."""
        self._executor.take_over(self._work())

    def _work(self) -> Work:
        order = self._handler.order
        self._span = begin_task_span(order.job)
        if self._span is not None:
            order = replace(order, traceparent=self._span.context.header)
        work = work_of(order, self._memory_mb)
        self.key = work.key
        return work

    def take(self, news: News) -> None:
        """Take in what the executor tells of the task."""
        if isinstance(news, Said):
            self._is_heard = self._is_heard or self._listen(news)
            return
        self.is_over = True
        with within(None if self._span is None else self._span.context):
            self._take_end(self._traced(news))

    def _take_end(self, news: Ended) -> None:
        if self._course is _Course.GIVEN_BACK and news.end is not End.FINISHED:
            with self._store.transaction() as tx:
                tx.release_task(self._task)
        elif self._course is not _Course.TAKEN:
            self._record(news)

    def look(self) -> None:
        """Keep the lease, and end the task if that was lost or its job is not to go on. To be called every quarter of a second
        or so, until it is over."""
        if self._course is _Course.TAKEN:
            return
        if not self._keep():
            self._end(_Course.TAKEN)
            self._tell_taken()
        elif self._course is _Course.GOES_ON and not self._is_wanted():
            self._end(_Course.STOPPED)

    def give_back(self) -> None:
        """End it here, for another worker to do."""
        if self._course is _Course.GOES_ON:
            self._end(_Course.GIVEN_BACK)

    def _traced(self, ended: Ended) -> Ended:
        """Return the end of the task without what its process told of its times, which becomes spans."""
        if self._span is None:
            return ended
        result, times = taken_from(dict(ended.result))
        for span in task_spans(self._span, self._handler.owner, self._task, ended, times):
            self._record_span(span)
        return replace(ended, result=result)

    def _end(self, course: _Course) -> None:
        self._course = course
        self._executor.kill(self.key)

    def _listen(self, news: Said) -> bool:
        """Return whether the task has said what its job waits for. That is kept, and the job brought forward."""
        words = words_of(self._task, dict(news.said))
        if words is None:
            return False
        self._handler.prepare()
        now = self._clock()
        with self._store.transaction() as tx:
            if tx.keep_said(self._task, words):
                self._reconciler.bring_forward(tx, self._task.job_arn, now)
        return True

    def _keep(self) -> bool:
        if time.monotonic() < self._next_renewal:
            return True
        self._next_renewal = time.monotonic() + _RENEW_S
        with self._store.transaction() as tx:
            return tx.renew_lease(self._task, self._clock() + LEASE)

    def _is_wanted(self) -> bool:
        with self._store.snapshot() as tx:
            return self._handler.is_wanted(tx)

    def _record(self, ended: Ended) -> None:
        """Record the end of the task and what follows from it, in one transaction; nothing if the lease was lost."""
        outcome = self._handler.judge(ended, self._course is _Course.STOPPED)
        if outcome.status is TaskStatus.READY:
            self._try_again(ended, outcome)
            return
        result = dict(ended.result) if outcome.status is TaskStatus.DONE else None
        try:
            is_ours = self._finish(outcome, result)
        except OF_ONE_JOB:
            _LOG.exception("Task %s left a result that is none.", self._task.id)
            outcome = TaskOutcome(TaskStatus.FAILED, _UNREADABLE)
            is_ours = self._finish(outcome, None)
        if not is_ours:
            self._tell_taken()
            return
        ending = f"{outcome.status} {in_log(outcome.note)}".rstrip()
        _LOG.info("Task %s of %s: %s", self._task.key, self._handler.owner, ending)

    def _try_again(self, ended: Ended, outcome: TaskOutcome) -> None:
        _LOG.warning("Task %s is tried again: %s", self._task.id, in_log(outcome.note))
        with self._store.transaction() as tx:
            if ended.end is End.LOST:
                tx.lose_task(self._task)
            else:
                tx.renew_lease(self._task, self._clock())

    def _finish(self, outcome: TaskOutcome, result: Result | None) -> bool:
        """Return whether the task was still ours; if not, nothing is recorded."""
        self._handler.prepare()
        now = self._clock()
        with self._store.transaction() as tx:
            is_ours = tx.finish_task(
                self._task, outcome.status, now, result=result, failure=outcome.note
            )
            if is_ours and result is not None:
                self._handler.advance(tx, now)
            elif is_ours:
                self._reconciler.bring_forward(tx, self._task.job_arn, now)
        return is_ours

    def _tell_taken(self) -> None:
        _LOG.warning(
            "Task %s of %s is another worker's now; nothing is recorded.",
            self._task.key,
            self._handler.owner,
        )
