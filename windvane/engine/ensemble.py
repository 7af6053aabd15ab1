"""Greedy ensembles over out-of-fold predictions, and an honest estimate of what they are worth.

An ensemble is kept if it scores higher than every candidate it is made from. Its score is that of weights fitted
without the rows scored, while the best candidate was picked by the very scores it is compared with: where the two
are equal in truth, the single pipeline is kept, which is the smaller and quicker one. Where the objective is one
of labels (F1, accuracy, ...) weights are fitted on the log loss: labels jump with the threshold, so that weights
fitted on them gain on their own rows and lose on others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.evaluate import gain, honest_parts
from windvane.engine.metrics import METRICS, Basis, Floats

MAX_MEMBERS = 8
_MAX_CONSIDERED = 16
_MAX_STEPS = 25
_PATIENCE = 6
_MAX_ROWS = 40_000
_LEAST_WORTH = 1e-9


@dataclass(frozen=True)
class Blend:
    """An ensemble.

    weights       candidate index -> weight > 0; they sum to 1
    considered    the candidates it was chosen from, best first
    rows          (n_scored,) the rows it was fitted and scored on
    out_of_fold   predictions of these rows by weights that were fitted without them: (n_scored,) or
                  (n_scored, n_classes)
    in_sample     the same by the final weights
    """

    weights: dict[int, float]
    considered: tuple[int, ...]
    rows: NDArray[np.int64]
    out_of_fold: Floats
    in_sample: Floats


def select_greedily(
    predictions: Floats, y: Floats, objective: MetricName, *, n_steps: int = _MAX_STEPS
) -> Floats:
    """Weights of the best ensemble found by adding one model at a time, with repetition.

    predictions  (n_models, n_rows) values or (n_models, n_rows, n_classes) probabilities
    y            (n_rows,) target or class index
    returns      (n_models,) weights >= 0, sum 1; at most MAX_MEMBERS of them above 0
    source       Caruana et al. 2004, "Ensemble selection from libraries of models", section 2
    """
    picks = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    best_picks, reached, best_step = picks, -np.inf, 0
    for step in range(1, n_steps + 1):
        gains = [
            gain(objective, y, (total + one) / step)
            if picks[model] or np.count_nonzero(picks) < MAX_MEMBERS
            else -np.inf
            for model, one in enumerate(predictions)
        ]
        added = int(np.argmax(gains))
        picks[added] += 1
        total = total + predictions[added]
        if step == 1 or gains[added] > reached + _LEAST_WORTH * abs(reached):
            best_picks, reached, best_step = picks.copy(), gains[added], step
        elif step - best_step >= _PATIENCE:
            break
    return np.asarray(best_picks / best_picks.sum())


def blend(
    predictions: Mapping[int, NDArray[np.floating[Any]]],
    y: Floats,
    folds: NDArray[np.integer],
    objective: MetricName,
) -> Blend | None:
    """The ensemble of these candidates, or None if fewer than two of them are worth having.

    predictions  candidate index -> out-of-fold predictions of all rows, NaN where there is none
    folds        (n_rows,) the fold each row was validated in

    Candidates that lack folds which others have are left out.
    """
    considered, rows = _considered(predictions, y, objective)
    if len(considered) < 2:
        return None
    stack = np.stack([np.asarray(predictions[index][rows], np.float64) for index in considered])
    truth, parts = y[rows], honest_parts(folds[rows])
    fitted_on = MetricName.LOG_LOSS if METRICS[objective].basis is Basis.CLASSES else objective
    weights = _fitted_weights(stack, truth, fitted_on)
    if np.count_nonzero(weights) < 2:
        return None
    out_of_fold = np.empty_like(stack[0])
    for part in np.unique(parts):
        inside = parts == part
        others = _fitted_weights(stack[:, ~inside], truth[~inside], fitted_on)
        out_of_fold[inside] = np.tensordot(others, stack[:, inside], axes=1)
    return Blend(
        weights={
            index: float(weight)
            for index, weight in zip(considered, weights, strict=True)
            if weight > 0
        },
        considered=considered,
        rows=rows,
        out_of_fold=out_of_fold,
        in_sample=np.tensordot(weights, stack, axes=1),
    )


def _considered(
    predictions: Mapping[int, NDArray[np.floating[Any]]], y: Floats, objective: MetricName
) -> tuple[tuple[int, ...], NDArray[np.int64]]:
    """The best candidates, best first, of those that predict the most rows; and these rows."""
    covered = {index: _predicted_rows(one) for index, one in predictions.items()}
    most = max((int(rows.sum()) for rows in covered.values()), default=0)
    if most == 0:
        return (), np.empty(0, np.int64)
    fullest = [index for index, rows in covered.items() if rows.sum() == most]
    rows = np.flatnonzero(covered[fullest[0]])
    gains = {
        index: gain(objective, y[rows], np.asarray(predictions[index][rows], np.float64))
        for index in fullest
        if covered[index][rows].all()
    }
    ranked = sorted(
        (index for index, reached in gains.items() if np.isfinite(reached)),
        key=lambda index: (-gains[index], index),
    )
    return tuple(ranked[:_MAX_CONSIDERED]), rows


def _predicted_rows(predictions: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    first = predictions if predictions.ndim == 1 else predictions[:, 0]
    return np.asarray(~np.isnan(first))


def _fitted_weights(stack: Floats, y: Floats, objective: MetricName) -> Floats:
    stride = -(-y.size // _MAX_ROWS)
    return select_greedily(stack[:, ::stride], y[::stride], objective)
