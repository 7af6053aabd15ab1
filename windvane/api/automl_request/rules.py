"""What a request to create an AutoML job must fulfil beyond the service model.

The rules read requests in the words of CreateAutoMLJob; those to CreateAutoMLJobV2 are translated for them (v2.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from windvane.api.automl_request.algorithm_rules import algorithms_fit
from windvane.api.automl_request.data_rules import DATA_RULES, FILE_RULES, SPECIFICATION
from windvane.control.members import Request, Unserved, called, first
from windvane.control.rules import MAX_RUNTIME_S, TAG_RULES, Rule, refused, s3_uris
from windvane.domain.problem import METRICS_OF, MetricName, ProblemType

_NOT_ON_THE_WIRE = frozenset({MetricName.LOG_LOSS})
"""Metrics that AutoMLMetricEnum of the service model lacks."""


def _data_source_given(request: Request) -> Iterator[str]:
    for number, channel in enumerate(request["InputDataConfig"], start=1):
        if "DataSource" not in channel:
            yield _violation(
                f"Value null at '{called(request, f'inputDataConfig.{number}.member.dataSource')}'",
                "Member must not be null",
            )


def _output_path_length(request: Request) -> Iterator[str]:
    path = request["OutputDataConfig"]["S3OutputPath"]
    if len(path) > 128:
        yield _violation(
            f"Value '{path}' at 'outputDataConfig.s3OutputPath'",
            "Member must have length less than or equal to 128",
        )


def _objective_fits(request: Request) -> Iterator[str]:
    name = first(request, "AutoMLJobObjective.MetricName")
    if name is None:
        return
    given = request.get("ProblemType")
    of_any = {metric for metrics in METRICS_OF.values() for metric in metrics} - _NOT_ON_THE_WIRE
    if name not in of_any:
        yield (
            f"The objective metric {name} does not fit a tabular problem. Choose one of: {', '.join(sorted(of_any))}."
        )
    elif given is not None and name not in METRICS_OF[ProblemType(given)]:
        fitting = [one for one in METRICS_OF[ProblemType(given)] if one not in _NOT_ON_THE_WIRE]
        yield (
            f"The objective metric {name} does not fit the problem type {given}. Choose one of: {', '.join(fitting)}."
        )


def _runtimes(request: Request) -> Iterator[str]:
    criteria = first(request, "AutoMLJobConfig.CompletionCriteria") or {}
    job = criteria.get("MaxAutoMLJobRuntimeInSeconds")
    candidate = criteria.get("MaxRuntimePerTrainingJobInSeconds")
    for name, seconds in (
        ("MaxAutoMLJobRuntimeInSeconds", job),
        ("MaxRuntimePerTrainingJobInSeconds", candidate),
    ):
        if seconds is not None and seconds > MAX_RUNTIME_S:
            yield f"{name} ({seconds}) must be at most {MAX_RUNTIME_S}, which is 30 days."
    if job is not None and candidate is not None and job < candidate:
        yield (
            f"MaxAutoMLJobRuntimeInSeconds ({job}) must be equal to or greater than "
            f"MaxRuntimePerTrainingJobInSeconds ({candidate})."
        )


def _endpoint_name(request: Request) -> Iterator[str]:
    config = request.get("ModelDeployConfig", {})
    generate, name = config.get("AutoGenerateEndpointName"), config.get("EndpointName")
    if generate is True and name:
        yield (
            f"EndpointName '{name}' must not be specified in ModelDeployConfig when "
            "AutoGenerateEndpointName is true."
        )
    if generate is False and not name:
        yield (
            "EndpointName must be specified in ModelDeployConfig when AutoGenerateEndpointName is "
            "false."
        )


def _something_to_deploy(request: Request) -> Iterator[str]:
    if "ModelDeployConfig" in request and request.get("GenerateCandidateDefinitionsOnly"):
        yield (
            "ModelDeployConfig must not be specified when GenerateCandidateDefinitionsOnly is true: "
            "no model is trained that could be deployed."
        )


def _violation(value_and_place: str, constraint: str) -> str:
    return (
        f"1 validation error detected: {value_and_place} failed to satisfy constraint: {constraint}"
    )


_PLACE_RULES: tuple[Rule, ...] = (
    _output_path_length,
    s3_uris(
        "InputDataConfig.*.DataSource.S3DataSource.S3Uri",
        "OutputDataConfig.S3OutputPath",
        SPECIFICATION,
    ),
)

_SOURCE_RULES: tuple[Rule, ...] = (
    refused(
        Unserved(
            "InputDataConfig.*.DataSource.S3DataSource.S3DataType", ("S3Prefix", "ManifestFile")
        ),
    ),
    _data_source_given,
)

CREATE_JOB_RULES: tuple[Rule, ...] = (
    *_SOURCE_RULES,
    *DATA_RULES,
    *_PLACE_RULES,
    _objective_fits,
    _runtimes,
    algorithms_fit,
    _endpoint_name,
    _something_to_deploy,
    *TAG_RULES,
)

ANY_PROBLEM_RULES: tuple[Rule, ...] = (
    *_SOURCE_RULES,
    *FILE_RULES,
    *_PLACE_RULES,
    _runtimes,
    _endpoint_name,
    *TAG_RULES,
)
"""Those that hold for problems of any kind, which the rules of the kind come on top of."""
