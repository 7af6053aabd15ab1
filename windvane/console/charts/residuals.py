"""Residuals over predictions: whether a regression is off in one direction, or more in some range than in another."""

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


def residual_chart(predicted: Sequence[float], actual: Sequence[float]) -> Chart:
    """Draw actual minus predicted over predicted values, a point for each row.

    predicted, actual    of as many rows, at least one
    """
    pairs = [(x, y - x) for x, y in sorted(zip(predicted, actual, strict=True))]
    across = Scale(*roomy([x for x, _ in pairs], 0.03), _LEFT, _WIDTH - _RIGHT)
    up = Scale(*roomy([0.0, *(y for _, y in pairs)], 0.03), _HEIGHT - _BOTTOM, _TOP)
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, "actual minus predicted"),
        bottom_axis(across, _HEIGHT - _BOTTOM, "predicted", _TOP),
        dots([(across.at(x), up.at(y)) for x, y in pairs], "series-1"),
        path([(across.start, up.at(0)), (across.end, up.at(0))], "line series-2 dashed"),
    ]
    step = max(1, len(pairs) // _MOST_ROWS)
    return Chart(
        "Residuals vs. predicted",
        picture(_WIDTH, _HEIGHT, f"Residuals over predicted values of {len(pairs)} rows", *parts),
        Numbers(
            ("Predicted", "Actual minus predicted"),
            [(number(x), number(y)) for x, y in pairs[::step]],
            frozenset({0, 1}),
            f"Every {step}th of {len(pairs):,} rows, in the order of the predictions."
            if step > 1
            else "All rows shown, in the order of the predictions.",
        ),
        [("a row", "series-1"), ("no error", "series-2")],
    )
