"""What a task of an AutoML job works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from windvane.automl.exchange import Exchange
from windvane.automl.task import ActionTask
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task
from windvane.engine.learners.members import Members
from windvane.work.allowance import TaskAllowance
from windvane.work.jobs.finished import NOTHING, Finished
from windvane.work.workspace import Workspace

Result = dict[str, Any]


@dataclass(frozen=True)
class StageContext:
    """A task in the hands of its process.

    exchange    what tasks of this job have made and will make; its folder is the task's own
    stop_at     time.time() at which the process will be killed
    action      of the workflow; None for every other task
    finished    what the tasks of the job had made when this one began
    say         tells the job's driver something while the task runs
    members     that do the task together; None if this process does it alone
    """

    job: AutoMLJob
    task: Task
    exchange: Exchange
    stop_at: float
    allowance: TaskAllowance
    action: ActionTask | None = None
    finished: Finished = NOTHING
    say: Callable[[Result], object] = lambda _: None
    members: Members | None = None

    @property
    def workspace(self) -> Workspace:
        """The task's folder."""
        return Workspace(self.exchange.folder)

    @property
    def attempt(self) -> str:
        return self.task.attempt
