"""A new job: from a file, or a path in S3, to a request that starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.histogram import histogram_chart
from windvane.console.draw import draw, draw_part
from windvane.console.endpoint.free_names import free_endpoint_name
from windvane.console.forms import Form, form_of
from windvane.console.job_form.again import draft_again
from windvane.console.job_form.code import boto3_code, cli_code
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.job_form.draft import (
    CATEGORICAL,
    FORECAST,
    LEFT_OUT,
    MODES,
    TEXT,
    TYPES,
    Draft,
    packed,
)
from windvane.console.job_form.faults import faults_of, refused_field
from windvane.console.job_form.missing_data import about_missing_data
from windvane.console.job_form.name_again import RERUN, RETRAINED, name_again
from windvane.console.job_form.other_data import Difference, differences_of, on_other_data
from windvane.console.pages.samples import SAMPLES, Sample
from windvane.console.pages.uploads import uploaded_at
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import AccessDenied, CallerFault, Denial, NoObjects, NotAuthorized
from windvane.names import default_bucket

MOST_COLUMNS = 500
"""Whose types can be chosen on the page."""

_ROWS_SHOWN, _COLUMNS_OF_ROWS = 8, 60
_PROBLEM_TYPES = ("BinaryClassification", "MulticlassClassification", "Regression", TEXT, FORECAST)
_TEXT_OBJECTIVE = "Accuracy"
"""The only one of a job on texts."""

_LONGEST_NAME = 32
_TITLES = {
    "uri": "S3 location",
    "target": "Column to predict",
    "content": "Column of texts",
    "timestamp": "Column of times",
    "item": "Column of items",
    "frequency": "Frequency",
    "horizon": "Horizon in steps",
    "quantiles": "Quantiles",
    "sensitive": "Sensitive columns",
    "time_limit": "Time limit",
    "candidates": "Maximum candidates",
    "mode": "Mode",
    "job_name": "Job name",
    "output": "S3 output location",
    "tags": "Tags",
    "webhook": "Webhook",
    "endpoint_name": "Endpoint name",
}
"""Of the fields that can be wrong."""

_MOST_UPLOADS, _UPLOADS_SHOWN = 5000, 6


@dataclass(frozen=True)
class ColumnChoice:
    """A column of the preview, and what was chosen for it; "" for its type as inferred."""

    number: int
    column: Mapping[str, Any]
    choice: str

    @property
    def key(self) -> str:
        return packed(self.column["Name"])

    @property
    def fault(self) -> str:
        return str(self.column.get("TypeFault", ""))

    @property
    def is_asked_about(self) -> bool:
        """Return whether the form asks if its integers are codes of categories: nobody has said it yet."""
        return not self.choice and self.column.get("PossibleType") == CATEGORICAL


@dataclass(frozen=True)
class Seen:
    """The preview, ready to be drawn; `fault` says why there is none, `is_missing` that nothing is at the location."""

    fault: str = ""
    is_missing: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[ColumnChoice, ...] = ()
    n_more_columns: int = 0
    chart: Chart | None = None

    @property
    def target(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.answer.get("Target", {})
        return found

    @property
    def series(self) -> Mapping[str, Any]:
        """The rows as time series; {} if no column holds times."""
        found: Mapping[str, Any] = self.answer.get("Series", {})
        return found

    @property
    def suggests_forecast(self) -> bool:
        """Return whether there are times, and the target is a number that may be forecast."""
        is_number = any(
            one.column["Name"] == self.target.get("Name") and one.column["Type"] == "numeric"
            for one in self.columns
        )
        return (
            bool(self.series)
            and is_number
            and self.target.get("ProblemType") != "BinaryClassification"
        )

    @property
    def asked_about(self) -> list[ColumnChoice]:
        """The columns whose integers may be codes of categories."""
        return [one for one in self.columns if one.is_asked_about]

    @property
    def rows(self) -> list[list[str]]:
        return [row[:_COLUMNS_OF_ROWS] for row in self.answer["Rows"][:_ROWS_SHOWN]]

    @property
    def heads(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self.answer["Columns"][:_COLUMNS_OF_ROWS]
        return found


@dataclass(frozen=True)
class Code:
    python: str
    shell: str


@dataclass(frozen=True)
class Uploaded:
    """A file that was uploaded here before.

    is_text    whether it begins as a table does: as text, Gzip or Parquet
    """

    name: str
    uri: str
    size: int
    when: datetime
    is_text: bool


@dataclass(frozen=True)
class NewJob:
    """The page that creates a job.

    seen      None as long as there are no data
    faults    field -> what is wrong with it
    refusal   why the job was not started, if it is about no field
    uploads   S3 URI of the folder that files go to
    limits    of a job that names none
    again     the job that the form was filled in from; "" for none
    lost      its settings that the form does not have
    changes   how the data differ from that job's; None if they are the same ones
    before    files that were uploaded before, the newest first
    webhooks  names of those that the job may ask to be told of its end
    samples   tables that are offered to whoever has uploaded none yet
    """

    draft: Draft
    seen: Seen | None
    code: Code | None
    roles: tuple[str, ...]
    uploads: str
    limits: DefaultLimits
    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    again: str = ""
    lost: tuple[str, ...] = ()
    changes: tuple[Difference, ...] | None = None
    before: tuple[Uploaded, ...] = ()
    webhooks: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    types: tuple[str, ...] = TYPES
    left_out: str = LEFT_OUT
    modes: tuple[str, ...] = MODES
    problem_types: tuple[str, ...] = _PROBLEM_TYPES
    forecast: str = FORECAST
    text: str = TEXT
    most_columns: int = MOST_COLUMNS
    is_part: bool = False

    @property
    def with_data(self) -> str:
        """The address of this page on other data, without their location at its end."""
        again = urlencode({"again": self.again, "uri": ""}) if self.again else "uri="
        return f"/console/new?{again}"

    @property
    def wrong_fields(self) -> list[tuple[str, str]]:
        """Fields that are wrong, by name and title."""
        return [(name, _TITLES[name]) for name in self.faults]

    @property
    def fault_of_location(self) -> str:
        """The fault of the location of the data, in words; "" if none is known."""
        missing = self.seen.fault if self.seen is not None and self.seen.is_missing else ""
        return self.faults.get("uri", missing)

    @property
    def objectives(self) -> list[str]:
        """The objectives that fit the problem."""
        if self.draft.is_text:
            return [_TEXT_OBJECTIVE]
        found: list[str] = self.seen.target.get("Objectives", []) if self.seen else []
        return found

    @property
    def names(self) -> list[tuple[str, str]]:
        """Every column, and as forms carry it."""
        shown = self.seen.answer["Columns"] if self.seen else []
        return [(column["Name"], packed(column["Name"])) for column in shown]


async def page(request: Request) -> Response:
    """Fields are filled in from the query: such a link can be shared. With a job as `again` they are filled in from its
    request, but for the data if the query names others, or "" for data that are still to be chosen."""
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    context = context_of(request)
    roles = await context.roles()
    draft = Draft.of(Form(query))
    lost: tuple[str, ...] = ()
    if again := request.query_params.get("again", ""):
        asked, (draft, lost) = draft, await draft_again(context, again)
        if "uri" in query and asked.uri != draft.uri:
            draft = await on_other_data(context, draft, asked.uri, asked.data_type)
        suffix = RETRAINED if "uri" in query else RERUN
        name = asked.job_name or await name_again(context, draft.based_on, suffix)
        draft = replace(draft, job_name=name)
    draft = _completed(draft, context, roles)
    if LEFT_OUT in draft.choices.values():
        draft = await _with_all_columns(context, draft)
    seen = await _look(context, draft) if draft.uri else None
    if seen is not None and seen.is_missing:
        draft = replace(draft, columns=())
    view = await _compared(context, _view(context, draft, seen, roles))
    view = replace(view, again=draft.based_on, lost=lost)
    if seen is None or seen.is_missing:
        before = await _before(context, view.uploads)
        view = replace(view, before=before, samples=() if before or view.again else SAMPLES)
    return await _drawn(request, view)


async def _compared(context: RequestContext, view: NewJob) -> NewJob:
    """Return the page with how its data differ from those of the job that it is based on."""
    if not view.draft.based_on or view.seen is None or view.seen.fault:
        return view
    changes = await differences_of(context, view.draft, view.seen.answer)
    return replace(view, again=view.draft.based_on, changes=changes)


async def _with_all_columns(context: RequestContext, draft: Draft) -> Draft:
    """Return the draft with the columns of the table: an address names only those whose use was chosen, and what is left out
    is asked for by all the others."""
    seen = await _look(context, replace(draft, choices={}))
    names = tuple(one.column["Name"] for one in seen.columns)
    return replace(draft, columns=names) if names else draft


async def _before(context: RequestContext, uploads: str) -> tuple[Uploaded, ...]:
    """Return the newest files, of those of one name and size the last."""
    if not await context.objects.has_default_bucket():
        return ()
    try:
        found = await context.objects.list(uploads, _MOST_UPLOADS)
    except AccessDenied:  # a path can be typed all the same
        return ()
    newest: dict[tuple[str, int], tuple[str, datetime]] = {}
    for uri, size in reversed(found):
        folder, _, name = uri.removeprefix(uploads).rpartition("/")
        when = uploaded_at(folder)
        if when is not None and not name.endswith(".json") and len(newest) < _UPLOADS_SHOWN:
            newest.setdefault((name, size), (uri, when))
    return tuple(
        [
            Uploaded(name, uri, size, when, await _begins_as_table(context, uri))
            for (name, size), (uri, when) in newest.items()
        ]
    )


async def _begins_as_table(context: RequestContext, uri: str) -> bool:
    async for chunk in context.objects.chunks(uri):
        return chunk.startswith((b"PAR1", b"\x1f\x8b")) or b"\0" not in chunk
    return False


async def submit(request: Request) -> Response:
    """Start the job; or, without scripts, look again with what was chosen."""
    context, form = context_of(request), await form_of(request)
    roles = await context.roles()
    draft = _completed(Draft.of(form), context, roles)
    if form.get("do") != "create":
        seen = await _look(context, draft) if draft.uri else None
        view = await _compared(context, _view(context, draft, seen, roles))
        return await _drawn(request, view)
    faults, refusal = faults_of(draft, context.webhooks), ""
    if not faults:
        field, refusal = await _create(context, draft)
        if not refusal:
            return RedirectResponse(f"/console/jobs/{draft.job_name}", 303, headers=PAGE_HEADERS)
        if field:
            faults, refusal = {field: refusal}, ""
    view = await _compared(context, _view(context, draft, await _look(context, draft), roles))
    return await _drawn(request, replace(view, faults=faults, refusal=refusal), 400)


async def look(request: Request) -> Response:
    """Return the fragment of the page that depends on the data and on what was chosen for them."""
    context = context_of(request)
    roles = await context.roles()
    draft = _completed(Draft.of(await form_of(request)), context, roles)
    view = replace(_view(context, draft, await _look(context, draft), roles), is_part=True)
    return _fragment(await context.in_thread(draw_part, request, "new_job/seen.html", view))


async def code(request: Request) -> Response:
    """Return the fragment with the request as code."""
    context = context_of(request)
    draft = Draft.of(await form_of(request))
    return _fragment(draw_part(request, "new_job/code.html", _code(context, draft)))


async def _drawn(request: Request, view: NewJob, status: int = 200) -> Response:
    """Draw the page beside the event loop: a table may have hundreds of columns, with a choice of types each."""
    return await context_of(request).in_thread(draw, request, "new_job.html", view, status)


async def _create(context: RequestContext, draft: Draft) -> tuple[str, str]:
    """Start the job; return the field that is wrong, if it is one, and why it was not started, both "" if it was."""
    bucket = default_bucket(context.caller.account, context.caller.region)
    try:
        specification = draft.specification(context.caller)
        if specification is not None or draft.output.startswith(f"s3://{bucket}/"):
            await context.objects.ensure_default_bucket()
        if specification is not None:
            await context.objects.write(specification.uri, specification.text.encode())
        if draft.deploy and not draft.endpoint_name:
            name = await free_endpoint_name(context, draft.job_name)
            draft = replace(draft, endpoint_name=name)
        await context.ask("sagemaker", "CreateAutoMLJobV2", draft.job_request(context.caller))
    except CallerFault as fault:
        return refused_field(draft, fault)
    return "", ""


async def _look(context: RequestContext, draft: Draft) -> Seen:
    if not draft.uri:
        return Seen("Enter the S3 location of the data.")
    try:
        answer = await context.ask("windvane", "PreviewTable", draft.preview_request())
    except NoObjects:
        return Seen(about_missing_data(draft.uri), is_missing=True)
    except CallerFault as fault:
        return Seen(str(fault))
    columns = tuple(
        ColumnChoice(number, column, draft.choices.get(column["Name"], ""))
        for number, column in enumerate(answer["Columns"][:MOST_COLUMNS])
    )
    return Seen(
        answer=answer,
        columns=columns,
        n_more_columns=len(answer["Columns"]) - len(columns),
        chart=_chart(answer.get("Target", {})),
    )


def _view(
    context: RequestContext, draft: Draft, seen: Seen | None, roles: tuple[str, ...]
) -> NewJob:
    if seen is not None and not seen.fault:
        draft = _as_seen(draft, seen)
    bucket = default_bucket(context.caller.account, context.caller.region)
    return NewJob(
        draft,
        seen,
        _code(context, draft) if seen is not None and not seen.fault else None,
        roles,
        f"s3://{bucket}/console/uploads/",
        context.limits,
        webhooks=context.webhooks,
    )


def _as_seen(draft: Draft, seen: Seen) -> Draft:
    """Return the draft with what the preview found; an objective that does not fit the problem any more is dropped."""
    target, file_format = seen.target, seen.answer["Format"]
    objectives = [_TEXT_OBJECTIVE] if draft.is_text else target.get("Objectives", [])
    return replace(
        _with_found(draft, seen),
        columns=tuple(column["Name"] for column in seen.answer["Columns"][:MOST_COLUMNS]),
        implied=target.get("ProblemType", ""),
        default_objective=_TEXT_OBJECTIVE if draft.is_text else target.get("DefaultObjective", ""),
        objective=draft.objective if draft.objective in objectives else "",
        content_type=file_format["ContentType"],
        compression=file_format["CompressionType"],
    )


def _with_found(draft: Draft, seen: Seen) -> Draft:
    """Return the draft with the columns of times and items, or of texts, that were found."""
    if draft.is_forecast:
        return _with_series(draft, seen.series)
    if not draft.is_text or draft.content:
        return draft
    others = [one for one in seen.answer["Columns"] if one["Name"] != draft.target]
    texts = (one["Name"] for one in others if one["Type"] == "text")
    return replace(draft, content=next(texts, others[0]["Name"] if len(others) == 1 else ""))


def _with_series(draft: Draft, series: Mapping[str, Any]) -> Draft:
    """Return the draft of a forecasting job with what was found for what has not been chosen."""
    found = replace(
        draft,
        timestamp=draft.timestamp or series.get("TimestampColumn", ""),
        frequency=draft.frequency or series.get("ForecastFrequency", ""),
        horizon=draft.horizon or str(series.get("ProposedHorizon", "")),
    )
    if draft.item:
        return found
    groups = tuple(series.get("GroupingColumns", ()))
    return replace(found, item=series.get("ItemColumn", ""), groups=groups)


def _first_role(context: RequestContext, roles: tuple[str, ...]) -> str:
    """Return the role that is proposed for a job.

    raises    NotAuthorized if whoever is signed in may hand no role to a job
    """
    if roles:
        return roles[0]
    raise NotAuthorized(
        context.caller.credential.principal_arn,
        "iam:PassRole",
        f"arn:aws:iam::{context.caller.account}:role/NAME",
        "because no identity-based policy allows the iam:PassRole action on any role that SageMaker may assume, and a "
        "job must be given one",
        Denial.NO_ALLOW,
    )


def _completed(draft: Draft, context: RequestContext, roles: tuple[str, ...]) -> Draft:
    """Return the draft with proposals for what is empty and must not be."""
    bucket = default_bucket(context.caller.account, context.caller.region)
    return replace(
        draft,
        job_name=draft.job_name or (proposed_name(draft.uri) if draft.uri else ""),
        role=draft.role or _first_role(context, roles),
        output=draft.output or f"s3://{bucket}/automl",
    )


def proposed_name(uri: str) -> str:
    """Return a name for a job on these data, valid and hardly ever taken.

    >>> proposed_name("s3://b/Bank Marketing (2024).csv.gz")[:19]
    'bank-marketing-2024'
    """
    last = uri.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    stem = re.sub(r"[^a-z0-9]+", "-", last).strip("-") or "job"
    stamp = f"{datetime.now(UTC):%m%d-%H%M%S}"
    return f"{stem[: _LONGEST_NAME - len(stamp) - 1].rstrip('-')}-{stamp}"


def _code(context: RequestContext, draft: Draft) -> Code:
    where = context.url, context.caller.region
    request, specification = draft.job_request(context.caller), draft.specification(context.caller)
    return Code(
        boto3_code(*where, request, specification), cli_code(*where, request, specification)
    )


def _chart(target: Mapping[str, Any]) -> Chart | None:
    bars = target.get("Distribution", [])
    if not bars:
        return None
    title = f"Distribution of {target['Name']}"
    if "From" in bars[0]:
        edges = [*(bar["From"] for bar in bars), bars[-1]["To"]]
        return histogram_chart(title, [bar["Count"] for bar in bars], edges, target["Name"])
    counts = [(bar["Label"], float(bar["Count"])) for bar in bars]
    return bar_chart(title, counts, "Value", "Rows")


def _fragment(text: str) -> Response:
    return HTMLResponse(text, headers=PAGE_HEADERS)


ROUTES = (
    Route("/console/new", page, methods=["GET"]),
    Route("/console/new", submit, methods=["POST"]),
    Route("/console/new/look", look, methods=["POST"]),
    Route("/console/new/code", code, methods=["POST"]),
)
