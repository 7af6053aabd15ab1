"""Steps over time, a bar each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    picture,
    rectangle,
    text,
)
from windvane.console.wording import seconds

_WIDTH, _ROW, _TOP, _BOTTOM = 720.0, 30.0, 10.0, 46.0
_NAMES, _RIGHT = 200.0, 80.0


@dataclass(frozen=True)
class Span:
    """A step with its beginning and end.

    start_s, end_s    since the first one began
    """

    name: str
    start_s: float
    end_s: float


def gantt_chart(title: str, spans: Sequence[Span]) -> Chart:
    """Draw steps as bars over time.

    spans    at least one
    """
    last = max(span.end_s for span in spans)
    across = Scale(0.0, last if last > 0 else 1.0, _NAMES, _WIDTH - _RIGHT)
    base = _TOP + _ROW * len(spans)
    parts = [bottom_axis(across, base, "seconds since the first step started", _TOP)]
    for place, span in enumerate(spans):
        y = _TOP + _ROW * place
        left, right = across.at(span.start_s), across.at(span.end_s)
        took = seconds(span.end_s - span.start_s)
        parts += [
            text(_NAMES - 10, y + 19, span.name, "name", "end", 30),
            rectangle(left, y + 6, max(right - left, 2), _ROW - 12, "fill", f"{span.name}: {took}"),
            text(max(right, left + 2) + 6, y + 19, took, "value"),
        ]
    rows = [(s.name, seconds(s.start_s), seconds(s.end_s - s.start_s)) for s in spans]
    return Chart(
        title,
        picture(_WIDTH, base + _BOTTOM, f"{title}: when each step ran", *parts),
        Numbers(("Step", "Started after", "Duration"), rows, frozenset({1, 2})),
    )
