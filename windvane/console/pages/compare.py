"""Several candidates of a job side by side: scores, costs, curves, importances, and paired tests against the best."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.candidate.files import folder_of
from windvane.console.candidate.head import head_of
from windvane.console.candidate.reports import ReportsState, state_of
from windvane.console.charts.overlay import look
from windvane.console.comparing.lines import (
    Line,
    fact_lines,
    hyperparameter_lines,
    metric_lines,
    step_lines,
    with_members,
)
from windvane.console.comparing.reports import Overlaid, ReportPlaces, read_overlaid
from windvane.console.draw import draw
from windvane.console.forms import form_of
from windvane.console.pages.leaderboard import (
    MOST_COMPARED,
    candidate_url,
    is_forecast,
    spoken_name,
)
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One of the candidates.

    spoken     its name as people say it
    look       of its curves
    without    the page without it; "" if too few would be left
    reports    state of its reports; None if they are there
    """

    name: str
    spoken: str
    url: str
    status: str
    algorithm: str
    recipe: str
    is_best: bool
    words: str
    look: str
    without: str
    reports: ReportsState | None


@dataclass(frozen=True)
class CompareView:
    """The page that compares candidates.

    names       of all candidates that can be added, best first, each with its name as people say it
    picks       names of those that are chosen
    sides       () until two are chosen
    overlaid    what reports tell; None for forecasts
    """

    job_name: str
    tab: str
    names: Sequence[tuple[str, str]]
    picks: Sequence[str]
    is_forecast: bool = False
    sides: Sequence[Side] = ()
    metrics: Sequence[Line] = ()
    facts: Sequence[Line] = ()
    hyperparameters: Sequence[Line] = ()
    steps: Sequence[Line] = ()
    overlaid: Overlaid | None = None

    @property
    def most(self) -> int:
        return MOST_COMPARED

    @property
    def wanted(self) -> Sequence[Side]:
        """Return the candidates whose reports can be requested."""
        return [side for side in self.sides if side.reports is not None and side.reports.can_be]

    @property
    def under_way(self) -> Sequence[Side]:
        """Return the candidates whose reports are being made."""
        return [side for side in self.sides if side.reports and not side.reports.is_over]


async def compare(request: Request) -> Response:
    context, job = context_of(request), request.path_params["name"]
    picks = picks_of(request)
    board = await context.ask("windvane", "DescribeLeaderboard", {"AutoMLJobName": job})
    if not 2 <= len(picks) <= MOST_COMPARED:
        names = _addable(board, picks)
        view = CompareView(board["AutoMLJobName"], "leaderboard", names, picks)
        return draw(request, "compare.html", view)
    asked = (
        context.ask("windvane", "DescribeCandidate", {"AutoMLJobName": job, "CandidateName": name})
        for name in picks
    )
    answers = await asyncio.gather(*asked)
    states = await asyncio.gather(*(_state(request, answer) for answer in answers))
    drawn = None
    if not is_forecast(board):
        places = [
            ReportPlaces(
                spoken_name(answer["Candidate"]),
                folder_of(answer, "quality"),
                folder_of(answer, "explanation"),
            )
            for answer in answers
        ]
        drawn = await read_overlaid(context.objects, places, best_of(board, answers))
    return await context.in_thread(
        lambda: draw(request, "compare.html", view_of(board, answers, states, drawn))
    )


def picks_of(request: Request) -> list[str]:
    """Return the candidates that are asked for, each once; `one` and `two` are in addresses of earlier versions."""
    query = request.query_params
    asked = query.getlist("pick") or [query.get("one", ""), query.get("two", "")]
    return list(dict.fromkeys(name for name in asked if name))


async def _state(request: Request, answer: Answer) -> ReportsState | None:
    """Return the state of a candidate's reports; None if both are there, and for forecasts."""
    if is_forecast(answer) or all(folder_of(answer, kind) for kind in ("quality", "explanation")):
        return None
    return await state_of(request, answer, head_of(answer, "quality"))


def best_of(board: Answer, answers: Sequence[Answer]) -> str:
    """Return the spoken name of the job's best candidate, or else of the one that stands first on the leaderboard."""
    chosen = {answer["Candidate"]["CandidateName"]: answer["Candidate"] for answer in answers}
    everyone: list[str] = [one["CandidateName"] for one in board["Candidates"]]
    ranked = [name for name in everyone if name in chosen]
    best = next((name for name in ranked if chosen[name]["IsBest"]), ranked[0])
    return spoken_name(chosen[best])


def _addable(board: Answer, picks: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (one["CandidateName"], spoken_name(one))
        for one in board["Candidates"]
        if one["CandidateName"] not in picks
    ]


def view_of(
    board: Answer,
    answers: Sequence[Answer],
    states: Sequence[ReportsState | None],
    drawn: Overlaid | None,
) -> CompareView:
    """Return what the page shows."""
    alone = {one["CandidateName"]: one.get("TrainingTimeInSeconds") for one in board["Candidates"]}
    candidates = [with_members(answer["Candidate"], alone) for answer in answers]
    names = [one["CandidateName"] for one in candidates]
    return CompareView(
        board["AutoMLJobName"],
        "leaderboard",
        _addable(board, names),
        names,
        is_forecast(board),
        [
            _side(answer, place, names, state)
            for place, (answer, state) in enumerate(zip(answers, states, strict=True))
        ],
        metric_lines(answers),
        fact_lines(candidates, is_forecast=is_forecast(board)),
        hyperparameter_lines(answers),
        step_lines(answers),
        drawn,
    )


def _side(answer: Answer, place: int, names: Sequence[str], state: ReportsState | None) -> Side:
    candidate, job = answer["Candidate"], answer["AutoMLJobName"]
    name = candidate["CandidateName"]
    others = [one for one in names if one != name]
    return Side(
        name,
        spoken_name(candidate),
        candidate_url(job, name),
        candidate["CandidateStatus"],
        candidate["Algorithm"],
        candidate.get("Recipe", ""),
        candidate["IsBest"],
        answer["AlgorithmTitle"],
        look(place),
        compare_url(job, others) if len(others) > 1 else "",
        state,
    )


def compare_url(job: str, names: Sequence[str]) -> str:
    """Return the page that compares these candidates."""
    picked = urlencode([("pick", name) for name in names])
    return f"/console/jobs/{quote(job, safe='')}/compare?{picked}"


async def make_reports(request: Request) -> Response:
    """Ask for the reports of all candidates that are compared and have none."""
    context, job = context_of(request), request.path_params["name"]
    form = await form_of(request)
    for name in form.all("want")[:MOST_COMPARED]:
        names = {"AutoMLJobName": job, "CandidateName": name}
        await context.ask("windvane", "StartCandidateReports", names)
    return RedirectResponse(compare_url(job, picks_of(request)), 303, headers=PAGE_HEADERS)


_HERE = "/console/jobs/{name}/compare"

ROUTES = (
    Route(_HERE, compare, methods=["GET"]),
    Route(_HERE, make_reports, methods=["POST"]),
)
