"""The form of a new job filled in with the request of a job that there is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from windvane.console.endpoint.free_names import has_endpoint
from windvane.console.job.tags import ARCHIVED, sensitive_columns
from windvane.console.job_form.draft import (
    BASED_ON,
    FORECAST,
    LEFT_OUT,
    QUANTILES,
    TEXT,
    TYPES,
    Draft,
)
from windvane.console.job_form.known_table import read_known_table
from windvane.console.job_form.time_limit import limit_text
from windvane.console.request_context import RequestContext
from windvane.errors import CallerFault, InvalidRequest, NoObjects, NotFound
from windvane.names import RESPONSES_TAG, SENSITIVE_TAG, WEBHOOK_TAG

_TABULAR = "TabularJobConfig"
_OF_ONE_JOB = (BASED_ON, ARCHIVED, RESPONSES_TAG, SENSITIVE_TAG, WEBHOOK_TAG)
"""Keys of tags that are not for a job made from its settings, or that the form adds."""

_MOST_BYTES = 1 << 20
"""Of a feature specification file, as CreateAutoMLJobV2 reads it."""

_OF_REQUEST = (
    "AutoMLJobInputDataConfig",
    "AutoMLProblemTypeConfig",
    "OutputDataConfig",
    "SecurityConfig",
    "DataSplitConfig",
    "AutoMLComputeConfig",
)
_FOUND_AGAIN = frozenset({"ContentType", "CompressionType", "FeatureSpecificationS3Uri"})
"""Members that the form finds in the data, or reads."""


async def draft_again(context: RequestContext, name: str) -> tuple[Draft, tuple[str, ...]]:
    """Return the form of a job, without its name, and the settings of the job that the form does not have.

    raises    NotFound for the job; AccessDenied, TooLarge and InvalidRequest for its feature specification file
    """
    job = await context.ask("sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": name})
    answer = await context.ask("sagemaker", "ListTags", {"ResourceArn": job["AutoMLJobArn"]})
    tags = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
    draft = replace(
        draft_of(job),
        tags="\n".join(f"{key}={tags[key]}" for key in tags if key not in _OF_ONE_JOB),
        sensitive=sensitive_columns(tags),
        based_on=job["AutoMLJobName"],
        webhook=tags.get(WEBHOOK_TAG, ""),
    )
    if draft.endpoint_name == job["AutoMLJobName"] or (
        draft.endpoint_name and await has_endpoint(context, draft.endpoint_name)
    ):
        draft = replace(draft, endpoint_name="")
    lost = tuple(left_behind(job, draft.job_request(context.caller)))
    uri = job["AutoMLProblemTypeConfig"].get(_TABULAR, {}).get("FeatureSpecificationS3Uri", "")
    if not uri:
        return draft, lost
    try:
        text = await context.objects.read(uri, _MOST_BYTES)
    except NotFound:  # deleted with the upload that it belonged to
        return draft, (*lost, "types and use of columns (their file was deleted)")
    return await _with_specification(context, draft, job, uri, text), lost


def draft_of(job: Mapping[str, Any]) -> Draft:
    """Return the form of a job, without its name, its tags and what its feature specification file says.

    job    of DescribeAutoMLJobV2
    """
    source = job["AutoMLJobInputDataConfig"][0]["DataSource"]["S3DataSource"]
    ((kind, config),) = job["AutoMLProblemTypeConfig"].items()
    criteria, deployment = config.get("CompletionCriteria", {}), job.get("ModelDeployConfig")
    seconds = criteria.get("MaxAutoMLJobRuntimeInSeconds")
    of_all = Draft(
        uri=source["S3Uri"],
        data_type=source["S3DataType"],
        objective=job.get("AutoMLJobObjective", {}).get("MetricName", ""),
        time_limit="" if seconds is None else limit_text(seconds),
        candidates=str(criteria.get("MaxCandidates", "")),
        deploy=deployment is not None,
        endpoint_name=(deployment or {}).get("EndpointName", ""),
        role=job["RoleArn"],
        output=job["OutputDataConfig"]["S3OutputPath"],
    )
    if kind == _TABULAR:
        return replace(
            of_all,
            target=config["TargetAttributeName"],
            problem_type=config.get("ProblemType", ""),
            mode="" if config.get("Mode", "AUTO") == "AUTO" else config["Mode"],
        )
    if kind == f"{TEXT}JobConfig":
        return replace(
            of_all,
            target=config["TargetLabelColumn"],
            content=config["ContentColumn"],
            problem_type=TEXT,
        )
    series = config["TimeSeriesConfig"]
    return replace(
        of_all,
        problem_type=FORECAST,
        target=series["TargetAttributeName"],
        timestamp=series["TimestampAttributeName"],
        item=series["ItemIdentifierAttributeName"],
        groups=tuple(series.get("GroupingAttributeNames", ())),
        frequency=config["ForecastFrequency"],
        horizon=str(config["ForecastHorizon"]),
        quantiles=" ".join(config.get("ForecastQuantiles", ())) or QUANTILES,
    )


def left_behind(job: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the settings of a job that a request made by its form does not have, each once."""
    if len(job["AutoMLJobInputDataConfig"]) > 1:
        yield "validation data"
    asked = {name: job[name] for name in _OF_REQUEST if name in job}
    asked["AutoMLJobInputDataConfig"] = job["AutoMLJobInputDataConfig"][:1]
    there = set(_leaves(request))
    lost = (path[-1] for path in _leaves(asked) if path not in there)
    yield from dict.fromkeys(name for name in lost if name not in _FOUND_AGAIN)


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value that is no object and no list of objects, and asks for something."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not False and value not in (None, "", [], "AUTO", "None"):
        yield path


async def _with_specification(
    context: RequestContext, draft: Draft, job: Mapping[str, Any], uri: str, text: bytes
) -> Draft:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The feature specification file {uri} is not JSON.") from error
    if not isinstance(told, dict):
        raise InvalidRequest(f"The feature specification file {uri} is not a JSON object.")
    kinds, used = told.get("FeatureDataTypes"), told.get("FeatureAttributeNames")
    choices = {
        name: kind
        for name, kind in (kinds if isinstance(kinds, dict) else {}).items()
        if kind in TYPES
    }
    if isinstance(used, list):
        columns = await _columns(context, draft, job)
        choices |= {
            name: LEFT_OUT for name in columns if name not in {*map(str, used), draft.target}
        }
        draft = replace(draft, columns=columns)
    return replace(
        draft,
        choices=choices,
        group_column=str(told.get("WindvaneGroupColumn", "")),
        time_column=str(told.get("WindvaneTimeColumn", "")),
    )


async def _columns(
    context: RequestContext, draft: Draft, job: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the columns of the data, as the job found them if they are gone; none if they cannot be read, which the form
    says by itself."""
    try:
        try:
            answer = await context.ask("windvane", "PreviewTable", draft.preview_request())
        except NoObjects:
            known = await read_known_table(context, job)
            return () if known is None else tuple(known.columns)
    except CallerFault:
        return ()
    return tuple(column["Name"] for column in answer["Columns"])
