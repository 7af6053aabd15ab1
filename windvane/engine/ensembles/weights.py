"""Weights of an ensemble: the convex fit to predictions of rows that no member had seen.

The loss of a weighted mean is convex in the weights for squared error, absolute error and log loss, so there is one
best answer, found exactly in a few steps; greedy selection is an approximation to it (Caruana et al. 2004, "Ensemble
selection from libraries of models"). What the rows cannot tell is left to a pull towards equal weights, which is
worth `SHRINKAGE` rows: it counts more the fewer rows there are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.simplex import minimize_on_simplex
from windvane.engine.scoring.metrics import Floats
from windvane.engine.weighted import Weight, mean

MAX_MEMBERS = 8
LEAST_WEIGHT = 0.02
"""A member of less costs its latency and its refit, and hardly moves an answer."""

LIGHT_WEIGHT, LEAST_PART = 0.06, 0.03
"""Light members, if all of them together add less than this part of what the ensemble gains over its best member, cost
more latency, size and time than they are worth."""

SHRINKAGE = 30.0
"""In rows on which the members' mistakes are as large as the best one's and independent of each other."""

_NEWTON_STEPS = 25
_REWEIGHTINGS = 15
_CONVERGED = 1e-7
_LEAST_PROBABILITY = 1e-7
"""What a member is taken to have said at least of the true class: one row is not to outweigh a thousand others."""

Fit = Callable[[Floats], Floats]
"""(n_models, n_rows) what the models say -> (n_models,) weights."""


def fit_weights(said: Floats, y: Floats, objective: MetricName, weight: Weight = None) -> Floats:
    """The weights >= 0, sum 1, at most MAX_MEMBERS of them above 0, none of those below LEAST_WEIGHT, nor below
    LIGHT_WEIGHT but for a LEAST_PART.

    said  (n_models, n_rows): values, or the probabilities of the true classes (`of_truth`)
    y     (n_rows,) target; not looked at where `said` are probabilities
    weight  (n_rows,) what each row counts for
    """
    fit = _fit_for(y, objective, weight)
    members = np.arange(len(said))
    found = fit(said)
    while (kept := _worth_keeping(found)).size < members.size:
        members = members[kept]
        found = fit(said[members])
    members, found = _without_light_ones(
        members, found, said, lambda one: loss_of(one, y, objective, weight), fit
    )
    weights = np.zeros(len(said))
    weights[members] = found
    return weights


def _without_light_ones(
    members: NDArray[np.int64],
    weights: Floats,
    said: Floats,
    loss: Callable[[Floats], float],
    fit: Fit,
) -> tuple[NDArray[np.int64], Floats]:
    """The members that stay, and their weights."""
    reached = loss(weights @ said[members])
    alone = min(loss(said[member]) for member in members)
    enough = reached + LEAST_PART * max(0.0, alone - reached)
    while members.size > 1 and weights.min() < LIGHT_WEIGHT:
        fewer = np.delete(members, int(np.argmin(weights)))
        without = fit(said[fewer])
        if loss(without @ said[fewer]) > enough:
            break
        members, weights = fewer, without
    return members, weights


def _worth_keeping(weights: Floats) -> NDArray[np.int64]:
    """Places of the members to go on with: those above LEAST_WEIGHT, and of too many not the lightest half of the
    surplus."""
    places = np.flatnonzero(weights >= min(LEAST_WEIGHT, float(weights.max())))
    surplus = places.size - MAX_MEMBERS
    if surplus <= 0:
        return places
    lightest = np.argsort(weights[places], kind="stable")[: -(-surplus // 2)]
    return np.delete(places, lightest)


def of_truth(probabilities: Floats, y: Floats) -> Floats:
    """(n_rows, n_classes) probabilities, (n_rows,) class indices -> (n_rows,) those of the true classes."""
    chosen = np.take_along_axis(probabilities, y.astype(np.int64)[:, None], axis=1)[:, 0]
    return np.clip(chosen.astype(np.float64), _LEAST_PROBABILITY, 1.0)


def loss_of(said: Floats, y: Floats, objective: MetricName, weight: Weight = None) -> float:
    """What `fit_weights` makes small, of one model or blend: (n_rows,) as a row of its `said`."""
    if objective is MetricName.MAE:
        return mean(np.abs(said - y), weight)
    if objective in _SQUARED:
        return mean((said - y) ** 2, weight)
    return -mean(np.log(said), weight)


_SQUARED = frozenset({MetricName.MSE, MetricName.RMSE, MetricName.R2})


def _fit_for(y: Floats, objective: MetricName, weight: Weight) -> Fit:
    """Objectives of classification all fit log loss: areas and labels move in jumps, so that weights fitted on them
    gain on their own rows and lose on others."""
    if objective in _SQUARED:
        return lambda values: _least_squares(values - y, weight)
    if objective is MetricName.MAE:
        return lambda values: _least_absolute(values - y, weight)
    return lambda values: _least_log_loss(values, weight)


def _counted(of_rows: Floats, weight: Weight) -> Floats:
    """(n_models, n_rows), each row times its weight, which are 1 in the mean."""
    return of_rows if weight is None else np.asarray(of_rows * (weight / weight.mean()))


def _least_squares(errors: Floats, weight: Weight) -> Floats:
    """(n_models, n_rows) errors."""
    return _shrunk(_counted(errors, weight) @ errors.T / errors.shape[1], errors.shape[1])


def _least_absolute(errors: Floats, weight: Weight) -> Floats:
    """Least squares with each row weighed by 1 / |error of the blend|, until that changes nothing.

    source    Schlossmacher 1973, "An iterative technique for absolute deviations curve fitting"
    """
    n_rows = errors.shape[1]
    weights = _least_squares(errors, weight)
    counted = _counted(errors, weight)
    least = 1e-3 * float(np.abs(errors).mean(axis=1).min()) or 1.0
    for _ in range(_REWEIGHTINGS):
        weighed = counted / np.maximum(np.abs(weights @ errors), least)
        found = _shrunk(weighed @ errors.T / n_rows, n_rows)
        if np.abs(found - weights).max() < _CONVERGED:
            break
        weights = found
    return weights


def _shrunk(second_moments: Floats, n_rows: int) -> Floats:
    """The weights of the least squared error and of SHRINKAGE rows of independent errors.

    second_moments  (n_models, n_models) mean products of errors
    """
    scale = float(np.diag(second_moments).mean())
    if scale == 0:
        return np.full(len(second_moments), 1 / len(second_moments))
    moments = second_moments / scale
    pulled = moments + SHRINKAGE / n_rows * float(np.diag(moments).min()) * np.eye(len(moments))
    return minimize_on_simplex(pulled, np.zeros(len(moments)))


def _least_log_loss(chances: Floats, weight: Weight) -> Floats:
    """Newton's method on the simplex with halved steps; (n_models, n_rows) probabilities of the true classes."""
    n_models, n_rows = chances.shape
    pull = SHRINKAGE / n_rows
    weights = np.full(n_models, 1 / n_models)
    reached = _log_loss(weights, chances, pull, weight)
    for _ in range(_NEWTON_STEPS):
        ratios = chances / (weights @ chances)
        counted = _counted(ratios, weight)
        slope = pull * weights - counted.mean(axis=1)
        curvature = counted @ ratios.T / n_rows + pull * np.eye(n_models)
        step = minimize_on_simplex(curvature, curvature @ weights - slope) - weights
        promise = -float(slope @ step)
        if promise < _CONVERGED:
            break
        share = 1.0
        while (now := _log_loss(weights + share * step, chances, pull, weight)) > (
            reached - 0.2 * share * promise
        ):
            share /= 2
            if share < _CONVERGED:
                return weights
        weights, reached = np.maximum(weights + share * step, 0.0), now
    return np.asarray(weights / weights.sum())


def _log_loss(weights: Floats, chances: Floats, pull: float, weight: Weight) -> float:
    return float(-mean(np.log(weights @ chances), weight) + pull / 2 * (weights @ weights))
