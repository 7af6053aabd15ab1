"""AutoML jobs in AWS's words, those of the first API and those of V2. `api/job_states.py` says which key is
there in which state."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import echoed, present, reason
from windvane.api.candidates import candidate_answer
from windvane.control.jobs import JobView
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName, ProblemType, default_objective

MOST_PARTIAL_FAILURES = 5


def summary(job: AutoMLJob) -> dict[str, Any]:
    """An AutoMLJobSummary."""
    return {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": job.status.value,
        "AutoMLJobSecondaryStatus": job.secondary.value,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        **present(
            EndTime=job.ended,
            FailureReason=reason(job.failure_reason),
            PartialFailureReasons=_partial_failures(job),
        ),
    }


def description(view: JobView) -> dict[str, Any]:
    """The answer of DescribeAutoMLJob."""
    job = view.job
    return {
        **_common(view),
        **echoed(job.request, "InputDataConfig", "ProblemType", "AutoMLJobConfig"),
        "GenerateCandidateDefinitionsOnly": job.definitions_only,
        "ResolvedAttributes": {
            **_resolved_objective(job),
            **present(ProblemType=_problem_type(job)),
            **_resolved_criteria(job),
        },
    }


def description_v2(view: JobView) -> dict[str, Any]:
    """The answer of DescribeAutoMLJobV2: what the first API calls by other names, as a tabular V2 job."""
    job = view.job
    problem_type = _problem_type(job)
    return {
        **_common(view),
        **echoed(job.request.get("AutoMLJobConfig", {}), "SecurityConfig", "DataSplitConfig"),
        "AutoMLJobInputDataConfig": [
            echoed(channel, "ChannelType", "ContentType", "CompressionType", "DataSource")
            for channel in job.request["InputDataConfig"]
        ],
        "AutoMLProblemTypeConfigName": "Tabular",
        "AutoMLProblemTypeConfig": {"TabularJobConfig": _tabular_config(job)},
        "ResolvedAttributes": {
            **_resolved_objective(job),
            **_resolved_criteria(job),
            **present(
                AutoMLProblemTypeResolvedAttributes={
                    "TabularResolvedAttributes": {"ProblemType": problem_type}
                }
                if problem_type
                else None
            ),
        },
    }


def _common(view: JobView) -> dict[str, Any]:
    """What both Describe operations say in the same words."""
    job, best = view.job, view.best
    return {
        **summary(job),
        **echoed(
            job.request, "OutputDataConfig", "RoleArn", "AutoMLJobObjective", "ModelDeployConfig"
        ),
        **present(
            BestCandidate=candidate_answer(best, job.objective) if best else None,
            AutoMLJobArtifacts=_artifacts(job) or None,
            ModelDeployResult={"EndpointName": job.endpoint_name} if job.deployed else None,
        ),
    }


def _artifacts(job: AutoMLJob) -> dict[str, Any]:
    return present(
        CandidateDefinitionNotebookLocation=job.definitions or None,
        DataExplorationNotebookLocation=job.exploration or None,
    )


def _tabular_config(job: AutoMLJob) -> dict[str, Any]:
    config = job.request.get("AutoMLJobConfig", {})
    generation = config.get("CandidateGenerationConfig", {})
    return {
        "TargetAttributeName": job.request["InputDataConfig"][0]["TargetAttributeName"],
        "GenerateCandidateDefinitionsOnly": job.definitions_only,
        **echoed(job.request, "ProblemType"),
        **echoed(job.request["InputDataConfig"][0], "SampleWeightAttributeName"),
        **echoed(config, "CompletionCriteria", "Mode"),
        **echoed(generation, "FeatureSpecificationS3Uri"),
        **present(CandidateGenerationConfig=echoed(generation, "AlgorithmsConfig") or None),
    }


def _problem_type(job: AutoMLJob) -> str | None:
    """As found in the data, else as asked for; unknown until one of them is there."""
    return job.problem_type.value if job.problem_type else job.request.get("ProblemType")


def _resolved_objective(job: AutoMLJob) -> dict[str, Any]:
    if job.objective is not None:
        return {"AutoMLJobObjective": {"MetricName": job.objective.value}}
    if "AutoMLJobObjective" in job.request:
        return {"AutoMLJobObjective": job.request["AutoMLJobObjective"]}
    if (problem_type := _problem_type(job)) is not None:
        metric: MetricName = default_objective(ProblemType(problem_type))
        return {"AutoMLJobObjective": {"MetricName": metric.value}}
    return {}


def _resolved_criteria(job: AutoMLJob) -> dict[str, Any]:
    return {
        "CompletionCriteria": {
            "MaxCandidates": job.limits.max_candidates,
            "MaxRuntimePerTrainingJobInSeconds": job.limits.max_candidate_runtime_s,
            "MaxAutoMLJobRuntimeInSeconds": job.limits.max_runtime_s,
        }
    }


def _partial_failures(job: AutoMLJob) -> list[dict[str, str]]:
    """At most as many as the service model allows; the last one then counts the rest."""
    failures = job.partial_failures
    if len(failures) > MOST_PARTIAL_FAILURES:
        shown = failures[: MOST_PARTIAL_FAILURES - 1]
        failures = (*shown, f"{len(failures) - len(shown)} further failures.")
    return [{"PartialFailureMessage": reason(failure)} for failure in failures]
