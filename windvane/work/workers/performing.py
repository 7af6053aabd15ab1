"""What is done with an order, by the kind of its job; in the process that was forked for it."""

from __future__ import annotations

from collections.abc import Callable

from windvane.artifacts.base import Artifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.candidate import TrainingJob, TransformJob
from windvane.domain.job import AutoMLJob
from windvane.errors import JobFault
from windvane.work.allowance import TaskAllowance
from windvane.work.tasks.processing import process
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.tasks.stages import perform
from windvane.work.tasks.step_context import StepContext
from windvane.work.tasks.training import train
from windvane.work.tasks.transform import transform
from windvane.work.workers.order import TaskOrder
from windvane.work.workspace import Workspace


def perform_order(
    order: TaskOrder,
    open_artifacts: Callable[[], Artifacts],
    say: Callable[[Result], object] = lambda _: None,
) -> Result:
    """Return the task's result, JSON.

    say       tells the worker something meanwhile
    raises    JobFault if the order says why it must not be done; DataFault, CandidateFault, and whatever the artefacts raise
    """
    if order.why_not is not None:
        raise JobFault(order.why_not)
    job = order.job
    allowance = TaskAllowance(open_artifacts=open_artifacts, **order.figures)
    if isinstance(job, AutoMLJob):
        exchange = SharedFolder(order.folder)
        context = StageContext(
            job, order.task, exchange, order.stop_at, allowance, order.action, say
        )
        return perform(context)
    place = Workspace(order.folder)
    return perform_errand(StepContext(job, order.task, place, order.stop_at, allowance))


def perform_errand(step: StepContext) -> Result:
    """Return what a step job asks."""
    if isinstance(step.job, TransformJob):
        return transform(step, step.job)
    return train(step) if isinstance(step.job, TrainingJob) else process(step)
