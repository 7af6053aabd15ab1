"""How numbers spread: bars side by side over an axis."""

from __future__ import annotations

from collections.abc import Sequence

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    picture,
    rectangle,
)
from windvane.console.wording import number

_WIDTH, _HEIGHT = 640.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 26.0, 42.0


def histogram(
    title: str, bars: Sequence[tuple[float, float, float]], x_title: str, y_title: str
) -> Chart:
    """bars    (from, to, how many), rising and side by side"""
    across = Scale(bars[0][0], bars[-1][1], _LEFT, _WIDTH - _RIGHT)
    most = max(count for _, _, count in bars) or 1.0
    up = Scale(0.0, most, _HEIGHT - _BOTTOM, _TOP)
    drawn = [left_axis(up, _LEFT, _WIDTH - _RIGHT, y_title)]
    for low, high, count in bars:
        x, width, top = across.at(low), across.at(high) - across.at(low), up.at(count)
        told = f"{number(low)} to {number(high)}: {number(count)}"
        drawn.append(rectangle(x + 0.5, top, width - 1, up.start - top, "fill", told))
    drawn.append(bottom_axis(across, _HEIGHT - _BOTTOM, x_title))
    rows = [(number(low), number(high), number(count)) for low, high, count in bars]
    return Chart(
        title,
        picture(_WIDTH, _HEIGHT, f"{title}: {y_title} by {x_title}", *drawn),
        Numbers(("From", "To", y_title), rows, frozenset({0, 1, 2})),
    )
