"""Counts of rows in bins side by side."""

from __future__ import annotations

from collections.abc import Sequence

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    line,
    picture,
    rectangle,
)
from windvane.console.wording import number

_WIDTH, _HEIGHT = 560.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 28.0, 46.0


def histogram_chart(
    title: str, counts: Sequence[int], edges: Sequence[float], x_title: str, caption: str = ""
) -> Chart:
    """Draw how many rows fall into each bin.

    edges    one more than counts
    """
    across = Scale(edges[0], edges[-1], _LEFT, _WIDTH - _RIGHT)
    up = Scale(0.0, max([1, *counts]) * 1.05, _HEIGHT - _BOTTOM, _TOP)
    parts = [left_axis(up, _LEFT, _WIDTH - _RIGHT, "rows")]
    rows = []
    for i, count in enumerate(counts):
        left, right, top = across.at(edges[i]), across.at(edges[i + 1]), up.at(count)
        between = f"{number(edges[i])} to {number(edges[i + 1])}"
        parts.append(
            rectangle(
                left + 0.5, top, right - left - 1, up.start - top, "fill", f"{between}: {count:,}"
            )
        )
        rows.append((between, f"{count:,}"))
    if across.low < 0 < across.high:
        parts.append(line(across.at(0), _TOP, across.at(0), up.start, "axis"))
    parts.append(bottom_axis(across, _HEIGHT - _BOTTOM, x_title))
    return Chart(
        title,
        picture(_WIDTH, _HEIGHT, f"Histogram of {x_title}", *parts),
        Numbers((x_title, "Rows"), rows, frozenset({0, 1}), caption),
    )
