"""What ensembles lose on rows that no member had seen, and the weights of some members that lose least.

The losses are convex in the weights, so there is one best answer, found exactly in a few steps; greedy selection is an
approximation to it (Caruana et al. 2004, "Ensemble selection from libraries of models"). What the rows cannot tell is
left to a pull towards equal weights, which is worth `SHRINKAGE` rows: it counts more the fewer rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.pool import logs_of
from windvane.engine.ensembles.simplex import minimize_on_simplex
from windvane.engine.scoring.metrics import Floats
from windvane.engine.weighted import Weight, mean, taken

SHRINKAGE = 30.0
"""In rows on which the members' mistakes are as large as the best one's and independent of each other."""

_NEWTON_STEPS = 25
_REWEIGHTINGS = 15
_CONVERGED = 1e-7

SQUARED = frozenset({MetricName.MSE, MetricName.RMSE, MetricName.R2})

Places = NDArray[np.int64]
"""Of models, in the order in which a loss was given them."""


class Loss(Protocol):
    """The loss of ensembles of some models on some rows.

    n_models   all of them
    """

    n_models: int

    def fit(self, members: Places) -> Floats:
        """Return (n_members,) the weights >= 0, sum 1, that lose least."""

    def of(self, members: Places, weights: Floats) -> float:
        """Return the loss of these members with these weights."""

    def on(self, rows: NDArray[np.bool_] | slice) -> Loss:
        """Return the same on some of the rows."""


def loss_for(
    predictions: Sequence[NDArray[np.floating[Any]]],
    y: Floats,
    objective: MetricName,
    weight: Weight = None,
) -> Loss:
    """Return what the weights of an ensemble are fitted to. All objectives of classification stand on the log loss:
    areas and labels move in jumps, so that weights fitted on them gain on their own rows and lose on others.

    predictions    of each model: (n_rows,) values or (n_rows, n_classes) probabilities
    weight         (n_rows,) what each row counts for
    """
    if predictions[0].ndim > 1:
        return LogLoss(_log_odds(predictions, y), weight)
    errors = np.stack([one.astype(np.float64) for one in predictions]) - y
    return (SquaredError if objective in SQUARED else AbsoluteError)(errors, weight)


class SquaredError:
    """The squared error of a weighted mean of models.

    errors    (n_models, n_rows);  weight  (n_rows,)
    """

    def __init__(self, errors: Floats, weight: Weight = None) -> None:
        self._errors, self._weight = errors, weight
        self.n_models = len(errors)

    def fit(self, members: Places) -> Floats:
        errors = self._errors[members]
        return _shrunk(_products(errors, self._weight), errors.shape[1])

    def of(self, members: Places, weights: Floats) -> float:
        return mean((weights @ self._errors[members]) ** 2, self._weight)

    def on(self, rows: NDArray[np.bool_] | slice) -> SquaredError:
        return SquaredError(self._errors[:, rows], taken(self._weight, rows))


class AbsoluteError:
    """The absolute error of a weighted mean of models.

    errors    (n_models, n_rows);  weight  (n_rows,)
    """

    def __init__(self, errors: Floats, weight: Weight = None) -> None:
        self._errors, self._weight = errors, weight
        self.n_models = len(errors)

    def fit(self, members: Places) -> Floats:
        """Least squares with each row weighed by 1 / |error of the ensemble|, until that changes nothing.

        source    Schlossmacher 1973, "An iterative technique for absolute deviations curve fitting"
        """
        errors = self._errors[members]
        n_rows = errors.shape[1]
        weights = _shrunk(_products(errors, self._weight), n_rows)
        least = 1e-3 * min(mean(np.abs(one), self._weight) for one in errors) or 1.0
        for _ in range(_REWEIGHTINGS):
            weighed = errors / np.maximum(np.abs(weights @ errors), least)
            found = _shrunk(_products(weighed, self._weight, errors), n_rows)
            if np.abs(found - weights).max() < _CONVERGED:
                break
            weights = found
        return weights

    def of(self, members: Places, weights: Floats) -> float:
        return mean(np.abs(weights @ self._errors[members]), self._weight)

    def on(self, rows: NDArray[np.bool_] | slice) -> AbsoluteError:
        return AbsoluteError(self._errors[:, rows], taken(self._weight, rows))


class LogLoss:
    """The log loss of the geometric pool.

    odds    (n_models, n_rows, n_classes - 1): logarithm of the odds of every other class to the true one
    weight  (n_rows,)
    """

    def __init__(self, odds: Floats, weight: Weight = None) -> None:
        self._odds, self._weight = odds, weight
        self.n_models = len(odds)

    def fit(self, members: Places) -> Floats:
        """Newton's method on the simplex with halved steps."""
        odds = self._odds[members]
        n_rows, pull = odds.shape[1], SHRINKAGE / odds.shape[1]
        counted = None if self._weight is None else self._weight / self._weight.mean()
        weights = np.full(len(odds), 1 / len(odds))
        reached, likely = _log_loss(odds, weights, pull, counted)
        for _ in range(_NEWTON_STEPS):
            expected = np.einsum("mnk,nk->mn", odds, likely)
            often = np.ones(n_rows) if counted is None else counted
            rooted = (odds * np.sqrt(likely * often[:, None])).reshape(len(odds), -1)
            told = expected * np.sqrt(often)
            slope = expected @ often / n_rows + pull * weights
            curvature = (rooted @ rooted.T - told @ told.T) / n_rows + pull * np.eye(len(odds))
            step = minimize_on_simplex(curvature, curvature @ weights - slope) - weights
            promise = -float(slope @ step)
            if promise < _CONVERGED:
                break
            share = 1.0
            while (now := _log_loss(odds, weights + share * step, pull, counted))[0] > (
                reached - 0.2 * share * promise
            ):
                share /= 2
                if share < _CONVERGED:
                    return weights
            weights = np.maximum(weights + share * step, 0.0)
            reached, likely = now
        return np.asarray(weights / weights.sum())

    def of(self, members: Places, weights: Floats) -> float:
        return _log_loss(self._odds[members], weights, 0.0, self._weight)[0]

    def on(self, rows: NDArray[np.bool_] | slice) -> LogLoss:
        return LogLoss(self._odds[:, rows], taken(self._weight, rows))


def _log_odds(predictions: Sequence[NDArray[np.floating[Any]]], y: Floats) -> Floats:
    n_rows, n_classes = predictions[0].shape
    truth = y.astype(np.int64)
    is_other = np.ones((n_rows, n_classes), np.bool_)
    is_other[np.arange(n_rows), truth] = False
    made = np.empty((len(predictions), n_rows, n_classes - 1))
    for one, probabilities in zip(made, predictions, strict=True):
        logs = logs_of(probabilities.astype(np.float64))
        one[:] = logs[is_other].reshape(n_rows, -1) - logs[~is_other][:, None]
    return made


def _log_loss(odds: Floats, weights: Floats, pull: float, counted: Weight) -> tuple[float, Floats]:
    """Return the loss with the pull, and (n_rows, n_classes - 1) the probabilities of the classes that are not true."""
    scores = np.tensordot(weights, odds, 1)
    highest = np.maximum(scores.max(axis=1), 0.0)
    powers = np.exp(scores - highest[:, None])
    total = np.exp(-highest) + powers.sum(axis=1)
    loss = mean(np.log(total) + highest, counted) + pull / 2 * float(weights @ weights)
    return loss, powers / total[:, None]


def _products(errors: Floats, weight: Weight, others: Floats | None = None) -> Floats:
    """Return (n_models, n_models) mean products of errors."""
    own = errors if weight is None else errors * (weight / weight.mean())
    return np.asarray(own @ (errors if others is None else others).T / errors.shape[1])


def _shrunk(second_moments: Floats, n_rows: int) -> Floats:
    """Return the weights of the least squared error and of SHRINKAGE rows of independent errors.

    second_moments  (n_models, n_models) mean products of errors
    """
    scale = float(np.diag(second_moments).mean())
    if scale == 0:
        return np.full(len(second_moments), 1 / len(second_moments))
    moments = second_moments / scale
    pulled = moments + SHRINKAGE / n_rows * float(np.diag(moments).min()) * np.eye(len(moments))
    return minimize_on_simplex(pulled, np.zeros(len(moments)))
