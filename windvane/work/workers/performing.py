"""What is done with an order, by the kind of its job; in the process that was forked for it."""

from __future__ import annotations

from collections.abc import Callable

from windvane.artifacts.base import Artifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.candidate import TrainingJob, TransformJob
from windvane.domain.job import AutoMLJob
from windvane.errors import JobFault
from windvane.work.means import Means
from windvane.work.tasks.bench import Bench, Result
from windvane.work.tasks.errand import Errand
from windvane.work.tasks.processing import process
from windvane.work.tasks.stages import perform
from windvane.work.tasks.training import train
from windvane.work.tasks.transform import transform
from windvane.work.workers.order import TaskOrder
from windvane.work.workspace import Workspace


def perform_order(
    order: TaskOrder,
    open_artifacts: Callable[[], Artifacts],
    say: Callable[[Result], object] = lambda _: None,
) -> Result:
    """The task's result, JSON.

    say       tells the worker something meanwhile
    raises    JobFault if the order says why it must not be done; DataFault, CandidateFault, and whatever the artefacts raise
    """
    if order.why_not is not None:
        raise JobFault(order.why_not)
    job = order.job
    means = Means(open_artifacts=open_artifacts, **order.figures)
    if isinstance(job, AutoMLJob):
        exchange = SharedFolder(order.folder)
        bench = Bench(job, order.task, exchange, order.stop_at, means, order.action, say)
        return perform(bench)
    place = Workspace(order.folder)
    return perform_errand(Errand(job, order.task, place, order.stop_at, means))


def perform_errand(errand: Errand) -> Result:
    """What a step job asks."""
    if isinstance(errand.job, TransformJob):
        return transform(errand, errand.job)
    return train(errand) if isinstance(errand.job, TrainingJob) else process(errand)
