"""How covariates go with the target within each series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding

_MOST_LAG = 7
"""Steps that an effect may come later, or earlier, and is looked for."""

_LEAST_PAIRS = 8


@dataclass(frozen=True)
class Relation:
    """The relation of a covariate to the target: correlations over all series, each series in its own standard deviations.

    category    of a column of texts; "" for one of numbers
    is_known    whether it is known in advance
    as_is       of the values at the same step
    changes     of the changes since the season before at the same step, where trends and seasons do not count; NaN if unknown
    lag         steps that the target's changes follow the covariate's by where they go together most;  at_lag  there
    n_pairs     of changes at the same step
    """

    name: str
    category: str
    is_known: bool
    as_is: float
    changes: float
    lag: int
    at_lag: float
    n_pairs: int

    @property
    def title(self) -> str:
        return f"{self.name} = {self.category}" if self.category else self.name


def relations_of(
    panel: Panel,
    known: tuple[CovariateEncoding, ...],
    past: tuple[CovariateEncoding, ...] = (),
) -> list[Relation]:
    """Return the relation of every covariate, the strongest first; of a column of texts one for each value."""
    made = [
        *_relations(panel, known, panel.known, is_known=True),
        *_relations(panel, past, panel.past, is_known=False),
    ]
    return sorted(made, key=lambda one: -abs(np.nan_to_num(one.changes)))


def _relations(
    panel: Panel, encodings: tuple[CovariateEncoding, ...], values: Floats, *, is_known: bool
) -> Iterator[Relation]:
    names = [(one.name, text) for one in encodings for text in (one.categories or ("",))]
    for j, (name, category) in enumerate(names):
        yield _relation(panel, values[:, j], name, category, is_known)


def _relation(
    panel: Panel, covariate: Floats, name: str, category: str, is_known: bool
) -> Relation:
    season = panel.grid.frequency.season
    y, x = _changes(panel, panel.values, season), _changes(panel, covariate, season)
    by_lag = {lag: _at_lag(panel, y, x, lag)[0] for lag in range(-_MOST_LAG, _MOST_LAG + 1)}
    told = {lag: r for lag, r in by_lag.items() if np.isfinite(r)}
    lag = max(told, key=lambda one: (abs(told[one]), -abs(one))) if told else 0
    changes, n_pairs = _at_lag(panel, y, x, 0)
    as_is = _at_lag(panel, panel.values, covariate, 0)[0]
    at_lag = told.get(lag, float("nan"))
    return Relation(name, category, is_known, as_is, changes, lag, at_lag, n_pairs)


def _changes(panel: Panel, values: Floats, lag: int) -> Floats:
    """Return (n_values,) differences to the value `lag` steps before; NaN where there is none in the series."""
    made = np.full(len(values), np.nan)
    is_one = panel.series[lag:] == panel.series[:-lag]
    made[lag:] = np.where(is_one, values[lag:] - values[:-lag], np.nan)
    return made


def _at_lag(panel: Panel, y: Floats, x: Floats, lag: int) -> tuple[float, int]:
    """Return the correlation of y with x so many steps before, and from how many pairs; NaN if there are few or no change."""
    n = len(y)
    later = np.arange(max(lag, 0), n + min(lag, 0))
    earlier = later - lag
    of = panel.series[later]
    is_pair = (of == panel.series[earlier]) & np.isfinite(y[later]) & np.isfinite(x[earlier])
    of, a, b = of[is_pair], y[later][is_pair], x[earlier][is_pair]
    if len(of) < _LEAST_PAIRS:
        return float("nan"), len(of)
    a, b = _standardised(a, of, panel.n_series), _standardised(b, of, panel.n_series)
    spread = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return (float((a * b).sum()) / spread if spread > 0 else float("nan")), len(of)


def _standardised(values: Floats, of: Steps, n_series: int) -> Floats:
    """Return values less the mean of their series, in its standard deviations; 0 in a constant one."""
    counts = np.maximum(np.bincount(of, minlength=n_series), 1)
    size = np.zeros(n_series)
    np.maximum.at(size, of, np.abs(values))
    scaled = values / np.where(size > 0, size, 1.0)[of]
    centred = scaled - (np.bincount(of, scaled, n_series) / counts)[of]
    spread = np.sqrt(np.bincount(of, centred**2, n_series) / counts)
    return np.asarray(np.where(spread[of] > 1e-9, centred / np.maximum(spread[of], 1e-9), 0.0))
