"""Intervals of several levels over the size of a prediction, the widest one lightest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    line,
    picture,
    roomy,
)
from windvane.console.wording import number, percent

_WIDTH, _HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 16.0, 28.0, 46.0


@dataclass(frozen=True)
class Band:
    """Prediction intervals of rows with about the same prediction: ends by level, as what to add to a prediction."""

    n_rows: int
    centre: float
    low: Sequence[float]
    high: Sequence[float]


def band_chart(bands: Sequence[Band], levels: Sequence[float]) -> Chart:
    """Draw prediction intervals against the predicted value.

    levels    shares of rows that intervals hold, rising
    """
    reach = roomy([one.centre for one in bands])
    across = Scale(*reach, _LEFT, _WIDTH - _RIGHT)
    ends = [end for one in bands for end in (*one.low, *one.high)]
    up = Scale(*roomy([0.0, *ends]), _HEIGHT - _BOTTOM, _TOP)
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, "actual minus predicted"),
        bottom_axis(across, _HEIGHT - _BOTTOM, "predicted"),
    ]
    width = (across.end - across.start) / max(8, 2.2 * len(bands))
    for level in reversed(range(len(levels))):
        parts += [_box(one, level, across.at(one.centre), up, width) for one in bands]
    parts.append(line(across.start, up.at(0), across.end, up.at(0), "axis"))
    rows = [
        (
            f"{one.n_rows:,}",
            number(one.centre),
            *(
                f"{number(low)} to {number(high)}"
                for low, high in zip(one.low, one.high, strict=True)
            ),
        )
        for one in bands
    ]
    head = ("Rows", "Mean prediction", *(f"{percent(level)} of rows" for level in levels))
    description = "Intervals of actual minus predicted over the prediction"
    return Chart(
        "Prediction intervals",
        picture(_WIDTH, _HEIGHT, description, *parts),
        Numbers(
            head,
            rows,
            frozenset(range(len(head))),
            "Add these bounds to a prediction to get its interval.",
        ),
    )


def _box(one: Band, level: int, x: float, up: Scale, width: float) -> Markup:
    top, bottom = up.at(one.high[level]), up.at(one.low[level])
    wide = width * (1 - 0.22 * level)
    element = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" class="fill" fill-opacity="{}"><title>{}</title></rect>'
    )
    said = f"about {number(one.centre)}: {number(one.low[level])} to {number(one.high[level])}"
    opacity = (0.75, 0.4, 0.22)[min(level, 2)]
    left, height = x - wide / 2, max(bottom - top, 0.5)
    return element.format(
        round(left, 1), round(top, 1), round(wide, 1), round(height, 1), opacity, said
    )
