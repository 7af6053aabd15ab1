"""Forecasts to response bodies: a row for each series and step ahead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import ForecastSpec, quantile_name
from windvane.engine.forecasting.decomposition import Decomposition
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.grid import Seconds, Steps
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding, decoded
from windvane.serving.answers import csv_field
from windvane.serving.content_types import CSV, JSON

MEAN = "mean"
_ITEM = "item_id"
_DAY = 86_400
_SERIES_AT_ONCE = 1_000
"""Whose times are in memory together."""

TimeUnit = Literal["D", "s"]
Cells = Floats | NDArray[np.object_]
"""Of an answer: numbers, texts, or None for what is missing."""


def measure_names(spec: ForecastSpec) -> list[str]:
    """Return what is told of each step: the quantiles that were asked for, the mean."""
    return [*(quantile_name(level) for level in spec.quantiles), MEAN]


def measures_of(spec: ForecastSpec, forecast: Forecast) -> dict[str, Floats]:
    """Return the quantiles that were asked for, and the mean."""
    chosen = [forecast.quantiles[:, :, spec.levels.index(level)] for level in spec.quantiles]
    return dict(zip(measure_names(spec), [*chosen, forecast.mean], strict=True))


def least_row(spec: ForecastSpec) -> int:
    """Return how many bytes the row of a step has at least: a day, and numbers such as `1.0`, each with a comma or the end of the
    line."""
    return len("2000-01-01,") + len("1.0,") * len(measure_names(spec))


def parts_of_mean(decomposition: Decomposition) -> dict[str, Floats]:
    """Return what the mean is made of, which it is the sum of: level, trend, season, and an effect of each covariate."""
    made = {
        "level": decomposition.level,
        "trend": decomposition.trend,
        "season": decomposition.season,
    }
    return made | {f"{name}_effect": values for name, values in decomposition.parts.items()}


def covariates_ahead(
    panel: Panel, known: Sequence[CovariateEncoding]
) -> dict[str, NDArray[np.object_]]:
    """Return the value that each known covariate has in the steps ahead, as it was given or filled."""
    return {f"{name}_value": values for name, values in decoded(panel.future, known).items()}


@dataclass(frozen=True)
class Told:
    """Series, and what is told of each of their steps ahead.

    measures    name -> (n_series, horizon)
    unit        of the timestamps
    """

    panel: Panel
    measures: Mapping[str, Cells]
    unit: TimeUnit


def written(told: Iterable[Told], spec: ForecastSpec, media: str) -> Iterator[bytes]:
    """Yield an answer, bit by bit: in CSV with a header, in JSON one document."""
    if media == JSON:
        yield b'{"predictions": ['
    for number, one in enumerate(told):
        names = [spec.item_id or _ITEM, *spec.group_columns, spec.timestamp, *one.measures]
        rows = _rows(one, 1 + len(spec.group_columns))
        if media == CSV:
            yield _csv(rows if number else chain([names], rows))
            continue
        documents = (json.dumps(dict(zip(names, row, strict=True))) for row in rows)
        if media == JSON:
            yield (", " if number else "").encode() + ", ".join(documents).encode()
        else:
            yield "".join(f"{document}\n" for document in documents).encode()
    if media == JSON:
        yield b"]}"


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    return "".join(",".join(map(_csv_cell, row)) + "\n" for row in rows).encode()


def _csv_cell(value: Any) -> str:
    return "" if value is None else csv_field(value)


def time_unit(panel: Panel, horizon: int) -> TimeUnit:
    """Return what times of the steps ahead are told to: the day where all of them begin at midnight, else the second."""
    for at in range(0, panel.n_series, _SERIES_AT_ONCE):
        series = np.arange(at, min(at + _SERIES_AT_ONCE, panel.n_series))
        if (_seconds(panel, series, horizon) % _DAY).any():
            return "s"
    return "D"


def _rows(told: Told, n_parts: int) -> Iterator[Sequence[Any]]:
    """Yield a row for each series and step.

    n_parts    of what names a series
    """
    values = np.stack(list(told.measures.values()), axis=2)
    times = _times(told.panel, values.shape[1], told.unit)
    for item, of_series, rows in zip(told.panel.items, times, values.tolist(), strict=True):
        key = parts_of(item, n_parts)
        for when, row in zip(of_series, rows, strict=True):
            yield [*key, when, *row]


def _times(panel: Panel, horizon: int, unit: TimeUnit) -> list[list[str]]:
    """Return the timestamps of the steps ahead of each series."""
    every = np.arange(panel.n_series)
    seconds = _seconds(panel, every, horizon).astype("datetime64[s]")
    texts = np.char.replace(np.datetime_as_string(seconds, unit=unit), "T", " ")
    made: list[list[str]] = texts.reshape(panel.n_series, horizon).tolist()
    return made


def _seconds(panel: Panel, chosen: Steps, horizon: int) -> Seconds:
    series = np.repeat(chosen, horizon)
    steps = panel.last[series] + 1 + np.tile(np.arange(horizon), len(chosen))
    return panel.grid.times(steps, series)
