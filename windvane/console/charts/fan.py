"""The end of a series, what was forecast of windows of its past, and what is forecast now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    left_axis,
    line,
    path,
    picture,
    point,
    roomy,
)
from windvane.console.charts.dates import date_axis, told
from windvane.console.wording import number

_WIDTH, _HEIGHT = 640.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 22.0, 26.0
_DOTS = 80
"""Values that each have a dot; more are a line alone."""

Value = float | None


@dataclass(frozen=True)
class Forecast:
    """One forecast of a series.

    seconds      of its steps
    mean         of each;  quantiles  of each, rising
    """

    seconds: Sequence[float]
    mean: Sequence[Value]
    quantiles: Sequence[Sequence[Value]]


@dataclass(frozen=True)
class Fan:
    """A series and its forecasts.

    seconds, values    of the end of the series; None is a missing value
    windows            forecasts of the past
    ahead              the forecast of what comes; None if there is none
    """

    title: str
    seconds: Sequence[float]
    values: Sequence[Value]
    windows: Sequence[Forecast]
    ahead: Forecast | None


_LEGEND = ("actual", "backtest forecast", "future forecast")


def fan_chart(
    fan: Fan,
    levels: Sequence[float],
    names: Sequence[str],
    what: str,
    legend: tuple[str, str, str] = _LEGEND,
) -> Chart:
    """Draw a fan chart.

    levels    of the quantiles, the median among them;  names  of them, as p10
    legend    what values, windows and what is ahead are called
    """
    ahead = [] if fan.ahead is None else [fan.ahead]
    every = [*fan.windows, *ahead]
    times = [*fan.seconds, *chain.from_iterable(one.seconds for one in every)]
    values = [*fan.values, *(v for one in every for row in one.quantiles for v in row)]
    across = Scale(min(times), max(times), _LEFT, _WIDTH - _RIGHT)
    up = Scale(*roomy(v for v in values if v is not None), _HEIGHT - _BOTTOM, _TOP)
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, what),
        date_axis(across, _HEIGHT - _BOTTOM, _TOP),
    ]
    for one in fan.windows:
        x = across.at(one.seconds[0])
        parts.append(line(x, _TOP, x, _HEIGHT - _BOTTOM, "axis"))
        parts += _drawn(one, levels, across, up, "series-1")
    for one in ahead:
        parts += _drawn(one, levels, across, up, "series-2")
    parts += _actual(fan, across, up)
    is_there = (bool(fan.values), bool(fan.windows), bool(ahead))
    marks = zip(legend, ("series-6", "series-1", "series-2"), is_there, strict=True)
    told_apart = [(name, css) for name, css, is_shown in marks if is_shown]
    description = (
        f"{fan.title}: the last {len(fan.values)} values, and {len(every)} forecasts of "
        f"{len(every[0].seconds) if every else 0} steps with their intervals"
    )
    return Chart(
        fan.title,
        picture(_WIDTH, _HEIGHT, description, *parts),
        _table(fan, every, names),
        told_apart,
    )


def _drawn(
    one: Forecast, levels: Sequence[float], across: Scale, up: Scale, css: str
) -> Iterator[Markup]:
    """Yield intervals from the outermost pair of quantiles on, and the median."""
    x = [across.at(at) for at in one.seconds]
    for pair in range(len(levels) // 2):
        low = [row[pair] for row in one.quantiles]
        high = [row[len(levels) - 1 - pair] for row in one.quantiles]
        yield _band(x, low, high, up, css)
    middle = [row[levels.index(0.5)] for row in one.quantiles]
    known = [(a, up.at(b)) for a, b in zip(x, middle, strict=True) if b is not None]
    yield path(known, f"line {css}")
    if len(known) == 1:
        yield point(*known[0], 3.5, f"mark-point {css}")


def _band(
    x: Sequence[float], low: Sequence[Value], high: Sequence[Value], up: Scale, css: str
) -> Markup:
    known = [
        (a, up.at(b), up.at(c))
        for a, b, c in zip(x, low, high, strict=True)
        if b is not None and c is not None
    ]
    if not known:
        return Markup("")
    if len(known) == 1:
        [(a, b, c)] = known
        known = [(a - 3, b, c), (a + 3, b, c)]
    edge = [*((a, c) for a, _, c in known), *((a, b) for a, b, _ in reversed(known))]
    corners = "L".join(f"{a:.1f} {b:.1f}" for a, b in edge)
    return Markup('<path d="M{}Z" class="fill {}" fill-opacity="0.22"/>').format(corners, css)


def _actual(fan: Fan, across: Scale, up: Scale) -> Iterator[Markup]:
    """Yield the values as lines that end where one is missing."""
    run: list[tuple[float, float]] = []
    for at, value in [*zip(fan.seconds, fan.values, strict=True), (0.0, None)]:
        if value is not None:
            run.append((across.at(at), up.at(value)))
            continue
        yield path(run, "line thin series-6")
        if len(run) == 1 or len(fan.values) <= _DOTS:
            yield from (point(x, y, 2, "mark-point series-6") for x, y in run)
        run = []


def _table(fan: Fan, every: Sequence[Forecast], names: Sequence[str]) -> Numbers:
    came = dict(zip(fan.seconds, fan.values, strict=True))
    rows = [
        (told(at), number(came.get(at)), number(mean), *map(number, quantiles))
        for one in every
        for at, mean, quantiles in zip(one.seconds, one.mean, one.quantiles, strict=True)
    ]
    head = ("Time", "Actual", "Mean", *names)
    return Numbers(head, rows, frozenset(range(1, len(head))))
