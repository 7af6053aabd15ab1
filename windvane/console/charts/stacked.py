"""What a forecast is made of, step by step: parts stacked on its level, what lowers it below, what raises it above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    rectangle,
    roomy,
)
from windvane.console.charts.dates import date_axis, told
from windvane.console.wording import number

_WIDTH, _HEIGHT = 640.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 22.0, 26.0
_GAP = 0.25
"""Of the room of a step, that is left between columns."""

_COLOURS = ("series-1", "series-2", "series-3", "series-4", "series-5")
_MOST_PARTS = len(_COLOURS)
"""That can be told apart by their colours."""

_MOST_COLUMNS = 120
"""Steps that have a column each; of more, every second, third and so on is drawn."""


@dataclass(frozen=True)
class Part:
    """A part of a forecast, with its value in each step."""

    name: str
    values: Sequence[float]

    @property
    def size(self) -> float:
        return sum(map(abs, self.values))


@dataclass(frozen=True)
class Made:
    """A forecast and the parts that, added to the level, make it.

    seconds    of the steps, since 1970
    mean       of each step;  level  likewise
    """

    seconds: Sequence[float]
    mean: Sequence[float]
    level: Sequence[float]
    parts: Sequence[Part]


def stacked_chart(title: str, made: Made, what: str) -> Chart:
    """Draw the parts of a forecast, as many as `largest_parts` returns.

    what    is forecast: the title of the axis
    """
    step_s = _step_s(made.seconds)
    across = Scale(
        made.seconds[0] - step_s / 2, made.seconds[-1] + step_s / 2, _LEFT, _WIDTH - _RIGHT
    )
    up = Scale(*roomy(_reach(made)), _HEIGHT - _BOTTOM, _TOP)
    axes = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, what),
        date_axis(across, _HEIGHT - _BOTTOM, _TOP),
    ]
    legend = [
        ("forecast (mean)", "series-6"),
        ("level (dashed)", "series-6"),
        *((one.name, css) for one, css in zip(made.parts, _COLOURS, strict=False)),
    ]
    names = ", ".join(one.name for one in made.parts)
    description = f"{title}: columns of {names} on the level, for {len(made.seconds)} steps"
    drawn = picture(
        _WIDTH, _HEIGHT, description, *axes, *_columns(made, across, up), *_lines(made, across, up)
    )
    return Chart(title, drawn, _table(made), legend)


def largest_parts(first: Sequence[Part], effects: Sequence[Part]) -> list[Part]:
    """Return parts with a colour each: the first ones, the largest effects, and all others as one where there are more."""
    most = _MOST_PARTS - len(first)
    ranked = sorted(effects, key=lambda one: one.size, reverse=True)
    if len(ranked) <= most:
        return [*first, *ranked]
    rest = ranked[most - 1 :]
    sums = [sum(values) for values in zip(*(one.values for one in rest), strict=True)]
    return [*first, *ranked[: most - 1], Part(f"{len(rest)} other covariates", sums)]


def _step_s(seconds: Sequence[float]) -> float:
    """Return the least distance of two steps; a day if there is one step alone."""
    apart = [b - a for a, b in pairwise(seconds)]
    return min((one for one in apart if one > 0), default=86_400.0)


def _reach(made: Made) -> Iterator[float]:
    """Yield how far the columns reach."""
    yield from made.mean
    for place, base in enumerate(made.level):
        values = [one.values[place] for one in made.parts]
        yield base + sum(value for value in values if value > 0)
        yield base + sum(value for value in values if value < 0)


def _columns(made: Made, across: Scale, up: Scale) -> Iterator[Markup]:
    n_steps = len(made.seconds)
    every = -(-n_steps // _MOST_COLUMNS)
    width = (across.end - across.start) / n_steps * every * (1 - _GAP)
    for place in range(0, n_steps, every):
        x = across.at(made.seconds[place]) - width / 2
        ends = {True: made.level[place], False: made.level[place]}
        for one, css in zip(made.parts, _COLOURS, strict=False):
            value = one.values[place]
            begin = ends[value > 0]
            ends[value > 0] = begin + value
            top, bottom = up.at(max(begin, begin + value)), up.at(min(begin, begin + value))
            says = f"{told(made.seconds[place])}: {one.name} {number(value)}"
            yield rectangle(x, top, width, bottom - top, f"fill {css}", says)


def _lines(made: Made, across: Scale, up: Scale) -> Iterator[Markup]:
    x = [across.at(at) for at in made.seconds]
    edges = [across.start, *x, across.end]
    levels = [made.level[0], *made.level, made.level[-1]]
    pairs = [(a, up.at(b)) for a, b in zip(edges, levels, strict=True)]
    yield path(pairs, "line thin dashed series-6")
    mean = [(a, up.at(b)) for a, b in zip(x, made.mean, strict=True)]
    yield path(mean, "line series-6")
    if len(mean) <= _MOST_COLUMNS:
        yield from (point(a, b, 2.5, "mark-point series-6") for a, b in mean)
    yield line(across.start, _HEIGHT - _BOTTOM, across.end, _HEIGHT - _BOTTOM, "axis")


def _table(made: Made) -> Numbers:
    head = ("Time", "Mean", "Level", *(one.name for one in made.parts))
    rows = [
        (
            told(at),
            number(made.mean[place]),
            number(made.level[place]),
            *(number(one.values[place]) for one in made.parts),
        )
        for place, at in enumerate(made.seconds)
    ]
    return Numbers(head, rows, frozenset(range(1, len(head))))
