"""What the forecast of one series is made of: level, trend, season, holidays and covariates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from windvane.console.charts.base import Chart
from windvane.console.charts.stacked import Made, Part, largest_parts, stacked_chart
from windvane.console.trying.forecasts import Columns, Rows, seconds_of, value_of
from windvane.console.wording import number
from windvane.errors import InvalidRequest

_EFFECT = "_effect"
_NOTHING = 1e-9
"""Of the largest part: a smaller value is a rounding error."""

_LEVEL, _TREND, _SEASON = "level", "trend", "season"


@dataclass(frozen=True)
class PartRow:
    """A part in the mean of the steps, and where it is lowest and highest."""

    name: str
    mean: str
    lowest: str
    highest: str


@dataclass(frozen=True)
class PartsView:
    """The parts of a forecast: as a picture, and each over all steps."""

    chart: Chart
    rows: Sequence[PartRow]


def parts_of(columns: Columns, rows: Rows, title: str, target: str) -> PartsView:
    """Return what is shown of a forecast that says what it is made of.

    rows      of one series
    raises    InvalidRequest if they do not say it, or there are none: an endpoint may be updated between two requests
    """
    if not rows:
        raise InvalidRequest(f"The answer has no forecast of {title}.")
    if not {_LEVEL, _TREND, _SEASON} <= set(columns.further):
        raise InvalidRequest("The answer has no decomposition of the forecast.")
    level = Part("level", _numbers(rows, _LEVEL))
    parts = [Part("trend", _numbers(rows, _TREND)), Part("season", _numbers(rows, _SEASON))]
    effects = [Part(name, _numbers(rows, column)) for column, name in _effects(columns)]
    made = Made(
        [seconds_of(row[columns.timestamp]) for row in rows],
        _numbers(rows, "mean"),
        level.values,
        largest_parts(parts, effects),
    )
    every = [level, *parts, *sorted(effects, key=lambda one: one.size, reverse=True)]
    reach = max(abs(value) for one in every for value in one.values)
    return PartsView(stacked_chart(title, made, target), [_row(one, reach) for one in every])


def _effects(columns: Columns) -> Iterator[tuple[str, str]]:
    """Yield the columns of effects, and the name of what has it."""
    for name in columns.further:
        if name.endswith(_EFFECT):
            yield name, name.removesuffix(_EFFECT)


def _row(part: Part, reach: float) -> PartRow:
    values = part.values
    told = (sum(values) / len(values), min(values), max(values))
    return PartRow(part.name, *(number(_rounded(one, reach)) for one in told))


def _rounded(value: float, reach: float) -> float:
    """Return a value without what is left of rounding errors."""
    return 0.0 if abs(value) < _NOTHING * reach else value


def _numbers(rows: Rows, column: str) -> list[float]:
    return [value_of(row[column]) or 0.0 for row in rows]
