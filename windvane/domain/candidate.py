"""A candidate of a job (a pipeline or an ensemble of pipelines) and the step jobs behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from windvane.domain.problem import MetricName
from windvane.domain.resource import Kind, Resource
from windvane.notes.note import Note


class CandidateStatus(StrEnum):
    """CandidateStatus on the wire."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class Metric:
    """One figure of a candidate; split is 'Validation' (out-of-fold or hold-out rows) or 'Train', of the rows that a model
    learnt from, or that the weights of an ensemble were fitted on."""

    name: MetricName
    value: float
    split: str = "Validation"
    standard_error: float | None = None


@dataclass(frozen=True)
class Step:
    """One entry of CandidateSteps, in AWS's order."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Container:
    """One inference container of a candidate or of a model.

    hostname    what a model's error messages call it; "" leaves it to the server
    """

    image: str
    model_data_url: str
    environment: dict[str, str] = field(default_factory=dict)
    hostname: str = ""


@dataclass(frozen=True, kw_only=True)
class Candidate(Resource):
    """The record of one candidate; its parent is the job's ARN and names are unique in the scope.

    index       1, 2, 3 ... in the order of proposal; ensembles are numbered on
    algorithm   the learner's name, or 'ensemble'
    recipe      the feature recipe's name, e.g. 'dpp0'; "" for an ensemble
    hyperparameters
                of an ensemble those of its second layer, if it has one
    why         it is tried, in plain words; "" where the search did not propose it, and in records of versions that
                kept no reason
    seed        of everything random in its training; None where nothing is, and in records of versions that kept none
    n_rows      that a fold's model learns from; None for all
    folds       it was scored on; None until finished
    cut_short   whether the job's time ended its training
    stops       where it did, for the training to stop there again (engine/candidates.py); {} in records of versions that
                kept none
    score       the objective's value on rows it neither trained nor selected on; None until finished
    latency_s   seconds for one row through the whole pipeline, measured; None until finished
    fit_s       wall clock of its training itself, folds and refit together, without waiting; None until finished, and in
                records of versions that kept none
    size_bytes  of what is published of it for answering, transformers included, compressed; likewise
    notes       what is worth knowing of its training, e.g. that it was stopped early
    members     candidate names and weights of an ensemble
    explainability, model_insights
                S3 prefixes below which its reports lie; "" while they are not there
    backtest_results
                S3 prefix of the forecasts and metrics of its backtests; "" for a candidate of another kind of problem, and
                until they are there
    containers  () until finished, and once its model is not kept any more
    """

    kind: ClassVar[Kind] = Kind.CANDIDATE

    index: int
    algorithm: str
    recipe: str
    hyperparameters: dict[str, Any]
    why: str = ""
    seed: int | None = None
    n_rows: int | None = None
    folds: int | None = None
    cut_short: bool = False
    stops: dict[str, int] = field(default_factory=dict)
    status: CandidateStatus = CandidateStatus.IN_PROGRESS
    score: float | None = None
    metrics: tuple[Metric, ...] = ()
    latency_s: float | None = None
    fit_s: float | None = None
    size_bytes: int | None = None
    notes: tuple[Note, ...] = ()
    members: dict[str, float] = field(default_factory=dict)
    explainability: str = ""
    model_insights: str = ""
    backtest_results: str = ""
    steps: tuple[Step, ...] = ()
    containers: tuple[Container, ...] = ()
    ended: datetime | None = None
    failure: Note | None = None

    def ranked_by(self, objective: MetricName | None) -> float | None:
        """Return the value of the objective that decides its place (as engine/candidates.py, `Outcome.ranked_by`)."""
        by_weights = (m for m in self.metrics if m.split == "Train" and m.name is objective)
        found = next(by_weights, None) if self.members else None
        return self.score if found is None else found.value

    @property
    def metrics_of_training(self) -> Iterator[Metric]:
        """What its training job has measured: of a pipeline on rows not trained on; of an ensemble, whose weights the
        training job is given, by these weights."""
        splits = {metric.split for metric in self.metrics}
        split = "Train" if self.members and "Train" in splits else "Validation"
        return (
            replace(metric, split="Validation") for metric in self.metrics if metric.split == split
        )


class StepStatus(StrEnum):
    """ProcessingJobStatus, TrainingJobStatus and TransformJobStatus on the wire."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @property
    def is_final(self) -> bool:
        return self not in (StepStatus.IN_PROGRESS, StepStatus.STOPPING)


@dataclass(frozen=True, kw_only=True)
class ProcessingJob(Resource):
    """The record of a processing job. Its parent is the AutoML job whose step it is; "" if a client created it.

    details      the Describe members that are true of it from the start, in AWS's own spelling; times and status come
                 from the record
    out_of_time  it is Stopped because its MaxRuntimeInSeconds were over
    reports_on   the ARN of the candidate that gets what it makes as its reports; "" for every other job
    output_key   ARN of the KMS key that what is written to S3 is encrypted under; "" for the bucket's default
    volume_key   ARN of the KMS key of its volume, which is in memory then; "" for the data folder's disk
    traceparent  of the request that created it, if that is traced; "" if not, and for a step of an AutoML job
    """

    kind: ClassVar[Kind] = Kind.PROCESSING_JOB

    details: dict[str, Any]
    status: StepStatus = StepStatus.IN_PROGRESS
    started: datetime | None = None
    ended: datetime | None = None
    failure: Note | None = None
    out_of_time: bool = False
    reports_on: str = ""
    output_key: str = ""
    volume_key: str = ""
    traceparent: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingJob(ProcessingJob):
    """The record of a training job; metrics are its FinalMetricDataList.

    cut_short    it is the step of a candidate that is, or of an ensemble with a member that is
    """

    kind: ClassVar[Kind] = Kind.TRAINING_JOB

    metrics: tuple[Metric, ...] = ()
    cut_short: bool = False

    @property
    def secondary(self) -> str:
        """SecondaryStatus on the wire."""
        if self.out_of_time:
            return "MaxRuntimeExceeded"
        if self.status is StepStatus.IN_PROGRESS:
            return "Training" if self.started is not None else "Starting"
        return self.status.value


@dataclass(frozen=True, kw_only=True)
class TransformJob(ProcessingJob):
    """The record of a transform job.

    containers    of the model as it stood when a client created the job; () for a step of an AutoML job, and
    transformers  for a job that a recipe's transformers do: the S3 URI of their artefact
    role          ARN of the model's role; "" if it has none
    creator       whose rights the job has then: text of control/identity/creators.py; "" for a step of an AutoML job
    """

    kind: ClassVar[Kind] = Kind.TRANSFORM_JOB

    containers: tuple[Container, ...] = ()
    transformers: str = ""
    role: str = ""
    creator: str = ""
