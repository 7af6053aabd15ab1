"""An AutoML job: its record, its statuses, and the table of allowed transitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from windvane.domain.features import EVERYTHING, FeatureSpecification
from windvane.domain.problem import MetricName, Mode, ProblemType
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


@dataclass(frozen=True, kw_only=True)
class AutoMLJob(Resource):
    """The record of one AutoML job.

    request          the validated parameters in the words of CreateAutoMLJob, echoed by Describe
    by_v2            it was created by CreateAutoMLJobV2 (control/automl_v2.py translates)
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
    resolved_mode    of a job that asked for AUTO, once the size of its data is known
    features         what the feature specification file said when the job was created, of jobs of earlier versions. Now the
                     task that analyses the data has it: it may name 60,000 columns, and records of jobs are read often
    output_key       ARN of the KMS key that what is written to S3 is encrypted under; "" for the bucket's default
    volume_key       ARN of the KMS key of its volume, which is in memory then; "" for the data folder's disk
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
    by_v2: bool = False
    resolved_mode: Mode | None = None
    features: FeatureSpecification = EVERYTHING
    output_key: str = ""
    volume_key: str = ""

    @property
    def mode(self) -> Mode:
        """How candidates are searched. AUTO while the size of the data decides and is not known yet; and, for good,
        of a job of the first API that named none: it searches pipelines and ensembles."""
        return self.resolved_mode or self.asked_mode or Mode.AUTO

    @property
    def asked_mode(self) -> Mode | None:
        """As the client named it; AUTO is the default of V2, and the first API has none."""
        named = self.request.get("AutoMLJobConfig", {}).get("Mode")
        return Mode(named) if named else (Mode.AUTO if self.by_v2 else None)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Those that the search is limited to; () for no limit."""
        generation = self.request.get("AutoMLJobConfig", {}).get("CandidateGenerationConfig", {})
        chosen = generation.get("AlgorithmsConfig") or [{}]
        return tuple(dict.fromkeys(chosen[0].get("AutoMLAlgorithms", ())))

    def resolved(self, n_bytes: int) -> Mode | None:
        """What AUTO means for so much data; None for a job that did not ask for it."""
        if self.asked_mode is not Mode.AUTO:
            return None
        return Mode.ENSEMBLING if n_bytes < ENSEMBLING_BELOW_BYTES else Mode.TUNING

    @property
    def definitions_only(self) -> bool:
        return bool(self.request.get("GenerateCandidateDefinitionsOnly", False))

    @property
    def output_root(self) -> str:
        """The S3 URI below which everything of this job lies, without a final slash."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}"
