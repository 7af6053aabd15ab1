"""What is known of several candidates, line by line: a cell for each, and which of them is the best of the line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windvane.console.pages.leaderboard import is_forecast
from windvane.console.scores import FormattedScore, is_loss, metric_scores
from windvane.console.wording import NOTHING, in_bytes, millis, number, seconds

Answer = Mapping[str, Any]

_WHOLE_TIMES = 10
"""From which on ratios have no decimals."""

_SURE = 2.0
"""Standard errors of a difference from which on it is called one."""

BEST, LOWEST, ALIKE = "best", "lowest", "no clear difference"


@dataclass(frozen=True)
class Cell:
    """One candidate's value.

    beside    how it differs from the best of the line; "" for the best, and where there is none
    mark      BEST, LOWEST, ALIKE or ""
    """

    text: str
    beside: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Line:
    """One thing of every candidate."""

    title: str
    cells: Sequence[Cell]

    @property
    def differs(self) -> bool:
        return len({cell.text for cell in self.cells}) > 1

    @property
    def is_apart(self) -> bool:
        """Return whether two candidates that have a value differ."""
        return len({cell.text for cell in self.cells} - {NOTHING}) > 1


def metric_lines(answers: Sequence[Answer]) -> list[Line]:
    names = list(answers[0]["MetricNames"])
    of_each = [metric_scores(answer["Candidate"], names) for answer in answers]
    return [
        _metric(name, [scores[place].validation for scores in of_each])
        for place, name in enumerate(names)
    ]


def _metric(name: str, scores: Sequence[FormattedScore]) -> Line:
    known = [(one.value, place) for place, one in enumerate(scores) if one.value is not None]
    if len(known) < 2 or len({value for value, _ in known}) == 1:
        return Line(name, [Cell(one.whole) for one in scores])
    value, place = (min if is_loss(name) else max)(known, key=lambda one: one[0])
    best = scores[place]
    cells = [
        Cell(one.whole)
        if one.value is None or one.value == value
        else Cell(one.whole, one.change(one.value - value), ALIKE if _is_alike(one, best) else "")
        for one in scores
    ]
    if not any(cell.mark for cell in cells):
        cells[place] = Cell(best.whole, mark=BEST)
    return Line(name, cells)


def _is_alike(one: FormattedScore, best: FormattedScore) -> bool:
    error = math.hypot(one.spread, best.spread)
    return bool(error) and abs((one.value or 0.0) - (best.value or 0.0)) < _SURE * error


def fact_lines(candidates: Sequence[Answer], *, is_forecast: bool) -> list[Line]:
    """Return what candidates cost and are.

    candidates    as `with_members` has them
    """
    has_members = any(one["Members"] for one in candidates)
    training = "Training time, members included" if has_members else "Training time"
    latency = f"Latency, one {'series' if is_forecast else 'row'}"

    def words(title: str, say: Callable[[Answer], str]) -> Line:
        return Line(title, [Cell(say(one)) for one in candidates])

    lines = [
        _cost(training, candidates, "TrainingTimeInSeconds", seconds, "slower"),
        _cost(latency, candidates, "LatencyInSeconds", millis, "slower"),
        _cost("Size", candidates, "SizeInBytes", in_bytes, "larger"),
        words("Backtest windows" if is_forecast else "Folds", lambda c: number(c.get("FoldCount"))),
        words("Status", lambda c: c["CandidateStatus"]),
        words("Algorithm", lambda c: c["Algorithm"]),
    ]
    return lines if is_forecast else [*lines, words("Recipe", lambda c: c.get("Recipe", NOTHING))]


def _cost(
    title: str,
    candidates: Sequence[Answer],
    member: str,
    say: Callable[[float | None], str],
    more: str,
) -> Line:
    values = [one.get(member) for one in candidates]
    known = [value for value in values if value]
    if len(known) < 2 or len(set(known)) == 1:
        return Line(title, [Cell(say(value)) for value in values])
    lowest = min(known)
    return Line(
        title,
        [
            Cell(say(value), mark=LOWEST)
            if value == lowest
            else Cell(say(value), times(value, lowest, more) if value else "")
            for value in values
        ],
    )


def times(value: float, lowest: float, more: str) -> str:
    """Return how many times the lowest a value is; "" if they are the same to two digits.

    >>> times(1.5, 0.1, "slower"), times(3, 2, "larger"), times(1.001, 1, "larger")
    ('15 times slower', '1.5 times larger', '')
    """
    ratio = value / lowest
    text = f"{ratio:,.0f}" if ratio >= _WHOLE_TIMES else f"{ratio:.2g}"
    return "" if text == "1" else f"{text} times {more}"


def hyperparameter_lines(answers: Sequence[Answer]) -> list[Line]:
    """Return those that differ first."""
    of_each = [answer["Hyperparameters"] for answer in answers]
    names = dict.fromkeys(name for one in of_each for name in one)
    every = [Line(name, [Cell(one.get(name, NOTHING)) for one in of_each]) for name in names]
    return sorted(every, key=lambda line: (not line.is_apart, not line.differs))


def step_lines(answers: Sequence[Answer]) -> list[Line]:
    """Return how long each took; candidates have the same steps in the same order."""
    return [
        Line(title, [Cell(_took(step)) for step in steps])
        for title, *steps in zip(
            step_titles(answers[0]), *(answer["Steps"] for answer in answers), strict=False
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


def with_members(candidate: Answer, alone: Mapping[str, float | None]) -> Answer:
    """Return a candidate whose training time has that of its members in it; without one if a member's is unknown.

    alone    candidate of the job -> its own training time in seconds
    """
    members = [alone.get(member["CandidateName"]) for member in candidate["Members"]]
    if not members:
        return candidate
    known = [one for one in (candidate.get("TrainingTimeInSeconds"), *members) if one is not None]
    whole = sum(known) if len(known) == len(members) + 1 else None
    return {**candidate, "TrainingTimeInSeconds": whole}
