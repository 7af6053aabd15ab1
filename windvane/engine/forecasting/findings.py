"""What is worth knowing about many series before anything is learned from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.analysis import Finding
from windvane.engine.forecasting.covariate_findings import find_of_covariates
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.forecasting.regularise import Regular
from windvane.engine.forecasting.unusual import find_level_shifts, find_outliers

_SHOWN = 3
_MANY_GAPS = 0.05
_MOST_ABSENT = 0.5
"""Share of steps without a row from which on the frequency is not that of the data."""

_SEVERITIES = ("high", "medium", "low")


def find_all(
    regular: Regular,
    spec: ForecastSpec,
    known: Sequence[CovariateEncoding] = (),
    past: Sequence[CovariateEncoding] = (),
) -> tuple[Finding, ...]:
    """Return every finding, most severe first.

    known    how the known covariates of the series were encoded
    past     how the past ones were
    """
    panel = regular.panel
    found = [
        *_too_short(panel, spec),
        *_without_values(panel, spec),
        *_constant(panel, spec),
        *_too_fine(regular, spec),
        *_gaps(regular, spec),
        *_finer(regular, spec),
        *_ragged(panel, spec),
        *_groups_without_effect(panel, spec),
        *find_outliers(panel, spec),
        *find_level_shifts(panel, spec),
        *find_of_covariates(panel, spec, known, past),
    ]
    return tuple(sorted(found, key=lambda one: _SEVERITIES.index(one.severity)))


def _too_short(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    short = np.flatnonzero(panel.lengths < 2 * spec.horizon)
    if not len(short):
        return []
    return [
        Finding(
            "short-series",
            "high" if len(short) == panel.n_series else "medium",
            (spec.target,),
            f"{_of_all(len(short), panel)} have fewer than twice as many values as the horizon of {spec.horizon} steps, for "
            f"example {_names(panel, short)}.",
            "Their forecasts rely on what other series show. A shorter horizon, or more history, makes them better.",
        )
    ]


def _without_values(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    known = np.bincount(panel.series, np.isfinite(panel.values), panel.n_series)
    empty = np.flatnonzero(known == 0)
    if not len(empty):
        return []
    return [
        Finding(
            "series-without-values",
            "high",
            (spec.target,),
            f"{_of_all(len(empty), panel)} have no value at all, for example {_names(panel, empty)}.",
            "They are forecast as 0. Remove them if they are not meant to be there.",
        )
    ]


def _constant(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    low = np.minimum.reduceat(panel.filled, panel.bounds[:-1])
    high = np.maximum.reduceat(panel.filled, panel.bounds[:-1])
    constant = np.flatnonzero((low == high) & (panel.lengths > 1))
    if not len(constant):
        return []
    return [
        Finding(
            "constant-series",
            "medium",
            (spec.target,),
            f"{_of_all(len(constant), panel)} always have the same value, for example {_names(panel, constant)}.",
            "They are forecast as that value; metrics that divide by the change of a series leave them out.",
        )
    ]


def _too_fine(regular: Regular, spec: ForecastSpec) -> list[Finding]:
    n_steps, frequency = len(regular.panel.values), regular.panel.grid.frequency
    share = regular.n_absent / n_steps
    if share < _MOST_ABSENT:
        return []
    return [
        Finding(
            "frequency-too-fine",
            "high",
            (spec.timestamp,),
            f"At the frequency {frequency}, {share:.0%} of {n_steps:,} steps have no row: the rows are further apart.",
            "Name a coarser frequency, or leave it out to have it found; if no row means no demand, fill with zero.",
        )
    ]


def _gaps(regular: Regular, spec: ForecastSpec) -> list[Finding]:
    panel = regular.panel
    n_missing = int(np.isnan(panel.values).sum())
    share = max(n_missing, regular.n_absent) / len(panel.values)
    if share == 0:
        return []
    n_blank = max(n_missing - regular.n_absent, 0)
    return [
        Finding(
            "missing-steps",
            "medium" if share >= _MANY_GAPS else "low",
            (spec.target,),
            f"Of {len(panel.values):,} steps at the frequency {panel.grid.frequency}, {regular.n_absent:,} have no row and "
            f"{n_blank:,} have a row without a value.",
            "They are bridged by the values before and after them and by the season, and do not count in metrics. If no row "
            "means no demand, fill with zero.",
        )
    ]


def _finer(regular: Regular, spec: ForecastSpec) -> list[Finding]:
    if not regular.n_aggregated:
        return []
    how = spec.aggregation or "sum"
    return [
        Finding(
            "rows-aggregated",
            "medium" if spec.aggregation is None else "low",
            (spec.target, spec.timestamp),
            f"{regular.n_aggregated:,} rows lie in the same step of {regular.panel.grid.frequency} as another row of their "
            f"series; each step has the {how} of its rows.",
            "Check that the frequency is meant, and that adding up is right for this quantity.",
        )
    ]


def _ragged(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    last = panel.grid.times(panel.last, np.arange(panel.n_series))
    behind = np.flatnonzero(
        panel.grid.steps(np.full(panel.n_series, last.max()), np.arange(panel.n_series))
        - panel.last
        > spec.horizon
    )
    if not len(behind):
        return []
    return [
        Finding(
            "series-that-ended",
            "medium",
            (spec.timestamp,),
            f"{_of_all(len(behind), panel)} end more than the horizon before the last series does, for example "
            f"{_names(panel, behind)}.",
            "Each is forecast from its own last step. Remove those that have ended for good.",
        )
    ]


def _groups_without_effect(panel: Panel, spec: ForecastSpec) -> list[Finding]:
    """Find grouping columns that tell no series apart: each item has one value of them."""
    if not spec.group_columns:
        return []
    parts = [parts_of(item, 1 + len(spec.group_columns)) for item in panel.items]
    n_items = len({one[0] for one in parts})
    alone = [
        name
        for i, name in enumerate(spec.group_columns, 1)
        if len({(one[0], one[i]) for one in parts}) == n_items
    ]
    if not alone:
        return []
    named = ", ".join(f"'{name}'" for name in alone)
    return [
        Finding(
            "groups-of-one-item",
            "medium",
            tuple(alone),
            f"Each of the {n_items:,} items has a single value of {named}: the series are the same without it.",
            "Name it as a static column instead, or leave it out. If items of one name are different things in each group, check "
            f"that '{spec.item_id}' is the right identifier.",
        )
    ]


def _of_all(n: int, panel: Panel) -> str:
    return f"{n:,} of {panel.n_series:,} series"


def _names(panel: Panel, chosen: Steps) -> str:
    return ", ".join(f"'{panel.items[i]}'" for i in chosen[:_SHOWN])
