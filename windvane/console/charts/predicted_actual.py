"""What was predicted and what was, row by row, and the line on which both are the same."""

from __future__ import annotations

from collections.abc import Sequence

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    path,
    picture,
    roomy,
)
from windvane.console.charts.dots import dots
from windvane.console.wording import number

_WIDTH, _HEIGHT = 460.0, 400.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 16.0, 28.0, 46.0
_MOST_ROWS = 40


def predicted_actual_chart(predicted: Sequence[float], actual: Sequence[float]) -> Chart:
    """Draw actual against predicted values, a point for each row.

    predicted, actual    of as many rows, at least one
    """
    across = Scale(*roomy(predicted, 0.03), _LEFT, _WIDTH - _RIGHT)
    up = Scale(*roomy(actual, 0.03), _HEIGHT - _BOTTOM, _TOP)
    low, high = max(across.low, up.low), min(across.high, up.high)
    exact = [(across.at(one), up.at(one)) for one in (low, high)] if low < high else []
    places = [(across.at(x), up.at(y)) for x, y in zip(predicted, actual, strict=True)]
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, "actual"),
        bottom_axis(across, _HEIGHT - _BOTTOM, "predicted", _TOP),
        dots(places, "series-1"),
        path(exact, "line series-2 dashed"),
    ]
    step = max(1, len(actual) // _MOST_ROWS)
    pairs = sorted(zip(predicted, actual, strict=True))[::step]
    return Chart(
        "Actual vs. predicted",
        picture(_WIDTH, _HEIGHT, f"Actual over predicted values of {len(actual)} rows", *parts),
        Numbers(
            ("Predicted", "Actual", "Actual minus predicted"),
            [(number(x), number(y), number(y - x)) for x, y in pairs],
            frozenset({0, 1, 2}),
            f"Every {step}th of {len(actual):,} rows, in the order of the predictions."
            if step > 1
            else "All rows shown, in the order of the predictions.",
        ),
        [("a row", "series-1"), ("perfect predictions", "series-2")],
    )
