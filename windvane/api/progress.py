"""AutoML jobs at a glance and from near by: operations of our own, described in wire/data/windvane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.answers import present, reason
from windvane.api.automl_answers import objective_name, problem_type_name
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.overviews import Overview
from windvane.control.progress import ProgressView, Running, index_of
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName
from windvane.domain.progress import Finish, Phase
from windvane.domain.task import TaskKind
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")

_UNPLANNED = (TaskKind.ENSEMBLE, TaskKind.BASELINE)
"""Tasks that are called what the candidates are that they make."""


@OPERATIONS.serves("ListAutoMLJobOverviews")
def list_auto_ml_job_overviews(parts: Services, call: Call) -> Result:
    page = parts.overviews.list(scope_of(call), call.parameters)
    return {
        "AutoMLJobOverviews": [_overview(overview) for overview in page.overviews],
        **present(
            TotalCount=page.total,
            NextToken=page.next_token,
            Projects=[{"Name": name, "JobCount": n} for name, n in page.projects.items()],
        ),
    }


@OPERATIONS.serves("DescribeAutoMLJobProgress")
def describe_auto_ml_job_progress(parts: Services, call: Call) -> Result:
    view = parts.progress.describe(scope_of(call), call.parameters["AutoMLJobName"])
    return {
        **_job(view.job, view.counts),
        "Now": view.now,
        "LastCandidateStartTime": view.last_start,
        "Phases": [_phase(phase) for phase in view.phases],
        "PartialFailures": [
            {"Code": failure.code.value, "Message": reason(failure)}
            for failure in view.job.partial_failures
        ],
        "Running": [_running(one) for one in view.running],
        "Scores": [_score(finish, view) for finish in view.finishes],
        **present(RowCount=view.n_rows, ColumnCount=view.n_columns),
        **_reports(view.best),
    }


def _reports(best: Candidate | None) -> dict[str, Any]:
    """Return where the reports on the best candidate are, as far as they are there."""
    if best is None:
        return {}
    return present(
        Explainability=best.explainability or None, ModelInsights=best.model_insights or None
    )


def _overview(overview: Overview) -> dict[str, Any]:
    job, best = overview.job, overview.best
    scored = best is not None and best.score is not None
    return {
        **_job(job, overview.counts),
        **present(Project=overview.project, IsArchived=overview.is_archived or None),
        **(_of_best(best, job.objective) if best is not None and scored else {}),
    }


def _of_best(best: Candidate, objective: MetricName | None) -> dict[str, Any]:
    return {
        "BestCandidateName": best.name,
        "BestScore": best.score,
        **present(BestStandardError=_standard_error(best, objective)),
    }


def _job(job: AutoMLJob, counts: Mapping[CandidateStatus, int]) -> dict[str, Any]:
    """Return what both operations say of a job."""
    objective = objective_name(job)
    is_minimized = {} if objective is None else {"ObjectiveIsMinimized": objective.is_minimized}
    return {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": job.status.value,
        "AutoMLJobSecondaryStatus": job.secondary.value,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "Deadline": job.deadline,
        "MaxCandidates": job.limits.max_candidates,
        "CandidateCounts": {status.value: counts.get(status, 0) for status in CandidateStatus},
        **is_minimized,
        **present(
            EndTime=job.ended,
            Objective=None if objective is None else objective.value,
            ProblemType=problem_type_name(job),
            EndpointName=job.endpoint_name,
            FailureReason=reason(job.failure),
        ),
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "SecondaryStatus": phase.secondary.value,
        "PlannedEndTime": phase.planned_end,
        **present(StartTime=phase.began, EndTime=phase.ended),
    }


def _running(one: Running) -> dict[str, Any]:
    task, candidate = one.task, one.candidate
    algorithm = candidate.algorithm if candidate is not None else None
    return {
        "Task": task.kind.value,
        "StartTime": one.started,
        "AgeSeconds": one.age_s,
        "LatestEndTime": one.stops,
        **present(
            CandidateName=None if candidate is None else candidate.name,
            CandidateNumber=index_of(task),
            Algorithm=algorithm or (task.kind.value if task.kind in _UNPLANNED else None),
            Recipe=one.recipe,
            MemoryInBytes=one.memory_bytes,
        ),
    }


def _score(finish: Finish, view: ProgressView) -> dict[str, Any]:
    candidate = finish.candidate
    return {
        "CandidateName": candidate.name,
        "CandidateNumber": candidate.index,
        "Algorithm": candidate.algorithm,
        "Score": finish.score,
        "Rank": finish.rank,
        "IsBestSoFar": finish.is_best,
        "EndTime": candidate.ended,
        **present(
            Recipe=candidate.recipe,
            StandardError=_standard_error(candidate, view.job.objective),
            FoldCount=candidate.folds,
            TrainingTimeInSeconds=candidate.fit_s,
        ),
    }


def _standard_error(candidate: Candidate, objective: MetricName | None) -> float | None:
    return next(
        (
            metric.standard_error
            for metric in candidate.metrics
            if metric.name is objective and metric.split == "Validation"
        ),
        None,
    )
