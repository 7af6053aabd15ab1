"""Curves of several candidates in one picture, each in a look of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    path,
    picture,
    roomy,
)
from windvane.console.wording import number

_WIDTH, _HEIGHT = 460.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 28.0, 46.0
_COLOURS = 5
_MOST_POINTS = 500
_ROWS = 20
"""Of a table, for each curve."""

MOST_CURVES = 2 * _COLOURS

Points = Sequence[tuple[float, float]]


def look(place: int) -> str:
    """Return the class of a curve by its place: five colours, then the same dashed.

    >>> look(0), look(5)
    ('series-1', 'series-1 dashed')
    """
    return f"series-{place % _COLOURS + 1}" + (" dashed" if place >= _COLOURS else "")


def overlay_chart(
    title: str,
    curves: Sequence[tuple[str, Points]],
    x_title: str,
    y_title: str,
    *,
    chance: tuple[str, Points] | None = None,
    is_share: bool = True,
    say: Callable[[float], str] = number,
) -> Chart:
    """Draw curves over a common x axis.

    curves      name and points (x, y), at most MOST_CURVES
    chance      what to compare with, such as random guessing
    is_share    whether both axes run from 0 to 1
    say         how values are written in the table
    """
    drawn = [(name, list(islice(points, _MOST_POINTS))) for name, points in curves]
    every = [point for _, points in drawn for point in points]
    xs = [x for x, _ in every]
    is_wide = bool(xs) and max(xs) > min(xs)
    x_range = (0.0, 1.0) if is_share else (min(xs), max(xs)) if is_wide else roomy(xs)
    y_range = (0.0, 1.0) if is_share else roomy([0.0, *(y for _, y in every)], 0.04)
    across = Scale(*x_range, _LEFT, _WIDTH - _RIGHT)
    up = Scale(*y_range, _HEIGHT - _BOTTOM, _TOP)
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, y_title),
        bottom_axis(across, _HEIGHT - _BOTTOM, x_title, _TOP),
    ]
    legend = [(name, look(place)) for place, (name, _) in enumerate(drawn)]
    if chance is not None:
        parts.append(path([(across.at(x), up.at(y)) for x, y in chance[1]], "axis dashed-line"))
        legend.append((chance[0], "chance"))
    for place, (_, points) in enumerate(drawn):
        places = [(across.at(x), up.at(y)) for x, y in points]
        parts.append(path(places, f"line thin {look(place)}"))
    return Chart(
        title,
        picture(_WIDTH, _HEIGHT, f"{title} of {len(drawn)}: {y_title} over {x_title}", *parts),
        Numbers(("Candidate", x_title, y_title), list(_rows(drawn, say)), frozenset({1, 2})),
        legend,
    )


def _rows(curves: Sequence[tuple[str, Points]], say: Callable[[float], str]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, points in curves:
        step = max(1, len(points) // _ROWS)
        kept = [*points[:-1:step], points[-1]] if points else []
        rows += [(name, say(x), say(y)) for x, y in kept]
    return rows
