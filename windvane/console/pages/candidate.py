"""One candidate: what it is, how good, why it answers as it does, how it was made, and its files; a page each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.candidate import steps
from windvane.console.candidate.deploying import Wishes, running_places
from windvane.console.candidate.explanation import (
    ExplanationView,
    Place,
    read_explanation,
    read_forecast_explanation,
)
from windvane.console.candidate.files import (
    KINDS,
    MODEL,
    ONNX,
    FilesView,
    folder_of,
    groups_of,
    has_model,
    report_title,
)
from windvane.console.candidate.forecast import ForecastQuality
from windvane.console.candidate.groups import AskedGroups
from windvane.console.candidate.head import Answer, Head, described, head_of
from windvane.console.candidate.overview import overview_of
from windvane.console.candidate.quality import Asked, Quality, QualityView, read_quality
from windvane.console.candidate.reading import read_json
from windvane.console.candidate.reports import state_of
from windvane.console.draw import draw, draw_part
from windvane.console.forms import form_of
from windvane.console.job.tags import sensitive_columns, tags_of
from windvane.console.report_frame import report_in_frame
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.stream import END, stream_fragments
from windvane.errors import NotFound

_MOST_LETTERS = 40
"""Of a threshold in an address."""


async def overview(request: Request) -> Response:
    answer, context = await described(request), context_of(request)
    is_there = await has_model(context.objects, answer)
    places = await running_places(context) if is_there else ()
    wishes = Wishes(threshold=request.query_params.get("threshold", "")[:_MOST_LETTERS])
    view = overview_of(answer, places, wishes, has_model=is_there)
    return draw(request, "candidate/overview.html", view)


async def quality(request: Request) -> Response:
    answer = await described(request)
    head, folder = head_of(answer, "quality"), folder_of(answer, "quality")
    query = request.query_params
    series, place = _number(query.get("series", "")), _number(query.get("class", ""))
    asked = Asked(
        _number(query.get("threshold", "")),
        query.get("segment", ""),
        int(_number(query.get("first", "")) or 0),
        None if series is None else int(series),
        AskedGroups(
            query.get("group", ""),
            query.get("reference", ""),
            None if place is None else int(place),
            await _sensitive(request, answer) if folder and not head.is_forecast else (),
        ),
    )
    objects = context_of(request).objects
    found = await read_quality(objects, folder, asked) if folder else None
    view = QualityView(
        job_name=answer["AutoMLJobName"],
        head=head,
        quality=found if isinstance(found, Quality) else None,
        forecast=found if isinstance(found, ForecastQuality) else None,
        reports=await state_of(request, answer, head),
    )
    return await _drawn(request, "candidate/quality.html", view)


async def _sensitive(request: Request, answer: Answer) -> tuple[str, ...]:
    """Return the columns that the tags of the job mark as sensitive."""
    context = context_of(request)
    job = await context.ask(
        "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
    )
    return sensitive_columns(await tags_of(context, job))


async def explanation(request: Request) -> Response:
    answer = await described(request)
    head, prefix = head_of(answer, "explanation"), answer.get("Explainability", "")
    context = context_of(request)
    found = None
    if head.is_forecast:
        return await _forecast_explanation(request, answer, head)
    if prefix:
        place = Place(prefix, head.name, await _labels(request, answer), head.is_best)
        job = await context.ask(
            "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
        )
        target = _target(job)
        output = int(_number(request.query_params.get("class", "")) or 0)
        found = await read_explanation(context.objects, place, target, output)
    view = ExplanationView(
        job_name=answer["AutoMLJobName"],
        head=head,
        explanation=found,
        reports=await state_of(request, answer, head),
    )
    return await _drawn(request, "candidate/explanation.html", view)


def _target(job: Mapping[str, Any]) -> str:
    """Return the column that a job on a table, or on texts, predicts.

    job    of DescribeAutoMLJobV2
    """
    (config,) = job["AutoMLProblemTypeConfig"].values()
    return str(config.get("TargetAttributeName") or config["TargetLabelColumn"])


async def _forecast_explanation(request: Request, answer: Answer, head: Head) -> Response:
    folder = folder_of(answer, "explanation")
    series = _number(request.query_params.get("series", ""))
    chosen, objects = None if series is None else int(series), context_of(request).objects
    found = await read_forecast_explanation(objects, folder, chosen) if folder else None
    view = ExplanationView(
        job_name=answer["AutoMLJobName"],
        head=head,
        explanation=None,
        reports=await state_of(request, answer, head),
        forecast=found,
    )
    return await _drawn(request, "candidate/explanation.html", view)


async def _labels(request: Request, answer: Answer) -> list[str]:
    """Return the labels of the classes, as the model insights report has them; none if there is none."""
    folder = folder_of(answer, "quality")
    if not folder:
        return []
    objects = context_of(request).objects
    async with objects.large():
        found = await read_json(objects, f"{folder}/figures.json")
        return list((found or {}).get("labels", ()))


async def steps_page(request: Request) -> Response:
    answer = await described(request)
    names = [step["CandidateStepName"] for step in answer["Steps"]]
    asked = request.query_params.get("log", "")
    shown = asked if asked in names else (names[-1] if names else "")
    step: Mapping[str, Any] = next(
        (one for one in answer["Steps"] if one["CandidateStepName"] == shown), {}
    )
    rows = steps.rows_of(answer, shown)
    view = steps.StepsView(
        job_name=answer["AutoMLJobName"],
        head=head_of(answer, "steps"),
        steps=rows,
        chart=steps.chart_of(rows),
        log=f"{step.get('LogGroupName', '')} {step.get('LogStreamName', '')}".strip(),
        lines=await steps.lines_of(context_of(request), step),
    )
    return await _drawn(request, "candidate/steps.html", view)


async def files(request: Request) -> Response:
    answer = await described(request)
    context, head = context_of(request), head_of(answer, "files")
    job = await context.ask(
        "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
    )
    groups = await groups_of(context.objects, answer, job)
    there = {file.uri for group in groups for file in group.files}
    kinds = [
        (kind, report_title(kind, is_forecast=head.is_forecast))
        for kind in KINDS
        if f"{folder_of(answer, kind)}/report.html" in there
    ]
    asked = request.query_params.get("report", "")
    view = FilesView(
        job_name=answer["AutoMLJobName"],
        head=head,
        groups=groups,
        has_archive=any(group.title == MODEL for group in groups),
        has_onnx=any(group.title == ONNX for group in groups),
        shown=next((kind for kind, _ in kinds if kind == asked), kinds[0][0] if kinds else ""),
        reports=kinds,
        state=await state_of(request, answer, head),
    )
    return draw(request, "candidate/files.html", view)


async def report(request: Request) -> Response:
    """Return a report as the engine wrote it, for a frame that may do nothing."""
    answer, kind = await described(request), request.path_params["kind"]
    folder = folder_of(answer, kind) if kind in KINDS else ""
    if not folder:
        raise NotFound(f"The candidate {answer['Candidate']['CandidateName']} has no such report.")
    return await report_in_frame(request, f"{folder}/report.html")


async def make_reports(request: Request) -> Response:
    path, form = request.path_params, await form_of(request)
    names = {"AutoMLJobName": path["name"], "CandidateName": path["candidate"]}
    asked = names | ({"Again": True} if form.get("again") == "yes" else {})
    await context_of(request).ask("windvane", "StartCandidateReports", asked)
    part = form.get("part")
    answer = await described(request)
    url = head_of(answer, part if part in (*KINDS, "files") else "quality")
    return RedirectResponse(f"{url.url}/{url.part}", 303, headers=PAGE_HEADERS)


async def watch_reports(request: Request) -> Response:
    """Fragments that say how far the reports are."""

    async def render() -> Mapping[str, str]:
        answer = await described(request)
        state = await state_of(request, answer, head_of(answer, "quality"))
        told = draw_part(request, "candidate/state.html", state)
        return {"reports": told, **({END: state.status} if state.is_over else {})}

    return stream_fragments(request, render)


async def _drawn(request: Request, template: str, view: object) -> Response:
    """Draw a page beside the event loop: what is drawn lies where others write, or is a log, and may be long."""
    return await context_of(request).in_thread(draw, request, template, view)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e6 else None


_HERE = "/console/jobs/{name}/candidates/{candidate}"

ROUTES = (
    Route(_HERE, overview, methods=["GET"]),
    Route(f"{_HERE}/quality", quality, methods=["GET"]),
    Route(f"{_HERE}/explanation", explanation, methods=["GET"]),
    Route(f"{_HERE}/steps", steps_page, methods=["GET"]),
    Route(f"{_HERE}/files", files, methods=["GET"]),
    Route(f"{_HERE}/reports", make_reports, methods=["POST"]),
    Route(f"{_HERE}/reports/watch", watch_reports, methods=["GET"]),
    Route(f"{_HERE}/reports/{{kind}}", report, methods=["GET"]),
)
