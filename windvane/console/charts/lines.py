"""Lines over a common axis: curves of quality, figures over time, the best score so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
from windvane.console.wording import number

_WIDTH, _HEIGHT = 640.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 26.0, 42.0


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    points    (x, y), x not falling
    is_step      the value holds until the next one
    is_dashed    for what is only there to compare with
    """

    name: str
    points: Sequence[tuple[float, float]]
    is_step: bool = False
    is_dashed: bool = False
    has_points: bool = False


def line_chart(
    title: str,
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    say: Callable[[float], str] = number,
    here: float | None = None,
) -> Chart:
    """Draw lines over a common x axis.

    here   an x that is marked, by a line that a script may move (static/threshold.js)
    say    how a y is written in the table
    """
    xs = [x for one in lines for x, _ in one.points]
    ys = [y for one in lines for _, y in one.points]
    across = Scale(*(x_range or roomy(xs, 0.0)), _LEFT, _WIDTH - _RIGHT)
    up = Scale(*(y_range or roomy(ys)), _HEIGHT - _BOTTOM, _TOP)
    parts = [left_axis(up, _LEFT, _WIDTH - _RIGHT, y_title)]
    parts.append(bottom_axis(across, _HEIGHT - _BOTTOM, x_title))
    for place, one in enumerate(lines, start=1):
        parts += _drawn(one, place, across, up)
    if here is not None:
        parts.append(_marked(across, here))
    rows = [(one.name, number(x), say(y)) for one in lines for x, y in one.points]
    legend = [(one.name, f"series-{i}") for i, one in enumerate(lines, start=1)]
    return Chart(
        title,
        picture(_WIDTH, _HEIGHT, f"{title}: {y_title} over {x_title}", *parts),
        Numbers(("Line", x_title, y_title), rows, frozenset({1, 2})),
        legend if len(lines) > 1 else (),
    )


def _drawn(one: Line, place: int, across: Scale, up: Scale) -> list[Markup]:
    series = f"series-{place}"
    points = [(across.at(x), up.at(y)) for x, y in one.points]
    dashed = " dashed" if one.is_dashed else ""
    drawn = [path(_stairs(points) if one.is_step else points, f"line {series}{dashed}")]
    if one.has_points:
        drawn += [point(x, y, 3.5, f"mark-point {series}") for x, y in points]
    return drawn


def _marked(across: Scale, here: float) -> Markup:
    element = Markup(
        '<line x1="{0}" x2="{0}" y1="{1}" y2="{2}" class="axis" data-x="threshold {3} {4}"/>'
    )
    ends = across.start, across.end
    return element.format(round(across.at(here), 2), _TOP, _HEIGHT - _BOTTOM, *ends)


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    walked: list[tuple[float, float]] = list(points[:1])
    for (_, before), (x, y) in pairwise(points):
        walked += [(x, before), (x, y)]
    return walked
