"""The axis of charts that end now: what is drawn stands as far to the left as it is old."""

from __future__ import annotations

from markupsafe import Markup

from windvane.console.charts.base import Scale, line, text
from windvane.console.wording import number, seconds

WIDTH, HEIGHT = 640.0, 226.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 26.0, 48.0


def across(span_s: float) -> Scale:
    """Return the scale from `span_s` seconds ago (as a negative number) to now."""
    return Scale(-span_s, 0.0, LEFT, WIDTH - RIGHT)


def time_axis(span_s: float) -> Markup:
    """Ticks at whole minutes."""
    scale = Scale(-span_s / 60, 0.0, LEFT, WIDTH - RIGHT)
    y = HEIGHT - BOTTOM
    parts = [line(scale.start, y, scale.end, y, "axis")]
    anchors = {scale.low: "start", scale.high: "end"}
    for tick in scale.ticks(6):
        label = number(-tick) if tick else "now"
        anchor = anchors.get(tick, "middle")
        parts.append(text(scale.at(tick), y + 20, label, anchor=anchor))
    middle = (scale.start + scale.end) / 2
    parts.append(text(middle, y + 40, "minutes ago", anchor="middle"))
    return Markup("").join(parts)


def how_long_ago(age_s: float) -> str:
    """Return an age as a table shows it.

    >>> how_long_ago(-200.0), how_long_ago(-10.0)
    ('3 min 20 s ago', '10 s ago')
    """
    whole = round(-age_s)
    return f"{seconds(whole) if whole >= 60 else f'{whole} s'} ago"
