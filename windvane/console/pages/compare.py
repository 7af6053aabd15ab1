"""Two candidates of a job side by side, and where they differ."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.pages.leaderboard import candidate_url, is_forecast
from windvane.console.request_context import context_of
from windvane.console.scores import FormattedScore, is_loss, metric_scores
from windvane.console.security import PAGE_HEADERS
from windvane.console.wording import NOTHING, in_bytes, millis, number, seconds

Answer = Mapping[str, Any]

_WHOLE_TIMES = 10
"""From which on ratios have no decimals."""

_SURE = 2.0
"""Standard errors of a difference from which on it is called one."""


@dataclass(frozen=True)
class Line:
    """One thing of both.

    difference    of the second to the first, in words; "" where there is none to tell
    verdict       'first' or 'second' if that one is better, 'alike' if they cannot be told apart, else ""
    """

    title: str
    first: str
    second: str
    difference: str = ""
    verdict: str = ""

    @property
    def differs(self) -> bool:
        return self.first != self.second

    @property
    def is_apart(self) -> bool:
        """Whether both have it, and not the same."""
        return self.differs and NOTHING not in (self.first, self.second)


@dataclass(frozen=True)
class Side:
    name: str
    url: str
    status: str
    algorithm: str
    recipe: str
    is_best: bool
    words: str


@dataclass(frozen=True)
class CompareView:
    """The page that compares two candidates.

    sides    () until two are chosen; names are those there are to choose from
    """

    job_name: str
    tab: str
    names: Sequence[str]
    one: str
    two: str
    sides: Sequence[Side] = ()
    figures: Sequence[Line] = ()
    facts: Sequence[Line] = ()
    hyperparameters: Sequence[Line] = ()
    steps: Sequence[Line] = ()


async def compare(request: Request) -> Response:
    context, job = context_of(request), request.path_params["name"]
    query = request.query_params
    picks = query.getlist("pick")
    if len(picks) == 2:
        picked = urlencode({"one": picks[0], "two": picks[1]})
        return RedirectResponse(f"{request.url.path}?{picked}", 303, headers=PAGE_HEADERS)
    one, two = query.get("one", ""), query.get("two", "")
    board = await context.ask("windvane", "DescribeLeaderboard", {"AutoMLJobName": job})
    names = [candidate["CandidateName"] for candidate in board["Candidates"]]
    if not (one and two):
        first = one or (picks[0] if picks else "")
        view = CompareView(board["AutoMLJobName"], "leaderboard", names, first, two)
        return draw(request, "compare.html", view)
    asked = (
        context.ask("windvane", "DescribeCandidate", {"AutoMLJobName": job, "CandidateName": name})
        for name in (one, two)
    )
    both = await asyncio.gather(*asked)
    alone = {
        candidate["CandidateName"]: candidate.get("TrainingTimeInSeconds")
        for candidate in board["Candidates"]
    }
    return await context.in_thread(lambda: draw(request, "compare.html", view_of(alone, *both)))


def view_of(alone: Mapping[str, float | None], first: Answer, second: Answer) -> CompareView:
    """Return what the page shows.

    alone    candidate of the job -> its own training time in seconds
    """
    one, two = (_with_members(answer["Candidate"], alone) for answer in (first, second))
    return CompareView(
        first["AutoMLJobName"],
        "leaderboard",
        list(alone),
        one["CandidateName"],
        two["CandidateName"],
        [_side(first), _side(second)],
        list(_metrics(first, second)),
        _facts(one, two, is_forecast=is_forecast(first)),
        _hyperparameters(first, second),
        _steps(first, second),
    )


def _with_members(candidate: Answer, alone: Mapping[str, float | None]) -> Answer:
    """Return a candidate whose training time has that of its members in it; without one if a member's is unknown."""
    members = [alone.get(member["CandidateName"]) for member in candidate["Members"]]
    if not members:
        return candidate
    known = [one for one in (candidate.get("TrainingTimeInSeconds"), *members) if one is not None]
    whole = sum(known) if len(known) == len(members) + 1 else None
    return {**candidate, "TrainingTimeInSeconds": whole}


def _side(answer: Answer) -> Side:
    candidate = answer["Candidate"]
    return Side(
        candidate["CandidateName"],
        candidate_url(answer["AutoMLJobName"], candidate["CandidateName"]),
        candidate["CandidateStatus"],
        candidate["Algorithm"],
        candidate.get("Recipe", ""),
        candidate["IsBest"],
        answer["AlgorithmTitle"],
    )


def _metrics(first: Answer, second: Answer) -> list[Line]:
    names = list(first["MetricNames"])
    mine, other = (metric_scores(answer["Candidate"], names) for answer in (first, second))
    return [_metric(a.name, a.validation, b.validation) for a, b in zip(mine, other, strict=True)]


def _metric(name: str, one: FormattedScore, two: FormattedScore) -> Line:
    if one.value is None or two.value is None:
        return Line(name, one.whole, two.whole)
    difference = two.value - one.value
    error = math.hypot(one.spread, two.spread)
    if error and abs(difference) < _SURE * error:
        return Line(name, one.whole, two.whole, _signed(difference), "alike")
    is_better = difference < 0 if is_loss(name) else difference > 0
    verdict = "" if difference == 0 else "second" if is_better else "first"
    return Line(name, one.whole, two.whole, _signed(difference), verdict)


def _facts(one: Answer, two: Answer, *, is_forecast: bool) -> list[Line]:
    def both(title: str, member: str, say: Any, less: str, more: str) -> Line:
        first, second = one.get(member), two.get(member)
        if not first or not second:
            return Line(title, say(first), say(second))
        verdict = "" if first == second else "first" if first < second else "second"
        return Line(title, say(first), say(second), _times(first, second, less, more), verdict)

    has_members = bool(one["Members"] or two["Members"])
    training = "Training time, members included" if has_members else "Training time"
    latency = f"Latency, one {'series' if is_forecast else 'row'}"
    lines = [
        both(training, "TrainingTimeInSeconds", seconds, "faster", "slower"),
        both(latency, "LatencyInSeconds", millis, "faster", "slower"),
        both("Size", "SizeInBytes", in_bytes, "smaller", "larger"),
        Line(
            "Backtest windows" if is_forecast else "Folds",
            number(one.get("FoldCount")),
            number(two.get("FoldCount")),
        ),
        Line("Status", one["CandidateStatus"], two["CandidateStatus"]),
        Line("Algorithm", one["Algorithm"], two["Algorithm"]),
    ]
    recipe = Line("Recipe", one.get("Recipe", NOTHING), two.get("Recipe", NOTHING))
    return lines if is_forecast else [*lines, recipe]


def _times(first: float, second: float, less: str, more: str) -> str:
    """Return how many times less or more the second is than the first; "" if they are the same to two digits.

    >>> _times(1.5, 0.1, "faster", "slower"), _times(2, 3, "smaller", "larger")
    ('15 times faster', '1.5 times larger')
    """
    word, ratio = (more, second / first) if second > first else (less, first / second)
    text = f"{ratio:,.0f}" if ratio >= _WHOLE_TIMES else f"{ratio:.2g}"
    return "" if text == "1" else f"{text} times {word}"


def _hyperparameters(first: Answer, second: Answer) -> list[Line]:
    """Return those that differ come first."""
    mine, other = first["Hyperparameters"], second["Hyperparameters"]
    every = [
        Line(name, mine.get(name, NOTHING), other.get(name, NOTHING)) for name in {**mine, **other}
    ]
    return sorted(every, key=lambda line: (not line.is_apart, not line.differs))


def _steps(first: Answer, second: Answer) -> list[Line]:
    """Return how long each took; candidates have the same steps in the same order."""
    return [
        Line(title, _took(one), _took(two))
        for title, one, two in zip(
            step_titles(first), first["Steps"], second["Steps"], strict=False
        )
    ]


def step_titles(answer: Answer) -> Sequence[str]:
    """Return the titles of a candidate's steps, in their order."""
    if is_forecast(answer):
        return ("Read the series", "Backtest")
    return ("Read and split the data", "Fit the transformers", "Transform the data", "Train")


def _took(step: Answer) -> str:
    started: datetime | None = step.get("StartTime")
    ended: datetime | None = step.get("EndTime")
    if started is None or ended is None:
        return str(step.get("Status", "not started"))
    took = seconds((ended - started).total_seconds())

    return took if step["Status"] == "Completed" else f"{took}, {step['Status']}"


def _signed(value: float) -> str:
    text = number(value)
    return text if value <= 0 else f"+{text}"


ROUTES = (Route("/console/jobs/{name}/compare", compare, methods=["GET"]),)
