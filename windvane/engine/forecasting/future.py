"""Known covariates of the steps ahead, from the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from windvane.domain.forecasting import Filling
from windvane.engine.data.times import read_times_as
from windvane.engine.forecasting.filling import fill
from windvane.engine.forecasting.grid import Seconds, Steps
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import Columns, encoded, read_items
from windvane.errors import InvalidRequest


def with_future_rows(prepared: PreparedSeries, columns: Columns) -> Panel:
    """Return the series with the covariates of the steps after their ends; rows of other steps are passed over.

    columns    of a table: timestamp, item identifier and known covariates
    raises     InvalidRequest naming a missing column, or item and time of a step without a row or value; DataFault for cells
               that cannot be read
    """
    spec, panel = prepared.spec, prepared.panel
    for name, role in spec.roles.items():
        if name not in columns and name not in (*spec.static, *spec.past_covariates):
            raise InvalidRequest(f"The future rows have no column '{name}' (the {role}).")
    items, codes = read_items(columns, spec.item_id, spec.group_columns)
    series = places_of(panel, items)[codes]
    seconds, _ = read_times_as(columns[spec.timestamp], spec.timestamp, prepared.time_format)
    cells = encoded(columns, prepared.known)
    future = spread_ahead(panel, spec.horizon, series, seconds, cells)
    return panel.with_future(checked_future(prepared, future))


def places_of(panel: Panel, items: Sequence[str]) -> Steps:
    """Return where each item stands among the series; -1 for one that is not among them."""
    return np.array([panel.places.get(item, -1) for item in items], np.int64)


def spread_ahead(
    panel: Panel, horizon: int, series: Steps, seconds: Seconds, cells: Floats
) -> Floats:
    """Return (n_series, horizon, n_covariates) what rows say of the steps after each series' end, NaN where none does.

    series    (n_rows,) the series of each row; -1 for those that are passed over
    cells     (n_rows, n_covariates)
    """
    is_known = series >= 0
    series, seconds, cells = series[is_known], seconds[is_known], cells[is_known]
    ahead = panel.grid.steps(seconds, series) - panel.last[series] - 1
    chosen = (ahead >= 0) & (ahead < horizon)
    future = np.full((panel.n_series, horizon, cells.shape[1]), np.nan)
    future[series[chosen], ahead[chosen]] = cells[chosen]
    return future


def checked_future(prepared: PreparedSeries, future: Floats) -> Floats:
    """Return the covariates of the steps after each of the prepared series, filled as was asked for.

    raises    InvalidRequest naming the first step without a value that stays missing, unless history has such, too
    """
    spec, panel = prepared.spec, prepared.panel
    names = [one.name for one in prepared.known for _ in range(one.width)]
    n_series, horizon, _ = future.shape
    rows = np.repeat(np.arange(n_series), horizon)
    for j, name in enumerate(names):
        how = spec.filling.get(name, Filling()).future
        everywhere = np.ones(len(rows), bool)
        flat = fill(future[:, :, j].ravel(), everywhere, rows, n_series, how)
        future[:, :, j] = flat.reshape(n_series, horizon)
        missing = np.isnan(future[:, :, j])
        if missing.any() and not np.isnan(panel.known[:, j]).any():
            at, step = (int(one[0]) for one in np.nonzero(missing))
            when = panel.grid.times(panel.last[at : at + 1] + step + 1, np.array([at]))
            raise InvalidRequest(
                f"The known covariate '{name}' has no value for the item '{panel.items[at]}' at "
                f"{np.datetime64(int(when[0]), 's')}, step {step + 1} of {horizon}. It is needed for every step."
            )
    return future
