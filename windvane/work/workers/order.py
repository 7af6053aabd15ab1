"""An order: all that a process must know to do one task, as one piece of JSON. Nothing secret is in it, and, where tasks
exchange data through the store, no path either but that of the weights of Chronos-Bolt, which every machine has at the same place:
any machine can carry it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windvane.automl.task import ActionTask
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task
from windvane.executor.base import Work
from windvane.notes.note import Note, note_from_json, note_to_json
from windvane.store.records import from_json, to_json
from windvane.work.exchange import Where, where_from_json
from windvane.work.jobs.finished import NOTHING, Finished
from windvane.work.workers.roles import LIBRARY

_JOBS: dict[str, type[AutoMLJob | ProcessingJob]] = {
    kind.__name__: kind for kind in (AutoMLJob, ProcessingJob, TrainingJob, TransformJob)
}


@dataclass(frozen=True)
class TaskOrder:
    """A task with everything that the process doing it must know.

    exchange   where tasks of the job leave things for each other
    stop_at    time.time() at which the process will be killed
    figures    of work/allowance.py
    why_not    why the task must not be done; None if it may
    action     of the workflow, with what it reads and writes and its limits; None for every other task
    finished   what the tasks of an AutoML job had made when this one began
    traceparent
               of the span of this attempt at the task; "" if it is not traced
    """

    job: AutoMLJob | ProcessingJob
    task: Task
    exchange: Where
    stop_at: float
    figures: Mapping[str, Any]
    why_not: Note | None = None
    action: ActionTask | None = None
    finished: Finished = NOTHING
    traceparent: str = ""


def order_to_json(order: TaskOrder) -> str:
    return json.dumps(
        {
            "kind": type(order.job).__name__,
            "job": to_json(order.job),
            "task": to_json(order.task),
            "exchange": order.exchange.to_json(),
            "stop_at": order.stop_at,
            "figures": dict(order.figures),
            "why_not": None if order.why_not is None else note_to_json(order.why_not),
            "action": None if order.action is None else order.action.to_json(),
            "finished": order.finished.to_json(),
            "traceparent": order.traceparent,
        }
    )


def order_from_json(text: str) -> TaskOrder:
    told: dict[str, Any] = json.loads(text)
    return TaskOrder(
        job=from_json(_JOBS[told["kind"]], told["job"]),
        task=from_json(Task, told["task"]),
        exchange=where_from_json(told["exchange"]),
        stop_at=told["stop_at"],
        figures=told["figures"],
        why_not=None if told["why_not"] is None else note_from_json(told["why_not"]),
        action=None if told["action"] is None else ActionTask.from_json(told["action"]),
        finished=Finished.from_json(told["finished"]),
        traceparent=told["traceparent"],
    )


def work_of(order: TaskOrder, memory_mb: int) -> Work:
    """Return an order as an executor takes it.

    memory_mb    its cap
    """
    threads = int(order.figures.get("threads", 1))
    needs = None if order.action is None else order.action.resources
    return Work(
        order.task.attempt,
        f"{LIBRARY}:perform_payload",
        {"order": order_to_json(order)},
        memory_mb,
        order.stop_at,
        threads if needs is None else needs.cpus,
        1 if needs is None else needs.n_members,
    )
