"""A job in virtual time: the workflow decides as in the service, and tasks bring what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.cluster.recorded import RecordedJob, RecordedTask, algorithm_of
from windvane.domain.datasource import DataSource
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, Limits
from windvane.domain.jobspec import (
    Channel,
    DataSpec,
    JobSpec,
    OutputSpec,
    RequestedLimits,
    SearchSpec,
    TabularProblem,
)
from windvane.domain.problem import Mode
from windvane.domain.task import Task, TaskStatus
from windvane.names import Scope
from windvane.work.jobs import flow
from windvane.work.jobs.state import JobState

_START = datetime(2026, 1, 1, tzinfo=UTC)
_RUNTIME_S = 1_000_000
"""So long that time decides nothing: every job tries as many candidates as it may."""


def replayed_job(
    recorded: RecordedJob, scope: Scope, name: str, now: datetime, max_candidates: int
) -> AutoMLJob:
    """Return a job that has just been created, whose table is that of a recorded one."""
    spec = JobSpec(
        role=f"arn:aws:iam::{scope.account}:role/windvane",
        data=DataSpec(channels=(Channel(source=DataSource(f"s3://bucket/{recorded.name}")),)),
        problem=TabularProblem(target=recorded.read_analysis().target),
        output=OutputSpec(uri="s3://bucket/out/"),
        limits=RequestedLimits(max_candidates=max_candidates),
        search=SearchSpec(mode=Mode.ENSEMBLING),
    )
    return AutoMLJob(
        scope=scope,
        name=name,
        created=now,
        modified=now,
        spec=spec,
        echo=Echo(ApiVersion.V2, {}),
        limits=Limits(max_candidates, _RUNTIME_S, _RUNTIME_S),
        deadline=now + timedelta(seconds=_RUNTIME_S),
    )


def said_of(recorded: RecordedTask) -> Mapping[str, Any] | None:
    """Return what a task told its job's driver while it ran; None if nothing."""
    n_folds = recorded.result.get("n_folds")
    return None if n_folds is None else {"n_folds": n_folds}


@dataclass
class Workflow:
    """The states that jobs of one recorded table pass through. Jobs are alike: what one has passed through is known to all,
    and is not worked out again.

    workers    that train, as the server counts its own
    """

    recorded: RecordedJob
    workers: int
    max_candidates: int
    _known: dict[tuple[str, ...], JobState] = field(default_factory=dict)

    def begun(self) -> JobState:
        """Return a job that has just been created."""
        scope = Scope("000000000000", "us-east-1")
        job = replayed_job(self.recorded, scope, "replayed", _START, self.max_candidates)
        return self._advanced(JobState(job, _START, self.workers), _START)

    def with_task(self, state: JobState, task: Task, at_s: float) -> JobState:
        """Return a job one of whose tasks has become this.

        at_s    seconds since the job was created
        """
        tasks = tuple(task if one.id == task.id else one for one in state.tasks)
        return self._advanced(replace(state, tasks=tasks), _START + timedelta(seconds=at_s))

    def running(self, state: JobState, task: Task, at_s: float) -> JobState:
        """Return a job one of whose tasks has been claimed."""
        started = _START + timedelta(seconds=at_s)
        return self.with_task(
            state, replace(task, status=TaskStatus.RUNNING, started=started), at_s
        )

    def told(self, state: JobState, task: Task, at_s: float) -> JobState:
        """Return a job one of whose tasks has told what it tells while it runs."""
        said = said_of(self.of(task))
        return (
            state if said is None else self.with_task(state, replace(task, said=dict(said)), at_s)
        )

    def ended(self, state: JobState, task: Task, at_s: float) -> JobState:
        """Return a job one of whose tasks has brought what was recorded."""
        done = replace(
            task,
            status=TaskStatus.DONE,
            ended=_START + timedelta(seconds=at_s),
            said=None,
            result=result_of(self.of(task), task),
        )
        return self.with_task(state, done, at_s)

    def of(self, task: Task) -> RecordedTask:
        return self.recorded.like(task.kind, task.key, algorithm_of(task.payload))

    def _advanced(self, state: JobState, now: datetime) -> JobState:
        signature = _signature(state)
        if (known := self._known.get(signature)) is not None:
            return known
        asked = (
            replace(state, analysis=self.recorded.read_analysis())
            if state.needs_analysis
            else state
        )
        after = flow.advance(asked, now)
        first = len(after.tasks) + 1
        queued = tuple(
            Task(
                id=number,
                job_arn=after.job.arn,
                kind=new.kind,
                key=new.key,
                payload=new.payload,
                created=now,
            )
            for number, new in enumerate(after.queued, first)
        )
        after = replace(after, tasks=(*after.tasks, *queued), queued=(), analysis=None)
        self._known[signature] = after
        return after


def result_of(recorded: RecordedTask, task: Task) -> dict[str, Any]:
    """Return what a task brings: what was recorded, for its own candidate and those it is made of."""
    result, asked = dict(recorded.result), task.payload
    if "outcome" not in result:
        return result
    index = asked["index"] if "index" in asked else asked["plan"]["index"]
    members = asked.get("members") or asked.get("refits") or ()
    weights = result["outcome"]["members"].values()
    made_of = {str(member): weight for member, weight in zip(members, weights, strict=False)}
    result["outcome"] = {**result["outcome"], "index": index, "members": made_of}
    if "likely" in result:
        result["likely"] = [index]
    return result


def _signature(state: JobState) -> tuple[str, ...]:
    return tuple(f"{task.key} {task.status} {task.said}" for task in state.tasks)
