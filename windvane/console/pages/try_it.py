"""An endpoint tried with rows that are typed in or pasted: its answer, the reasons for it, and the same request as code.

An answer to a POST is the page itself: nothing is changed by it, and a row has no place in an address.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.endpoint.configs import every_variant
from windvane.console.forms import Form, form_of
from windvane.console.job.views import FORECAST
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.trying.changed_row import ChangedRow, changed_row, start_row
from windvane.console.trying.downloads import csv_download, csv_text
from windvane.console.trying.evaluation import EvaluationView, evaluation_view
from windvane.console.trying.explanation import ExplanationView, explanation_view
from windvane.console.trying.intervals import find_intervals, read_intervals
from windvane.console.trying.invoking import Snippet, asked_by, snippets
from windvane.console.trying.pasted import Pasted, read_pasted
from windvane.console.trying.responses import by_label
from windvane.console.trying.schema import Field, Schema, schema_from
from windvane.console.wording import number
from windvane.errors import (
    CallerFault,
    DoesNotExist,
    InvalidRequest,
    InvocationFault,
    ModelFault,
    ModelNotReady,
    WindvaneError,
)
from windvane.jsonsize import count_values

_MOST_SHOWN = 200
"""Rows of an answer on the page; a download has all."""

_MOST_VALUES = 1_000_000
"""Of an answer: nobody else has the interpreter while it is read."""

_REFUSED = 424


@dataclass(frozen=True)
class Refusal:
    """Why there is no prediction.

    words    of whoever refused
    sentence as a client gets it; "" if it is the same
    """

    title: str
    words: str
    sentence: str = ""


@dataclass(frozen=True)
class AnsweredRow:
    """A row with its prediction.

    actual   the label that it came with; "" if it had none
    cells    what was asked, as the model takes it
    row      CSV of it alone
    """

    number: int
    answers: Sequence[str]
    actual: str
    cells: Sequence[str]
    row: str


@dataclass(frozen=True)
class Result:
    """The result of a request.

    headline  the answer to a single row; "" for several
    beside    the other responses of the model to it, name and text
    rows      () for a single one
    reasons   None if they are still to be asked for, or there is more than one row
    row       CSV of the single row that reasons are asked for; "" if none are
    evaluation, no_evaluation
              how good predictions of rows with labels are, or why that is not told; None for rows without
    """

    headline: str = ""
    beside: Sequence[tuple[str, str]] = ()
    head: Sequence[str] = ()
    rows: Sequence[AnsweredRow] = ()
    n_rows: int = 0
    remarks: Sequence[str] = ()
    row: str = ""
    reasons: ExplanationView | None = None
    refusal: Refusal | None = None
    no_reasons: Refusal | None = None
    evaluation: EvaluationView | None = None
    no_evaluation: Refusal | None = None

    @property
    def has_labels(self) -> bool:
        return self.evaluation is not None or self.no_evaluation is not None


@dataclass(frozen=True)
class TryView:
    """The page on which a model is tried.

    text    what stands in the field for pasted rows
    code    the request as code, for what was last asked or the typical row
    """

    endpoint: str
    variants: Sequence[str]
    schema: Schema
    fields: Sequence[Field]
    text: str
    result: Result | None
    code: Sequence[Snippet]

    @property
    def used(self) -> list[Field]:
        return [field for field in self.fields if field.is_used]

    @property
    def unused(self) -> list[Field]:
        return [field for field in self.fields if not field.is_used]


@dataclass(frozen=True)
class NotReady:
    endpoint: str
    sentence: str


async def page(request: Request) -> Response:
    try:
        tried = await _trying(request, request.query_params.get("variant", ""))
    except ModelNotReady as error:
        view = NotReady(request.path_params["name"], str(error))
        return draw(request, "try/not_ready.html", view, 503)
    if tried.schema.problem_type == FORECAST:
        there = f"/console/endpoints/{quote(tried.endpoint, safe='')}/forecast"
        return RedirectResponse(there, 303, headers=PAGE_HEADERS)
    return await _drawn(request, lambda: tried.view(tried.schema.typical_row, "", None))


async def answer(request: Request) -> Response:
    form = await form_of(request)
    tried = await _trying(request, form.get("variant"))
    is_part = request.headers.get("hx-request") == "true"
    text = _raw(form, "csv")
    row, pasted = _cells(form, tried.schema), None
    try:
        pasted = await tried.context.in_thread(_asked, form, tried.schema, row)
        if len(pasted.rows) == 1:
            row = _fitting(pasted.rows[0], row)
        result = await tried.answered(pasted, form.get("label"), has_reasons=not is_part)
    except (CallerFault, InvocationFault) as error:
        result = Result(refusal=_refusal(error))
    status = 200 if result.refusal is None else _REFUSED
    if is_part:
        view = await tried.context.in_thread(tried.view, row, text, result, pasted)
        part = await tried.context.in_thread(draw_part, request, "try/result.html", view)
        return Response(part, status, headers=PAGE_HEADERS, media_type="text/html")
    return await _drawn(request, lambda: tried.view(row, text, result, pasted), status)


@dataclass(frozen=True)
class ChangedView:
    """A changed row beside the one it started from, or why the model does not take it."""

    row: ChangedRow | None = None
    refusal: str = ""


async def what_if(request: Request) -> Response:
    """Return the predictions of a row as it stands in the form and of the one it started from, as a part of the page."""
    form = await form_of(request)
    tried = await _trying(request, form.get("variant"))
    schema = tried.schema
    try:
        start = await tried.context.in_thread(start_row, _raw(form, "start"), schema)
        rows = start, _cells(form, schema)
        head, answers = await tried.ask(rows)
        intervals = await tried.context.in_thread(read_intervals, _raw(form, "intervals"))
        view = ChangedView(changed_row(schema, rows, head, answers, intervals))
    except (CallerFault, InvocationFault) as error:
        view = ChangedView(refusal=_refusal(error).words)
    part = await tried.context.in_thread(draw_part, request, "try/changed.html", view)
    return Response(part, headers=PAGE_HEADERS, media_type="text/html")


async def intervals(request: Request) -> Response:
    """Return the intervals of a regression as JSON, for `what_if`; null if they are not known."""
    context, name = context_of(request), request.path_params["name"]
    found = await find_intervals(context, name, request.query_params.get("variant", ""))
    return JSONResponse(None if found is None else found.to_json(), headers=PAGE_HEADERS)


async def reasons(request: Request) -> Response:
    """Return the reasons alone, for a page that shows the answer already."""
    form = await form_of(request)
    tried = await _trying(request, form.get("variant"))
    row = _raw(form, "csv")
    found = await tried.with_reasons(Result(row=row), form.get("label"))
    view = await tried.context.in_thread(tried.view, tried.schema.typical_row, row, found)
    part = await tried.context.in_thread(draw_part, request, "try/reasons.html", view)
    return Response(part, headers=PAGE_HEADERS, media_type="text/html")


async def download(request: Request) -> Response:
    """Return every row with the answers to it; a page if they are refused."""
    form = await form_of(request)
    tried = await _trying(request, form.get("variant"))
    text, schema = _raw(form, "csv"), tried.schema
    try:
        pasted = await tried.context.in_thread(read_pasted, text, schema.names, schema.target)
        head, answers = await tried.ask(pasted.rows)
    except (CallerFault, InvocationFault) as error:
        refused = Result(refusal=_refusal(error))
        typical = schema.typical_row
        return await _drawn(request, lambda: tried.view(typical, text, refused), _REFUSED)

    def written() -> Response:
        labels = [[label] for label in pasted.labels] or [[]] * len(pasted.rows)
        each = zip(pasted.rows, labels, answers, strict=True)
        rows = [[*row, *label, *map(_exact, told)] for row, label, told in each]
        target = [schema.target] if pasted.labels else []
        name = f"{tried.endpoint}-predictions.csv"
        return csv_download(name, [[*schema.names, *target, *head], *rows])

    return await tried.context.in_thread(written)


async def _drawn(request: Request, view: Callable[[], TryView], status: int = 200) -> Response:
    """Draw the page beside the event loop: a model may take thousands of columns, a field each."""
    return await context_of(request).in_thread(lambda: draw(request, "try.html", view(), status))


@dataclass(frozen=True)
class _Trying:
    context: RequestContext
    endpoint: str
    variants: tuple[str, ...]
    schema: Schema

    def view(
        self, row: Sequence[str], text: str, result: Result | None, pasted: Pasted | None = None
    ) -> TryView:
        body = csv_text(pasted.rows if pasted is not None else [row]).removesuffix("\n")
        variant = self.schema.variant if len(self.variants) > 1 else ""
        return TryView(
            self.endpoint,
            self.variants,
            self.schema,
            self.schema.fields(row),
            text,
            result,
            snippets(asked_by(self.context, self.endpoint, body, variant)),
        )

    async def ask(self, rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[Any]]]:
        """Return names of the responses, and each row's: texts, numbers, or lists of them.

        raises    what InvokeEndpoint does
        """
        body = await self.context.in_thread(csv_text, rows)
        answered = await self.context.ask(
            "sagemaker-runtime",
            "InvokeEndpoint",
            {
                "EndpointName": self.endpoint,
                "TargetVariant": self.schema.variant,
                "ContentType": "text/csv",
                "Accept": "application/json",
                "Body": body.encode("utf-8", "backslashreplace"),
            },
        )
        return await self.context.in_thread(_responses, answered["Body"])

    async def answered(self, pasted: Pasted, label: str, *, has_reasons: bool) -> Result:
        """Ask the model about pasted rows and return what is shown.

        raises    what InvokeEndpoint does
        """
        head, answers = await self.ask(pasted.rows)
        if len(pasted.rows) > 1:
            many = await self.context.in_thread(_of_many, pasted, head, answers)
            return await self.with_evaluation(many, pasted) if pasted.labels else many
        head, answers = by_label(head, answers)
        shown = await self.context.in_thread(lambda: [_shown(one) for one in answers[0]])
        told = dict(zip(head, shown, strict=True))
        main = next((one for one in ("predicted_label", "score") if one in told), head[0])
        actual = [("actual", _shown(pasted.labels[0]))] if pasted.labels else []
        result = Result(
            headline=told.pop(main),
            beside=(*told.items(), *actual),
            n_rows=1,
            remarks=(*pasted.remarks, *self.schema.far_outside(pasted.rows[0])),
            row=csv_text(pasted.rows),
        )
        return await self.with_reasons(result, label) if has_reasons else result

    async def with_evaluation(self, result: Result, pasted: Pasted) -> Result:
        """Return the same with the metrics on rows that have labels, or why there are none."""
        body = await self.context.in_thread(_labelled, pasted, self.schema)
        parameters = {
            "EndpointName": self.endpoint,
            "VariantName": self.schema.variant,
            "Body": body,
        }
        try:
            told = await self.context.ask("windvane", "EvaluatePredictions", parameters)
        except (CallerFault, InvocationFault) as error:
            return replace(result, no_evaluation=_refusal(error, "No metrics"))
        view = await self.context.in_thread(evaluation_view, told, self.schema.target)
        return replace(result, evaluation=view)

    async def with_reasons(self, result: Result, label: str) -> Result:
        """Return the same with the reasons, or why there are none."""
        parameters: dict[str, Any] = {
            "EndpointName": self.endpoint,
            "VariantName": self.schema.variant,
            "Row": {"Csv": result.row},
        }
        if label:
            parameters["Label"] = label
        try:
            told = await self.context.ask("windvane", "ExplainPrediction", parameters)
        except (CallerFault, InvocationFault) as error:
            return replace(result, no_reasons=_refusal(error))
        found = explanation_view(told, self.schema.target, self.schema.labels)
        return replace(result, reasons=found)


def _responses(body: bytes) -> tuple[list[str], list[list[Any]]]:
    """Parse the responses of the model, beside the event loop: there may be 25 MB of them.

    raises    InvalidRequest for more values than are shown
    """
    if (n_values := count_values(body)) > _MOST_VALUES:
        raise InvalidRequest(
            f"The response has {n_values:,} values; at most {_MOST_VALUES:,} are shown. Send fewer rows."
        )
    documents: list[dict[str, Any]] = json.loads(body)["predictions"]
    head = list(documents[0])
    return head, [[document[name] for name in head] for document in documents]


async def _trying(request: Request, variant: str) -> _Trying:
    """Return what is needed to try a variant: its endpoint and the schema of its model.

    raises    DoesNotExist; ModelNotReady if there is no model to describe
    """
    context, endpoint = context_of(request), request.path_params["name"]
    wanted = {"EndpointName": endpoint} | ({"VariantName": variant} if variant else {})
    described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
    schema = await context.ask("windvane", "DescribeEndpointSchema", wanted)
    variants = tuple(one["VariantName"] for one in every_variant(described))
    return _Trying(context, endpoint, variants, schema_from(schema))


def _asked(form: Form, schema: Schema, row: Sequence[str]) -> Pasted:
    """Return the rows that a form asks about: those that were pasted, or the one that was typed in.

    raises    InvalidRequest
    """
    if form.get("ask") == "row":
        return Pasted([list(row)])
    return read_pasted(_raw(form, "csv"), schema.names, schema.target)


def _cells(form: Form, schema: Schema) -> list[str]:
    """Return the cells as typed in; typical ones where the form has none."""
    typical = schema.typical_row
    return [form.get(f"cell-{place}", cell) for place, cell in enumerate(typical)]


def _fitting(row: Sequence[str], other: Sequence[str]) -> list[str]:
    """Return the row for the form's fields, if it has a cell for each."""
    return list(row) if len(row) == len(other) else list(other)


def _raw(form: Form, name: str) -> str:
    found = form.all(name)
    return found[0] if found else ""


def _of_many(pasted: Pasted, head: Sequence[str], answers: Sequence[Sequence[Any]]) -> Result:
    labels = pasted.labels or [""] * len(pasted.rows)
    head, answers = by_label(head, answers)
    each = list(zip(pasted.rows, answers, labels, strict=True))[:_MOST_SHOWN]
    rows = tuple(
        AnsweredRow(place, [_shown(one) for one in told], label, row, csv_text([row]))
        for place, (row, told, label) in enumerate(each, 1)
    )
    return Result(head=head, rows=rows, n_rows=len(pasted.rows), remarks=pasted.remarks)


def _labelled(pasted: Pasted, schema: Schema) -> bytes:
    rows = ([*row, label] for row, label in zip(pasted.rows, pasted.labels, strict=True))
    text = csv_text([[*schema.names, schema.target], *rows])
    return text.encode("utf-8", "backslashreplace")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return number(value) if isinstance(value, float) else _exact(value)


def _exact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _refusal(error: WindvaneError, title: str = "No prediction") -> Refusal:
    if isinstance(error, DoesNotExist):
        raise error
    if isinstance(error, ModelFault) and error.message:
        title = "The model rejected the request" if error.status < 500 else "The model failed"
        return Refusal(title, error.message, str(error))
    return Refusal(title, str(error))


Drawn = Callable[[Request], Awaitable[Response]]


def _in_turn(page_of: Drawn) -> Drawn:
    """Return a few pages of an account at once: the rows of a form, however long, wait with it for the model."""

    async def answered(request: Request) -> Response:
        async with context_of(request).trying():
            return await page_of(request)

    return answered


_PATH = "/console/endpoints/{name}/try"

ROUTES = (
    Route(_PATH, _in_turn(page), methods=["GET"]),
    Route(_PATH, _in_turn(answer), methods=["POST"]),
    Route(f"{_PATH}/intervals", intervals, methods=["GET"]),
    Route(f"{_PATH}/what-if", _in_turn(what_if), methods=["POST"]),
    Route(f"{_PATH}/reasons", _in_turn(reasons), methods=["POST"]),
    Route(f"{_PATH}/download", _in_turn(download), methods=["POST"]),
)
