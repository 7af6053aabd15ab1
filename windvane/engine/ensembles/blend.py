"""Ensembles: weighted pools of out-of-fold predictions, and an honest estimate of what they are worth.

Scores of weights on the rows they were fitted on are compared with those of candidates on the rows they are picked
on, so that luck weighs on both sides alike; how much it weighs is estimated from `Blend.out_of_fold`, whose weights
were fitted on other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.constrained import fit_thrifty_weights
from windvane.engine.ensembles.losses import Loss, loss_for
from windvane.engine.ensembles.pool import pool_for, pooled
from windvane.engine.ensembles.weights import fit_weights
from windvane.engine.scoring.evaluate import gain
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.engine.splits import honest_parts
from windvane.engine.weighted import Weight, taken

_MAX_CONSIDERED = 32
"""More than a search finds kinds of models: the best of one kind alone would leave out what helps most."""
_MAX_ROWS, _LEAST_ROWS = 20_000, 3_000
"""The weights' own error is far below the score's from here on. Each further class costs as much time as the second,
and fewer rows are taken for it, down to the second number."""

_LIKELY_ROWS = 1_500

_SHARES = (1.0, 0.75, 0.5, 0.25)

_MOST_DOUBT = 1.75
"""Times the usual standard error of a member's mean squared error."""

Predictions = Mapping[int, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of candidates, and what they are of.

    predictions  candidate index -> out-of-fold predictions of all rows, NaN where there is none
    y            (n_rows,) target or class index
    folds        (n_rows,) the fold each row was validated in
    objective    that candidates are ranked by
    weight       (n_rows,) what each row counts for
    dealt        (n_rows,) the parts of rows of a single fold, as `parts` takes them; None deals them in turn
    """

    predictions: Predictions
    y: Floats
    folds: NDArray[np.integer[Any]]
    objective: MetricName
    weight: Weight = None
    dealt: NDArray[np.integer[Any]] | None = None

    @classmethod
    def of(cls, table: Dataset, predictions: Predictions) -> OutOfFold:
        """Return the predictions of candidates for this table."""
        objective = table.analysis.objective
        return cls(predictions, table.y, table.folds, objective, table.weight, table.dealt)

    def parts(self, rows: Indices) -> NDArray[np.integer[Any]]:
        """Return (rows.size,) the parts that weights are fitted without (engine/splits.py, `honest_parts`)."""
        return honest_parts(self.folds[rows], None if self.dealt is None else self.dealt[rows])

    def answers(self, members: Iterable[int], rows: Indices) -> list[NDArray[np.floating[Any]]]:
        """Return what each of the members predicts of these rows."""
        return [self.predictions[index][rows] for index in members]

    def loss(self, members: Iterable[int], rows: Indices) -> Loss:
        """Return the loss of weights of the members, on these rows."""
        told = self.answers(members, rows)
        return loss_for(told, self.y[rows], self.objective, taken(self.weight, rows))

    def gain(self, predicted: Floats, rows: Indices) -> float:
        """Return the objective of predictions of these rows, higher being better."""
        return gain(self.objective, self.y[rows], predicted, taken(self.weight, rows))


@dataclass(frozen=True)
class Blend:
    """An ensemble.

    weights       candidate index -> weight > 0; they sum to 1
    considered    the candidates it was chosen from, best first
    rows          (n_scored,) the rows it was fitted and scored on
    out_of_fold   predictions of these rows by weights that were fitted without them: (n_scored,) or
                  (n_scored, n_classes)
    in_sample     the same by the final weights
    without       part of the rows (engine/splits.py, `honest_parts`) -> the weights, as above, that were
                  fitted without it; {} if the weights were given
    """

    weights: dict[int, float]
    considered: tuple[int, ...]
    rows: NDArray[np.int64]
    out_of_fold: Floats
    in_sample: Floats
    without: dict[int, dict[int, float]] = field(default_factory=dict)


def blend(given: OutOfFold, costs: Mapping[int, float] | None = None) -> Blend | None:
    """Return the ensemble of these candidates, or None if fewer than two of them are worth having.

    costs    candidate index -> share of what the members may cost together; None for no limit

    Candidates that lack folds which others have are left out.
    """
    predictions = given.predictions
    considered, rows = _considered(predictions, given.y, given.objective, given.weight)
    if costs is not None:
        considered = tuple(index for index in considered if costs[index] <= 1)
    if len(considered) < 2:
        return None
    some = some_of(rows.size, _enough_rows(predictions[considered[0]]))
    few = rows[some]
    loss = given.loss(considered, few)
    fit = _fit_for(considered, costs)
    smooth = fit(loss, few.size)
    # With a limit, the best one may cost too much to join.
    share = 1.0
    if costs is None or smooth[0] > 0:
        share = _share_that_scores(given, considered, smooth, few)
    weights = _towards_best(smooth, share)
    if np.count_nonzero(weights) < 2:
        return None
    parts = given.parts(rows)
    shape = (rows.size, *predictions[considered[0]].shape[1:])
    out_of_fold, without = np.empty(shape), {}
    for part in np.unique(parts):
        others = parts[some] != part
        own = _towards_best(fit(loss.on(others), int(others.sum())), share)
        inside = parts == part
        out_of_fold[inside] = _pooled(predictions, considered, own, rows[inside])
        without[int(part)] = _named(considered, own)
    return Blend(
        weights=_named(considered, weights),
        considered=considered,
        rows=rows,
        out_of_fold=out_of_fold,
        in_sample=_pooled(predictions, considered, weights, rows),
        without=without,
    )


def likely_members(
    predictions: Predictions, y: Floats, objective: MetricName, weight: Weight = None
) -> tuple[int, ...]:
    """Return those that `blend` would probably choose, in a fraction of its time; the best one alone if there are not
    two."""
    considered, rows = _considered(predictions, y, objective, weight)
    if len(considered) < 2:
        return considered
    few = rows[some_of(rows.size, _LIKELY_ROWS)]
    told = [predictions[index][few] for index in considered]
    weights = fit_weights(loss_for(told, y[few], objective, taken(weight, few)))
    return tuple(index for index, share in zip(considered, weights, strict=True) if share > 0)


def weighted(predictions: Predictions, weights: Mapping[int, float]) -> Blend:
    """Return the ensemble of given weights, over the rows that all of its members predict.

    predictions   as for `blend`
    weights       candidate index -> weight > 0; summed in this order
    """
    members = tuple(weights)
    covered = np.stack([_predicted_rows(predictions[index]) for index in members])
    rows = np.flatnonzero(covered.all(axis=0))
    answers = _pooled(predictions, members, np.array([*weights.values()]), rows)
    return Blend(dict(weights), members, rows, out_of_fold=answers, in_sample=answers)


def _fit_for(
    considered: Sequence[int], costs: Mapping[int, float] | None
) -> Callable[[Loss, int], Floats]:
    """Return a function from a loss and its number of rows to weights."""
    if costs is None:
        return lambda loss, _: fit_weights(loss)
    own = np.array([costs[index] for index in considered])
    return lambda loss, n_rows: fit_thrifty_weights(loss, n_rows, own)


def _share_that_scores(
    given: OutOfFold, considered: Sequence[int], weights: Floats, rows: Indices
) -> float:
    """Return how far to go from the best single candidate to the weights: as far as the objective is higher than that
    one's. Weights are fitted to a smooth loss, candidates are picked by the objective itself."""
    predictions = given.predictions
    alone = given.gain(predictions[considered[0]][rows].astype(np.float64), rows)
    for share in _SHARES:
        blended = _pooled(predictions, considered, _towards_best(weights, share), rows)
        if given.gain(blended, rows) > alone:
            return share
    return 1.0


def _towards_best(weights: Floats, share: float) -> Floats:
    """Return that share of the weights; the rest goes to the first candidate, which is the best."""
    moved = share * weights
    moved[0] += 1 - share
    return moved


def _named(considered: Sequence[int], weights: Floats) -> dict[int, float]:
    return {index: float(weights[i]) for i, index in enumerate(considered) if weights[i] > 0}


def _enough_rows(predicted: NDArray[np.floating[Any]]) -> int:
    return max(_LEAST_ROWS, _MAX_ROWS // max(1, _n_classes(predicted) - 1))


def _n_classes(predicted: NDArray[np.floating[Any]]) -> int:
    """0 for values."""
    return 0 if predicted.ndim == 1 else predicted.shape[1]


def some_of(n_rows: int, enough: int) -> Indices:
    """Return places of all rows, or of as many as are enough by lot: every so-manieth might fall together with the
    folds."""
    if n_rows <= enough:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(n_rows).permutation(n_rows)[:enough])


def _pooled(
    predictions: Predictions, considered: Sequence[int], weights: Floats, rows: Indices
) -> Floats:
    """Return the members' predictions of these rows in one; one member at a time, for memory's sake."""
    return pooled(
        (
            (float(weight), predictions[index][rows])
            for index, weight in zip(considered, weights, strict=True)
            if weight > 0
        ),
        pool_for(_n_classes(predictions[considered[0]])),
    )


def _considered(
    predictions: Predictions, y: Floats, objective: MetricName, weight: Weight
) -> tuple[tuple[int, ...], Indices]:
    """Return the best candidates, best first, of those that predict the most rows; and these rows."""
    covered = {index: _predicted_rows(one) for index, one in predictions.items()}
    most = max((int(rows.sum()) for rows in covered.values()), default=0)
    if most == 0:
        return (), np.empty(0, np.int64)
    fullest = [index for index, rows in covered.items() if rows.sum() == most]
    rows = np.flatnonzero(covered[fullest[0]])
    few = rows[some_of(most, _MAX_ROWS)]
    counted = taken(weight, few)
    gains = {
        index: gain(objective, y[few], predictions[index][few].astype(np.float64), counted)
        for index in fullest
        if covered[index][rows].all()
    }
    ranked = sorted(
        (index for index, reached in gains.items() if np.isfinite(reached)),
        key=lambda index: (-gains[index], index),
    )
    considered = tuple(ranked[:_MAX_CONSIDERED])
    return _steady(considered, predictions, few, y[few], counted), rows


def _steady(
    considered: tuple[int, ...],
    predictions: Predictions,
    rows: Indices,
    y: Floats,
    weight: Weight,
) -> tuple[int, ...]:
    """Return the candidates without those whose error hangs on a few rows where that of others does not: what such rows
    say of them does not hold for new ones. The best one stays."""
    if len(considered) < 3 or predictions[considered[0]].ndim > 1:
        return considered
    errors = ((predictions[index][rows] - y) ** 2 for index in considered)
    doubts = np.array([np.std(one if weight is None else one * weight) for one in errors])
    is_steady = doubts <= _MOST_DOUBT * np.median(doubts)
    return tuple(index for place, index in enumerate(considered) if place == 0 or is_steady[place])


def _predicted_rows(predictions: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    first = predictions if predictions.ndim == 1 else predictions[:, 0]
    return np.asarray(~np.isnan(first))
