"""Orders done by functions of a test, each in a fork of the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.job import AutoMLJob
from windvane.executor.base import Say, Work
from windvane.executor.forking import ForkingExecutor
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import InFolder
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.tasks.step_context import StepContext
from windvane.work.workers.order import TaskOrder, order_from_json
from windvane.work.workers.worker import Worker
from windvane.work.workspace import Workspace

_DOING: list[Callable[[TaskOrder, Say], Result]] = []
"""What the executors of this process have done; forks have it, too."""


def no_task(_: StageContext) -> Result:
    raise AssertionError("There is no task of an AutoML job here.")


def no_errand(_: StepContext) -> Result:
    raise AssertionError("There is no step job here.")


def folder_of(order: TaskOrder) -> Path:
    """Return the folder that all tasks of a job share."""
    assert isinstance(order.exchange, InFolder)
    return order.exchange.folder


class StageExecutor(ForkingExecutor):
    """folder      for what forks leave
    run_task    what is done with a task of an AutoML job
    run_errand  and with a step job
    """

    def __init__(
        self,
        folder: Path,
        run_task: Callable[[StageContext], Result] = no_task,
        run_errand: Callable[[StepContext], Result] = no_errand,
    ) -> None:
        super().__init__(folder)
        self._number = len(_DOING)

        def do(order: TaskOrder, say: Say) -> Result:
            folder = folder_of(order)
            allowance = TaskAllowance(
                open_artifacts=lambda: LocalArtifacts(folder / "s3"), **order.figures
            )
            job, task, until = order.job, order.task, order.stop_at
            if isinstance(job, AutoMLJob):
                exchange = SharedFolder(folder)
                return run_task(StageContext(job, task, exchange, until, allowance, say=say))
            place, where = Workspace(folder), order.exchange
            return run_errand(StepContext(job, task, place, where, until, allowance))

        _DOING.append(do)

    def submit(self, work: Work) -> None:
        payload = {**work.payload, "number": self._number}
        folder_of(order_from_json(work.payload["order"])).mkdir(parents=True, exist_ok=True)
        super().submit(replace(work, function=f"{__name__}:perform", payload=payload))


def perform(payload: Mapping[str, Any], say: Say) -> Result:
    return _DOING[payload["number"]](order_from_json(payload["order"]), say)


def attend(worker: Worker) -> None:
    """Until its tasks are over."""
    while worker._attendances:
        worker._attend(0.25)


def pid_of(worker: Worker) -> int:
    """Of its only task."""
    assert isinstance(worker._executor, StageExecutor)
    [running] = worker._executor._running.values()
    return running.child.pid
