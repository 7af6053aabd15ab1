"""Forecasts, and what they are made of, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from windvane.domain.forecasting import ForecastSpec, quantile_name
from windvane.engine.forecasting.decomposition import Decomposition
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.panel import Panel


def forecast_frame(
    panel: Panel, spec: ForecastSpec, forecast: Forecast, *, has_whole_items: bool
) -> pd.DataFrame:
    """Return a row for each series and step: item_id, grouping columns, timestamp, mean and quantiles."""
    levels = spec.levels
    quantiles = {
        quantile_name(level): forecast.quantiles[:, :, levels.index(level)].ravel()
        for level in spec.quantiles
    }
    columns = {"mean": forecast.mean.ravel(), **quantiles}
    return _frame(panel, spec, columns, has_whole_items=has_whole_items)


def decomposition_frame(
    panel: Panel, spec: ForecastSpec, made: Decomposition, *, has_whole_items: bool
) -> pd.DataFrame:
    """Return a row for each series and step: item_id, grouping columns, timestamp, mean, and what adds up to it."""
    columns = {
        "mean": made.mean.ravel(),
        "level": made.level.ravel(),
        "trend": made.trend.ravel(),
        "season": made.season.ravel(),
    }
    for name, part in made.parts.items():
        is_taken = name in columns or name in (*spec.group_columns, "item_id", "timestamp")
        columns[f"{name} (covariate)" if is_taken else name] = part.ravel()
    return _frame(panel, spec, columns, has_whole_items=has_whole_items)


def _frame(
    panel: Panel, spec: ForecastSpec, columns: Mapping[str, Any], *, has_whole_items: bool
) -> pd.DataFrame:
    horizon = spec.horizon
    series = np.repeat(np.arange(panel.n_series), horizon)
    steps = panel.last[series] + 1 + np.tile(np.arange(horizon), panel.n_series)
    keys = [parts_of(item, 1 + len(spec.group_columns)) for item in panel.items]
    items, *groups = (np.array(column, object)[series] for column in zip(*keys, strict=True))
    seconds = panel.grid.times(steps, series).astype("datetime64[s]")
    return pd.DataFrame(
        {
            "item_id": items.astype(np.int64) if has_whole_items else items,
            **dict(zip(spec.group_columns, groups, strict=True)),
            "timestamp": seconds.astype("datetime64[us]"),
            **columns,
        }
    )
