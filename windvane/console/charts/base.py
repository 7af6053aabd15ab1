"""What every chart is: an SVG that a server made, and the same numbers as a table.

Colours are classes, so one picture serves light and dark. Every text is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from windvane.console.wording import name, short

_TICK_LINES, _TITLE_LINES = 1.4, 2.7
"""Below an axis."""

_LEAST_STEP = 1e-300


@dataclass(frozen=True)
class Numbers:
    """The twin of a chart.

    numeric    places of columns of numbers
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    caption: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart: its drawing, the same numbers as a table, and a legend.

    legend    name and class of each series that needs to be told apart
    """

    title: str
    svg: Markup
    table: Numbers
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Scale:
    """Maps values to places along an axis; logarithmic between positive values if asked for."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        low, high, here = self.low, self.high, value
        if self.is_log:
            low, high, here = math.log(low), math.log(high), math.log(max(value, self.low / 1e3))
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        return log_ticks(self.low, self.high) if self.is_log else ticks(self.low, self.high, most)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values from `low` to `high`, at most `most` + 1.

    >>> ticks(0.0, 1.0), ticks(3.0, 98.0, 4)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [25.0, 50.0, 75.0])
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    rough = (high - low) / most
    if not _LEAST_STEP < rough < math.inf:  # powers of ten come to an end at either
        return [low, high]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two positive values, with 2 and 5 between them where there are few.

    >>> log_ticks(0.001, 0.1)
    [0.001, 0.01, 0.1]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1.0,) if last - first > 2 else (1.0, 2.0, 5.0)
    found = [float(f"{f}e{p}") for p in range(first, last + 1) for f in factors]
    kept = [one for one in found if low * 0.999 <= one <= high * 1.001]
    powers = [one for one in kept if math.log10(one) % 1 == 0]
    return powers if len(powers) >= 3 else kept


def roomy(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Return the range from the least to the greatest with some room around; (0, 1) for nothing."""
    found = [value for value in values if math.isfinite(value)]
    if not found:
        return 0.0, 1.0
    low, high = min(found), max(found)
    room = (high - low) * margin or abs(high) * margin or 1.0
    return low - room, high + room


def picture(width: float, height: float, description: str, *parts: Markup) -> Markup:
    """Return the <svg> element; `description` is what is to be seen, for those who do not see it."""
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return (
        head.format(_n(width), _n(height), name(description, 600))
        + _joined(parts)
        + Markup("</svg>")
    )


def text(
    x: float,
    y: float,
    content: str,
    css: str = "tick",
    anchor: str = "start",
    limit: int = 40,
    lines_below: float = 0.0,
) -> Markup:
    """Return a text of a drawing.

    lines_below    how far the text stands below y, in sizes of its font, which differ from page to page
    """
    below = Markup(' dy="{}em"').format(_n(lines_below)) if lines_below else ""
    element = Markup('<text x="{}" y="{}"{} class="{}" text-anchor="{}">{}</text>')
    return element.format(_n(x), _n(y), below, css, anchor, name(content, limit))


def line(x1: float, y1: float, x2: float, y2: float, css: str = "rule") -> Markup:
    element = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>')
    return element.format(_n(x1), _n(y1), _n(x2), _n(y2), css)


def path(points: Sequence[tuple[float, float]], css: str = "line") -> Markup:
    if not points:
        return Markup("")
    path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return Markup('<path d="M{}" class="{}"/>').format(path, css)


def rectangle(
    x: float, y: float, width: float, height: float, css: str = "fill", title: str = ""
) -> Markup:
    element = Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}">{}</rect>')
    return element.format(_n(x), _n(y), _n(max(width, 0)), _n(max(height, 0)), css, _title(title))


def point(
    x: float, y: float, radius: float = 4, css: str = "mark-point", title: str = ""
) -> Markup:
    element = Markup('<circle cx="{}" cy="{}" r="{}" class="{}">{}</circle>')
    return element.format(_n(x), _n(y), _n(radius), css, _title(title))


def mark(
    across: Scale, up: Scale, at: tuple[float, float], of: tuple[str, str], title: str
) -> Markup:
    """Return a point of a chart of shares that a script may move (static/threshold.js).

    at    (x, y);  of    the names of what they are
    """
    x, y = at
    element = Markup(
        '<circle cx="{}" cy="{}" r="6" class="mark-point series-2" data-x="{} {} {}" data-y="{} {} {}"><title>{}</title></circle>'
    )
    ends = of[0], _n(across.start), _n(across.end), of[1], _n(up.start), _n(up.end)
    return element.format(_n(across.at(x)), _n(up.at(y)), *ends, name(title, 300))


def bottom_axis(scale: Scale, y: float, title: str = "", top: float | None = None) -> Markup:
    parts = [line(scale.start, y, scale.end, y, "axis")]
    told = scale.ticks()
    say = _year if all(_may_be_year(tick) for tick in told) else short
    for tick in told:
        x = scale.at(tick)
        if top is not None:
            parts.append(line(x, top, x, y))
        parts.append(text(x, y, say(tick), anchor="middle", lines_below=_TICK_LINES))
    if title:
        middle = (scale.start + scale.end) / 2
        parts.append(text(middle, y, title, anchor="middle", limit=80, lines_below=_TITLE_LINES))
    return _joined(parts)


def _may_be_year(value: float) -> bool:
    return 1000 <= value < 3000 and value == int(value)


def _year(value: float) -> str:
    return f"{value:.0f}"


def left_axis(scale: Scale, x: float, right: float, title: str = "") -> Markup:
    """`scale` runs from the bottom (start) to the top (end)."""
    parts = []
    for tick in scale.ticks():
        y = scale.at(tick)
        parts += [line(x, y, right, y), text(x - 6, y + 4, short(tick), anchor="end")]
    if title:
        parts.append(text(x, scale.end - 10, title, anchor="start", limit=80))
    return _joined(parts)


def _title(title: str) -> Markup:
    return Markup("<title>{}</title>").format(name(title, 300)) if title else Markup("")


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(escape(part) for part in parts)


def _n(value: float) -> str:
    """Return a place, to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"
