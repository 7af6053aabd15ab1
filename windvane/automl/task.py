"""An action with all that whoever runs it must know, as one piece of JSON: any machine that can reach what the job's tasks
exchange can run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from windvane.automl.actions import Action, TrainCandidate
from windvane.automl.declared import reads, writes
from windvane.automl.documents import TYPES, action_from_json, action_to_json, limits_from_json
from windvane.automl.forecasting.actions import FORECAST_TYPES, ForecastAction
from windvane.automl.limits import Limits, limits_of
from windvane.automl.request import OnAllRows
from windvane.automl.situation import Situation
from windvane.engine.candidates import Plan
from windvane.engine.tuning.cost import member_mb

_TYPES: Mapping[str, type[Action | ForecastAction]] = {**TYPES, **FORECAST_TYPES}


@dataclass(frozen=True)
class Resources:
    """The memory and cores that a task may take of a machine.

    memory_mb    MiB that its process may hold, its children included
    cpus         that it keeps busy
    n_members    machines that may do it together, each with so much of both
    """

    memory_mb: int
    cpus: int = 1
    n_members: int = 1


@dataclass(frozen=True)
class ActionTask:
    """An action to be run.

    reads          names that must be in its folder
    writes         names that it may leave there
    limits         of its time
    max_latency_s  of a row, of the model of a table that is kept; None for as long as it takes
    on_all_rows    what learns from all rows of a table at once
    """

    action: Action | ForecastAction
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    resources: Resources
    limits: Limits
    max_latency_s: float | None = None
    on_all_rows: OnAllRows = OnAllRows.NOTHING

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, which `from_json` reads."""
        return {**asdict(self), "action": action_to_json(self.action)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ActionTask:
        """Return the task whose `to_json` this is.

        raises    LookupError, TypeError, ValueError if it is none
        """
        return cls(
            **{
                **document,
                "action": action_from_json(document["action"], _TYPES),
                "reads": tuple(document["reads"]),
                "writes": tuple(document["writes"]),
                "resources": Resources(**document["resources"]),
                "limits": limits_from_json(document["limits"]),
                "on_all_rows": OnAllRows(document["on_all_rows"]),
            }
        )

    def stopping_earlier(self, seconds: float) -> ActionTask:
        """Return it with so much less time, which its driver needs afterwards."""
        limits = replace(self.limits, stop_at=self.limits.stop_at - seconds)
        return replace(self, limits=limits)


def task_for(action: Action, at: Situation, each_mb: int, all_mb: int) -> ActionTask:
    """Return the task of an action that begins now.

    each_mb    MiB of memory that it may hold beside others
    all_mb     the same if it is alone
    """
    limits = limits_of(action, at)
    memory_mb = all_mb if limits.is_alone else each_mb
    resources = Resources(memory_mb)
    if isinstance(action, TrainCandidate) and action.is_long:
        resources = Resources(memory_mb, at.request.cores, _members(action.plan, at, memory_mb))
    return ActionTask(
        action,
        reads(action, at),
        writes(action, at),
        resources,
        limits,
        at.request.max_latency_s,
        at.request.on_all_rows,
    )


def _members(plan: Plan, at: Situation, memory_mb: int) -> int:
    """Return how many nodes may train the long run together: one alone if that takes more memory than each of them gives."""
    n_nodes = at.long_run_nodes
    return n_nodes if member_mb(at.analysis, plan, n_nodes) <= memory_mb else 1
