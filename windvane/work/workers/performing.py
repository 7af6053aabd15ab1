"""What is done with an order, by the kind of its job; in the process that was forked for it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.automl.exchange import Exchange, SharedFolder
from windvane.domain.candidate import TrainingJob, TransformJob
from windvane.domain.job import AutoMLJob
from windvane.engine.learners.members import Members
from windvane.errors import JobFault
from windvane.executor.base import Say
from windvane.tracing.context import read_traceparent, within
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import ArtifactExchange, InFolder
from windvane.work.tasks.processing import process
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.tasks.stages import perform
from windvane.work.tasks.step_context import StepContext
from windvane.work.tasks.training import train
from windvane.work.tasks.transform import transform
from windvane.work.workers.order import TaskOrder, order_from_json
from windvane.work.workers.process_times import ProcessTimes, TimedExchange
from windvane.work.workers.timed_artifacts import TimedArtifacts
from windvane.work.workspace import Workspace


@dataclass(frozen=True)
class Member:
    """One of the members that do a task, which reaches the others through its broker."""

    broker: BrokeredArtifacts
    rank: int
    size: int

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        return self.broker.all_to_all(parts)


def perform_payload(payload: Mapping[str, Any], say: Say) -> Result:
    """Return the result of a task as an executor is asked for it (`order.work_of`).

    payload    the order as text, the folder that the task works in, and the descriptor of a socket at whose other end is the
               task's broker; and which of several members this process is, if there are several
    raises     as `perform_order`
    """
    order, folder = order_from_json(payload["order"]), Path(payload["folder"])
    with socket.socket(fileno=payload["descriptor"]) as channel:
        artifacts = BrokeredArtifacts(channel, folder)
        members = Member(artifacts, **payload["member"]) if "member" in payload else None
        if not order.traceparent:
            return perform_order(order, folder, lambda: artifacts, say, members=members)
        times = ProcessTimes()
        with within(read_traceparent(order.traceparent)):
            result = perform_order(order, folder, lambda: artifacts, say, times, members)
        return times.added_to(result)


def perform_order(
    order: TaskOrder,
    folder: Path,
    open_artifacts: Callable[[], Artifacts],
    say: Callable[[Result], object] = lambda _: None,
    times: ProcessTimes | None = None,
    members: Members | None = None,
) -> Result:
    """Return the task's result, JSON.

    folder    that the task works in: that of all tasks of its job, or one of its own
    say       tells the worker something meanwhile
    members   that carry out the order together; None if this process does it alone
    times     notes what takes how long; None if nobody wants to know
    raises    JobFault if the order says why it must not be done; DataFault, CandidateFault, and whatever the artefacts raise
    """
    if order.why_not is not None:
        raise JobFault(order.why_not)
    job = order.job
    allowance = TaskAllowance(open_artifacts=open_artifacts, **order.figures)
    if isinstance(job, AutoMLJob):
        exchange = exchange_of(order, folder, open_artifacts)
        if times is not None:
            exchange = TimedExchange(exchange, times)
        context = StageContext(
            job,
            order.task,
            exchange,
            order.stop_at,
            allowance,
            order.action,
            order.finished,
            say,
            members,
        )
        return perform(context)
    if times is not None:
        timed = partial(_timed, open_artifacts, times)
        allowance = replace(allowance, open_artifacts=timed)
    place = Workspace(folder)
    step = StepContext(job, order.task, place, order.exchange, order.stop_at, allowance)
    return perform_errand(step)


def _timed(open_artifacts: Callable[[], Artifacts], times: ProcessTimes) -> Artifacts:
    return TimedArtifacts(open_artifacts(), times)


def exchange_of(
    order: TaskOrder, folder: Path, open_artifacts: Callable[[], Artifacts]
) -> Exchange:
    """Return what a task that works in a folder fetches from, and publishes to."""
    where = order.exchange
    if isinstance(where, InFolder):
        return SharedFolder(folder)
    attempt, finished = order.task.attempt, order.finished.attempts
    return ArtifactExchange(open_artifacts(), where.root, folder, attempt, finished)


def perform_errand(step: StepContext) -> Result:
    """Return what a step job asks."""
    if isinstance(step.job, TransformJob):
        return transform(step, step.job)
    return train(step) if isinstance(step.job, TrainingJob) else process(step)
