"""Rows of a name, a figure and a bar below them, which can be read on a narrow screen too: how columns lead from the
expected answer to that of a row, and how likely each label is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    line,
    picture,
    rectangle,
    roomy,
    text,
)

_WIDTH, _ROW, _BAR = 400.0, 38.0, 10.0
_EDGE = 4.0
_NAME_LETTERS = 36


@dataclass(frozen=True)
class Step:
    """The contribution of one column.

    error    standard error of `gain`; 0 if it is exact
    """

    name: str
    gain: float
    error: float = 0.0


@dataclass(frozen=True)
class Contributions:
    """The steps from the expected answer to that of the row; the steps add up to the difference."""

    start_name: str
    start: float
    steps: Sequence[Step]
    end_name: str
    end: float


def waterfall(
    title: str,
    way: Contributions,
    say: Callable[[float], str],
    signed: Callable[[float], str],
    table: Numbers,
) -> Chart:
    """Draw the steps in their order, from the top.

    say, signed    how an answer and a gain are written
    """
    places = [way.start]
    for step in way.steps:
        places.append(places[-1] + step.gain)
    scale = Scale(*roomy([*places, way.end], 0.04), _EDGE, _WIDTH - _EDGE)
    rows = [_whole(scale, way.start_name, way.start, say)]
    for step, before in zip(way.steps, places, strict=False):
        rows.append(_step(scale, step, before, signed))
    rows.append(_whole(scale, way.end_name, way.end, say))
    start = scale.at(way.start)
    guide = line(start, _ROW - 4, start, _ROW * len(rows) - 2, "rule")
    parts = [guide, *(drawn(_ROW * place) for place, drawn in enumerate(rows))]
    height = _ROW * len(rows) + 4
    description = f"{title}: from {say(way.start)} to {say(way.end)}"
    legend = (("raises it", "series-1"), ("lowers it", "series-2"))
    return Chart(title, picture(_WIDTH, height, description, *parts), table, legend)


def chance_bars(
    title: str, chances: Sequence[tuple[str, float]], say: Callable[[float], str], table: Numbers
) -> Chart:
    """Probabilities of labels, in their order from the top."""
    scale = Scale(0.0, 1.0, _EDGE, _WIDTH - _EDGE)
    parts = []
    for place, (label, chance) in enumerate(chances):
        top = _ROW * place
        parts.append(_label(top, label, say(chance)))
        parts.append(_bar(top, scale.at(0.0), scale.at(1.0), "fill ground"))
        parts.append(_bar(top, scale.at(0.0), scale.at(chance), "fill", f"{label}: {say(chance)}"))
    height = _ROW * len(chances) + 4
    return Chart(title, picture(_WIDTH, height, title, *parts), table)


_Drawn = Callable[[float], Markup]
"""A row, by its top."""


def _step(scale: Scale, step: Step, before: float, signed: Callable[[float], str]) -> _Drawn:
    css = "fill" if step.gain >= 0 else "fill series-2"
    left, right = sorted((scale.at(before), scale.at(before + step.gain)))
    step_title = f"{step.name}: {signed(step.gain)}"
    return lambda top: (
        _label(top, step.name, signed(step.gain)) + _bar(top, left, right, css, step_title)
    )


def _whole(scale: Scale, name: str, value: float, say: Callable[[float], str]) -> _Drawn:
    x = scale.at(value)
    return lambda top: (
        _label(top, name, say(value), "value strong") + _bar(top, x - 1.5, x + 1.5, "fill series-6")
    )


def _label(top: float, name: str, figure: str, css: str = "value") -> Markup:
    return text(_EDGE, top + 14, name, css, limit=_NAME_LETTERS) + text(
        _WIDTH - _EDGE, top + 14, figure, css, "end"
    )


def _bar(top: float, left: float, right: float, css: str, title: str = "") -> Markup:
    return rectangle(left, top + 20, max(right - left, 1.0), _BAR, css, title)
