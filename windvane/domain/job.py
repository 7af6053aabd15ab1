"""An AutoML job: its record, its statuses, and the table of allowed transitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from windvane.domain.features import EVERYTHING, FeatureSpecification
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.resource import Kind, Resource


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


_TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.IN_PROGRESS: frozenset(
        {JobStatus.IN_PROGRESS, JobStatus.STOPPING, JobStatus.COMPLETED, JobStatus.FAILED}
    ),
    JobStatus.STOPPING: frozenset({JobStatus.STOPPING, JobStatus.STOPPED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.STOPPED: frozenset(),
}


def may_become(now: JobStatus, then: JobStatus) -> bool:
    """Whether a job of status `now` may take the status `then`."""
    return then in _TRANSITIONS[now]


class EndOfSearch(StrEnum):
    """Why no further candidates are tried."""

    CANDIDATES = "MaxCandidatesReached"
    RUNTIME = "MaxAutoMLJobRuntimeReached"
    EXHAUSTED = "Completed"
    STOPPED = "Stopped"


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


@dataclass(frozen=True, kw_only=True)
class AutoMLJob(Resource):
    """The record of one AutoML job.

    request          the validated parameters of CreateAutoMLJob, echoed by Describe
    deadline         created + limits.max_runtime_s
    search_ended     why and only once no further candidates are tried
    problem_type     as resolved; None until the data are analysed
    objective        as resolved; None until the data are analysed
    exploration      S3 URI of the data exploration notebook; "" until it is there
    definitions      S3 URI of the candidate definition notebook; "" until it is there
    best_candidate   name of the best finished candidate; None while there is none
    partial_failures sentences for PartialFailureReasons
    endpoint_name    chosen at creation if the job is to deploy; "" if not
    deployed         the endpoint of this job is InService
    features         what the feature specification file said when the job was created
    """

    kind: ClassVar[Kind] = Kind.AUTO_ML_JOB

    request: dict[str, Any]
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
    failure_reason: str = ""
    partial_failures: tuple[str, ...] = ()
    endpoint_name: str = ""
    deployed: bool = False
    features: FeatureSpecification = EVERYTHING

    @property
    def definitions_only(self) -> bool:
        return bool(self.request.get("GenerateCandidateDefinitionsOnly", False))

    @property
    def output_root(self) -> str:
        """The S3 URI below which everything of this job lies, without a final slash."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}"
