"""Tasks in their table: queued, claimed, kept, ended.

A claim raises the task's token; whoever holds an older one changes nothing any more, nor does a worker whose claim another has taken over.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, insert, select, true, update

from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.domain.transitions import check_transition
from windvane.names import Scope
from windvane.notes.codes import NoteCode
from windvane.notes.earlier import kept_failure
from windvane.notes.note import Note, note_to_json
from windvane.store.records import check_json
from windvane.store.rows import Rows
from windvane.store.schema import TASKS
from windvane.store.times import from_micros, optional_time, to_micros

_OLDEST_FIRST = (TASKS.c.created, TASKS.c.id)
_IS_READY = TASKS.c.status == str(TaskStatus.READY)
_IS_RUNNING = TASKS.c.status == str(TaskStatus.RUNNING)
_IS_OPEN = TASKS.c.status.in_([str(status) for status in TaskStatus if status.is_open])


class TaskRows(Rows):
    """The part of a Transaction that is about tasks."""

    def add_tasks(self, job_arn: str, tasks: Iterable[NewTask], now: datetime) -> None:
        known = select(TASKS.c.key).where(TASKS.c.job_arn == job_arn)
        keys = set(self._connection.execute(known).scalars())
        rows = []
        for task in tasks:
            if task.key not in keys:
                keys.add(task.key)
                rows.append(_new_row(job_arn, task, now))
        if rows:
            self._connection.execute(insert(TASKS), rows)

    def tasks(self, job_arn: str) -> list[Task]:
        return self._select(TASKS.c.job_arn == job_arn)

    def task(self, task_id: int) -> Task | None:
        found = self._select(TASKS.c.id == task_id)
        return found[0] if found else None

    def has_ready(self, kinds: Sequence[TaskKind]) -> bool:
        any_ready = select(TASKS.c.id).where(_IS_READY, _is_of(kinds)).limit(1)
        return self._connection.execute(any_ready).first() is not None

    def claim_task(
        self,
        kinds: Sequence[TaskKind],
        worker: str,
        now: datetime,
        lease_until: datetime,
        most_of_account: int = 0,
        passed_over: Collection[str] = (),
    ) -> Task | None:
        job_arn = self._job_in_turn(kinds, _role(worker), most_of_account, passed_over)
        if job_arn is None:
            return None
        of_job = (_IS_READY, _is_of(kinds), TASKS.c.job_arn == job_arn)
        oldest = select(TASKS).where(*of_job).order_by(*_OLDEST_FIRST).limit(1)
        row = self._connection.execute(oldest).one()
        task = _task(row)
        claimed = replace(
            task,
            status=TaskStatus.RUNNING,
            token=task.token + 1,
            attempts=task.attempts + 1,
            worker=worker,
            started=now,
            lease_until=lease_until,
        )
        return self._write(task, claimed)

    def _job_in_turn(
        self,
        kinds: Sequence[TaskKind],
        role: str,
        most_of_account: int,
        passed_over: Collection[str],
    ) -> str | None:
        """Return the job whose oldest ready task is next; None if there is none."""
        ready = (
            select(TASKS.c.job_arn, func.min(TASKS.c.created), func.min(TASKS.c.id))
            .where(_IS_READY, _is_of(kinds))
            .group_by(TASKS.c.job_arn)
        )
        waiting = self._connection.execute(ready).all()
        if not waiting:
            return None
        running = select(TASKS.c.job_arn, TASKS.c.worker, func.count()).where(_IS_RUNNING)
        of_job: Counter[str] = Counter()
        of_account: Counter[str] = Counter()
        alike: Counter[str] = Counter()
        for arn, worker, n_running in self._connection.execute(
            running.group_by(TASKS.c.job_arn, TASKS.c.worker)
        ):
            of_job[arn] += n_running
            of_account[_account(arn)] += n_running
            alike[_account(arn)] += n_running if _role(worker) == role else 0
        turns = [
            (of_account[_account(arn)], of_job[arn], created, first_id, arn)
            for arn, created, first_id in waiting
            if arn not in passed_over
            if not most_of_account or alike[_account(arn)] < most_of_account
        ]
        return min(turns)[-1] if turns else None

    def jobs_in_flight(self, account: str) -> int:
        open_jobs = select(TASKS.c.job_arn).where(_IS_OPEN).distinct()
        found = self._connection.execute(open_jobs).scalars()
        return sum(_account(arn) == account for arn in found)

    def renew_lease(self, task: Task, lease_until: datetime) -> bool:
        renewed = update(TASKS).where(_is_held(task)).values(lease_until=to_micros(lease_until))
        return self._connection.execute(renewed).rowcount == 1

    def keep_said(self, task: Task, said: dict[str, Any]) -> bool:
        told = update(TASKS).where(_is_held(task)).values(result=_json(said))
        return self._connection.execute(told).rowcount == 1

    def finish_task(
        self,
        task: Task,
        status: TaskStatus,
        now: datetime,
        *,
        result: dict[str, Any] | None = None,
        failure: Note | None = None,
    ) -> bool:
        if status.is_open:
            raise ValueError(f"A task ends as done, failed or cancelled, not as {status}.")
        ended = update(TASKS).where(_is_held(task))
        done = self._connection.execute(
            ended.values(
                status=str(status),
                ended=to_micros(now),
                lease_until=None,
                result=None if result is None else _json(result),
                error=_json(None if failure is None else note_to_json(failure)),
            )
        )
        return done.rowcount == 1

    def cancel_ready_tasks(
        self, job_arn: str, kinds: Sequence[TaskKind], now: datetime
    ) -> list[Task]:
        waiting = self._select(and_(_IS_READY, TASKS.c.job_arn == job_arn, _is_of(kinds)))
        return [
            self._write(task, replace(task, status=TaskStatus.CANCELLED, ended=now))
            for task in waiting
        ]

    def release_task(self, task: Task) -> bool:
        held = self._select(_is_held(task))
        return bool([self._write(task, _given_back(task)) for task in held])

    def take_over_task(self, task: Task, worker: str, lease_until: datetime) -> Task | None:
        for held in self._select(_is_held(task)):
            return self._write(held, replace(held, worker=worker, lease_until=lease_until))
        return None

    def lose_task(self, task: Task) -> bool:
        held = self._select(_is_held(task))
        return bool(
            [self._write(task, replace(_given_back(task), losses=task.losses + 1)) for task in held]
        )

    def release_foreign(
        self, servers: Collection[str], leased_until: datetime | None = None
    ) -> list[Task]:
        is_over = true() if leased_until is None else TASKS.c.lease_until <= to_micros(leased_until)
        running = self._select(and_(_IS_RUNNING, is_over))
        foreign = [task for task in running if task.worker.partition("/")[0] not in servers]
        return [self._write(task, _given_back(task)) for task in foreign]

    def release_expired(self, now: datetime, max_attempts: int) -> list[Task]:
        over = self._select(and_(_IS_RUNNING, TASKS.c.lease_until <= to_micros(now)))
        return [self._write(task, _released(task, now, max_attempts)) for task in over]

    def open_tasks(self, scope: Scope, limit: int) -> list[Task]:
        jobs = f"arn:aws:sagemaker:{scope.region}:{scope.account}:"
        of_scope = TASKS.c.job_arn.startswith(jobs, autoescape=True)
        running_first = case((_IS_RUNNING, 0), else_=1)
        found = select(TASKS).where(_IS_OPEN, of_scope).order_by(running_first, *_OLDEST_FIRST)
        return [_task(row) for row in self._connection.execute(found.limit(limit))]

    def open_task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        counted = select(TASKS.c.worker, TASKS.c.status, func.count()).where(_IS_OPEN)
        counts: Counter[tuple[str, TaskStatus]] = Counter()
        for worker, status, n in self._connection.execute(
            counted.group_by(TASKS.c.worker, TASKS.c.status)
        ):
            counts[worker.partition("/")[0], TaskStatus(status)] += n
        return dict(counts)

    def open_task_ages(self, now: datetime) -> dict[str, list[float]]:
        still_open = select(TASKS.c.kind, TASKS.c.created).where(_IS_OPEN)
        ages = defaultdict(list)
        for kind, created in self._connection.execute(still_open.order_by(*_OLDEST_FIRST)):
            ages[kind].append((now - from_micros(created)).total_seconds())
        return dict(ages)

    def _select(self, condition: ColumnElement[bool]) -> list[Task]:
        found = select(TASKS).where(condition).order_by(*_OLDEST_FIRST)
        return [_task(row) for row in self._connection.execute(found)]

    def _write(self, before: Task, task: Task) -> Task:
        check_transition(before, task)
        changed = update(TASKS).where(TASKS.c.id == task.id)
        self._connection.execute(changed.values(**_changing_columns(task)))
        return task


def _account(job_arn: str) -> str:
    """Return the account of a job's ARN; "" for what is none."""
    parts = job_arn.split(":", 5)
    return parts[4] if len(parts) > 5 else ""


def _role(worker: str) -> str:
    """Return the role of a worker called RUN/ROLE-NUMBER/START; "" for others."""
    parts = worker.rsplit("/", 2)
    return parts[1].rpartition("-")[0] if len(parts) == 3 else ""


def _is_of(kinds: Sequence[TaskKind]) -> ColumnElement[bool]:
    return TASKS.c.kind.in_([str(kind) for kind in kinds])


def _is_held(task: Task) -> ColumnElement[bool]:
    is_same_claim = and_(TASKS.c.id == task.id, TASKS.c.token == task.token, _IS_RUNNING)
    return and_(is_same_claim, TASKS.c.worker == task.worker)


def _given_back(task: Task) -> Task:
    ready = replace(task, status=TaskStatus.READY, worker="", lease_until=None, said=None)
    return replace(ready, attempts=task.attempts - 1)


def _released(task: Task, now: datetime, max_attempts: int) -> Task:
    task = replace(task, said=None)
    if task.attempts < max_attempts:
        return replace(task, status=TaskStatus.READY, worker="", lease_until=None)
    return replace(
        task,
        status=TaskStatus.FAILED,
        ended=now,
        lease_until=None,
        failure=Note(NoteCode.ATTEMPTS_USED, {"attempts": task.attempts, "worker": task.worker}),
    )


def _new_row(job_arn: str, task: NewTask, now: datetime) -> dict[str, Any]:
    return {
        "job_arn": job_arn,
        "kind": str(task.kind),
        "key": task.key,
        "status": str(TaskStatus.READY),
        "token": 0,
        "attempts": 0,
        "worker": "",
        "created": to_micros(now),
        "error": _json(None),
        "payload": _json(task.payload),
    }


def _changing_columns(task: Task) -> dict[str, Any]:
    return {
        "status": str(task.status),
        "token": task.token,
        "attempts": task.attempts,
        "losses": task.losses,
        "worker": task.worker,
        "started": _optional_micros(task.started),
        "ended": _optional_micros(task.ended),
        "lease_until": _optional_micros(task.lease_until),
        "error": _json(None if task.failure is None else note_to_json(task.failure)),
        "result": None if task.said is None else _json(task.said),
    }


def _optional_micros(time: datetime | None) -> int | None:
    return None if time is None else to_micros(time)


def _json(value: Any) -> str:
    return json.dumps(check_json(value), separators=(",", ":"))


def _task(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        job_arn=row.job_arn,
        kind=TaskKind(row.kind),
        key=row.key,
        payload=json.loads(row.payload),
        status=TaskStatus(row.status),
        token=row.token,
        attempts=row.attempts,
        losses=row.losses,
        worker=row.worker,
        created=from_micros(row.created),
        started=optional_time(row.started),
        ended=optional_time(row.ended),
        lease_until=optional_time(row.lease_until),
        said=_left(row) if row.status == TaskStatus.RUNNING else None,
        result=_left(row) if row.status != TaskStatus.RUNNING else None,
        failure=kept_failure(json.loads(row.error)),
    )


def _left(row: Row[Any]) -> dict[str, Any] | None:
    """Return what a task has left so far."""
    found: dict[str, Any] | None = None if row.result is None else json.loads(row.result)
    return found
