"""A curve between 0 and 1 both ways, what chance would reach, and the point where the model decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    mark,
    path,
    picture,
)
from windvane.console.wording import percent

_WIDTH, _HEIGHT = 460.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 16.0, 28.0, 46.0
_MOST_ROWS = 50

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """A curve of a classifier, such as the ROC curve, and that of random guessing.

    points     (x, y), x not falling;  chance  likewise
    decided    where the model stands at the threshold; None if that is not known
    of         names of the shares x and y
    """

    title: str
    x_title: str
    y_title: str
    points: Points
    chance: Points
    decided: tuple[float, float] | None = None
    of: tuple[str, str] = ("", "")


def curve_chart(one: Curve) -> Chart:
    across = Scale(0.0, 1.0, _LEFT, _WIDTH - _RIGHT)
    up = Scale(0.0, 1.0, _HEIGHT - _BOTTOM, _TOP)

    def placed(points: Points) -> Points:
        return [(across.at(x), up.at(y)) for x, y in points]

    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, one.y_title),
        bottom_axis(across, _HEIGHT - _BOTTOM, one.x_title, _TOP),
        path(placed(one.chance), "line series-6 dashed"),
        path(placed(one.points), "line"),
    ]
    legend = [("the model", "series-1"), ("random", "series-6")]
    caption = ""
    if one.decided is not None:
        x, y = one.decided
        caption = (
            f"At the current threshold: {one.x_title} {percent(x)}, {one.y_title} {percent(y)}."
        )
        parts.append(mark(across, up, one.decided, one.of, caption))
        legend.insert(1, ("current threshold", "series-2"))
    step = max(1, len(one.points) // _MOST_ROWS)
    kept = [*one.points[:-1:step], one.points[-1]] if one.points else []
    return Chart(
        one.title,
        picture(
            _WIDTH, _HEIGHT, f"{one.title}: {one.y_title} over {one.x_title}. {caption}", *parts
        ),
        Numbers(
            (one.x_title, one.y_title),
            [(percent(x), percent(y)) for x, y in kept],
            frozenset({0, 1}),
            caption,
        ),
        legend,
    )
