"""Forecasts of an endpoint as charts, and one beside what it becomes with other values of covariates."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from windvane.console.charts.base import Chart
from windvane.console.charts.fan import Fan, Forecast, fan_chart
from windvane.console.wording import NOTHING, number
from windvane.errors import InvalidRequest

_MOST_SERIES = 6
"""That are drawn; the table of sums has more."""

_MOST_ROWS, _MOST_LISTED = 50_000, 100
_MEAN = "mean"

Rows = Sequence[Mapping[str, str]]
Key = tuple[str, ...]
"""What tells a series apart: its identifier, and its groups."""


@dataclass(frozen=True)
class Columns:
    """The columns of a forecast.

    keys         that tell series apart;  timestamp  of times
    levels       quantiles, rising, by the names of their columns
    further      that come after the mean: what it is made of, where that was asked for
    """

    keys: tuple[str, ...]
    timestamp: str
    levels: Mapping[str, float]
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class SumRow:
    """A series with the sum of its forecast."""

    series: str
    total: str


@dataclass(frozen=True)
class Comparison:
    """A forecast and the one with changed covariates, with the sums of their means."""

    chart: Chart
    total: str
    other: str
    change: str


@dataclass(frozen=True)
class Forecasts:
    """The part of an answer that the page shows.

    series    names of those that are drawn, in the order of the charts
    """

    charts: Sequence[Chart]
    sums: Sequence[SumRow]
    series: Sequence[str]
    n_series: int


def example_rows(names: Sequence[str], items: Sequence[str], item: str) -> str:
    """Return rows that ask for the first series, or for the only one.

    names    of the columns that a request may have
    item     the column of items; "" if the model knows one series alone
    """
    if not item:
        return ",".join(names) + "\n"
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([item])
    writer.writerows([one] for one in items[:3])
    return written.getvalue()


def read_forecast(body: bytes) -> tuple[Columns, dict[Key, Rows]]:
    """Parse the CSV of a forecast, and return its rows by series.

    raises    InvalidRequest if it is none, or one of very many rows
    """
    reader = csv.DictReader(io.StringIO(body.decode()))
    names = list(reader.fieldnames or ())
    end = names.index(_MEAN) if _MEAN in names else len(names)
    levels = {name: level for name in names[:end] if (level := _level(name)) is not None}
    plain = [name for name in names[:end] if name not in levels]
    if not plain or 0.5 not in levels.values():
        raise InvalidRequest(
            f"The answer has the columns {', '.join(names)[:400]}, which are not those of a forecast with its median."
        )
    columns = Columns(tuple(plain[:-1]), plain[-1], levels, tuple(names[end + 1 :]))
    series: dict[Key, list[dict[str, str]]] = {}
    for place, row in enumerate(reader):
        if place >= _MOST_ROWS:
            raise InvalidRequest(
                f"The forecast has more than {_MOST_ROWS:,} rows, the most that are shown. Ask for fewer series."
            )
        series.setdefault(tuple(row[key] for key in columns.keys), []).append(row)
    return columns, dict(series)


def forecasts_of(columns: Columns, series: Mapping[Key, Rows], target: str) -> Forecasts:
    """Return what is shown of forecasts.

    raises   InvalidRequest
    """
    drawn = list(series.items())[:_MOST_SERIES]
    sums = [
        SumRow(name_of(key) or "the only series", number(_total(columns, rows)))
        for key, rows in list(series.items())[:_MOST_LISTED]
    ]
    return Forecasts(
        [_chart(columns, name_of(key) or target, rows, None, target) for key, rows in drawn],
        sums,
        [name_of(key) for key, _ in drawn],
        len(series),
    )


def comparison_of(columns: Columns, title: str, rows: Rows, other: Rows, target: str) -> Comparison:
    """Return what is shown of two forecasts of one series.

    other    its rows with changed covariates
    """
    total, changed = _total(columns, rows), _total(columns, other)
    change = f"{100 * (changed / total - 1):+.1f} %" if total else NOTHING
    chart = _chart(columns, title, rows, other, target)
    return Comparison(chart, number(total), number(changed), change)


def name_of(key: Key) -> str:
    return " · ".join(key)


def _chart(columns: Columns, title: str, rows: Rows, other: Rows | None, target: str) -> Chart:
    levels = sorted(columns.levels.items(), key=lambda one: one[1])
    names = [name for name, _ in levels]
    changed = None if other is None else _forecast(columns, names, other)
    fan = Fan(title, [], [], [_forecast(columns, names, rows)], changed)
    legend = ("", "forecast", "with the changed values")
    return fan_chart(fan, [level for _, level in levels], names, target, legend)


def _forecast(columns: Columns, names: Sequence[str], rows: Rows) -> Forecast:
    return Forecast(
        [seconds_of(row[columns.timestamp]) for row in rows],
        [value_of(row.get(_MEAN, "")) for row in rows],
        [[value_of(row[name]) for name in names] for row in rows],
    )


def _total(columns: Columns, rows: Rows) -> float:
    """Return the sum of the means, or of the medians where there are none."""
    median = next(name for name, level in columns.levels.items() if level == 0.5)
    values = (value_of(row.get(_MEAN) or row[median]) for row in rows)
    return sum(value for value in values if value is not None)


def _level(name: str) -> float | None:
    text = name.removeprefix("p")
    if text == name:
        return None
    try:
        level = float(text) / 100
    except ValueError:
        return None
    return level if 0 < level < 1 else None


def value_of(text: str) -> float | None:
    """Return a number; None if the text is no finite one."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def seconds_of(text: str) -> float:
    """Return a time in seconds since 1970.

    raises    InvalidRequest if it is none
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"The answer has {text[:60]!r} where a time should be.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
