"""Stacked columns over time: how many of each kind in each stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windvane.console.charts.base import Chart, Numbers, Scale, left_axis, picture, rectangle
from windvane.console.charts.time_axis import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    across,
    how_long_ago,
    time_axis,
)
from windvane.console.wording import number

_GAP = 1.0
_LEAST = 4
"""What the axis reaches up to at least: with less, its ticks would be no whole numbers."""


@dataclass(frozen=True)
class Column:
    """Counts of one stretch of time.

    begin    of the stretch, in seconds before now (negative)
    counts   of each kind
    """

    begin: float
    counts: tuple[int, ...]


def column_chart(
    title: str,
    kinds: Sequence[tuple[str, str]],
    columns: Sequence[Column],
    *,
    span_s: float,
    step_s: float,
    y_title: str,
) -> Chart:
    """Draw counts over time as stacked columns.

    kinds     name and class of each, the lowest first
    columns   oldest first; those that are not over yet grow
    span_s    how far back the axis reaches
    step_s    length of a stretch
    """
    most = max((sum(column.counts) for column in columns), default=0)
    along, up = across(span_s), Scale(0.0, max(most, _LEAST) * 1.08, HEIGHT - BOTTOM, TOP)
    parts = [left_axis(up, LEFT, WIDTH - RIGHT, y_title)]
    width = (along.end - along.start) * step_s / span_s - _GAP
    for column in columns:
        base = 0
        left = max(along.at(column.begin), along.start)
        right = min(along.at(column.begin) + width, along.end)
        for (name, css), count in zip(kinds, column.counts, strict=True):
            if count:
                top = up.at(base + count)
                count_title = f"{how_long_ago(column.begin)}: {name} {count}"
                parts.append(
                    rectangle(
                        left, top, right - left, up.at(base) - top, f"fill {css}", count_title
                    )
                )
            base += count
    parts.append(time_axis(span_s))
    total = sum(sum(column.counts) for column in columns)
    rows = [
        (how_long_ago(column.begin), *(number(count) for count in column.counts))
        for column in reversed(columns)
    ]
    head = ("Start", *(name for name, _ in kinds))
    return Chart(
        title,
        picture(
            WIDTH, HEIGHT, f"{title}: {number(total)} in total, {number(most)} at most", *parts
        ),
        Numbers(head, rows, frozenset(range(1, len(head)))),
        kinds,
    )
