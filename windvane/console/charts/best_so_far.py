"""How a search goes: the score of each candidate at the moment it finished, and the best of them so far as stairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles

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


@dataclass(frozen=True)
class Mark:
    """A candidate that finished; at_s is in seconds since the job was created."""

    name: str
    at_s: float
    score: float
    is_best: bool


@dataclass(frozen=True)
class Size:
    """In pixels at which text is as large as elsewhere on the page."""

    width: float
    height: float


WIDE, NARROW = Size(660, 280), Size(340, 250)


def best_so_far(
    marks: Sequence[Mark], objective: str, is_minimized: bool, until_s: float, size: Size = WIDE
) -> Chart:
    """marks      in the order in which they finished
    until_s    where the axis of time ends
    """
    unit, name = _unit(until_s)
    across = Scale(0.0, max(until_s, 1.0) / unit, _LEFT, size.width - _RIGHT)
    up = Scale(*_heights(marks, is_minimized), size.height - _BOTTOM, _TOP)
    shown = [mark for mark in marks if up.low <= mark.score <= up.high]
    goal = "lower is better" if is_minimized else "higher is better"
    parts = [left_axis(up, _LEFT, size.width - _RIGHT, f"{objective}, {goal}")]
    parts.append(bottom_axis(across, size.height - _BOTTOM, f"{name} since the start"))
    parts += [_dot(mark, across.at(mark.at_s / unit), up.at(mark.score)) for mark in shown]
    stairs = [(across.at(x / unit), up.at(y)) for x, y in _stairs(marks)]
    parts.append(path(stairs, "line series-1"))
    best = [mark for mark in shown if mark.is_best]
    parts += [_dot(mark, across.at(mark.at_s / unit), up.at(mark.score)) for mark in best]
    rows = [
        (one.name, seconds(one.at_s), score(one.score), "yes" if one.is_best else "")
        for one in marks
    ]
    return Chart(
        "Best score so far",
        picture(size.width, size.height, _told(marks, objective), *parts),
        Numbers(("Candidate", "After", objective, "Best so far"), rows, frozenset({1, 2})),
        (("Best so far", "series-1"), ("Other candidates", "series-6")),
    )


def n_outside(marks: Sequence[Mark], is_minimized: bool) -> int:
    """How many scores are too bad to be drawn to the scale of the others."""
    low, high = _heights(marks, is_minimized)
    return sum(not low <= mark.score <= high for mark in marks)


def _heights(marks: Sequence[Mark], is_minimized: bool) -> tuple[float, float]:
    """So that what matters fills the picture: scores far worse than most do not stretch it."""
    scores = [mark.score for mark in marks]
    best = [mark.score for mark in marks if mark.is_best][-1:]
    if len(scores) < 4:
        return roomy(scores)
    first, _, third = quantiles(scores, n=4)
    reach = 1.5 * (third - first)
    kept = [
        one for one in scores if (one <= third + reach if is_minimized else one >= first - reach)
    ]
    return roomy([*kept, *best])


def _stairs(marks: Sequence[Mark]) -> Iterator[tuple[float, float]]:
    """From the first score to the last candidate's end."""
    steps = [(mark.at_s, mark.score) for mark in marks if mark.is_best]
    if not steps:
        return
    yield steps[0]
    for (_, before), (at_s, value) in pairwise(steps):
        yield at_s, before
        yield at_s, value
    yield marks[-1].at_s, steps[-1][1]


def _dot(mark: Mark, x: float, y: float) -> Markup:
    css = "mark-point" if mark.is_best else "mark-point series-6"
    told = f"{mark.name}: {score(mark.score)} after {seconds(mark.at_s)}"
    return point(x, y, 4.0 if mark.is_best else 3.0, css, told)


def _unit(until_s: float) -> tuple[float, str]:
    """Seconds of one, and what it is called."""
    if until_s <= 5 * _MINUTE:
        return 1.0, "Seconds"
    return (_MINUTE, "Minutes") if until_s <= 5 * _HOUR else (_HOUR, "Hours")


def _told(marks: Sequence[Mark], objective: str) -> str:
    best = [mark for mark in marks if mark.is_best]
    if not best:
        return f"No candidate has a {objective} yet."
    first, last = best[0], best[-1]
    return (
        f"{objective} of {len(marks)} candidates: the best so far began at {score(first.score)} after "
        f"{seconds(first.at_s)} and is {score(last.score)} since {seconds(last.at_s)}."
    )
