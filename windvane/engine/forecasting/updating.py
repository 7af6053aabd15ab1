"""A forecaster with newer rows: its series go on, and its members are fitted again, without comparing models anew."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.findings import find_all
from windvane.engine.forecasting.forecaster import Forecaster, Member
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.models.base import FitLimits, Learning
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import Columns, long_table
from windvane.engine.forecasting.regularise import LongTable, regularise
from windvane.engine.forecasting.stages import with_holidays
from windvane.errors import InvalidRequest


def updated(forecaster: Forecaster, columns: Columns, limits: FitLimits) -> Forecaster:
    """Return a forecaster of the series with newer rows; weights and widths of intervals stay as backtests said.

    columns    of a table like the one that the model was fitted to
    limits     of all members together
    raises     InvalidRequest naming a missing column; DataFault for rows that cannot be read; CandidateFault if a member
               cannot be fitted
    """
    prepared = with_newer_rows(forecaster.prepared, columns)
    learning = [model_named(one.name).learning for one in forecaster.members]
    n_left = learning.count(Learning.ACROSS)
    members = []
    for one, how in zip(forecaster.members, learning, strict=True):
        if how is Learning.BEFOREHAND:
            members.append(one)
            continue
        now = time.time()
        share = replace(limits, stop_at=now + (limits.stop_at - now) / max(n_left, 1))
        n_left -= how is Learning.ACROSS
        fitted = model_named(one.name).fit(prepared.panel, prepared.task, share)
        members.append(Member(one.name, one.weight, fitted))
    return Forecaster(prepared, tuple(members), forecaster.scale)


def with_newer_rows(prepared: PreparedSeries, columns: Columns) -> PreparedSeries:
    """Return series with the values of further rows. A value of a step that a series has takes the place of the old one; items
    that it does not have are new series.

    raises    as `updated`
    """
    spec = replace(prepared.spec, frequency=prepared.panel.grid.frequency)
    for name in (spec.target, *spec.roles):
        if name not in columns:
            role = spec.roles.get(name, "target")
            raise InvalidRequest(f"The newer rows have no column '{name}' (the {role}).")
    encodings = prepared.known, prepared.static, prepared.past
    told = long_table(columns, spec, *encodings, prepared.time_format)
    newer = _rows_of(regularise(told, replace(spec, filling={})).panel, told)
    table = _merged(_rows_of(prepared.panel, told), newer, prepared.panel)
    regular = regularise(table, spec)
    if spec.holiday_country is not None:
        panel = with_holidays(regular.panel, spec.holiday_country, spec.horizon)
        regular = replace(regular, panel=panel)
    findings = find_all(regular, spec, prepared.known, prepared.past)
    return replace(prepared, panel=regular.panel, spec=spec, findings=findings)


def _rows_of(panel: Panel, named: LongTable) -> LongTable:
    """Return a row for each step of a panel, and for each step ahead that has covariates.

    named    whose columns have the same names
    """
    every, n_ahead = np.arange(panel.n_series), panel.future.shape[1]
    series = np.concatenate([panel.series, np.repeat(every, n_ahead)])
    within = np.arange(len(panel.values)) - panel.bounds[panel.series]
    ahead = panel.last[:, None] + 1 + np.arange(n_ahead)
    steps = np.concatenate([panel.first[panel.series] + within, ahead.ravel()])
    n_future = panel.n_series * n_ahead
    future = panel.future.reshape(n_future, panel.known.shape[1])
    return replace(
        named,
        items=panel.items,
        series=series,
        seconds=panel.grid.times(steps, series),
        target=np.concatenate([panel.values, np.full(n_future, np.nan)]),
        known=np.concatenate([panel.known, future]),
        past=np.concatenate([panel.past, np.full((n_future, panel.past.shape[1]), np.nan)]),
        static=panel.static,
    )


def _merged(old: LongTable, newer: LongTable, panel: Panel) -> LongTable:
    """Return the rows of both; of two rows of one step that with a value, the newer one if both have or none.

    panel    the old series, on whose steps newer rows are
    """
    items = tuple(sorted({*old.items, *newer.items}))
    index = {item: i for i, item in enumerate(items)}
    place = {item: i for i, item in enumerate(panel.items)}
    seconds = newer.seconds.copy()
    of_old = np.array([place.get(item, -1) for item in newer.items], np.int64)[newer.series]
    is_there = of_old >= 0
    steps = panel.grid.steps(seconds[is_there], of_old[is_there])
    seconds[is_there] = panel.grid.times(steps, of_old[is_there])
    static = np.empty((len(items), old.static.shape[1]))
    number = []
    for table in (newer, old):
        to = np.array([index[item] for item in table.items], np.int64)
        static[to] = table.static
        number.append(to[table.series])
    series = np.concatenate([number[1], number[0]])
    every = np.concatenate([old.seconds, seconds])
    target = np.concatenate([old.target, newer.target])
    kept = _last_of_each(series, every, np.isfinite(target))
    return replace(
        old,
        items=items,
        series=series[kept],
        seconds=every[kept],
        target=target[kept],
        known=np.concatenate([old.known, newer.known])[kept],
        past=np.concatenate([old.past, newer.past])[kept],
        static=static,
    )


def _last_of_each(series: Steps, seconds: Steps, has_value: NDArray[np.bool_]) -> Steps:
    """Return the place of one row for each series and time: the last one with a value, else the last one."""
    order = np.lexsort((np.arange(len(series)), has_value, seconds, series))
    is_last = np.ones(len(order), bool)
    is_last[:-1] = (np.diff(series[order]) != 0) | (np.diff(seconds[order]) != 0)
    return np.asarray(order[is_last])
