"""A driver of jobs of the service whose tasks are each done in a folder that has what the task fetches, and nothing else."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from unit.work.world import make_job

from windvane.artifacts.base import Location, parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl import names
from windvane.automl.folders import Folders
from windvane.automl.leaderboard import LeaderboardRow, ranked
from windvane.automl.task import ActionTask, task_for
from windvane.domain.features import NO_FILE, SpecificationFile
from windvane.domain.job import AutoMLJob, Limits
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import read_analysis
from windvane.testing.separate_tasks import RUNTIME_S, timeless
from windvane.work.allowance import TaskAllowance
from windvane.work.exchange import ArtifactExchange
from windvane.work.jobs import flow, forecasting, learning
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import ACTIONS, action_of
from windvane.work.tasks.stage_context import StageContext
from windvane.work.tasks.stages import perform

INTERNAL = Location("internal", "job")
MEMORY_MB = 8192


@dataclass
class ServiceTasks:
    """A driver that keeps a job in memory, and does one of its tasks after the other."""

    folder: Path
    job: AutoMLJob
    state: JobState = field(init=False)
    _analysis: Analysis | None = None

    def __post_init__(self) -> None:
        self.state = JobState(self.job, self.job.created, workers=1)
        for bucket in ("bucket", INTERNAL.bucket):
            self.artifacts.ensure_bucket(bucket)

    @property
    def artifacts(self) -> LocalArtifacts:
        return LocalArtifacts(self.folder / "store")

    def run(self) -> None:
        while not self.advanced().job.status.is_final:
            waiting = [task for task in self.state.tasks if task.status is TaskStatus.READY]
            self.do(waiting[0])

    def advanced(self) -> JobState:
        state = self.state
        if state.needs_analysis:
            state = replace(state, analysis=self.analysis())
        state = flow.advance(state, datetime.now(UTC))
        queued = [
            Task(
                id=number,
                job_arn=self.job.arn,
                kind=new.kind,
                key=new.key,
                payload=json.loads(json.dumps(new.payload)),
                created=datetime.now(UTC),
            )
            for number, new in enumerate(state.queued, len(state.tasks) + 1)
        ]
        tasks = (*state.tasks, *queued)
        self.state = replace(state, tasks=tasks, queued=(), analysis=None)
        return self.state

    def do(self, task: Task) -> None:
        now = datetime.now(UTC)
        task = replace(task, status=TaskStatus.RUNNING, started=now)
        self.put(task)
        folder = self.folder / "task"
        folder.mkdir()
        bench = StageContext(
            self.job,
            task,
            self.exchange(folder, task),
            time.time() + RUNTIME_S,
            TaskAllowance(lambda: self.artifacts, 1, MEMORY_MB, 10**9, 100),
            finished=learning.finished(self.state, now),
        )
        if task.kind in ACTIONS:
            bench = replace(bench, action=self.action(task, now))
        result = json.loads(json.dumps(perform(bench)))
        shutil.rmtree(folder)
        self.put(replace(task, status=TaskStatus.DONE, ended=datetime.now(UTC), result=result))

    def action(self, task: Task, now: datetime) -> ActionTask:
        if self.job.is_forecast:
            return forecasting.action_task(self.state, task, now, MEMORY_MB)
        at = learning.situation(replace(self.state, analysis=self.analysis()), now)
        return task_for(action_of(task), at, MEMORY_MB, MEMORY_MB)

    def exchange(self, folder: Path, task: Task | None = None) -> ArtifactExchange:
        finished = learning.finished(self.state, datetime.now(UTC)).attempts
        attempt = "" if task is None else task.attempt
        return ArtifactExchange(self.artifacts, INTERNAL, folder, attempt, finished)

    def put(self, task: Task) -> None:
        tasks = tuple(task if one.id == task.id else one for one in self.state.tasks)
        self.state = replace(self.state, tasks=tasks)

    def analysis(self) -> Analysis:
        if self._analysis is None:
            driver = self.folder / "driver"
            driver.mkdir()
            self.exchange(driver).fetch([names.ANALYSIS])
            self._analysis = read_analysis(Folders(driver).dataset)
        return self._analysis

    def leaderboard(self) -> list[LeaderboardRow]:
        history = learning.history(self.state, datetime.now(UTC))
        return timeless(ranked(history.entries(), self.analysis().objective))


def begun(
    folder: Path,
    job: AutoMLJob,
    table: Path,
    max_candidates: int,
    specification: SpecificationFile = NO_FILE,
) -> ServiceTasks:
    """Return a job that is to be done on a table."""
    now = datetime.now(UTC)
    limits = Limits(max_candidates, int(RUNTIME_S), int(RUNTIME_S))
    deadline = now + timedelta(seconds=RUNTIME_S)
    job = replace(job, created=now, modified=now, deadline=deadline, limits=limits)
    tasks = ServiceTasks(folder, job)
    payload = json.loads(json.dumps(specification.to_json()))
    analysis = Task(
        id=1,
        job_arn=job.arn,
        kind=TaskKind.ANALYZE,
        key="analyze",
        payload=payload,
        created=now,
    )
    tasks.state = replace(tasks.state, tasks=(analysis,))
    location = parse_location("s3://bucket/train/table.csv")
    tasks.artifacts.write(location, table.read_bytes())
    return tasks


def made(
    folder: Path,
    table: Path,
    mode: str | None,
    max_candidates: int,
    specification: SpecificationFile = NO_FILE,
) -> ServiceTasks:
    """Return a job that was brought to its end."""
    job = make_job(mode=mode, max_candidates=max_candidates)
    tasks = begun(folder, job, table, max_candidates, specification)
    tasks.run()
    return tasks
