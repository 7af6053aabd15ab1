"""All candidates of a job: sorted, filtered, chosen to be compared; the front of score against latency."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.charts.base import Chart
from windvane.console.charts.scatter import Spot, front_chart
from windvane.console.draw import draw
from windvane.console.request_context import context_of
from windvane.console.scores import (
    WQL,
    FormattedScore,
    format_score,
    is_loss,
    looks_misplaced,
    metric_title,
)
from windvane.console.wording import NOTHING, in_bytes, millis, seconds, spoken, unit_of
from windvane.wording import listed

Answer = Mapping[str, Any]
Value = float | str | tuple[str, int] | None

MOST_COMPARED = 8
"""Candidates on the page that compares them."""

_FEWEST_SPOTS = 2
_MOST_ON_FRONT = 8
_FINAL = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Cell:
    """A value in the table.

    value    to sort by where the text does not say it; "" elsewhere
    """

    text: str
    error: str = ""
    value: str = ""


@dataclass(frozen=True)
class Row:
    """A candidate in the table.

    place     on the leaderboard, 0 for what is not compared
    spoken    its name as people say it
    """

    place: int
    name: str
    spoken: str
    url: str
    status: str
    reason: str
    algorithm: str
    recipe: str
    recipe_title: str
    is_best: bool
    on_front: bool
    is_cut_short: bool
    fewer_folds: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Head:
    """The head of a column; `sort` is ascending, descending or nothing."""

    key: str
    title: str
    url: str
    sort: str
    is_number: bool = True


@dataclass(frozen=True)
class Filters:
    text: str
    algorithm: str
    status: str
    sort: str
    order: str


@dataclass(frozen=True)
class OnFront:
    """One of those that nothing beats in score and latency."""

    name: str
    spoken: str
    url: str
    algorithm: str
    score: FormattedScore
    latency_s: float | None
    is_best: bool


@dataclass(frozen=True)
class LeaderboardView:
    """The page of all candidates.

    no_ensemble    why the job has none; "" if it has one, or is not over
    has_ensemble_above_better
               the best is an ensemble that shows a worse score than another candidate
    skipped    numbers that no candidate has, because the search passed over it; "" if there are none
    """

    job_name: str
    tab: str
    status: str
    secondary: str
    metric: str
    is_forecast: bool
    split: str
    no_ensemble: str
    n_under_way: int
    n_all: int
    n_shown: int
    heads: Sequence[Head]
    rows: Sequence[Row]
    filters: Filters
    algorithms: Sequence[str]
    statuses: Sequence[str]
    chart: Chart | None
    front: Sequence[OnFront]
    has_ensemble_above_better: bool
    skipped: str
    endpoint_name: str = ""

    @property
    def is_over(self) -> bool:
        return self.status in _FINAL

    @property
    def most_compared(self) -> int:
        return MOST_COMPARED


@dataclass(frozen=True)
class Column:
    """A column of figures.

    value    to sort by;  cell    to be read
    falls    whether the greatest comes first when it is chosen
    """

    key: str
    title: str
    value: Callable[[Answer], float | None]
    cell: Callable[[Answer], Cell]
    falls: bool = False


async def leaderboard(request: Request) -> Response:
    """Return the leaderboard, worked out and drawn beside the event loop: there may be hundreds of candidates."""
    context, name = context_of(request), request.path_params["name"]
    named = {"AutoMLJobName": name}
    board, job = await asyncio.gather(
        context.ask("windvane", "DescribeLeaderboard", named),
        context.ask("sagemaker", "DescribeAutoMLJobV2", named),
    )
    view = await context.in_thread(view_of, board, filters_of(request.query_params))
    view = replace(view, endpoint_name=job.get("ModelDeployResult", {}).get("EndpointName", ""))
    return await context.in_thread(draw, request, "leaderboard.html", view)


def filters_of(query: Mapping[str, str]) -> Filters:
    order = query.get("order", "")
    return Filters(
        query.get("text", "").strip()[:100],
        query.get("algorithm", ""),
        query.get("status", ""),
        query.get("sort", "rank"),
        order if order in ("ascending", "descending") else "",
    )


def view_of(board: Answer, filters: Filters) -> LeaderboardView:
    every = list(board["Candidates"])
    columns = columns_of(board)
    places = {one["CandidateName"]: i for i, one in enumerate(_compared(every), start=1)}
    shown = _sorted(_kept(every, filters), filters, columns)
    return LeaderboardView(
        board["AutoMLJobName"],
        "leaderboard",
        board["AutoMLJobStatus"],
        board["AutoMLJobSecondaryStatus"],
        board.get("Objective", ""),
        is_forecast(board),
        board.get("ValidationSplit", ""),
        board.get("WhyNoEnsemble", ""),
        sum(one["CandidateStatus"] == "InProgress" for one in every),
        len(every),
        len(shown),
        list(_heads(board, columns, filters)),
        [_row(board, one, columns, places) for one in shown],
        filters,
        sorted({one["Algorithm"] for one in every}),
        sorted({one["CandidateStatus"] for one in every}),
        chart_of(board),
        [_on_front(board, one) for one in every if one["IsOnFront"]][:_MOST_ON_FRONT],
        _has_ensemble_above_better(board),
        "" if is_forecast(board) else numbers_missing([one["Index"] for one in every]),
    )


def numbers_missing(numbers: Sequence[int]) -> str:
    """Return the numbers from 1 to the greatest that are not among these.

    >>> numbers_missing([1, 2, 4, 9, 11]), numbers_missing([1, 2])
    ('3, 5 to 8, 10', '')
    """
    found, below = [], 0
    for one in sorted({number for number in numbers if number > 0}):
        if one == below + 2:
            found.append(f"{below + 1}")
        elif one > below + 2:
            found.append(f"{below + 1} to {one - 1}")
        below = one
    return listed(found)


def is_forecast(board: Answer) -> bool:
    return WQL in board["MetricNames"]


def chart_of(board: Answer) -> Chart | None:
    """Return the chart; None while there is nothing to compare."""
    spots = [
        Spot(spoken_name(one), one["Score"], latency_s, one["IsOnFront"], one["IsBest"])
        for one in _compared(board["Candidates"])
        if (latency_s := one.get("LatencyInSeconds")) is not None
    ]
    if len(spots) < _FEWEST_SPOTS:
        return None
    is_minimized = board.get("ObjectiveIsMinimized", False)
    return front_chart(spots, board.get("Objective", ""), is_minimized=is_minimized)


def columns_of(board: Answer) -> list[Column]:
    metrics = list(board["MetricNames"])
    objective = board.get("Objective", "")
    ordered = [objective, *(name for name in metrics if name != objective)] if objective else []
    metric_columns = [_metric_column(name, "Validation", metric_title(name)) for name in ordered]
    if objective and objective != WQL:
        metric_columns.append(_metric_column(objective, "Train", f"Training {objective}"))
    return [
        *metric_columns[:1],
        _figure_column("training", "Training time", "TrainingTimeInSeconds", seconds),
        _figure_column("latency", "Latency", "LatencyInSeconds", millis),
        _figure_column("size", "Size", "SizeInBytes", in_bytes),
        _figure_column("folds", _parts_title(board), "FoldCount", _counted),
        *metric_columns[1:],
    ]


def _parts_title(board: Answer) -> str:
    return "Backtest windows" if is_forecast(board) else "Folds"


def _counted(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f}"


def spoken_name(candidate: Answer) -> str:
    """Return the name of a candidate of DescribeLeaderboard or DescribeCandidate as people say it."""
    return spoken(candidate["Algorithm"], candidate["Index"])


def candidate_url(job: str, candidate: str) -> str:
    return f"/console/jobs/{quote(job, safe='')}/candidates/{quote(candidate, safe='')}"


def _compared(candidates: Sequence[Answer]) -> list[Answer]:
    """Return those whose scores can be compared, the best first as they came."""
    return [one for one in candidates if one["IsComparable"] and one.get("Score") is not None]


def _metric_column(metric: str, split: str, title: str) -> Column:
    def found(candidate: Answer) -> Answer:
        for one in candidate["Metrics"]:
            if one["MetricName"] == metric and one["Set"] == split:
                return dict(one)
        return {}

    def cell(candidate: Answer) -> Cell:
        one = found(candidate)
        figure = format_score(one.get("Value"), one.get("StandardError"))
        has_unit = figure.value is not None and unit_of(figure.value)[1]
        return Cell(figure.text, figure.error, f"{figure.value:.9g}" if has_unit else "")

    key = metric if split == "Validation" else f"{metric}-train"
    falls = not is_loss(metric)
    return Column(key, title, lambda candidate: found(candidate).get("Value"), cell, falls)


def _figure_column(key: str, title: str, member: str, say: Callable[[float | None], str]) -> Column:
    def value(candidate: Answer) -> float | None:
        found: float | None = candidate.get(member)
        return found

    def cell(candidate: Answer) -> Cell:
        found = value(candidate)
        return Cell(say(found), value="" if found is None else f"{found:.6g}")

    return Column(key, title, value, cell)


def _kept(candidates: Sequence[Answer], filters: Filters) -> list[Answer]:
    words = filters.text.lower().split()
    return [
        one
        for one in candidates
        if (not filters.algorithm or one["Algorithm"] == filters.algorithm)
        and (not filters.status or one["CandidateStatus"] == filters.status)
        and all(_is_in(word, _searched(one)) for word in words)
    ]


def _is_in(word: str, text: str) -> bool:
    """Return whether the text has the word: a number as a whole, anything else as a part.

    >>> _is_in("2", "lightgbm 25"), _is_in("2", "lightgbm 2 dpp1"), _is_in("gbm", "lightgbm 2")
    (False, True, True)
    """
    return bool(re.search(rf"\b{word}\b", text)) if word.isdecimal() else word in text


def _searched(candidate: Answer) -> str:
    members = ("CandidateName", "Algorithm", "Recipe", "CandidateStatus")
    found = (str(candidate.get(member, "")) for member in members)
    return " ".join((spoken_name(candidate), *found)).lower()


_WORDS = {"status": "CandidateStatus", "algorithm": "Algorithm", "recipe": "Recipe"}  # fmt: skip


def _sorted(
    candidates: list[Answer],
    filters: Filters,
    columns: Sequence[Column],
) -> list[Answer]:
    """Sort candidates; what has no value comes last, whichever way."""
    by_key: dict[str, Callable[[Answer], Value]] = {column.key: column.value for column in columns}
    by_key |= {key: _of_member(member) for key, member in _WORDS.items()}
    by_key["name"] = lambda one: (spoken(one["Algorithm"], 0).lower(), one["Index"])
    value = by_key.get(filters.sort)
    if value is None:
        falls = filters.order == "descending"
        return candidates[::-1] if falls and filters.sort == "rank" else candidates
    known = [one for one in candidates if value(one) not in (None, "")]
    rest = [one for one in candidates if value(one) in (None, "")]
    known.sort(key=value, reverse=_order(filters, columns) == "descending")  # type: ignore[arg-type]
    return [*known, *rest]


def _of_member(member: str) -> Callable[[Answer], Value]:
    return lambda candidate: candidate.get(member)


def _order(filters: Filters, columns: Sequence[Column]) -> str:
    first = next((column.falls for column in columns if column.key == filters.sort), False)
    return filters.order or ("descending" if first else "ascending")


_RECIPE = "recipe"
"""A column that forecasts have nothing for."""

_FIRST_HEADS = (
    ("rank", "Rank", True),
    ("name", "Candidate", False),
    ("status", "Status", False),
    ("algorithm", "Algorithm", False),
    (_RECIPE, "Recipe", False),
)


def _heads(board: Answer, columns: Sequence[Column], filters: Filters) -> list[Head]:
    job = board["AutoMLJobName"]
    falls = {column.key: column.falls for column in columns}
    first_heads = [head for head in _FIRST_HEADS if not (is_forecast(board) and head[0] == _RECIPE)]
    every = [*first_heads, *((column.key, column.title, True) for column in columns)]
    now = _order(filters, columns)
    made = []
    for key, title, is_number in every:
        is_here = filters.sort == key
        first = "descending" if falls.get(key) else "ascending"
        turned = "ascending" if now == "descending" else "descending"
        query = {
            "sort": key,
            "order": turned if is_here else first,
            "text": filters.text,
            "algorithm": filters.algorithm,
            "status": filters.status,
        }
        told_by = urlencode({name: value for name, value in query.items() if value})
        url = f"/console/jobs/{quote(job, safe='')}/leaderboard?{told_by}"
        made.append(Head(key, title, url, now if is_here else "", is_number))
    return made


def _has_ensemble_above_better(board: Answer) -> bool:
    every = _compared(board["Candidates"])
    best = next((one for one in every if one["IsBest"]), None)
    scores = [format_score(one["Score"]) for one in every]
    return best is not None and looks_misplaced(
        best["Algorithm"], format_score(best["Score"]), scores, is_loss(board.get("Objective", ""))
    )


def _on_front(board: Answer, one: Answer) -> OnFront:
    name = one["CandidateName"]
    return OnFront(
        name,
        spoken_name(one),
        candidate_url(board["AutoMLJobName"], name),
        one["Algorithm"],
        format_score(one.get("Score"), one.get("StandardError")),
        one.get("LatencyInSeconds"),
        one["IsBest"],
    )


def _row(board: Answer, one: Answer, columns: Sequence[Column], places: Mapping[str, int]) -> Row:
    is_done = one["CandidateStatus"] == "Completed"
    return Row(
        places.get(one["CandidateName"], 0),
        one["CandidateName"],
        spoken_name(one),
        candidate_url(board["AutoMLJobName"], one["CandidateName"]),
        one["CandidateStatus"],
        one.get("FailureReason", ""),
        one["Algorithm"],
        one.get("Recipe", ""),
        one.get("RecipeTitle", ""),
        one["IsBest"],
        one["IsOnFront"],
        one["IsCutShort"],
        is_done and not one["IsComparable"],
        [column.cell(one) for column in columns],
    )


ROUTES = (Route("/console/jobs/{name}/leaderboard", leaderboard, methods=["GET"]),)
