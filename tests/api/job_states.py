"""Which keys DescribeAutoMLJob answers in which state of a job: the table that its tests hold it to."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.domain.job import JobStatus, SecondaryStatus

ALWAYS = frozenset(
    {
        "AutoMLJobName",
        "AutoMLJobArn",
        "InputDataConfig",
        "OutputDataConfig",
        "RoleArn",
        "CreationTime",
        "LastModifiedTime",
        "AutoMLJobStatus",
        "AutoMLJobSecondaryStatus",
        "GenerateCandidateDefinitionsOnly",
        "ResolvedAttributes",
        "ResolvedAttributes.CompletionCriteria",
    }
)
"""There in every state."""

ECHOED = frozenset({"ProblemType", "AutoMLJobObjective", "AutoMLJobConfig", "ModelDeployConfig"})
"""There in every state if the request had them, and in none if it had not."""

RESOLVED = frozenset({"ResolvedAttributes.ProblemType", "ResolvedAttributes.AutoMLJobObjective"})
"""Known from the analysis on, and before it as far as the request says."""

BY_STATE = RESOLVED | {
    "EndTime",
    "FailureReason",
    "PartialFailureReasons",
    "BestCandidate",
    "AutoMLJobArtifacts",
    "ModelDeployResult",
}
"""There in the states whose row says so."""


@dataclass(frozen=True)
class State:
    """A row of the table: keys of BY_STATE that are there, and those that may be; the others are not."""

    meaning: str
    status: JobStatus
    secondaries: frozenset[SecondaryStatus]
    there: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()


def _state(
    meaning: str,
    status: JobStatus,
    *secondaries: SecondaryStatus,
    there: frozenset[str] = frozenset(),
    perhaps: frozenset[str] = frozenset(),
) -> State:
    return State(meaning, status, frozenset(secondaries), there, perhaps)


_BEST = frozenset({"BestCandidate"})
_PARTLY = frozenset({"PartialFailureReasons"})
_NOTEBOOKS = frozenset({"AutoMLJobArtifacts"})
_END = frozenset({"EndTime"})
_FAILURE = frozenset({"FailureReason"})

STATES: tuple[State, ...] = (
    _state("accepted", JobStatus.IN_PROGRESS, SecondaryStatus.STARTING),
    _state("reading the data", JobStatus.IN_PROGRESS, SecondaryStatus.ANALYZING_DATA),
    _state(
        "data understood, no candidate finished",
        JobStatus.IN_PROGRESS,
        SecondaryStatus.FEATURE_ENGINEERING,
        SecondaryStatus.MODEL_TUNING,
        SecondaryStatus.TRAINING_MODELS,
        there=RESOLVED,
        perhaps=_PARTLY | _NOTEBOOKS,
    ),
    _state(
        "a candidate has finished",
        JobStatus.IN_PROGRESS,
        SecondaryStatus.MODEL_TUNING,
        SecondaryStatus.TRAINING_MODELS,
        SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT,
        SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT,
        SecondaryStatus.DEPLOYING_MODEL,
        there=RESOLVED | _BEST,
        perhaps=_PARTLY | _NOTEBOOKS,
    ),
    _state(
        "completed without a deployment",
        JobStatus.COMPLETED,
        SecondaryStatus.COMPLETED,
        SecondaryStatus.MAX_CANDIDATES_REACHED,
        SecondaryStatus.MAX_RUNTIME_REACHED,
        there=RESOLVED | _BEST | _END,
        perhaps=_PARTLY | _NOTEBOOKS,
    ),
    _state(
        "completed and deployed",
        JobStatus.COMPLETED,
        SecondaryStatus.COMPLETED,
        SecondaryStatus.MAX_CANDIDATES_REACHED,
        SecondaryStatus.MAX_RUNTIME_REACHED,
        there=RESOLVED | _BEST | _END | {"ModelDeployResult"},
        perhaps=_PARTLY | _NOTEBOOKS,
    ),
    _state(
        "completed, a report is missing",
        JobStatus.COMPLETED,
        SecondaryStatus.EXPLAINABILITY_ERROR,
        SecondaryStatus.MODEL_INSIGHTS_ERROR,
        there=RESOLVED | _BEST | _END | _PARTLY,
        perhaps=_NOTEBOOKS | {"ModelDeployResult"},
    ),
    _state(
        "completed, deployment failed",
        JobStatus.COMPLETED,
        SecondaryStatus.MODEL_DEPLOYMENT_ERROR,
        there=RESOLVED | _BEST | _END,
        perhaps=_PARTLY | _NOTEBOOKS | _FAILURE,
    ),
    _state(
        "candidate definitions generated",
        JobStatus.COMPLETED,
        SecondaryStatus.CANDIDATE_DEFINITIONS_GENERATED,
        there=RESOLVED | _END,
        perhaps=_PARTLY | _NOTEBOOKS,
    ),
    _state("failed on the data", JobStatus.FAILED, SecondaryStatus.FAILED, there=_END | _FAILURE),
    _state(
        "failed after the analysis",
        JobStatus.FAILED,
        SecondaryStatus.FAILED,
        there=RESOLVED | _END | _FAILURE,
        perhaps=_PARTLY | _NOTEBOOKS | _BEST,
    ),
    _state(
        "stopping",
        JobStatus.STOPPING,
        SecondaryStatus.STOPPING,
        perhaps=RESOLVED | _BEST | _PARTLY | _NOTEBOOKS,
    ),
    _state(
        "stopped",
        JobStatus.STOPPED,
        SecondaryStatus.STOPPED,
        there=_END,
        perhaps=RESOLVED | _BEST | _PARTLY | _NOTEBOOKS,
    ),
)
