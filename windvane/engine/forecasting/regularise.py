"""From the rows of a long table to regular series: sorted, brought to the frequency, filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import Aggregation, Filling, ForecastSpec
from windvane.engine.forecasting.filling import fill
from windvane.engine.forecasting.grid import Grid, Seconds, Steps, infer_frequency
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.errors import DataFault

MOST_STEPS = 200_000_000
"""Of all series together, after gaps are filled: more is a wrong frequency, or more than memory holds."""


@dataclass(frozen=True)
class LongTable:
    """Rows as they were read.

    items       identifiers of the series, ascending
    series      (n_rows,) the series of each row
    seconds     (n_rows,) its time
    target      (n_rows,) NaN where it is missing
    known       (n_rows, n_covariates)
    known_names the column that each covariate was made of
    static      (n_series, n_static)
    past        (n_rows, n_past)
    past_names  as `known_names`
    time_format how times are written (data/times.py)
    """

    items: tuple[str, ...]
    series: Steps
    seconds: Seconds
    target: Floats
    known: Floats
    known_names: tuple[str, ...]
    static: Floats
    past: Floats
    past_names: tuple[str, ...]
    time_format: str = ""


@dataclass(frozen=True)
class Regular:
    """Series on a regular grid, and what that has changed.

    n_aggregated    rows that became one with others of the same step
    n_absent        steps between the first and the last value of a series that had no row
    """

    panel: Panel
    n_aggregated: int
    n_absent: int


def regularise(table: LongTable, spec: ForecastSpec, most_steps: int = MOST_STEPS) -> Regular:
    """Return the series of a table. Rows after the last value of a series are the future if there are known covariates.

    most_steps    of all series together
    raises    DataFault if the frequency cannot be found, if two rows of a series have one time and no aggregation was
              asked for, or if a series becomes too long
    """
    order = np.lexsort((table.seconds, table.series))
    series, seconds = table.series[order], table.seconds[order]
    starts = np.searchsorted(series, np.arange(len(table.items)))
    frequency = spec.frequency or infer_frequency(seconds, starts)
    if spec.aggregation is None:
        _check_duplicates(series, seconds, table.items)
    grid = Grid.of(frequency, seconds, starts)
    steps = grid.steps(seconds, series)
    is_new = np.concatenate([[True], (np.diff(steps) != 0) | (np.diff(series) != 0)])
    begins = np.flatnonzero(is_new)
    target = _aggregated(table.target[order], begins, spec.aggregation or Aggregation.SUM)
    known, past = (_averaged(one[order], begins) for one in (table.known, table.past))
    rows = _Rows(series[begins], steps[begins], target, known, past)
    made = _spread(rows, table, grid, spec, most_steps)
    return Regular(made, len(order) - len(begins), _n_absent(rows, made))


@dataclass(frozen=True)
class _Rows:
    """One row a step, in order."""

    series: Steps
    steps: Steps
    target: Floats
    known: Floats
    past: Floats


def _spread(
    rows: _Rows, table: LongTable, grid: Grid, spec: ForecastSpec, most_steps: int
) -> Panel:
    """Return the series with a value for each step from their first to their last."""
    n_series = len(table.items)
    fillings = dict(spec.filling)
    first, last = _ends(rows, n_series, spec, fillings.get(spec.target, Filling()))
    lengths = last - first + 1
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    if bounds[-1] > most_steps:
        raise DataFault(
            f"At the frequency {grid.frequency} the series have {bounds[-1]:,} steps together; {most_steps:,} are the most. "
            "Name a coarser frequency."
        )
    place = bounds[rows.series] + rows.steps - first[rows.series]
    is_history = (rows.steps >= first[rows.series]) & (rows.steps <= last[rows.series])
    values, known, past = (
        _placed(cells[is_history], place[is_history], int(bounds[-1]))
        for cells in (rows.target, rows.known, rows.past)
    )
    future = _future(rows, last, spec.horizon, ~is_history & (rows.steps > last[rows.series]))
    panel = Panel(table.items, values, bounds, first, grid, known, table.static, future, past)
    return _fill_all(panel, spec.target, table, fillings)


def _placed(cells: Floats, place: Steps, n: int) -> Floats:
    """Return n rows, those at the places from the cells and all others missing."""
    made = np.full((n, *cells.shape[1:]), np.nan)
    made[place] = cells
    return made


def _ends(rows: _Rows, n_series: int, spec: ForecastSpec, filling: Filling) -> tuple[Steps, Steps]:
    """Return the first and last step of each series."""
    is_value = np.isfinite(rows.target)
    low, high = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    first, last = np.full(n_series, low), np.full(n_series, high)
    np.minimum.at(first, rows.series[is_value], rows.steps[is_value])
    counted = is_value if spec.known_covariates else np.ones(len(rows.steps), bool)
    np.maximum.at(last, rows.series[counted], rows.steps[counted])
    begins = np.searchsorted(rows.series, np.arange(n_series))
    is_empty = first == low
    first[is_empty] = rows.steps[begins][is_empty]
    last[is_empty] = first[is_empty]
    if filling.front is not None:
        first[:] = first.min()
    if filling.back is not None:
        last[:] = last.max()
    return first, last


def _future(rows: _Rows, last: Steps, horizon: int, is_ahead: NDArray[np.bool_]) -> Floats:
    """Return the covariates of rows after each series' end, NaN where there is none; none at all if there are no such rows."""
    n_covariates = rows.known.shape[1]
    ahead = rows.steps - last[rows.series] - 1
    chosen = is_ahead & (ahead < horizon)
    if n_covariates == 0 or not chosen.any():
        return np.empty((len(last), 0, n_covariates))
    made = np.full((len(last), horizon, n_covariates), np.nan)
    made[rows.series[chosen], ahead[chosen]] = rows.known[chosen]
    return made


def _fill_all(
    panel: Panel, target: str, table: LongTable, fillings: Mapping[str, Filling]
) -> Panel:
    values = _fill_history(panel.values, panel, fillings.get(target, Filling()))
    known, past = (
        _fill_covariates(cells, names, panel, fillings)
        for cells, names in ((panel.known, table.known_names), (panel.past, table.past_names))
    )
    ahead = []
    n_ahead = panel.future.shape[1]
    series = np.repeat(np.arange(panel.n_series), n_ahead)
    for j, name in enumerate(table.known_names):
        flat = panel.future[:, :, j].ravel()
        how = fillings.get(name, Filling()).future
        filled = fill(flat, np.ones(len(flat), bool), series, panel.n_series, how)
        ahead.append(filled.reshape(panel.n_series, n_ahead))
    future = np.stack(ahead, axis=2) if ahead else panel.future
    return replace(panel, values=values, known=known, past=past, future=future)


def _fill_covariates(
    cells: Floats, names: Sequence[str], panel: Panel, fillings: Mapping[str, Filling]
) -> Floats:
    """Return (n_values, n_covariates) filled; the ends of a series as its middle, unless asked otherwise."""
    columns = []
    for j, name in enumerate(names):
        how = fillings.get(name, Filling())
        ends = replace(how, front=how.front or how.middle, back=how.back or how.middle)
        columns.append(_fill_history(cells[:, j], panel, ends))
    return np.stack(columns, axis=1) if columns else cells


def _fill_history(values: Floats, panel: Panel, how: Filling) -> Floats:
    """Return (n_values,) a column of a panel with each of its parts filled as asked."""
    series, at, is_known = panel.series, np.arange(len(values)), np.isfinite(values)
    first = np.full(panel.n_series, len(values))
    last = np.full(panel.n_series, -1)
    np.minimum.at(first, series[is_known], at[is_known])
    np.maximum.at(last, series[is_known], at[is_known])
    parts = (
        (at < first[series], how.front),
        ((at > first[series]) & (at < last[series]), how.middle),
        (at > last[series], how.back),
    )
    made = values
    for where, one in parts:
        if one is not None:
            made = np.where(where, fill(values, where, series, panel.n_series, one), made)
    return made


def _aggregated(values: Floats, begins: Steps, how: Aggregation) -> Floats:
    """Return one value for each run of rows that begins there; what is missing counts for nothing, and a run of nothing
    else is missing."""
    if len(begins) == len(values):
        return values
    is_known = np.isfinite(values)
    counts = np.add.reduceat(is_known, begins)
    if how is Aggregation.MIN:
        made = np.minimum.reduceat(np.where(is_known, values, np.inf), begins)
    elif how is Aggregation.MAX:
        made = np.maximum.reduceat(np.where(is_known, values, -np.inf), begins)
    elif how is Aggregation.FIRST:
        at = np.where(is_known, np.arange(len(values)), len(values))
        made = np.append(values, np.nan)[np.minimum.reduceat(at, begins)]
    else:
        made = np.add.reduceat(np.where(is_known, values, 0.0), begins)
        if how is Aggregation.AVERAGE:
            made = made / np.maximum(counts, 1)
    return np.where(counts > 0, made, np.nan)


def _averaged(known: Floats, begins: Steps) -> Floats:
    """Return covariates of each run of rows: their means."""
    if len(begins) == len(known):
        return known
    columns = [_aggregated(known[:, j], begins, Aggregation.AVERAGE) for j in range(known.shape[1])]
    return np.stack(columns, axis=1) if columns else np.empty((len(begins), 0))


def _n_absent(rows: _Rows, panel: Panel) -> int:
    is_within = rows.steps <= panel.last[rows.series]
    return int(
        len(panel.values) - np.count_nonzero(is_within & (rows.steps >= panel.first[rows.series]))
    )


def _check_duplicates(series: Steps, seconds: Seconds, items: Sequence[str]) -> None:
    """Check that no series has two rows of the same time.

    raises    DataFault naming the first
    """
    twice = (np.diff(series) == 0) & (np.diff(seconds) == 0)
    if twice.any():
        at = int(twice.argmax())
        when = np.datetime64(int(seconds[at]), "s")
        raise DataFault(
            f"The series '{items[series[at]]}' has more than one row for {when} ({np.count_nonzero(twice):,} such rows in "
            "all). Remove them, name a column that tells their series apart, or ask for an aggregation."
        )
