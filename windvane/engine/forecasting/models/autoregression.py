"""Autoregressions with differences and seasonal lags, of many series at once: the order of each is chosen by its AICc.

source    Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 9.5, 9.6 and 9.9
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.engine.forecasting.forecast import Forecast, ForecastTask, normal_quantiles
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import LocalModel, longest, recent
from windvane.engine.forecasting.panel import Floats, Panel

_ORDERS = (0, 1, 2, 3, 5, 8)
_RIDGE = 1e-3
"""Of the mean square of a lag: keeps coefficients of lags that agree finite."""


@dataclass(frozen=True)
class _Form:
    """The form of an autoregression: its differences and lags.

    differences    0 or 1, of neighbours
    seasonal       0 or 1, of values a season apart
    order          lags of the differenced series
    seasonal_lags  whether the lags around a season are among them
    """

    differences: int
    seasonal: int
    order: int
    seasonal_lags: bool

    def lags(self, season: int) -> tuple[int, ...]:
        near = tuple(range(1, self.order + 1))
        far = (season, season + 1) if self.seasonal_lags else ()
        return tuple(sorted({*near, *far}))

    def filter(self, season: int) -> Floats:
        """Return the polynomial of the differences, 1 first."""
        made = np.array([1.0])
        if self.differences:
            made = np.convolve(made, [1.0, -1.0])
        if self.seasonal:
            made = np.convolve(made, [1.0, *[0.0] * (season - 1), -1.0])
        return made


def _forecast(history: Panel, task: ForecastTask) -> Forecast:
    season = _season(history, task)
    made = recent(history, longest(history, season))
    y, n_steps = made.y, made.y.shape[1]
    forms = [form for form in _forms(season) if _reach(form, season) + 8 < n_steps]
    if not forms:
        forms = [_Form(1, 0, 0, False)]
    common = min(max(_reach(form, season) for form in forms), n_steps - 2)
    fits = [_fit(y, form, season, common) for form in forms]
    criteria = np.stack([fit.criterion for fit in fits])
    criteria = np.where(np.isfinite(criteria), criteria, 1e12)
    mean = np.empty((len(y), task.horizon))
    deviation = np.empty_like(mean)
    best = criteria.argmin(axis=0)
    for i, (form, fit) in enumerate(zip(forms, fits, strict=True)):
        chosen = best == i
        if chosen.any():
            path = _path(y[chosen], form, season, fit.of(chosen), task.horizon)
            mean[chosen], deviation[chosen] = path
    quantiles = normal_quantiles(mean, deviation, task.levels)
    return Forecast(mean * made.scale, quantiles * made.scale[:, :, None])


def _season(history: Panel, task: ForecastTask) -> int:
    """Return the season; of weekly values a year, where MASE knows no season."""
    seasons = history.grid.frequency.seasons
    return task.season if task.season > 1 or not seasons else seasons[0]


def _forms(season: int) -> list[_Form]:
    made = [_Form(d, 0, order, False) for d in (0, 1) for order in _ORDERS]
    if season > 1:
        made += [_Form(d, 0, order, True) for d in (0, 1) for order in _ORDERS]
        made += [
            _Form(d, 1, order, lags)
            for d in (0, 1)
            for order in _ORDERS[:5]
            for lags in (False, True)
        ]
    return made


def _reach(form: _Form, season: int) -> int:
    """Return how many values before the first one that is explained are needed."""
    return len(form.filter(season)) - 1 + max(form.lags(season), default=0)


@dataclass(frozen=True)
class _Fit:
    """Autoregressions of one form, fitted to each series.

    coefficients    (n_series, n_lags + 1), the constant last
    criterion       (n_series,)
    deviation       (n_series,) of errors one step ahead
    """

    coefficients: Floats
    criterion: Floats
    deviation: Floats

    def of(self, chosen: Floats) -> _Fit:
        return _Fit(self.coefficients[chosen], self.criterion[chosen], self.deviation[chosen])


def _fit(y: Floats, form: _Form, season: int, common: int) -> _Fit:
    """Least squares of each series.

    common    values left out of every form's errors, so that criteria can be compared
    """
    differenced = _differenced(y, form.filter(season))
    lags = form.lags(season)
    skip = common - (y.shape[1] - differenced.shape[1])
    target = differenced[:, skip:]
    columns = [differenced[:, skip - lag : differenced.shape[1] - lag] for lag in lags]
    X = np.stack([*columns, np.ones_like(target)], axis=2)
    is_whole = np.isfinite(target) & np.isfinite(X).all(axis=2)
    X = np.where(is_whole[:, :, None], X, 0.0)
    t = np.where(is_whole, target, 0.0)
    gram = np.einsum("ntp,ntq->npq", X, X)
    right = np.einsum("ntp,nt->np", X, t)
    size = np.einsum("npp->np", gram).mean(axis=1)
    p = X.shape[2]
    gram = gram + (_RIDGE * size + 1e-10)[:, None, None] * np.eye(p)
    if form.differences:
        gram[:, -1, -1] *= 1 + 0.05  # a drift is believed a little less than it shows
    coefficients = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    errors = np.where(is_whole, t - np.einsum("ntp,np->nt", X, coefficients), 0.0)
    n = is_whole.sum(axis=1).astype(np.float64)
    squares = (errors**2).sum(axis=1)
    variance = np.maximum(squares, 1e-12) / np.maximum(n, 1)
    k = p + 1
    criterion = n * np.log(variance) + 2 * k + 2 * k * (k + 1) / np.maximum(n - k - 1, 1)
    criterion = np.where(n - k - 1 >= 3, criterion, np.inf)
    return _Fit(coefficients, criterion, np.sqrt(squares / np.maximum(n - p, 1)))


def _path(y: Floats, form: _Form, season: int, fit: _Fit, horizon: int) -> tuple[Floats, Floats]:
    """Return (n_series, horizon) means and standard deviations, by the recursion of the levels themselves."""
    lags = form.lags(season)
    own = np.zeros((len(y), max(lags, default=0) + 1))
    own[:, 0] = 1.0
    for j, lag in enumerate(lags):
        own[:, lag] = -fit.coefficients[:, j]
    differences = form.filter(season)
    whole = np.zeros((len(y), own.shape[1] + len(differences) - 1))
    for shift, factor in enumerate(differences):
        if factor:
            whole[:, shift : shift + own.shape[1]] += factor * own
    weights = -whole[:, 1:]
    reach = weights.shape[1]
    constant = fit.coefficients[:, -1]
    past = y[:, -reach:] if reach else y[:, :0]
    past = np.where(np.isfinite(past), past, mean_of_known(y, 1, keepdims=True))
    run = np.concatenate([past, np.empty((len(y), horizon))], axis=1)
    psi = np.zeros((len(y), reach + horizon))
    psi[:, reach] = 1.0
    for h in range(horizon):
        at = reach + h
        run[:, at] = constant
        if reach:
            run[:, at] += np.einsum("nr,nr->n", run[:, at - reach : at][:, ::-1], weights)
        if h and reach:
            psi[:, at] = np.einsum("nr,nr->n", psi[:, at - reach : at][:, ::-1], weights)
    variance = np.cumsum(psi[:, reach:] ** 2, axis=1)
    return run[:, reach:], fit.deviation[:, None] * np.sqrt(variance)


def _differenced(y: Floats, differences: Floats) -> Floats:
    n = y.shape[1] - len(differences) + 1
    made = np.zeros((len(y), n))
    for shift, factor in enumerate(differences):
        if factor:
            begin = len(differences) - 1 - shift
            made = made + factor * y[:, begin : begin + n]
    return made


def _cells(history: Panel, task: ForecastTask) -> int:
    season = _season(history, task)
    return longest(history, season) * (max(_ORDERS) + 4)


def _wants(history: Panel, task: ForecastTask) -> bool:
    return float(np.median(history.lengths)) >= 12 and task.season <= 400


AUTOREGRESSION = LocalModel(
    "arima",
    "Autoregression of differences (ARIMA without moving averages), its order chosen by AICc.",
    _forecast,
    _cells,
    _wants,
)
