"""How a search goes: the score of each candidate at the moment it finished, and the best of them so far as stairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from markupsafe import Markup

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    path,
    picture,
    point,
    roomy,
)
from windvane.console.wording import score, seconds

_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 14.0, 24.0, 42.0
_MINUTE, _HOUR = 60.0, 3600.0

_MOST_TITLES = 150
"""Candidates up to which each dot says whose it is; beyond, those of the best ones alone."""

_MOST_LISTED = 100


@dataclass(frozen=True)
class Mark:
    """A candidate that finished; at_s is in seconds since the job was created."""

    name: str
    at_s: float
    score: float
    is_best: bool


@dataclass(frozen=True)
class Size:
    """Width and height in pixels at which text is as large as elsewhere on the page."""

    width: float
    height: float


WIDE, NARROW = Size(660, 280), Size(340, 250)


def best_so_far(
    marks: Sequence[Mark], objective: str, is_minimized: bool, until_s: float, size: Size = WIDE
) -> Chart:
    """Draw the score of every candidate over time, with the best score so far as a line.

    marks      in the order in which they finished
    until_s    where the axis of time ends
    """
    unit, name = _unit(until_s)
    across = Scale(0.0, max(until_s, 1.0) / unit, _LEFT, size.width - _RIGHT)
    up = Scale(*_heights(marks, is_minimized), size.height - _BOTTOM, _TOP)
    shown = [mark for mark in marks if up.low <= mark.score <= up.high]
    goal = "lower is better" if is_minimized else "higher is better"
    parts = [left_axis(up, _LEFT, size.width - _RIGHT, f"{objective}, {goal}")]
    parts.append(bottom_axis(across, size.height - _BOTTOM, f"{name} since the start"))
    others = [mark for mark in shown if not mark.is_best]
    has_titles = len(marks) <= _MOST_TITLES
    parts += [
        _dot(mark, across.at(mark.at_s / unit), up.at(mark.score), has_titles) for mark in others
    ]
    edge = up.high if is_minimized else up.low
    stairs = [(across.at(x / unit), up.at(y)) for x, y in _stairs(marks, shown, edge)]
    parts.append(path(stairs, "line series-1"))
    best = [mark for mark in shown if mark.is_best]
    parts += [_dot(mark, across.at(mark.at_s / unit), up.at(mark.score)) for mark in best]
    listed = _listed(marks)
    rows = [
        (one.name, seconds(one.at_s), score(one.score), "yes" if one.is_best else "")
        for one in listed
    ]
    caption = ""
    if len(listed) < len(marks):
        caption = f"The best so far and the newest others; the leaderboard lists all {len(marks)}."
    return Chart(
        "Best score so far",
        picture(size.width, size.height, _description(marks, objective), *parts),
        Numbers(
            ("Candidate", "Finished after", objective, "Best so far"),
            rows,
            frozenset({1, 2}),
            caption,
        ),
        (("Best so far", "series-1"), ("Other candidates", "series-6")),
    )


def n_outside(marks: Sequence[Mark], is_minimized: bool) -> int:
    """Return how many scores are too bad to be drawn to the scale of the others."""
    low, high = _heights(marks, is_minimized)
    return sum(not low <= mark.score <= high for mark in marks)


def _heights(marks: Sequence[Mark], is_minimized: bool) -> tuple[float, float]:
    """So that what matters fills the picture: scores far worse than most do not stretch it."""
    scores = [mark.score for mark in marks]
    if len(scores) < 4:
        return roomy(scores)
    best, middle = [mark.score for mark in marks if mark.is_best][-1], median(scores)
    reach = max(4 * abs(best - middle), 0.05 * abs(best))
    sign = 1.0 if is_minimized else -1.0
    return roomy([best, *(one for one in scores if sign * (one - middle) <= reach)])


def _stairs(
    marks: Sequence[Mark], shown: Sequence[Mark], edge: float
) -> Iterator[tuple[float, float]]:
    """Yield the corners of the line from the first score to the last candidate's end.

    shown    those whose scores are within the picture; if the first best is not, the line comes in from its edge
    """
    steps = [(mark.at_s, mark.score) for mark in shown if mark.is_best]
    if not steps:
        return
    if len(steps) < sum(mark.is_best for mark in marks):
        yield steps[0][0], edge
    yield steps[0]
    for (_, before), (at_s, value) in pairwise(steps):
        yield at_s, before
        yield at_s, value
    yield marks[-1].at_s, steps[-1][1]


def _listed(marks: Sequence[Mark]) -> list[Mark]:
    """Return all if they are few, else those that were the best and the newest others, in their order."""
    others = [place for place, mark in enumerate(marks) if not mark.is_best]
    left_out = set(others[: max(0, len(marks) - _MOST_LISTED)])
    return [mark for place, mark in enumerate(marks) if place not in left_out]


def _dot(mark: Mark, x: float, y: float, has_title: bool = True) -> Markup:
    css = "mark-point" if mark.is_best else "mark-point series-6"
    title = f"{mark.name}: {score(mark.score)} after {seconds(mark.at_s)}" if has_title else ""
    return point(x, y, 4.0 if mark.is_best else 3.0, css, title)


def _unit(until_s: float) -> tuple[float, str]:
    """Return seconds of one, and what it is called."""
    if until_s <= 5 * _MINUTE:
        return 1.0, "Seconds"
    return (_MINUTE, "Minutes") if until_s <= 5 * _HOUR else (_HOUR, "Hours")


def _description(marks: Sequence[Mark], objective: str) -> str:
    best = [mark for mark in marks if mark.is_best]
    if not best:
        return f"No candidate has a {objective} yet."
    first, last = best[0], best[-1]
    return (
        f"{objective} of {len(marks)} candidates: the first scored {score(first.score)} after "
        f"{seconds(first.at_s)} and the best so far {score(last.score)} after {seconds(last.at_s)}."
    )
