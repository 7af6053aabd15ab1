"""Weights of models, fitted to their backtests: their forecasts averaged quantile by quantile.

source    Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models"; Lichtendahl,
          Grushka-Cockayne and Winkler 2013, "Is it better to average probabilities or quantiles?"
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.metrics import Truth, in_own_units, n_independent, score
from windvane.engine.forecasting.panel import Floats

_ROUNDS = 40
_MOST_CELLS = 60_000
"""Series times steps that weights are fitted to: more tell hardly more."""

_WORTH_IT = 1e-4
"""Of the loss, that a further round has to gain."""

_PRIOR_CELLS = 30.0
"""Independent forecasts that the weights by each model's own loss count for beside those that were fitted."""

_PRIOR_POWER = 8.0


def weighted(forecasts: Iterable[Forecast], weights: Sequence[float]) -> Forecast:
    """Return the weighted mean of forecasts, each held no longer than it takes to add it; quantiles that are ascending
    stay so."""
    mean, quantiles = np.asarray(0.0), np.asarray(0.0)
    for weight, one in zip(weights, forecasts, strict=True):
        if weight:
            mean = mean + weight * one.mean
            quantiles = quantiles + weight * one.quantiles
    return Forecast(mean, quantiles)


def fit_weights(
    forecasts: Sequence[Forecast], truth: Truth, metric: ForecastMetric, seed: int
) -> Floats:
    """Return (n_models,) weights, at least 0 and 1 together: the mean of two fits, to the loss as it is, and to that of series in
    their own units, for a few large series may decide the former. Where backtests tell little, they are drawn towards weights by each
    model's own loss, which cannot fit chance.

    raises    ValueError if there is no model
    """
    if not forecasts:
        raise ValueError("There are no models to weigh.")
    forecasts, truth = _drawn(forecasts, truth, seed)
    return (
        _fitted(forecasts, truth, metric) + _fitted(*in_own_units(forecasts, truth), metric)
    ) / 2


def _fitted(forecasts: Sequence[Forecast], truth: Truth, metric: ForecastMetric) -> Floats:
    known = n_independent(metric, truth)
    share = known / (known + _PRIOR_CELLS)
    found, prior = _greedy(forecasts, truth, metric), _prior(forecasts, truth, metric)
    return share * found + (1 - share) * prior


def _prior(forecasts: Sequence[Forecast], truth: Truth, metric: ForecastMetric) -> Floats:
    losses = np.array([score(metric, one, truth) for one in forecasts])
    losses = np.where(np.isfinite(losses), np.maximum(losses, 1e-12), np.inf)
    if not np.isfinite(losses).any():
        return np.full(len(losses), 1 / len(losses))
    powers = (losses.min() / losses) ** _PRIOR_POWER
    powers = np.where(powers > 0.1, powers, 0.0)
    return np.asarray(powers / powers.sum())


def _greedy(forecasts: Sequence[Forecast], truth: Truth, metric: ForecastMetric) -> Floats:
    """Return the weights of the average with the smallest loss: models are added one at a time, with repetition, as long as
    that helps."""
    counts = np.zeros(len(forecasts))
    current: Forecast | None = None
    least = np.inf
    for n in range(_ROUNDS):
        losses = np.full(len(forecasts), np.inf)
        for i, one in enumerate(forecasts):
            made = one if current is None else weighted([current, one], [n / (n + 1), 1 / (n + 1)])
            loss = score(metric, made, truth)
            losses[i] = loss if np.isfinite(loss) else np.inf
        best = int(losses.argmin())
        if not losses[best] < least * (1 - _WORTH_IT) and n > 0:
            break
        least = losses[best]
        one = forecasts[best]
        current = one if current is None else weighted([current, one], [n / (n + 1), 1 / (n + 1)])
        counts[best] += 1
    return np.asarray(counts / counts.sum())


def _drawn(forecasts: Sequence[Forecast], truth: Truth, seed: int) -> tuple[list[Forecast], Truth]:
    """Return as many of the series as are needed."""
    n_series, horizon = truth.actual.shape
    most = max(20, _MOST_CELLS // horizon)
    if n_series <= most:
        return list(forecasts), truth
    rows = np.sort(np.random.default_rng(seed).choice(n_series, most, replace=False))
    drawn = [Forecast(one.mean[rows], one.quantiles[rows]) for one in forecasts]
    return drawn, replace(truth, actual=truth.actual[rows], scale=truth.scale[rows])
