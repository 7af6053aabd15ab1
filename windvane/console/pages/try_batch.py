"""A file of any size predicted by a transform job: uploaded in parts by the browser, followed, stopped, and its result
downloaded as one file. Each step is an operation of the service, with the rights of whoever is signed in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.endpoint.configs import every_variant
from windvane.console.forms import body_of, form_of
from windvane.console.pages.uploads import (
    BATCHES,
    MOST_BATCH_PARTS,
    bucket_of,
    folder_name,
    is_batch,
)
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.trying.batches import (
    MOST_FIRST,
    Batch,
    batch_from,
    folder_of,
    job_beginning,
    job_name,
    plan_of,
    transform_request,
)
from windvane.console.trying.downloads import SafeRows, csv_text
from windvane.console.trying.schema import Schema, schema_from
from windvane.errors import AccessDenied, CallerFault, DoesNotExist, InvalidRequest

_FINAL = ("Completed", "Failed", "Stopped")
_ABOUT = "predictions.json"
_MOST_ABOUT = 4 << 20
_MOST_BODY = 4 * MOST_FIRST
_JOBS_SHOWN = 10


@dataclass(frozen=True)
class JobRow:
    name: str
    status: str
    created: datetime


@dataclass(frozen=True)
class StartView:
    """The page on which a file is chosen.

    jobs       the newest of this endpoint; None if they may not be listed
    refusal    why the last one was not started; "" if none was tried
    """

    endpoint: str
    schema: Schema
    jobs: tuple[JobRow, ...] | None
    refusal: str = ""


@dataclass(frozen=True)
class JobView:
    """A transform job that predicts a file.

    n_done     parts of the file that are predicted
    size       bytes of the predictions so far
    """

    endpoint: str
    name: str
    status: str
    reason: str
    batch: Batch
    n_done: int
    size: int
    created: datetime
    ended: datetime | None

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL


async def page(request: Request) -> Response:
    return await _start_page(request)


async def begin(request: Request) -> Response:
    """Return a place for the parts of a file, and whether its first line is a header, as JSON."""
    context = context_of(request)
    try:
        told = json.loads(await body_of(request, _MOST_BODY))
        first = told["first"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidRequest("The request is not JSON with the first line of a file.") from error
    schema = await _schema(context, request)
    plan = await context.in_thread(plan_of, _first_line(first), schema)
    answer = {"batch": folder_name(), "has_header": plan.has_header, "parts": MOST_BATCH_PARTS}
    return JSONResponse(answer, headers=PAGE_HEADERS)


async def start(request: Request) -> Response:
    """Start the job for parts that were uploaded."""
    context, form = context_of(request), await form_of(request)
    endpoint, batch = request.path_params["name"], form.get("batch")
    first, joins = "".join(form.all("first")[:1]), "joins" in form
    try:
        if not is_batch(batch):
            raise InvalidRequest("The batch was not issued by this page: choose the file again.")
        schema = await _schema(context, request)
        plan = await context.in_thread(plan_of, _first_line(first), schema)
        model = await _model(context, endpoint, schema.variant)
        folder = f"s3://{bucket_of(context)}/{BATCHES}/{batch}"
        head = (*(plan.names if joins else ()), *schema.responses)
        n_parts = len(await context.objects.list(f"{folder}/input/"))
        about = Batch(form.get("file")[:200], n_parts, head, joins)
        await context.objects.write(f"{folder}/{_ABOUT}", about.to_json())
        name = job_name(endpoint, datetime.now(UTC))
        asked = transform_request(name, model, folder, plan, joins=joins)
        await context.ask("sagemaker", "CreateTransformJob", asked)
    except CallerFault as fault:
        return await _start_page(request, str(fault), 400)
    return RedirectResponse(_job_url(endpoint, name), 303, headers=PAGE_HEADERS)


async def job_page(request: Request) -> Response:
    view = await _job(request)
    if request.headers.get("hx-request") == "true":
        part = draw_part(request, "try/batch_state.html", view)
        return Response(part, headers=PAGE_HEADERS, media_type="text/html")
    return draw(request, "try/batch_job.html", view)


async def stop(request: Request) -> Response:
    name = request.path_params["job"]
    await context_of(request).ask("sagemaker", "StopTransformJob", {"TransformJobName": name})
    return RedirectResponse(_job_url(request.path_params["name"], name), 303, headers=PAGE_HEADERS)


async def download(request: Request) -> Response:
    """Return the predictions of all parts as one CSV file with a header, its cells safe for spreadsheets."""
    context = context_of(request)
    job = await _described(context, request.path_params["job"])
    if job["TransformJobStatus"] != "Completed":
        raise InvalidRequest(
            f"The job is {job['TransformJobStatus']}: the result can be downloaded when it is Completed."
        )
    folder = folder_of(job)
    about = await _about(context, folder)
    parts = sorted(await context.objects.list(f"{folder}/output/"))
    head = csv_text([about.head], is_safe=True).encode()

    async def written() -> AsyncIterator[bytes]:
        yield head
        for uri, _ in parts:
            rows = SafeRows()
            async for chunk in context.objects.chunks(uri):
                yield await context.in_thread(rows.of, chunk)
            yield await context.in_thread(rows.last)

    name = quote(f"{about.file.removesuffix('.csv')}-predictions.csv", safe="")
    headers = {
        **PAGE_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type="text/csv; charset=utf-8")
    return StreamingResponse(written(), headers=headers, media_type="text/csv; charset=utf-8")


def _first_line(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_FIRST:
        raise InvalidRequest(
            f"The first line of the file is empty, or longer than {MOST_FIRST:,} characters."
        )
    return text


async def _start_page(request: Request, refusal: str = "", status: int = 200) -> Response:
    context = context_of(request)
    schema = await _schema(context, request)
    endpoint = request.path_params["name"]
    view = StartView(endpoint, schema, await _jobs(context, endpoint), refusal)
    return draw(request, "try/batch.html", view, status)


async def _schema(context: RequestContext, request: Request) -> Schema:
    """Return the schema of the variant that the page's address names."""
    named = {"EndpointName": request.path_params["name"]}
    variant = request.query_params.get("variant", "")
    asked = named | ({"VariantName": variant} if variant else {})
    return schema_from(await context.ask("windvane", "DescribeEndpointSchema", asked))


async def _model(context: RequestContext, endpoint: str, variant: str) -> str:
    """Return the name of the model of a variant.

    raises    InvalidRequest if the configuration is gone: only it has the name
    """
    described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
    named = {"EndpointConfigName": described["EndpointConfigName"]}
    try:
        config = await context.ask("sagemaker", "DescribeEndpointConfig", named)
    except DoesNotExist as error:
        raise InvalidRequest(
            f"The configuration {named['EndpointConfigName']} of this endpoint was deleted, so the name of its model is not "
            "known. Update the endpoint with a configuration that exists."
        ) from error
    models: Mapping[str, str] = {
        one["VariantName"]: one["ModelName"] for one in every_variant(config)
    }
    if variant not in models:
        raise InvalidRequest(f"The configuration of this endpoint has no variant {variant}.")
    return models[variant]


async def _jobs(context: RequestContext, endpoint: str) -> tuple[JobRow, ...] | None:
    beginning = job_beginning(endpoint)
    asked = {
        "NameContains": beginning,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": _JOBS_SHOWN,
    }
    try:
        listed = await context.ask("sagemaker", "ListTransformJobs", asked)
    except AccessDenied:
        return None
    return tuple(
        JobRow(one["TransformJobName"], one["TransformJobStatus"], one["CreationTime"])
        for one in listed["TransformJobSummaries"]
        if one["TransformJobName"].startswith(beginning)
    )


async def _described(context: RequestContext, name: str) -> dict[str, Any]:
    return await context.ask("sagemaker", "DescribeTransformJob", {"TransformJobName": name})


async def _about(context: RequestContext, folder: str) -> Batch:
    return await context.in_thread(
        batch_from, await context.objects.read(f"{folder}/{_ABOUT}", _MOST_ABOUT)
    )


async def _job(request: Request) -> JobView:
    context, name = context_of(request), request.path_params["job"]
    job = await _described(context, name)
    folder = folder_of(job)
    outputs = await context.objects.list(f"{folder}/output/")
    return JobView(
        endpoint=request.path_params["name"],
        name=name,
        status=job["TransformJobStatus"],
        reason=job.get("FailureReason", ""),
        batch=await _about(context, folder),
        n_done=len(outputs),
        size=sum(size for _, size in outputs),
        created=job["CreationTime"],
        ended=job.get("TransformEndTime"),
    )


def _job_url(endpoint: str, job: str) -> str:
    return f"/console/endpoints/{quote(endpoint, safe='')}/predictions/{quote(job, safe='')}"


_PATH = "/console/endpoints/{name}/predictions"

ROUTES = (
    Route(_PATH, page, methods=["GET"]),
    Route(_PATH, start, methods=["POST"]),
    Route(f"{_PATH}/begin", begin, methods=["POST"]),
    Route(f"{_PATH}/{{job}}", job_page, methods=["GET"]),
    Route(f"{_PATH}/{{job}}/stop", stop, methods=["POST"]),
    Route(f"{_PATH}/{{job}}/download", download, methods=["GET", "HEAD"]),
)
