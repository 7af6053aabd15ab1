"""What a request must fulfil beyond the service model, as tables of small functions.

A rule yields a sentence for each fault it finds; `check` refuses a request with all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from windvane.artifacts.base import parse_location
from windvane.control.algorithms import algorithms_fit
from windvane.control.data_rules import DATA_RULES, SPECIFICATION
from windvane.control.members import Request, Unserved, first, found
from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.errors import InvalidRequest

Rule = Callable[[Request], Iterator[str]]

MAX_RUNTIME_S = 30 * 24 * 3600
"""source    AWS's quota for one AutoML job"""

_NOT_ON_THE_WIRE = frozenset({MetricName.LOG_LOSS})
"""Metrics that AutoMLMetricEnum of the service model lacks."""


def check(
    rules: Iterable[Rule], request: Request, told: Callable[[str], str] = lambda fault: fault
) -> None:
    """told      how a fault is told to the client, if the request is not in its own words

    raises    InvalidRequest with the sentence of every fault
    """
    if faults := [fault for rule in rules for fault in rule(request)]:
        raise InvalidRequest(" ".join(told(fault) for fault in faults))


@dataclass(frozen=True)
class Refused:
    """The rule that none of these members asks for what is not served."""

    members: tuple[Unserved, ...]

    def __call__(self, request: Request) -> Iterator[str]:
        for member in self.members:
            yield from member.faults(request)


def refused(*members: Unserved) -> Refused:
    return Refused(members)


def s3_uris(*paths: str) -> Rule:
    """The rule that the members at these paths are of the form s3://BUCKET/KEY."""

    def rule(request: Request) -> Iterator[str]:
        for path in paths:
            for place, uri in found(request, path):
                if not is_s3_uri(uri):
                    yield f"Value '{uri}' at '{place}' is not of the form s3://BUCKET/KEY."

    return rule


def is_s3_uri(uri: str) -> bool:
    try:
        parse_location(uri)
    except InvalidRequest:
        return False
    return True


def distinct_tag_keys(request: Request) -> Iterator[str]:
    seen: set[str] = set()
    for place, key in found(request, "Tags.*.Key"):
        if key in seen:
            yield f"Value '{key}' at '{place}' is given twice: tag keys must be unique per resource."
        seen.add(key)


def unreserved_tag_keys(request: Request) -> Iterator[str]:
    for place, key in found(request, "Tags.*.Key"):
        if key.lower().startswith("aws:"):
            yield f"Value '{key}' at '{place}' starts with 'aws:', which is reserved for AWS."


TAG_RULES: tuple[Rule, ...] = (distinct_tag_keys, unreserved_tag_keys)


def _data_source_given(request: Request) -> Iterator[str]:
    for number, channel in enumerate(request["InputDataConfig"], start=1):
        if "DataSource" not in channel:
            yield _violation(
                f"Value null at 'inputDataConfig.{number}.member.dataSource'",
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


CREATE_JOB_RULES: tuple[Rule, ...] = (
    refused(
        Unserved(
            "InputDataConfig.*.DataSource.S3DataSource.S3DataType", ("S3Prefix", "ManifestFile")
        ),
    ),
    _data_source_given,
    *DATA_RULES,
    _output_path_length,
    s3_uris(
        "InputDataConfig.*.DataSource.S3DataSource.S3Uri",
        "OutputDataConfig.S3OutputPath",
        SPECIFICATION,
    ),
    _objective_fits,
    _runtimes,
    algorithms_fit,
    _endpoint_name,
    _something_to_deploy,
    *TAG_RULES,
)
