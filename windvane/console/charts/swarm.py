"""Every explained row a dot on the line of each column: where the column moved the answer to, and how high its cell was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from windvane.console.charts.base import (
    Chart,
    Numbers,
    Scale,
    bottom_axis,
    line,
    picture,
    roomy,
    text,
)
from windvane.console.charts.dots import dots
from windvane.console.wording import number

_WIDTH, _ROW, _TOP, _BOTTOM = 720.0, 40.0, 10.0, 46.0
_NAMES, _RIGHT = 190.0, 20.0
_BINS = 90
_STEP = 3.4
_LEVELS = ("level-1", "level-2", "level-3", "level-4", "level-5")
_UNKNOWN = "level-0"


@dataclass(frozen=True)
class Strip:
    """The points of one column.

    values     what it added to the answer, row by row
    standing   of its cell among all: 0 the lowest, 1 the highest number; None for words, or if that is not known
    """

    name: str
    values: Sequence[float]
    standing: Sequence[float | None]


def swarm_chart(strips: Sequence[Strip], scale_title: str) -> Chart:
    every = [value for strip in strips for value in strip.values]
    across = Scale(*roomy([0.0, *every], 0.03), _NAMES, _WIDTH - _RIGHT)
    height = _TOP + _ROW * len(strips) + _BOTTOM
    parts = [line(across.at(0), _TOP, across.at(0), height - _BOTTOM, "axis")]
    for place, strip in enumerate(strips):
        y = _TOP + _ROW * (place + 0.5)
        parts += [
            text(_NAMES - 10, y + 4, strip.name, "name", "end", 30),
            line(_NAMES, y, _WIDTH - _RIGHT, y),
            *_strewn(strip, across, y),
        ]
    parts.append(bottom_axis(across, height - _BOTTOM, scale_title))
    is_known = any(level is not None for strip in strips for level in strip.standing)
    rows = [
        (strip.name, *(number(cut) for cut in _cuts(sorted(strip.values), (0.1, 0.5, 0.9))))
        for strip in strips
    ]
    shown = [("low value", "level-1"), ("high value", "level-5"), ("text or missing", _UNKNOWN)]
    return Chart(
        "SHAP values",
        picture(_WIDTH, height, f"SHAP values of each column: {scale_title}", *parts),
        Numbers(("Column", "10 %", "Median", "90 %"), rows, frozenset({1, 2, 3})),
        shown if is_known else (),
    )


def _strewn(strip: Strip, across: Scale, y: float) -> list[Markup]:
    """Dots at the same place are stacked to both sides of the line."""
    by_level: dict[str, list[tuple[float, float]]] = defaultdict(list)
    taken: dict[int, int] = defaultdict(int)
    span = (across.end - across.start) / _BINS
    for value, standing in zip(strip.values, strip.standing, strict=True):
        x = across.at(value)
        turn = taken[int(x / span)]
        taken[int(x / span)] += 1
        off = (turn + 1) // 2 * (_STEP if turn % 2 else -_STEP)
        off = max(-_ROW / 2 + 3, min(_ROW / 2 - 3, off))
        by_level[_level(standing)].append((x, y + off))
    return [dots(places, level) for level, places in by_level.items()]


def _level(standing: float | None) -> str:
    return _UNKNOWN if standing is None else _LEVELS[min(int(standing * 5), 4)]


def _cuts(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    return [values[min(int(share * len(values)), len(values) - 1)] for share in shares]
