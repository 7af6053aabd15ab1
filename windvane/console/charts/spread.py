"""Percentiles over time, on a logarithmic axis, with gaps where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from windvane.console.charts.base import Chart, Numbers, Scale, line, path, picture, point, text
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
from windvane.console.wording import NOTHING, millis

_NAMES = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Measured:
    """Percentiles of what was measured at one time.

    at      seconds before now (negative)
    values  p50, p95 and p99 in seconds; None where nothing was measured
    """

    at: float
    values: tuple[float, float, float] | None


def spread_chart(title: str, measured: Sequence[Measured], span_s: float) -> Chart:
    """Draw the percentiles of a duration over time.

    measured    oldest first; span_s: how far back the axis reaches
    """
    found = [value for one in measured if one.values for value in one.values]
    low, high = (min(found) / 1.7, max(found) * 1.7) if found else (0.001, 0.1)
    along = across(span_s)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP, is_log=True)
    parts = [_axis(up)]
    for place in range(len(_NAMES)):
        series = f"series-{place + 1}"
        for run in _runs(measured):
            drawn = [(along.at(at), up.at(values[place])) for at, values in run]
            if len(drawn) == 1:
                parts.append(point(*drawn[0], 2.5, f"mark-point {series}"))
            else:
                parts.append(path(drawn, f"line {series}"))
    parts.append(time_axis(span_s))
    rows = [
        (how_long_ago(one.at), *(map(millis, one.values) if one.values else [NOTHING] * 3))
        for one in reversed(measured)
    ]
    description = f"{title}: up to {millis(max(found))}" if found else f"{title}: no data"
    return Chart(
        title,
        picture(WIDTH, HEIGHT, description, *parts),
        Numbers(("Until", *_NAMES), rows, frozenset({1, 2, 3})),
        [(name, f"series-{place}") for place, name in enumerate(_NAMES, start=1)],
    )


def _axis(up: Scale) -> Markup:
    ticks = up.ticks()
    parts = [text(LEFT, up.end - 10, "milliseconds")]
    for tick in ticks:
        y = up.at(tick)
        parts += [
            line(LEFT, y, WIDTH - RIGHT, y),
            text(LEFT - 6, y + 4, f"{1000 * tick:g}", anchor="end"),
        ]
    return Markup("").join(parts)


_Run = list[tuple[float, tuple[float, float, float]]]


def _runs(measured: Sequence[Measured]) -> Iterator[_Run]:
    """Neighbours that have values."""
    run: _Run = []
    for one in measured:
        if one.values is not None:
            run.append((one.at, one.values))
        elif run:
            yield run
            run = []
    if run:
        yield run
