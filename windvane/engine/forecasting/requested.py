"""The series that a request asks to be forecast: those of its own rows, or those that the model was fitted to.

An item with a value of the target in the request has the history that the request says, and nothing else. Any other one
has the history that is kept with the model; its rows are then known covariates of the steps ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import ForecastSpec
from windvane.engine.forecasting.future import (
    checked_future,
    places_of,
    spread_ahead,
    with_future_rows,
)
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel, joined
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import (
    ONE_SERIES,
    Columns,
    long_table,
    read_items,
    read_numbers,
)
from windvane.engine.forecasting.regularise import MOST_STEPS, LongTable, Regular, regularise
from windvane.errors import DataFault, InvalidRequest

_SHOWN = 3
_LEAST_DISTANCES = 3
"""Between values, from which on it is told that they are too far apart."""


def requested_series(
    prepared: PreparedSeries, columns: Columns, most_steps: int = MOST_STEPS
) -> Panel:
    """Return the series of the items that a table names, each with the known covariates of the whole horizon.

    columns       identifiers alone; or also times, known covariates, and the target, empty in the steps ahead
    most_steps    of all series together
    raises        InvalidRequest naming a missing column, an item without history, or item and step of a covariate that is
                  needed; DataFault naming the rows of what cannot be read, and for rows that the frequency does not fit
    """
    spec = prepared.spec
    n_rows = len(next(iter(columns.values()), ()))
    if not n_rows or not {spec.timestamp, spec.target} & columns.keys():
        return _kept(prepared, _named(prepared, columns, n_rows))
    if spec.target not in columns or not np.isfinite(_target(columns, spec)).any():
        items, _ = read_items(_with_key(columns, spec), spec.item_id, spec.group_columns)
        kept = _only(prepared, items)
        return with_future_rows(kept, columns)
    _check_columns(columns, spec.roles, spec)
    encodings = prepared.known, prepared.static, prepared.past
    table = long_table(columns, spec, *encodings, prepared.time_format)
    return _of_table(prepared, table, most_steps)


def _target(columns: Columns, spec: ForecastSpec) -> Floats:
    return read_numbers(columns[spec.target], spec.target)


def _named(prepared: PreparedSeries, columns: Columns, n_rows: int) -> tuple[str, ...]:
    """Return the items that are named without anything else."""
    spec = prepared.spec
    if spec.item_id is None:
        return (ONE_SERIES,)
    if not n_rows:
        raise InvalidRequest(
            f"There are no rows. Name the items to be forecast in the column '{spec.item_id}', or send their history."
        )
    return read_items(_with_key(columns, spec), spec.item_id, spec.group_columns)[0]


def _with_key(columns: Columns, spec: ForecastSpec) -> Columns:
    key = () if spec.item_id is None else (spec.item_id, *spec.group_columns)
    _check_columns(columns, key, spec)
    return columns


def _check_columns(columns: Columns, wanted: Iterable[str], spec: ForecastSpec) -> None:
    """Check that columns are there.

    raises    InvalidRequest naming the first that is not, and what it is for
    """
    missing = next((name for name in wanted if name not in columns), None)
    if missing is not None:
        role = spec.roles.get(missing, "target")
        raise InvalidRequest(
            f"There is no column '{missing}' (the {role}). The columns are: {', '.join(columns)}."
        )


def _only(prepared: PreparedSeries, items: Iterable[str]) -> PreparedSeries:
    """Return the series of some items as the model has them.

    raises    InvalidRequest naming those that it does not have
    """
    asked = tuple(items)
    places = places_of(prepared.panel, asked)
    unknown = [asked[at] for at in np.flatnonzero(places < 0)]
    if unknown:
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        shown = ", ".join(f"'{item}'" for item in unknown[:_SHOWN])
        raise InvalidRequest(
            f"There is no history of the {'item' if len(unknown) == 1 else 'items'} {shown}{more}: the model was not fitted to "
            f"such, and the request has no value of '{prepared.spec.target}' for it. Send its history."
        )
    return replace(prepared, panel=prepared.panel.only(places))


def _kept(prepared: PreparedSeries, items: Iterable[str]) -> Panel:
    """Return series as the model has them, with the covariates of the steps ahead that came with them."""
    kept = _only(prepared, items)
    panel = kept.panel
    return panel.with_future(checked_future(kept, _whole(panel, prepared.spec.horizon)))


def _whole(panel: Panel, horizon: int) -> Floats:
    """Return the covariates of all steps ahead, NaN where there are none."""
    n_covariates = panel.known.shape[1]
    if panel.future.shape[1] == horizon:
        return panel.future.copy()
    return np.full((panel.n_series, horizon, n_covariates), np.nan)


def _of_table(prepared: PreparedSeries, table: LongTable, most_steps: int) -> Panel:
    has_history = np.zeros(len(table.items), bool)
    has_history[table.series[np.isfinite(table.target)]] = True
    parts = [_own(prepared, _of_items(table, has_history), most_steps)]
    if not has_history.all():
        others = _of_items(table, ~has_history)
        kept = _only(prepared, others.items)
        future = spread_ahead(
            kept.panel, prepared.spec.horizon, others.series, others.seconds, others.known
        )
        parts.append(kept.panel.with_future(checked_future(kept, future)))
    return parts[0] if len(parts) == 1 else joined(parts)


def _of_items(table: LongTable, chosen: NDArray[np.bool_]) -> LongTable:
    """Return the rows of some of the items."""
    if chosen.all():
        return table
    rows = chosen[table.series]
    number = np.cumsum(chosen) - 1
    return _of_rows(
        replace(
            table,
            items=tuple(item for item, one in zip(table.items, chosen, strict=True) if one),
            series=number[table.series],
            static=table.static[chosen],
        ),
        rows,
    )


def _of_rows(table: LongTable, rows: NDArray[np.bool_]) -> LongTable:
    return replace(
        table,
        series=table.series[rows],
        seconds=table.seconds[rows],
        target=table.target[rows],
        known=table.known[rows],
        past=table.past[rows],
    )


def _own(prepared: PreparedSeries, table: LongTable, most_steps: int) -> Panel:
    """Return the series of rows, each of which has a value, with the covariates of the steps ahead."""
    spec = replace(prepared.spec, frequency=prepared.panel.grid.frequency)
    rows = table if spec.known_covariates else _of_rows(table, ~_is_ahead(table))
    regular = regularise(rows, spec, most_steps)
    _check_fit(prepared, rows, regular)
    own = replace(prepared, panel=regular.panel)
    future = _whole(regular.panel, spec.horizon)
    return regular.panel.with_future(checked_future(own, future))


def _is_ahead(table: LongTable) -> NDArray[np.bool_]:
    """Return (n_rows,) which rows come after the last value of their series."""
    last = np.full(len(table.items), np.iinfo(np.int64).min)
    is_value = np.isfinite(table.target)
    np.maximum.at(last, table.series[is_value], table.seconds[is_value])
    return np.asarray(table.seconds > last[table.series])


def _check_fit(prepared: PreparedSeries, rows: LongTable, regular: Regular) -> None:
    """Check that rows are as far apart as the model's steps: not closer, unless those that it was fitted to were, and not
    further.

    raises    DataFault naming an item
    """
    spec, frequency = prepared.spec, prepared.panel.grid.frequency
    was_finer = any(one.code == "rows-aggregated" for one in prepared.findings)
    if regular.n_aggregated and spec.aggregation is None and not was_finer:
        item, when = _first_of_two(rows, regular.panel)
        raise DataFault(
            f"The frequency of the model is {frequency}, and the item '{item}' has more than one row for the step at {when}. "
            "Send one row for each step, as in the data that the model was fitted to."
        )
    at = np.flatnonzero(np.isfinite(regular.panel.values))
    series = regular.panel.series[at]
    within = np.diff(series) == 0
    distances, of = np.diff(at)[within], series[1:][within]
    if len(distances) >= _LEAST_DISTANCES and distances.min() > 1:
        usual = int(np.median(distances))
        raise DataFault(
            f"The frequency of the model is {frequency}, and no values are that close: those of the item "
            f"'{regular.panel.items[of[0]]}' are {usual} steps apart. Send a value for each step."
        )


def _first_of_two(rows: LongTable, panel: Panel) -> tuple[str, str]:
    """Return the item and time of the first step that has several rows."""
    order = np.lexsort((rows.seconds, rows.series))
    series: Steps = rows.series[order]
    steps = panel.grid.steps(rows.seconds[order], series)
    twice = (np.diff(series) == 0) & (np.diff(steps) == 0)
    at = series[int(twice.argmax())], steps[int(twice.argmax())]
    when = panel.grid.times(np.array([at[1]]), np.array([at[0]]))
    return panel.items[at[0]], str(np.datetime64(int(when[0]), "s"))
