"""Exponential smoothing (ETS) of many series at once: level, damped trend and season, each form weighed by its AICc.

source    Hyndman, Koehler, Ord and Snyder 2008, "Forecasting with Exponential Smoothing", chapters 2, 3 and 6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.forecast import Forecast, ForecastTask, normal_quantiles
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import Batch, LocalModel, longest, recent
from windvane.engine.forecasting.panel import Floats, Panel

_LONGEST_SEASON = 60
_LEAST_SIZE = 0.01
"""Of a value whose logarithm is taken, in those of the mean of its series."""

_ROUNDS = 6
"""Of the search around the best point of the grid; steps are halved where none of them was better."""

_ALPHA = (0.05, 0.2, 0.4, 0.7, 0.95)
_BETA = (0.02, 0.15, 0.4)
_GAMMA = (0.03, 0.15, 0.4)
_PHI = (0.85, 0.95, 0.99)
_LOW = np.array([0.005, 0.0, 0.0, 0.7])
_HIGH = np.array([0.995, 0.98, 0.5, 0.995])
_STEP = np.array([0.12, 0.12, 0.12, 0.04])


class Season(StrEnum):
    """The ways in which a season acts on the level."""

    NONE = "none"
    ADDED = "added"
    MULTIPLIED = "multiplied"


@dataclass(frozen=True)
class _Form:
    season: Season
    has_trend: bool

    @property
    def searched(self) -> tuple[int, ...]:
        """Indices among alpha, beta, gamma and phi of those that matter."""
        trend = (1, 3) if self.has_trend else ()
        return (0, *trend, *(() if self.season is Season.NONE else (2,)))

    def grid(self) -> Floats:
        """Return (n_points, 4) values of alpha, beta, gamma and phi."""
        betas, phis = (_BETA, _PHI) if self.has_trend else ((0.0,), (1.0,))
        gammas = (0.0,) if self.season is Season.NONE else _GAMMA
        return np.array(list(product(_ALPHA, betas, gammas, phis)))

    def n_estimated(self, season: int) -> float:
        """Parameters and initial states; seasonal ones count half, for they are averages and not fitted."""
        return 2 + 3 * self.has_trend + (0 if self.season is Season.NONE else 1 + season / 2)


@dataclass(frozen=True)
class _States:
    """The states of n_series x n_points smoothers.

    level, trend    (n_series, n_points)
    seasonal        (season, n_series, n_points), by the column's index modulo the season
    squares         (n_series, n_points) sum of squared errors of one step ahead
    """

    level: Floats
    trend: Floats
    seasonal: Floats
    squares: Floats

    def best(self) -> tuple[_States, Steps]:
        """Return the states of the point with the least squares of each series, n_points 1, and which one it is."""
        rows, chosen = np.arange(len(self.squares)), self.squares.argmin(axis=1)
        made = _States(
            self.level[rows, chosen, None],
            self.trend[rows, chosen, None],
            self.seasonal[:, rows, chosen, None],
            self.squares[rows, chosen, None],
        )
        return made, chosen

    def where(self, is_chosen: NDArray[np.bool_], other: _States) -> _States:
        """Return the states of the chosen series, and those of another for the rest.

        is_chosen    (n_series, 1)
        """
        return _States(
            np.where(is_chosen, self.level, other.level),
            np.where(is_chosen, self.trend, other.trend),
            np.where(is_chosen, self.seasonal, other.seasonal),
            np.where(is_chosen, self.squares, other.squares),
        )


def _forecast(history: Panel, task: ForecastTask) -> Forecast:
    return _of(recent(history, longest(history, task.season)), task, tuple(Season))


def _forecast_logs(history: Panel, task: ForecastTask) -> Forecast:
    """Forecast logarithms: errors, trend and season act in proportion."""
    made = recent(history, longest(history, task.season))
    logs = Batch(np.log(np.maximum(made.y, _LEAST_SIZE)), np.ones_like(made.scale))
    made_of_logs = _of(logs, task, (Season.NONE, Season.ADDED))
    quantiles = made_of_logs.quantiles
    spread = (quantiles[:, :, -1] - quantiles[:, :, 0]) / (normal_width(task.levels) or 1.0)
    mean = np.exp(made_of_logs.mean + np.minimum(spread**2, 1.0) / 2)
    return Forecast(mean * made.scale, np.exp(quantiles) * made.scale[:, :, None])


def normal_width(levels: Sequence[float]) -> float:
    """Return the distance of the outermost levels on a standard normal distribution."""
    ends = normal_quantiles(np.zeros((1, 1)), np.ones((1, 1)), (levels[0], levels[-1]))
    return float(ends[0, 0, 1] - ends[0, 0, 0])


def _of(made: Batch, task: ForecastTask, kinds: Sequence[Season]) -> Forecast:
    season = task.season if 1 < task.season <= _LONGEST_SEASON else 1
    y = made.y
    counts = np.isfinite(y).sum(axis=1)
    if season == 1 or y.shape[1] < 2 * season + 2:
        kinds = (Season.NONE,)
    fits = [
        fit
        for kind in kinds
        for fit in _fit(y, kind, season if kind is not Season.NONE else 1, counts)
    ]
    criteria = np.stack([fit.criterion for fit in fits])
    weights = np.exp(-0.5 * np.minimum(criteria - criteria.min(axis=0), 700.0))
    weights = np.nan_to_num(weights) / np.nansum(weights, axis=0)
    paths = [fit.path(task.horizon) for fit in fits]
    means = np.stack([mean for mean, _ in paths])
    variances = np.stack([deviation**2 for _, deviation in paths])
    share = weights[:, :, None]
    mean = np.nansum(np.where(share > 0, share * means, 0.0), axis=0)
    between = np.where(share > 0, share * (variances + (means - mean) ** 2), 0.0)
    deviation = np.sqrt(np.nansum(between, axis=0))
    quantiles = normal_quantiles(mean, deviation, task.levels)
    return Forecast(mean * made.scale, quantiles * made.scale[:, :, None])


@dataclass(frozen=True)
class _Fit:
    """One form, fitted to each series.

    parameters   (n_series, 4) alpha, beta, gamma, phi
    states       with n_points 1
    criterion    (n_series,) AICc; infinite where a series is too short for the form
    next_column  index of the column after the last
    """

    form: _Form
    season: int
    parameters: Floats
    states: _States
    criterion: Floats
    deviation: Floats
    next_column: int

    def path(self, horizon: int) -> tuple[Floats, Floats]:
        """Return (n_series, horizon) means and standard deviations.

        source    chapter 6, class 1: the variance is that of one step, times 1 + the sum of c_j^2
        """
        alpha, beta, gamma, phi = (self.parameters[:, i : i + 1] for i in range(4))
        ahead = np.arange(1, horizon + 1)
        damped = np.cumsum(phi**ahead, axis=1)
        mean = self.states.level + self.states.trend * damped
        slots = (self.next_column + ahead - 1) % self.season
        c = alpha * (1 + beta * damped)
        if self.form.season is not Season.NONE:
            c = c + gamma * (1 - alpha) * (ahead % self.season == 0)
            seasonal = self.states.seasonal[slots, :, 0].T
            is_added = self.form.season is Season.ADDED
            mean = mean + seasonal if is_added else mean * seasonal
        sums = np.cumsum(c**2, axis=1)
        grown = np.sqrt(1 + np.concatenate([np.zeros_like(alpha), sums[:, :-1]], axis=1))
        return mean, self.deviation[:, None] * grown


def _fit(y: Floats, kind: Season, season: int, counts: Floats) -> list[_Fit]:
    """Return the forms of one kind of season, without and with a trend: for each the best of a grid, improved by a pattern
    search, of all series at once."""
    n_series = len(y)
    rows = np.arange(n_series)
    forms = [_Form(kind, has_trend) for has_trend in (False, True)]
    points = [np.broadcast_to(one.grid(), (n_series, len(one.grid()), 4)) for one in forms]
    found = [one.best() for one in _smooth(y, forms, season, points)]
    ends = [states for states, _ in found]
    best = [own[rows, chosen] for own, (_, chosen) in zip(points, found, strict=True)]
    step = [np.broadcast_to(_STEP, (n_series, 4)).copy() for _ in forms]
    for _ in range(_ROUNDS):
        points = [_around(form, at, size) for form, at, size in zip(forms, best, step, strict=True)]
        for i, one in enumerate(_smooth(y, forms, season, points)):
            states, chosen = one.best()
            is_better = states.squares < ends[i].squares
            best[i] = np.where(is_better, points[i][rows, chosen], best[i])
            ends[i] = states.where(is_better, ends[i])
            step[i] = np.where(is_better, step[i], step[i] / 2)
    return [
        _judged(y, form, season, counts, at, states)
        for form, at, states in zip(forms, best, ends, strict=True)
    ]


def _around(form: _Form, best: Floats, step: Floats) -> Floats:
    """Return (n_series, n_points, 4) points a step away from the best ones."""
    moves = np.array([sign * np.eye(4)[i] for i in form.searched for sign in (-1, 1)])
    points = np.clip(best[:, None] + moves * step[:, None], _LOW, _HIGH)
    if not form.has_trend:
        points[:, :, 1], points[:, :, 3] = 0.0, 1.0
    return points


def _judged(
    y: Floats, form: _Form, season: int, counts: Floats, best: Floats, states: _States
) -> _Fit:
    k = form.n_estimated(season)
    n = counts.astype(np.float64)
    variance = np.maximum(states.squares[:, 0], 1e-12) / n
    criterion = n * np.log(variance) + 2 * k + 2 * k * (k + 1) / np.maximum(n - k - 1, 1)
    criterion = np.where((n - k - 1 >= 1) & np.isfinite(criterion), criterion, np.inf)
    if form.season is Season.MULTIPLIED:
        criterion = np.where(np.nanmin(y, axis=1) > 0, criterion, np.inf)
    if form == _Form(Season.NONE, False):
        criterion = np.where(np.isfinite(criterion), criterion, 1e12)
    deviation = np.sqrt(np.maximum(states.squares[:, 0], 0) / np.maximum(n - min(k, 3), 1))
    return _Fit(form, season, best, states, criterion, deviation, y.shape[1])


def _smooth(
    y: Floats, forms: Sequence[_Form], season: int, points: Sequence[Floats]
) -> list[_States]:
    """Run through all values of all series, with each of the points' parameters: those of forms that differ in their trend
    side by side, for the number of steps in Python decides how long it takes.

    y        (n_series, n_steps) NaN before shorter series
    points   of each form, (n_series, n_points, 4)
    returns  for each form
    """
    begun = _all_begun(y, forms, season, [one.shape[1] for one in points])
    made = _smooth_kind(y, forms[0].season, np.concatenate(points, axis=1), begun)
    ends = np.cumsum([one.shape[1] for one in points])
    parts = [slice(end - one.shape[1], end) for end, one in zip(ends, points, strict=True)]
    return [
        _States(made.level[:, i], made.trend[:, i], made.seasonal[:, :, i], made.squares[:, i])
        for i in parts
    ]


def _smooth_kind(y: Floats, kind: Season, points: Floats, begun: _States) -> _States:
    """Run through all values, in place: what is done for a value is so little that new arrays would take longest.

    begun    changed
    """
    alpha, beta, gamma, phi = np.moveaxis(points, 2, 0).copy()
    of_trend, of_season = alpha * beta, gamma * (1 - alpha)
    level, trend, squares = begun.level, begun.trend, begun.squares
    drift, base, error, shock, part = np.empty((5, *alpha.shape))
    begins = np.isnan(y).sum(axis=1)
    all_begun = int(begins.max())
    for t, value in enumerate(y.T[:, :, None]):
        s = begun.seasonal[t % len(begun.seasonal)]
        before = (level.copy(), trend.copy(), s.copy()) if t < all_begun else None
        np.multiply(phi, trend, drift)
        np.add(level, drift, base)
        if kind is Season.NONE:
            np.subtract(value, base, error)
            change = error
        elif kind is Season.ADDED:
            np.subtract(value, np.add(base, s, part), error)
            s += np.multiply(of_season, error, part)
            change = error
        else:
            np.subtract(value, np.multiply(base, s, part), error)
            change = np.divide(error, np.maximum(s, 0.05, out=part), shock)
            np.divide(error, np.maximum(base, 0.05, out=part), part)
            s += np.multiply(of_season, part, part)
        np.add(base, np.multiply(alpha, change, part), level)
        np.add(drift, np.multiply(of_trend, change, part), trend)
        if before is not None:
            waits = (t < begins)[:, None]
            for now, then in zip((level, trend, s), before, strict=True):
                np.copyto(now, then, where=waits)
            np.copyto(error, 0.0, where=waits)
        squares += np.multiply(error, error, part)
    squares = np.where(np.isfinite(squares), squares, 1e300)
    return _States(level, trend, begun.seasonal, squares)


def _all_begun(y: Floats, forms: Sequence[_Form], season: int, n_points: Sequence[int]) -> _States:
    """Return the states before the first value, of the points of all forms."""
    begun = [_begin(y, form, season) for form in forms]
    level, trend = (
        np.concatenate(
            [np.repeat(one[i], n, axis=1) for one, n in zip(begun, n_points, strict=True)], axis=1
        )
        for i in (0, 1)
    )
    seasonal = np.concatenate(
        [np.repeat(one[2][:, :, None], n, axis=2) for one, n in zip(begun, n_points, strict=True)],
        axis=2,
    )
    return _States(level, trend, seasonal, np.zeros(level.shape))


def _begin(y: Floats, form: _Form, season: int) -> tuple[Floats, Floats, Floats]:
    """Return (n_series, 1) level and trend before the first value, and (season, n_series) seasonal indices."""
    n_series, n_steps = y.shape
    begins = np.isnan(y).sum(axis=1)
    no_season = np.zeros((season, n_series))
    if form.season is Season.NONE:
        n = min(10, n_steps)
        first = _from(y, begins, n)
        begin, slope = _line(first)
        trend = slope if form.has_trend else np.zeros(n_series)
        level = begin if form.has_trend else mean_of_known(first[:, :4], 1)
        return level[:, None], trend[:, None], no_season
    n_seasons = max(2, min(4, n_steps // season))
    first = _from(y, begins, n_seasons * season).reshape(n_series, n_seasons, season)
    means = mean_of_known(first, 2)
    trend = np.nan_to_num((means[:, 1] - means[:, 0]) / season)
    within = trend[:, None] * (np.arange(season) - (season - 1) / 2)
    line = means[:, :, None] + within[:, None, :]
    if form.season is Season.ADDED:
        indices = mean_of_known(first - line, 1)
        indices = indices - indices.mean(axis=1, keepdims=True)
    else:
        indices = mean_of_known(first / np.maximum(line, 0.05), 1)
        indices = indices / np.maximum(indices.mean(axis=1, keepdims=True), 0.05)
    neutral = 0.0 if form.season is Season.ADDED else 1.0
    indices = np.where(np.isfinite(indices), indices, neutral)
    slots = (begins[:, None] + np.arange(season)) % season
    seasonal = no_season
    seasonal[slots, np.arange(n_series)[:, None]] = indices
    begin_trend = trend if form.has_trend else np.zeros(n_series)
    level = means[:, 0] - begin_trend * (season + 1) / 2
    return level[:, None], begin_trend[:, None], seasonal


def _from(y: Floats, begins: Floats, n: int) -> Floats:
    """Return (n_series, n) the first values of each series, NaN after the end of a shorter one."""
    place = begins[:, None] + np.arange(n)
    is_there = place < y.shape[1]
    taken = y[np.arange(len(y))[:, None], np.where(is_there, place, 0)]
    return np.where(is_there, taken, np.nan)


def _line(first: Floats) -> tuple[Floats, Floats]:
    """Return the value before the first one, and the slope, of the least-squares line."""
    n = np.isfinite(first).sum(axis=1)
    at = np.arange(1, first.shape[1] + 1)
    at_mean = (n + 1) / 2
    y_mean = mean_of_known(first, 1)
    centred = np.where(np.isfinite(first), at - at_mean[:, None], 0.0)
    over = np.nansum(centred * np.nan_to_num(first), axis=1)
    slope = over / np.maximum((centred**2).sum(axis=1), 1e-12)
    return y_mean - slope * at_mean, slope


def _cells(_: Panel, task: ForecastTask) -> int:
    n_points = sum(len(_Form(Season.ADDED, has_trend).grid()) for has_trend in (False, True))
    return n_points * min(task.season, _LONGEST_SEASON)


def _is_positive(history: Panel, _: ForecastTask) -> bool:
    """Return whether values are above zero, but for a few."""
    known = history.values[np.isfinite(history.values)]
    return len(known) > 0 and float(np.mean(known > 0)) > 0.99


ETS = LocalModel(
    "ets",
    "Exponential smoothing: level, damped trend and season; forms are weighed by their AICc.",
    _forecast,
    _cells,
)
LOG_ETS = LocalModel(
    "log-ets",
    "Exponential smoothing of the logarithms.",
    _forecast_logs,
    _cells,
    _is_positive,
)
