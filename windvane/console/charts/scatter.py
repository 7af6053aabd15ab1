"""Score against latency: every candidate a point, those that nothing beats in both joined by a line."""

from __future__ import annotations

import statistics
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
    roomy,
)
from windvane.console.wording import millis, score

_WIDTH, _HEIGHT = 720.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 18.0, 28.0, 46.0
_REACH = 4.0
"""Quartile distances from the median beyond which a score is drawn at the edge: one bad candidate would squeeze all others
into a line."""


@dataclass(frozen=True)
class Spot:
    """A candidate with its score and latency.

    latency_s    of one row, or one series
    """

    name: str
    score: float
    latency_s: float
    on_front: bool
    is_best: bool


def front_chart(spots: Sequence[Spot], metric: str, *, is_minimized: bool) -> Chart:
    """Draw scores against latencies, with the Pareto front as a line.

    spots    finished candidates that can be compared, at least one
    """
    across = _across([spot.latency_s for spot in spots])
    low, high = _seen_range([spot.score for spot in spots], is_minimized=is_minimized)
    up = Scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    front = sorted((spot for spot in spots if spot.on_front), key=lambda spot: spot.latency_s)
    better = "lower" if is_minimized else "higher"
    parts = [
        left_axis(up, _LEFT, _WIDTH - _RIGHT, f"{metric} ({better} is better)"),
        bottom_axis(across, _HEIGHT - _BOTTOM, "latency (ms)", _TOP),
        path([_place(spot, across, up) for spot in front], "line series-2"),
        *(_drawn(spot, across, up) for spot in spots if not spot.on_front),
        *(_drawn(spot, across, up) for spot in front),
    ]
    n_beyond = sum(not low <= spot.score <= high for spot in spots)
    description = (
        f"{metric} over the latency of {len(spots)} candidates, {len(front)} of them Pareto-optimal"
    )
    legend = [("Pareto front", "series-2"), ("other", "")]
    return Chart(
        "Score vs. latency",
        picture(_WIDTH, _HEIGHT, description, *parts),
        _numbers(front, metric, n_beyond),
        legend,
    )


def _across(latencies_s: Sequence[float]) -> Scale:
    found = [1000 * max(latency, 1e-9) for latency in latencies_s]
    low, high = min(found) / 1.25, max(found) * 1.25
    return Scale(low, high, _LEFT, _WIDTH - _RIGHT, is_log=True)


def _seen_range(scores: Sequence[float], *, is_minimized: bool) -> tuple[float, float]:
    if len(scores) < 4:
        return roomy(scores)
    first, middle, third = statistics.quantiles(scores, n=4)
    reach = _REACH * ((third - first) or abs(middle) * 0.01)
    kept = [
        one for one in scores if (one <= middle + reach if is_minimized else one >= middle - reach)
    ]
    return roomy(kept)


def _place(spot: Spot, across: Scale, up: Scale) -> tuple[float, float]:
    shown = min(max(spot.score, up.low), up.high)
    return across.at(1000 * max(spot.latency_s, 1e-9)), up.at(shown)


def _drawn(spot: Spot, across: Scale, up: Scale) -> Markup:
    x, y = _place(spot, across, up)
    title = f"{spot.name}: {score(spot.score)}, {millis(spot.latency_s)}"
    css = "mark-point series-2" if spot.on_front else "mark-point"
    if not up.low <= spot.score <= up.high:
        css += " beyond"
    return point(x, y, 7 if spot.is_best else 4.5, css, title)


def _numbers(front: Sequence[Spot], metric: str, n_beyond: int) -> Numbers:
    caption = "Pareto-optimal candidates, fastest first; the table of candidates lists all."
    if n_beyond:
        caption += f" {n_beyond} with much worse scores are drawn at the edge."
    rows = [(spot.name, score(spot.score), millis(spot.latency_s)) for spot in front]
    return Numbers(("Candidate", metric, "Latency"), rows, frozenset({1, 2}), caption)
