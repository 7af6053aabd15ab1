"""Candidates in AWS's words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from windvane.api.answers import present, reason
from windvane.domain.candidate import Candidate, CandidateStatus, Container, Step
from windvane.domain.problem import MetricName
from windvane.domain.resource import Kind
from windvane.names import arn

_STEP_TYPES = {
    Kind.PROCESSING_JOB: "AWS::SageMaker::ProcessingJob",
    Kind.TRAINING_JOB: "AWS::SageMaker::TrainingJob",
    Kind.TRANSFORM_JOB: "AWS::SageMaker::TransformJob",
}


def candidate_answer(candidate: Candidate, objective: MetricName | None) -> dict[str, Any]:
    """Return an AutoMLCandidate; `objective` is that of its job."""
    return {
        "CandidateName": candidate.name,
        "ObjectiveStatus": _objective_status(candidate),
        "CandidateSteps": [step_answer(candidate, step) for step in candidate.steps],
        "CandidateStatus": candidate.status.value,
        "CreationTime": candidate.created,
        "LastModifiedTime": candidate.modified,
        **present(
            FinalAutoMLJobObjectiveMetric=_final_metric(candidate, objective),
            InferenceContainers=[container_answer(item) for item in candidate.containers],
            EndTime=candidate.ended,
            FailureReason=reason(candidate.failure),
            CandidateProperties=_properties(candidate),
        ),
    }


def step_answer(candidate: Candidate, step: Step) -> dict[str, Any]:
    """Return an AutoMLCandidateStep."""
    return {
        "CandidateStepType": _STEP_TYPES[step.kind],
        "CandidateStepArn": arn(candidate.scope, step.kind, step.name),
        "CandidateStepName": step.name,
    }


def container_answer(container: Container) -> dict[str, Any]:
    """Environment is there even if empty: SageMaker's SDK reads it without asking."""
    return {
        "Image": container.image,
        "ModelDataUrl": container.model_data_url,
        "Environment": dict(container.environment),
    }


def _objective_status(candidate: Candidate) -> str:
    if candidate.score is not None:
        return "Succeeded"
    return "Pending" if candidate.status is CandidateStatus.IN_PROGRESS else "Failed"


def _final_metric(candidate: Candidate, objective: MetricName | None) -> dict[str, Any] | None:
    if candidate.score is None or objective is None:
        return None
    return {
        "Type": "Minimize" if objective.is_minimized else "Maximize",
        "MetricName": objective.value,
        "StandardMetricName": objective.value,
        "Value": candidate.score,
    }


def _properties(candidate: Candidate) -> dict[str, Any] | None:
    made = present(
        CandidateMetrics=list(_metrics(candidate)) or None,
        CandidateArtifactLocations=_artifact_locations(candidate),
    )
    return made or None


def _artifact_locations(candidate: Candidate) -> dict[str, str] | None:
    """The service model demands Explainability: of a forecast without that report, it is the place of its backtests."""
    explanation = candidate.explainability or candidate.backtest_results
    if not explanation:
        return None
    return {
        "Explainability": explanation,
        **present(
            ModelInsights=candidate.model_insights, BacktestResults=candidate.backtest_results
        ),
    }


def _metrics(candidate: Candidate) -> Iterator[dict[str, Any]]:
    for metric in candidate.metrics:
        if math.isfinite(metric.value):
            yield _metric(metric.name.value, metric.value, metric.split)
    if candidate.latency_s is not None:
        yield _metric("InferenceLatency", candidate.latency_s, "Validation")


_EXTENDED_ONLY = frozenset({MetricName.LOG_LOSS.value, "InferenceLatency"})
"""Names of AutoMLMetricExtendedEnum that AutoMLMetricEnum, the type of MetricName, lacks."""


def _metric(name: str, value: float, split: str) -> dict[str, Any]:
    return {
        **({} if name in _EXTENDED_ONLY else {"MetricName": name}),
        "StandardMetricName": name,
        "Value": value,
        "Set": split,
    }
