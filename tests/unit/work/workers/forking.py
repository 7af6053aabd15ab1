"""Orders done by functions of a test, each in a fork of the test's own process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial

from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.job import AutoMLJob
from windvane.process.child import Ending, Exit
from windvane.work.allowance import TaskAllowance
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.tasks.step_context import StepContext
from windvane.work.workers.forked import ForkedTask, read_result
from windvane.work.workers.order import TaskOrder
from windvane.work.workers.worker import StartTask, TaskProcess
from windvane.work.workspace import Workspace


class Local:
    """A TaskProcess."""

    def __init__(self, task: ForkedTask, ears: int) -> None:
        self._task = task
        self.pid = task.child.pid
        self._ears = open(ears, "rb", buffering=0)  # noqa: SIM115 - closed with this value

    def __del__(self) -> None:
        self._ears.close()

    def wait(self, timeout_s: float) -> Exit | None:
        return self._task.wait(timeout_s)

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        return self._task.kill(reason)

    def said(self) -> Result | None:
        said = self._ears.read(1000)
        return json.loads(said) if said else None

    def result(self) -> Result:
        return read_result(self._task.take_result())


def no_task(_: StageContext) -> Result:
    raise AssertionError("There is no task of an AutoML job here.")


def no_errand(_: StepContext) -> Result:
    raise AssertionError("There is no step job here.")


def forking(
    run_task: Callable[[StageContext], Result] = no_task,
    run_errand: Callable[[StepContext], Result] = no_errand,
) -> StartTask:
    """run_task    what is done with a task of an AutoML job
    run_errand  and with a step job
    """

    def start(order: TaskOrder) -> TaskProcess:
        order.folder.mkdir(parents=True, exist_ok=True)
        job, place = order.job, Workspace(order.folder)
        allowance = TaskAllowance(
            open_artifacts=lambda: LocalArtifacts(order.folder / "s3"), **order.figures
        )
        work: Callable[[], Result]
        ears, mouth = os.pipe()
        os.set_blocking(ears, False)

        def say(said: Result) -> None:
            os.write(mouth, json.dumps(said).encode())

        if isinstance(job, AutoMLJob):
            exchange = SharedFolder(order.folder)
            context = StageContext(job, order.task, exchange, order.stop_at, allowance, say=say)
            work = partial(run_task, context)
        else:
            work = partial(
                run_errand, StepContext(job, order.task, place, order.stop_at, allowance)
            )
        task = ForkedTask.start(work, order.folder, memory_mb=order.figures["memory_mb"])
        os.close(mouth)
        return Local(task, ears)

    return start
