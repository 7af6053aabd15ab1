"""A job's world without a store: what `flow.advance` wants is simply made true."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from windvane.domain.candidate import Candidate
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, JobStatus, Limits, SecondaryStatus
from windvane.domain.jobspec import (
    Channel,
    DataSpec,
    JobSpec,
    OutputSpec,
    RequestedLimits,
    SearchSpec,
    TabularProblem,
)
from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning.first_look import FIRST_LOOK
from windvane.names import Scope
from windvane.notes.note import Note, said
from windvane.work.jobs import flow
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import index_of

SCOPE = Scope("000000000000", "us-east-1")
START = datetime(2026, 1, 1, tzinfo=UTC)
RECIPES = ("dpp0", "dpp1")
SHARED = (TaskKind.FEATURES, TaskKind.TRANSFORM, TaskKind.FEWER_ROWS)

ANALYSIS = Analysis(
    target="y",
    problem_type=ProblemType.BINARY,
    problem_reason="two values",
    objective=MetricName.F1,
    columns=(),
    labels=("no", "yes"),
    label_type="string",
    class_counts=(300, 300),
    n_rows=600,
    n_rows_read=600,
    n_folds=5,
    seed=0,
)


def make_job(
    *,
    name: str = "churn-model",
    max_candidates: int = 5,
    max_runtime_s: int = 600,
    mode: str | None = None,
    deploys: bool = False,
    definitions_only: bool = False,
    is_counted: bool = True,
    forecast: ForecastSpec | None = None,
    algorithms: tuple[str, ...] = (),
) -> AutoMLJob:
    spec = JobSpec(
        role="arn:aws:iam::000000000000:role/windvane",
        data=DataSpec(channels=(Channel(source=DataSource("s3://bucket/train")),)),
        problem=forecast or TabularProblem(target="y"),
        output=OutputSpec(uri="s3://bucket/out/"),
        limits=RequestedLimits(max_candidates=max_candidates if is_counted else None),
        search=SearchSpec(
            mode=Mode(mode) if mode else None,
            algorithms=algorithms,
            definitions_only=definitions_only,
        ),
    )
    return AutoMLJob(
        scope=SCOPE,
        name=name,
        created=START,
        modified=START,
        spec=spec,
        echo=Echo(ApiVersion.V1, {}),
        limits=Limits(max_candidates, max_runtime_s, max_runtime_s),
        deadline=START + timedelta(seconds=max_runtime_s),
        objective=None if forecast is None else forecast.objective.name_in_records,
        endpoint_name=f"{name}-endpoint" if deploys else "",
    )


def fake_recipes(
    analysis: Analysis, strategy: object = None, n_plans: int | None = None
) -> tuple[str, ...]:
    return RECIPES[:n_plans]


def fake_propose(analysis: Analysis, index: int, tried: object, strategy: object = None) -> Plan:
    algorithm = ("xgboost", "lightgbm", "linear-learner")[index % 3]
    return Plan(index, RECIPES[index % 2], algorithm, {"depth": index}, seed=index)


def outcome(index: int, score: float, members: dict[str, float] | None = None) -> dict[str, object]:
    one = {"metric": "F1", "value": score, "standard_error": 0.01}
    return {
        "index": index,
        "objective": score,
        "scores": [one],
        "fit_s": 1.0,
        "latency_s": 0.001,
        "size_bytes": 1000,
        "folds_used": 5,
        "train_scores": [one],
        "notes": [],
        "members": members or {},
    }


@dataclass
class World:
    """Change it by `end_next`, `claim`, `wait`, `stop`; look at `state`."""

    job: AutoMLJob
    workers: int = 2
    now: datetime = START
    up_since: datetime = START
    kept_models: int = 0
    state: JobState = field(init=False)

    def __post_init__(self) -> None:
        self.state = JobState(self.job, self.up_since, self.workers, kept_models=self.kept_models)
        self.advance()

    def advance(self) -> None:
        self.state = self._next()
        assert self._next() == self.state, "advance is not idempotent"

    def _next(self) -> JobState:
        before = self.state
        if before.needs_analysis:
            before = replace(before, analysis=ANALYSIS)
        after = flow.advance(before, self.now)
        endpoint = self._endpoint() if after.deploys else after.endpoint
        return replace(
            after,
            tasks=(*after.tasks, *self._queued(after)),
            queued=(),
            deploys=False,
            analysis=None,
            endpoint=endpoint,
        )

    def _queued(self, state: JobState) -> list[Task]:
        return [
            Task(
                id=number,
                job_arn=self.job.arn,
                kind=new.kind,
                key=new.key,
                payload=new.payload,
                created=self.now,
            )
            for number, new in enumerate(state.queued, len(state.tasks) + 1)
        ]

    @property
    def status(self) -> JobStatus:
        return self.state.job.status

    @property
    def secondary(self) -> SecondaryStatus:
        return self.state.job.secondary

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.state.candidates

    def open_tasks(self, *kinds: TaskKind) -> list[Task]:
        return [t for t in self.state.tasks if t.status.is_open and (not kinds or t.kind in kinds)]

    def claim(self, kind: TaskKind) -> Task:
        task = next(t for t in self.open_tasks(kind) if t.status is TaskStatus.READY)
        claimed = replace(task, status=TaskStatus.RUNNING, started=self.now, attempts=1)
        self._put(claimed)
        return claimed

    def end(
        self,
        task: Task,
        status: TaskStatus = TaskStatus.DONE,
        score: float = 0.5,
        folds_used: int = 5,
        failure: Note | None = None,
    ) -> None:
        result = self._result(task, score, folds_used) if status is TaskStatus.DONE else None
        failure = said("It broke.") if status is TaskStatus.FAILED else failure
        self._put(replace(task, status=status, ended=self.now, result=result, failure=failure))

    def do(
        self,
        kind: TaskKind,
        status: TaskStatus = TaskStatus.DONE,
        score: float = 0.5,
        folds_used: int = 5,
    ) -> None:
        """Claim and end the next ready task of a kind; after a candidate what those that follow share, too."""
        self.end(self.claim(kind), status, score, folds_used)
        if kind is TaskKind.TRAIN:
            self.do_all(*SHARED)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.advance()

    def stop(self) -> None:
        job = replace(self.state.job, status=JobStatus.STOPPING, secondary=SecondaryStatus.STOPPING)
        self.state = replace(self.state, job=job)
        self.advance()

    def endpoint_is(self, status: EndpointStatus | None) -> None:
        endpoint = self.state.endpoint
        assert endpoint is not None
        after = None if status is None else replace(endpoint, status=status, failure=said("Boom."))
        self.state = replace(self.state, endpoint=after)
        self.advance()

    def search(self, scores: list[float]) -> None:
        """From the start to the end of the last of these candidates."""
        self.do(TaskKind.ANALYZE)
        self.do(TaskKind.EXPLORE)
        self.do(TaskKind.SPLIT)
        self.do_all(*SHARED)
        for score in scores:
            self.do(TaskKind.TRAIN, score=score)

    def do_all(self, *kinds: TaskKind) -> None:
        """Do whatever is ready of these kinds, until nothing is."""
        while ready := [t for t in self.open_tasks(*kinds) if t.status is TaskStatus.READY]:
            self.do(ready[0].kind)

    def pack(self) -> None:
        """Train the best candidate on all rows, and pack it."""
        self.do_all(TaskKind.FEATURES, TaskKind.REFIT, TaskKind.PACK)

    def report(self) -> None:
        """The best candidate is packed and reported on, which comes after the search."""
        self.pack()
        for kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
            self.do(kind)

    def _put(self, task: Task) -> None:
        tasks = tuple(task if t.id == task.id else t for t in self.state.tasks)
        self.state = replace(self.state, tasks=tasks)
        self.advance()

    def _result(self, task: Task, score: float, folds_used: int) -> dict[str, object]:
        if task.kind is TaskKind.ANALYZE:
            return {"problem_type": "BinaryClassification", "objective": "F1"}
        if task.kind in (TaskKind.FEATURES, TaskKind.REFIT, TaskKind.RETAIN):
            return {}
        if task.kind in (TaskKind.SPLIT, TaskKind.TRANSFORM):
            return {"rows": {"train": 480, "validation": 120}}
        if task.kind is TaskKind.EXPLORE:
            return {
                "notebook": "s3://bucket/exploration.ipynb",
                "definitions": "s3://bucket/definitions.ipynb",
                "failures": [],
            }
        if task.kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
            return {"prefix": f"s3://bucket/{task.kind}"}
        if task.kind in (TaskKind.TRAIN, TaskKind.FEWER_ROWS):
            plan = task.payload["plan"]
            found = {**outcome(plan["index"], score), "folds_used": folds_used}
            return {"outcome": found, "tag": plan["recipe"]}
        if task.kind is TaskKind.PACK:
            return self._packed(task)
        index = index_of(task)
        assert index is not None
        members = {str(m): 0.5 for m in task.payload.get("members", [])[:2]}
        folds = {"folds_used": 1} if index == FIRST_LOOK else {}  # as of a baseline made early
        return {"outcome": {**outcome(index, score, members), **folds}, "tag": task.key}

    def _packed(self, task: Task) -> dict[str, object]:
        """As it was scored, with a note more."""
        made = next(t for t in self.state.tasks if index_of(t) == task.payload["index"])
        assert made.result is not None
        told = {**made.result["outcome"], "notes": ["learnt from all rows"]}
        return {"outcome": told, "tag": made.result["tag"]}

    def _endpoint(self) -> Endpoint:
        return Endpoint(
            scope=SCOPE,
            name=self.job.endpoint_name,
            created=self.now,
            modified=self.now,
            config_name="config",
            generation=1,
            desired=(),
        )
