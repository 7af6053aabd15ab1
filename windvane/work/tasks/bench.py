"""What a task of an AutoML job works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from windvane.automl.limits import Limits
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task
from windvane.work.means import Means
from windvane.work.workspace import Workspace

Result = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """A task in the hands of its process.

    stop_at     time.time() at which the process will be killed
    limits      of an action of the workflow; None for every other task
    """

    job: AutoMLJob
    task: Task
    workspace: Workspace
    stop_at: float
    means: Means
    limits: Limits | None = None

    @property
    def attempt(self) -> str:
        """Unique among all claims of all tasks."""
        return f"{self.task.id}-{self.task.token}"
