"""Calibration: of rows that were given about the same probability, the share that came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    left_axis,
    line,
    path,
    picture,
    point,
)
from windvane.console.wording import percent

_WIDTH, _HEIGHT = 460.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 16.0, 28.0, 46.0


@dataclass(frozen=True)
class Bin:
    """Rows of similar predicted probability, and how often the event came true.

    observed    the share of its rows that came true; low, high  95 % interval of it
    """

    n_rows: int
    predicted: float
    observed: float
    low: float
    high: float


def reliability_chart(bins: Sequence[Bin], event: str, outcome: str) -> Chart:
    """Draw the observed share against the predicted probability.

    event      what probabilities are of;  outcome    what came true
    """
    across = Scale(0.0, 1.0, _LEFT, _WIDTH - _RIGHT)
    up = Scale(0.0, 1.0, _HEIGHT - _BOTTOM, _TOP)
    places = [(across.at(one.predicted), up.at(one.observed)) for one in bins]
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, outcome),
        bottom_axis(across, _HEIGHT - _BOTTOM, event, _TOP),
        path([(across.at(0), up.at(0)), (across.at(1), up.at(1))], "line series-6 dashed"),
        path(places, "line"),
    ]
    for one, (x, y) in zip(bins, places, strict=True):
        parts.append(line(x, up.at(one.low), x, up.at(one.high), "whisker"))
        said = f"{one.n_rows:,} rows: {percent(one.predicted)} predicted, {percent(one.observed)} observed"
        parts.append(point(x, y, 4.5, "mark-point", said))
    rows = [
        (
            f"{one.n_rows:,}",
            percent(one.predicted),
            percent(one.observed),
            f"{percent(one.low)} to {percent(one.high)}",
        )
        for one in bins
    ]
    return Chart(
        "Calibration",
        picture(_WIDTH, _HEIGHT, f"Calibration: {outcome} over {event}", *parts),
        Numbers(
            ("Rows", "Mean probability", "Observed share", "95 % interval"),
            rows,
            frozenset(range(4)),
        ),
        [("the model, with 95 % intervals", "series-1"), ("perfect calibration", "series-6")],
    )
