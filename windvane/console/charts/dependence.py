"""What is answered on average if one column has the same cell in every row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    rectangle,
    roomy,
)
from windvane.console.wording import name, number, percent

_WIDTH, _HEIGHT = 440.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 28.0, 46.0
_WORDS_BOTTOM = 92.0
_SHARE_HEIGHT = 26.0
MOST_LINES = 4
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


@dataclass(frozen=True)
class Answers:
    """Mean answers of one output at each cell."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Dependence:
    """The partial dependence of one column.

    cells     at which the answers are known: numbers, or words
    shares    of the rows that have such a cell, or the nearest to it
    """

    column: str
    cells: Sequence[float | str]
    shares: Sequence[float]
    outputs: Sequence[Answers]


def dependence_chart(one: Dependence, y_title: str, y_range: tuple[float, float]) -> Chart:
    """Draw the partial dependence of a column, with the distribution of its values.

    y_range    that all columns share, so that they can be compared
    """
    cells = [cell for cell in one.cells if not isinstance(cell, str)]
    is_ordered = len(cells) == len(one.cells)
    bottom = _HEIGHT if is_ordered else _HEIGHT + _WORDS_BOTTOM - _BOTTOM
    base = _HEIGHT - _BOTTOM
    across = (
        Scale(*roomy(cells, 0.02), _LEFT, _WIDTH - _RIGHT)
        if is_ordered
        else Scale(-0.5, len(one.cells) - 0.5, _LEFT, _WIDTH - _RIGHT)
    )
    up = Scale(*y_range, base, _TOP)
    places = cells if is_ordered else [float(i) for i in range(len(one.cells))]
    xs = [across.at(place) for place in places]
    parts = [left_axis(up, _LEFT, _WIDTH - _RIGHT, y_title), *_shares(one.shares, xs, base)]
    for number_of, output in enumerate(one.outputs[:MOST_LINES], start=1):
        parts += _drawn(one, output, number_of, xs, up, is_ordered=is_ordered)
    if is_ordered:
        parts.append(bottom_axis(across, base, one.column))
    else:
        parts += [_word(str(cell), x, base) for cell, x in zip(one.cells, xs, strict=True)]
    legend = [(output.name, f"series-{i}") for i, output in enumerate(one.outputs[:MOST_LINES], 1)]
    return Chart(
        one.column,
        picture(_WIDTH, bottom, f"{y_title} over the values of {one.column}", *parts),
        _numbers(one),
        legend if len(one.outputs) > 1 else (),
    )


def _drawn(
    one: Dependence,
    output: Answers,
    place: int,
    xs: Sequence[float],
    up: Scale,
    *,
    is_ordered: bool,
) -> list[Markup]:
    points = [(x, up.at(value)) for x, value in zip(xs, output.values, strict=True)]
    drawn = [path(points, f"line series-{place}")] if is_ordered else []
    for cell, value, (x, y) in zip(one.cells, output.values, points, strict=True):
        said = f"{output.name} at {_said(cell)}: {number(value)}"
        drawn.append(point(x, y, 3.5 if is_ordered else 5, f"mark-point series-{place}", said))
    return drawn


def _shares(shares: Sequence[float], xs: Sequence[float], base: float) -> list[Markup]:
    """Low bars at the foot: where there are rows."""
    most = max([*shares, 1e-9])
    return [
        rectangle(
            x - 5,
            base - _SHARE_HEIGHT * share / most,
            10,
            _SHARE_HEIGHT * share / most,
            "share",
            f"{percent(share)} of the rows",
        )
        for x, share in zip(xs, shares, strict=True)
    ]


def _word(cell: str, x: float, base: float) -> Markup:
    element = Markup('<text x="{}" y="{}" class="tick" text-anchor="end" transform="{}">{}</text>')
    turned = f"rotate(-45 {x:.1f} {base + 12:.1f})"
    return element.format(f"{x:.1f}", f"{base + 12:.1f}", turned, name(_tick(cell), 13))


def _tick(cell: str) -> str:
    """Return what stands under a place of a column of words; of a time its day, which is what has room.

    >>> _tick("2024-01-17T00:21:36"), _tick("2024-01-17 to be"), _tick("")
    ('2024-01-17', '2024-01-17 to be', '(missing)')
    """
    return (cell[:10] if _TIME.match(cell) else cell) or "(missing)"


def _said(cell: float | str) -> str:
    return (cell or "(missing)") if isinstance(cell, str) else number(cell)


def _numbers(one: Dependence) -> Numbers:
    rows = [
        (_said(cell), percent(share), *(number(output.values[i]) for output in one.outputs))
        for i, (cell, share) in enumerate(zip(one.cells, one.shares, strict=True))
    ]
    head = ("Value", "Rows nearby", *(output.name for output in one.outputs))
    return Numbers(head, rows, frozenset(range(1, len(head))), f"Values of {one.column}")


def common_range(every: Sequence[Dependence]) -> tuple[float, float]:
    values = [v for one in every for output in one.outputs[:MOST_LINES] for v in output.values]
    low, high = roomy(values, 0.1)
    return low - 0.12 * (high - low), high
