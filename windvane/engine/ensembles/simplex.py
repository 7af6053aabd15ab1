"""Quadratic functions on the probability simplex: where weights of an ensemble live."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.scoring.metrics import Floats

_NEGLIGIBLE = 1e-10
"""Of the mean curvature: added to it, so that equal columns have one solution, and the slope that is called flat."""

_STEPS_PER_WEIGHT = 50


def minimize_on_simplex(curvature: Floats, pull: Floats) -> Floats:
    """Return the w >= 0 with sum 1 that makes the least of w' curvature w / 2 - pull' w.

    curvature  (n, n) symmetric, positive semidefinite
    pull       (n,)
    returns    (n,) weights; what is not needed is exactly 0
    source     the active set method of Lawson, Hanson 1974, "Solving least squares problems", chapter 23, with
               the sum as a further condition
    """
    n = pull.size
    tiny = _NEGLIGIBLE * max(float(np.trace(curvature)) / n, np.finfo(np.float64).tiny)
    form = curvature + tiny * np.eye(n)
    weights = np.zeros(n)
    weights[np.argmin(np.diag(form) / 2 - pull)] = 1.0
    used = weights > 0
    for _ in range(_STEPS_PER_WEIGHT * n):
        wanted = _on_support(form, pull, used)
        if (wanted[used] > 0).all():
            weights = wanted
            slope = form @ weights - pull
            slope -= slope[used].mean()
            steepest = int(np.argmin(np.where(used, 0.0, slope)))
            if slope[steepest] >= -_NEGLIGIBLE * (1 + np.abs(pull).max()):
                break
            used[steepest] = True
        else:
            weights = _as_far_as_possible(weights, wanted, used)
            used &= weights > 0
    return np.asarray(weights / weights.sum())


def _on_support(form: Floats, pull: Floats, used: NDArray[np.bool_]) -> Floats:
    """Return the least with sum 1 where only the used weights may differ from 0, whatever their sign."""
    size = int(used.sum())
    system = np.ones((size + 1, size + 1))
    system[:size, :size] = form[np.ix_(used, used)]
    system[size, size] = 0.0
    found = np.zeros(pull.size)
    found[used] = np.linalg.solve(system, np.append(pull[used], 1.0))[:size]
    return found


def _as_far_as_possible(weights: Floats, wanted: Floats, used: NDArray[np.bool_]) -> Floats:
    """Move from `weights` towards `wanted` until the first weight is 0; it is exactly 0 then."""
    falling = np.flatnonzero(used & (wanted <= 0))
    shares = weights[falling] / np.maximum(weights[falling] - wanted[falling], 1e-300)
    moved = weights + shares.min() * (wanted - weights)
    moved[falling[shares == shares.min()]] = 0.0
    return np.asarray(np.maximum(moved, 0.0))
