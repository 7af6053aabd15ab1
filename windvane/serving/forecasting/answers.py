"""Forecasts to response bodies: a row for each series and step ahead."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from windvane.domain.forecasting import ForecastSpec, quantile_name
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.grid import Seconds
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.panel import Panel
from windvane.serving.content_types import CSV, JSON

MEAN = "mean"
_ITEM = "item_id"
_DAY = 86_400

TimeUnit = Literal["D", "s"]


def answer_names(spec: ForecastSpec) -> list[str]:
    """Return the columns of a forecast: what names a series, the timestamp, the quantiles that were asked for, the mean."""
    return [*_key_names(spec), spec.timestamp, *measures(spec)]


def measures(spec: ForecastSpec) -> list[str]:
    """Return what is told of each step."""
    return [*(quantile_name(level) for level in spec.quantiles), MEAN]


def csv_head(spec: ForecastSpec) -> bytes:
    """Return the header of an answer in CSV."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(answer_names(spec))
    return line.getvalue().encode()


def write_forecast(
    spec: ForecastSpec, panel: Panel, forecast: Forecast, media: str, unit: TimeUnit
) -> bytes:
    """Return the rows of series in CSV without a header, or as JSON Lines; in JSON the entries of "predictions"."""
    rows = _rows(spec, panel, forecast, unit)
    if media == CSV:
        lines = io.StringIO(newline="")
        csv.writer(lines, lineterminator="\n").writerows(rows)
        return lines.getvalue().encode()
    names = answer_names(spec)
    documents = (json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    if media == JSON:
        return ", ".join(documents).encode()
    return "".join(f"{one}\n" for one in documents).encode()


def framed(parts: Iterable[bytes], spec: ForecastSpec, media: str) -> Iterator[bytes]:
    """Yield a whole answer from what `write_forecast` made of its series: with a header, or as one document."""
    if media == CSV:
        yield csv_head(spec)
        yield from parts
    elif media == JSON:
        yield b'{"predictions": ['
        for number, part in enumerate(parts):
            yield b", " + part if number else part
        yield b"]}"
    else:
        yield from parts


def _key_names(spec: ForecastSpec) -> list[str]:
    return [spec.item_id or _ITEM, *spec.group_columns]


def time_unit(panel: Panel, horizon: int) -> TimeUnit:
    """Return what times of the steps ahead are told to: the day where all of them begin at midnight, else the second."""
    return "s" if (_seconds(panel, horizon) % _DAY).any() else "D"


def _rows(
    spec: ForecastSpec, panel: Panel, forecast: Forecast, unit: TimeUnit
) -> Iterable[Sequence[Any]]:
    n_parts = 1 + len(spec.group_columns)
    keys = [parts_of(item, n_parts) for item in panel.items]
    chosen = [spec.levels.index(level) for level in spec.quantiles]
    told = np.concatenate([forecast.quantiles[:, :, chosen], forecast.mean[:, :, None]], axis=2)
    times = _times(panel, forecast.mean.shape[1], unit)
    for key, of_series, values in zip(keys, times, told.tolist(), strict=True):
        for when, row in zip(of_series, values, strict=True):
            yield [*key, when, *row]


def _times(panel: Panel, horizon: int, unit: TimeUnit) -> list[list[str]]:
    """Return the timestamps of the steps ahead of each series."""
    seconds = _seconds(panel, horizon).astype("datetime64[s]")
    texts = np.char.replace(np.datetime_as_string(seconds, unit=unit), "T", " ")
    made: list[list[str]] = texts.reshape(panel.n_series, horizon).tolist()
    return made


def _seconds(panel: Panel, horizon: int) -> Seconds:
    series = np.repeat(np.arange(panel.n_series), horizon)
    steps = panel.last[series] + 1 + np.tile(np.arange(horizon), panel.n_series)
    return panel.grid.times(steps, series)
