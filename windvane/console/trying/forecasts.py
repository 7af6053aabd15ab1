"""Forecasts of an endpoint as charts, and what they become with other covariates."""

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


@dataclass(frozen=True)
class Columns:
    """The columns of a forecast.

    keys         that tell series apart;  timestamp  of times
    levels       quantiles, rising, by the names of their columns
    """

    keys: tuple[str, ...]
    timestamp: str
    levels: Mapping[str, float]


@dataclass(frozen=True)
class SumRow:
    """A series with the sum of its forecast, and of the one with other covariates."""

    series: str
    total: str
    other: str
    change: str


@dataclass(frozen=True)
class Forecasts:
    """The part of an answer that the page shows."""

    charts: Sequence[Chart]
    sums: Sequence[SumRow]
    n_series: int
    is_compared: bool


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


def read_forecast(body: bytes) -> tuple[Columns, dict[tuple[str, ...], Rows]]:
    """Parse the CSV of a forecast, and return its rows by series.

    raises    InvalidRequest if it is none, or one of very many rows
    """
    reader = csv.DictReader(io.StringIO(body.decode()))
    names = list(reader.fieldnames or ())
    levels = {name: level for name in names if (level := _level(name)) is not None}
    plain = [name for name in names if name not in levels and name != _MEAN]
    if not plain or 0.5 not in levels.values():
        raise InvalidRequest(
            f"The answer has the columns {', '.join(names)[:400]}, which are not those of a forecast with its median."
        )
    columns = Columns(tuple(plain[:-1]), plain[-1], levels)
    series: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for place, row in enumerate(reader):
        if place >= _MOST_ROWS:
            raise InvalidRequest(
                f"The forecast has more than {_MOST_ROWS:,} rows, the most that are shown. Ask for fewer series."
            )
        series.setdefault(tuple(row[key] for key in columns.keys), []).append(row)
    return columns, dict(series)


def forecasts_of(body: bytes, other: bytes | None, target: str) -> Forecasts:
    """Return what is shown of a forecast.

    other    the forecast of the same series with other covariates; None if nothing is compared
    raises   InvalidRequest
    """
    columns, series = read_forecast(body)
    compared = {} if other is None else read_forecast(other)[1]
    charts = [
        _chart(columns, key, rows, compared.get(key), target)
        for key, rows in list(series.items())[:_MOST_SERIES]
    ]
    sums = [
        _sums(columns, key, rows, compared.get(key))
        for key, rows in list(series.items())[:_MOST_LISTED]
    ]
    return Forecasts(charts, sums, len(series), other is not None)


def _chart(
    columns: Columns, key: tuple[str, ...], rows: Rows, other: Rows | None, target: str
) -> Chart:
    levels = sorted(columns.levels.items(), key=lambda one: one[1])
    names = [name for name, _ in levels]
    made = _forecast(columns, names, rows)
    title = " · ".join(key) or target
    if other is None:
        fan = Fan(title, [], [], [made], None)
    else:
        fan = Fan(title, [], [], [made], _forecast(columns, names, other))
    legend = ("", "forecast", "with the other covariates")
    return fan_chart(fan, [level for _, level in levels], names, target, legend)


def _forecast(columns: Columns, names: Sequence[str], rows: Rows) -> Forecast:
    return Forecast(
        [_seconds(row[columns.timestamp]) for row in rows],
        [_value(row.get(_MEAN, "")) for row in rows],
        [[_value(row[name]) for name in names] for row in rows],
    )


def _sums(columns: Columns, key: tuple[str, ...], rows: Rows, other: Rows | None) -> SumRow:
    total, changed = _total(columns, rows), None if other is None else _total(columns, other)
    change = NOTHING
    if changed is not None and total:
        change = f"{100 * (changed / total - 1):+.1f} %"
    return SumRow(" · ".join(key) or "the only series", number(total), number(changed), change)


def _total(columns: Columns, rows: Rows) -> float:
    """Return the sum of the means, or of the medians where there are none."""
    median = next(name for name, level in columns.levels.items() if level == 0.5)
    values = (_value(row.get(_MEAN) or row[median]) for row in rows)
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


def _value(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _seconds(text: str) -> float:
    """Return a time in seconds since 1970.

    raises    InvalidRequest if it is none
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"The answer has {text[:60]!r} where a time should be.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
