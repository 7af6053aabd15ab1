"""Bars, one a name: importances, probabilities, counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from windvane.console.charts.base import Chart, Numbers, Scale, line, picture, rectangle, text
from windvane.console.wording import number

_WIDTH, _ROW, _TOP = 640.0, 26.0, 8.0
_NAMES, _VALUES = 190.0, 84.0


def bar_chart(
    title: str,
    bars: Sequence[tuple[str, float]],
    name_title: str,
    value_title: str,
    say: Callable[[float], str] = number,
    errors: Mapping[str, float] | None = None,
) -> Chart:
    """Bars to the right of zero, and to its left where values are negative.

    bars    name and value, drawn from the top
    errors  standard errors by name, drawn as lines over the ends of bars
    """
    known = errors or {}
    values = [value + known.get(name, 0.0) for name, value in bars]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale = Scale(low, high if high > low else low + 1.0, _NAMES, _WIDTH - _VALUES)
    zero = scale.at(0.0)
    height = 2 * _TOP + _ROW * len(bars)
    parts = []
    for place, (name, value) in enumerate(bars):
        y, end = _TOP + _ROW * place, scale.at(value)
        css = "fill" if value >= 0 else "fill series-2"
        parts += [
            text(_NAMES - 10, y + 17, name, "name", "end", 30),
            rectangle(
                min(zero, end), y + 4, abs(end - zero), _ROW - 8, css, f"{name}: {say(value)}"
            ),
            text(
                max(zero, scale.at(value + known.get(name, 0.0))) + 6, y + 17, say(value), "value"
            ),
        ]
        if error := known.get(name):
            low_end, high_end = scale.at(max(value - error, 0.0)), scale.at(value + error)
            parts.append(line(low_end, y + _ROW / 2, high_end, y + _ROW / 2, "axis"))
    parts.append(line(zero, _TOP, zero, height - _TOP, "axis"))
    rows = [
        (name, f"{say(value)} ± {known[name]:.2g}" if name in known else say(value))
        for name, value in bars
    ]
    return Chart(
        title,
        picture(_WIDTH, height, f"{title}: {value_title} by {name_title}", *parts),
        Numbers((name_title, value_title), rows, frozenset({1})),
    )
