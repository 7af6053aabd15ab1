"""An AutoML job: its record, its statuses, and the table of allowed transitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from windvane.domain.features import EVERYTHING, FeatureSpecification
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.jobspec import JobSpec
from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.domain.resource import Kind, Resource
from windvane.notes.note import Note


class JobStatus(StrEnum):
    """AutoMLJobStatus on the wire."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED)


class SecondaryStatus(StrEnum):
    """AutoMLJobSecondaryStatus on the wire."""

    STARTING = "Starting"
    ANALYZING_DATA = "AnalyzingData"
    FEATURE_ENGINEERING = "FeatureEngineering"
    MODEL_TUNING = "ModelTuning"
    TRAINING_MODELS = "TrainingModels"
    GENERATING_EXPLAINABILITY_REPORT = "GeneratingExplainabilityReport"
    GENERATING_MODEL_INSIGHTS_REPORT = "GeneratingModelInsightsReport"
    DEPLOYING_MODEL = "DeployingModel"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    MAX_CANDIDATES_REACHED = "MaxCandidatesReached"
    MAX_RUNTIME_REACHED = "MaxAutoMLJobRuntimeReached"
    CANDIDATE_DEFINITIONS_GENERATED = "CandidateDefinitionsGenerated"
    EXPLAINABILITY_ERROR = "ExplainabilityError"
    MODEL_INSIGHTS_ERROR = "ModelInsightsError"
    MODEL_DEPLOYMENT_ERROR = "ModelDeploymentError"
    FAILED = "Failed"
    STOPPED = "Stopped"


class EndOfSearch(StrEnum):
    """Why no further candidates are tried."""

    CANDIDATES = "MaxCandidatesReached"
    RUNTIME = "MaxAutoMLJobRuntimeReached"
    EXHAUSTED = "Completed"
    STOPPED = "Stopped"


ENSEMBLING_BELOW_BYTES = 100_000_000
"""Of training data, as the objects are stored: what AUTO goes by.

source    TabularJobConfig's Mode in SageMaker's API reference: 100 MB
"""


@dataclass(frozen=True)
class Limits:
    """Upper limits of one job, resolved (defaults filled in).

    max_candidates           pipelines and ensembles together
    max_runtime_s            wall clock from creation to Completed, deployment included
    max_candidate_runtime_s  wall clock of one candidate's training
    """

    max_candidates: int
    max_runtime_s: int
    max_candidate_runtime_s: int


class ApiVersion(StrEnum):
    """Which operation created a job."""

    V1 = "CreateAutoMLJob"
    V2 = "CreateAutoMLJobV2"


@dataclass(frozen=True)
class Echo:
    """A request as the client sent it, without tags, for Describe to repeat; nothing but `api` reads its members."""

    api: ApiVersion
    members: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AutoMLJob(Resource):
    """The record of one AutoML job.

    spec             what was asked for
    echo             the same in the client's own words
    deadline         created + limits.max_runtime_s, and what is given back of a long wait (domain/timing.py)
    search_ended     why and only once no further candidates are tried
    problem_type     as resolved; None until the data are analysed
    objective        as resolved; None until the data are analysed, but for a forecast, whose objective needs no data
    exploration      S3 URI of the data exploration notebook; "" until it is there
    definitions      S3 URI of the candidate definition notebook; "" until it is there
    best_candidate   name of the best finished candidate; None while there is none
    partial_failures what it lacks though it went on
    endpoint_name    chosen at creation if the job is to deploy; "" if not
    deployed         the endpoint of this job is InService
    resolved_mode    of a job that asked for AUTO, once the size of its data is known
    analysis_s       how long its table took to be read and analysed; None until it was, and of jobs of earlier versions
    features         what the feature specification file said when the job was created, of jobs of earlier versions. Now the
                     task that analyses the data has it: it may name 60,000 columns, and records of jobs are read often
    output_key       ARN of the KMS key that what is written to S3 is encrypted under; "" for the bucket's default
    volume_key       ARN of the KMS key of its volume, which is in memory then; "" for the data folder's disk
    traceparent      of the request that created it, if that is traced; "" if not
    """

    kind: ClassVar[Kind] = Kind.AUTO_ML_JOB

    spec: JobSpec
    echo: Echo
    limits: Limits
    deadline: datetime
    status: JobStatus = JobStatus.IN_PROGRESS
    secondary: SecondaryStatus = SecondaryStatus.STARTING
    ended: datetime | None = None
    search_ended: EndOfSearch | None = None
    problem_type: ProblemType | None = None
    objective: MetricName | None = None
    exploration: str = ""
    definitions: str = ""
    best_candidate: str | None = None
    failure: Note | None = None
    partial_failures: tuple[Note, ...] = ()
    endpoint_name: str = ""
    deployed: bool = False
    resolved_mode: Mode | None = None
    analysis_s: float | None = None
    features: FeatureSpecification = EVERYTHING
    output_key: str = ""
    volume_key: str = ""
    traceparent: str = ""

    @property
    def began(self) -> datetime:
        """When its time began: when it was created, or later by what is given back of a long wait."""
        return self.deadline - timedelta(seconds=self.limits.max_runtime_s)

    @property
    def is_forecast(self) -> bool:
        """Return whether the job learns to forecast."""
        return isinstance(self.spec.problem, ForecastSpec)

    @property
    def mode(self) -> Mode:
        """Return how candidates are searched. Forecasts are models of one container and their average, as ENSEMBLING has them.

        It is AUTO while the size of the data decides and is not known yet; and, for good, for a job of the first API that
        named none: it searches pipelines and ensembles.
        """
        if self.is_forecast:
            return Mode.ENSEMBLING
        return self.resolved_mode or self.spec.search.mode or Mode.AUTO

    def resolved(self, n_bytes: int) -> Mode | None:
        """Return what AUTO means for so much data; None for a job that did not ask for it."""
        if self.spec.search.mode is not Mode.AUTO:
            return None
        return Mode.ENSEMBLING if n_bytes < ENSEMBLING_BELOW_BYTES else Mode.TUNING

    @property
    def definitions_only(self) -> bool:
        return self.spec.search.definitions_only

    @property
    def output_root(self) -> str:
        """The S3 URI below which everything of this job lies, without a final slash."""
        return f"{self.spec.output.uri.rstrip('/')}/{self.name}"
