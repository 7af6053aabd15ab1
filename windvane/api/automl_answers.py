"""AutoML jobs in AWS's words, those of the first API and those of V2."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import echoed, present, reason
from windvane.api.automl_request.v2 import in_v2_words
from windvane.api.candidates import candidate_answer
from windvane.control.jobs import JobView
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import ApiVersion, AutoMLJob
from windvane.domain.jobspec import TabularProblem
from windvane.domain.problem import MetricName, ProblemType, default_objective

MOST_PARTIAL_FAILURES = 5

_PROBLEM_NAMES = {
    "tabular": "Tabular",
    "text-classification": "TextClassification",
    "forecast": "TimeSeriesForecasting",
}
"""Kind of a problem -> AutoMLProblemTypeConfigName."""


def summary(job: AutoMLJob) -> dict[str, Any]:
    """Return an AutoMLJobSummary."""
    return {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": job.status.value,
        "AutoMLJobSecondaryStatus": job.secondary.value,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        **present(
            EndTime=job.ended,
            FailureReason=reason(job.failure),
            PartialFailureReasons=_partial_failures(job),
        ),
    }


def description(view: JobView) -> dict[str, Any]:
    """Return the answer of DescribeAutoMLJob."""
    job = view.job
    return {
        **_common(view),
        **echoed(job.echo.members, "InputDataConfig", "ProblemType", "AutoMLJobConfig"),
        "GenerateCandidateDefinitionsOnly": job.definitions_only,
        "ResolvedAttributes": {
            **_resolved_objective(job),
            **present(ProblemType=problem_type_name(job)),
            **_resolved_criteria(job),
        },
    }


def description_v2(view: JobView) -> dict[str, Any]:
    """Return the answer of DescribeAutoMLJobV2: of a job of the first API too, as a tabular V2 job."""
    job = view.job
    problem_type = problem_type_name(job)
    return {
        **_common(view),
        **_request_v2(job),
        "AutoMLProblemTypeConfigName": _PROBLEM_NAMES[job.spec.problem.kind],
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
    """Return what both Describe operations say in the same words."""
    job, best = view.job, view.best
    return {
        **summary(job),
        **echoed(
            job.echo.members,
            "OutputDataConfig",
            "RoleArn",
            "AutoMLJobObjective",
            "ModelDeployConfig",
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


def _request_v2(job: AutoMLJob) -> dict[str, Any]:
    """Return what was sent, but for what `_common` says."""
    is_v2, sent = job.echo.api is ApiVersion.V2, job.echo.members
    request = echoed(
        sent if is_v2 else in_v2_words(sent),
        "AutoMLJobInputDataConfig",
        "AutoMLProblemTypeConfig",
        "SecurityConfig",
        "DataSplitConfig",
        "AutoMLComputeConfig",
    )
    if not is_v2:
        tabular = request["AutoMLProblemTypeConfig"]["TabularJobConfig"]
        tabular["GenerateCandidateDefinitionsOnly"] = job.definitions_only
    return request


def problem_type_name(job: AutoMLJob) -> str | None:
    """Return the problem type of a table as found in the data, else as asked for; unknown until one of them is there, and of
    problems of other kinds."""
    asked = job.spec.problem
    if not isinstance(asked, TabularProblem):
        return None
    known = job.problem_type or asked.problem_type
    return None if known is None else known.value


def objective_name(job: AutoMLJob) -> MetricName | None:
    """Return the objective as resolved, else as asked for, else the default; unknown while the problem type is."""
    asked = job.spec.problem
    if isinstance(asked, ForecastSpec):
        return asked.objective.name_in_records
    if (known := job.objective or asked.objective) is not None:
        return known
    problem_type = problem_type_name(job)
    return None if problem_type is None else default_objective(ProblemType(problem_type))


def _resolved_objective(job: AutoMLJob) -> dict[str, Any]:
    objective = objective_name(job)
    return {} if objective is None else {"AutoMLJobObjective": {"MetricName": objective.value}}


def _resolved_criteria(job: AutoMLJob) -> dict[str, Any]:
    return {
        "CompletionCriteria": {
            "MaxCandidates": job.limits.max_candidates,
            "MaxRuntimePerTrainingJobInSeconds": job.limits.max_candidate_runtime_s,
            "MaxAutoMLJobRuntimeInSeconds": job.limits.max_runtime_s,
        }
    }


def _partial_failures(job: AutoMLJob) -> list[dict[str, str]]:
    """Return the partial failures, at most as many as the service model allows; the last one then counts the rest."""
    failures = [reason(failure) for failure in job.partial_failures]
    if len(failures) > MOST_PARTIAL_FAILURES:
        shown = failures[: MOST_PARTIAL_FAILURES - 1]
        failures = [*shown, f"{len(failures) - len(shown)} further failures."]
    return [{"PartialFailureMessage": failure} for failure in failures]
