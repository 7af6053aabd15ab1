"""Backtests for people: what a model forecast for each step of each window, beside what came, and the figures of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from windvane.domain.forecasting import quantile_name
from windvane.engine.forecasting.backtest import Window
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.stages import compared
from windvane.errors import CorruptArtifact


def write_backtests(prepared: PreparedSeries, forecast: Forecast, file: Path) -> int:
    """Write the forecasts of all windows as CSV, and return the number of rows.

    columns   item_id and one for each grouping column, window (1 is the earliest), timestamp, actual (empty where it is
              missing), mean, and one for each quantile
    forecast  of all windows, as `outcomes.read_forecasts` returns it
    raises    CorruptArtifact if it is of other windows
    """
    tables = list(_tables(prepared, forecast))
    schema = tables[0].schema
    with csv.CSVWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(table)
    return sum(table.num_rows for table in tables)


def figures(prepared: PreparedSeries, outcome: ForecastOutcome) -> dict[str, Any]:
    """Return what backtests say of a model, as JSON: its metrics, and the objective of each window."""
    spec = prepared.spec
    return {
        "model": outcome.name,
        "objective": str(spec.objective),
        "metrics": dict(outcome.metrics),
        "standard_error": outcome.standard_error,
        "windows": [
            {"window": number, "steps_before_the_end": window.back, "objective": value}
            for number, (window, value) in enumerate(
                zip(compared(prepared), outcome.windows, strict=True), start=1
            )
        ],
        "coverage": outcome.coverage,
        "coverage_of": [quantile_name(spec.quantiles[0]), quantile_name(spec.quantiles[-1])],
    }


def _tables(prepared: PreparedSeries, forecast: Forecast) -> Iterator[pa.Table]:
    """Yield the rows of each window."""
    windows, begin = compared(prepared), 0
    n_rows = sum(len(window.actual) for window in windows)
    if forecast.mean.shape != (n_rows, prepared.spec.horizon):
        raise CorruptArtifact(
            f"Forecasts of the shape {forecast.mean.shape} do not belong to {n_rows} series of {prepared.spec.horizon} steps."
        )
    for number, window in enumerate(windows, start=1):
        end = begin + len(window.actual)
        part = Forecast(forecast.mean[begin:end], forecast.quantiles[begin:end])
        yield _table(prepared, window, part, number)
        begin = end


def _table(prepared: PreparedSeries, window: Window, forecast: Forecast, number: int) -> pa.Table:
    spec, panel, horizon = prepared.spec, window.history, prepared.spec.horizon
    series = np.repeat(np.arange(panel.n_series), horizon)
    steps = panel.last[series] + 1 + np.tile(np.arange(horizon), panel.n_series)
    seconds = panel.grid.times(steps, series).astype("datetime64[s]")
    levels = prepared.task.levels
    actual = window.actual.ravel()
    names = ["item_id", *spec.group_columns]
    parts = np.array([parts_of(item, len(names)) for item in panel.items], object)
    return pa.table(
        {
            **{name: pa.array(parts[series, i], pa.string()) for i, name in enumerate(names)},
            "window": pa.array(np.full(len(series), number)),
            "timestamp": pa.array(np.datetime_as_string(seconds).astype(object), pa.string()),
            "actual": pa.array(actual, mask=np.isnan(actual)),
            "mean": forecast.mean.ravel(),
            **{
                quantile_name(level): forecast.quantiles[:, :, levels.index(level)].ravel()
                for level in spec.quantiles
            },
        }
    )
