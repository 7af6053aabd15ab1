"""How many folds a search can afford: they are chosen before anything is trained, so that every candidate is
compared on the same ones and the same request has the same folds."""

from __future__ import annotations

import math
from dataclasses import dataclass

HOLD_OUT = 1
"""Number of folds that stands for one hold-out part."""

_MOST_CELLS = 20_000_000
"""Rows times features; larger tables are never trained on more than once for a candidate."""

_MOST_ROWS = {5: 10_000, 3: 50_000}
"""Up to so many rows so many folds are worth their time, if there is time for all of them: what they add to the
certainty of a score shrinks with the rows."""

_LEAST_ROWS_TO_HOLD_OUT = 3_000
"""A fifth of fewer rows says too little to choose by."""

_CELL_S = 150e-6
_FIXED_ROWS, _FIXED_FEATURES, _CLASS_POWER = 5_000, 10, 0.7
"""Seconds that the first ten candidates together take for one fit each, on one core, per row and feature; small and
narrow tables take longer than their size, many classes less than their number."""

_REFITTED_SHARE = 0.6
"""Of the time of one fit each: refits of the members of an ensemble."""

_USUAL_CANDIDATES = 10
_USED_SHARE = 0.9


@dataclass(frozen=True)
class Effort:
    """What a search may spend.

    core_s          seconds of one core, from the start to the answer
    max_candidates  None for as many as time allows
    """

    core_s: float = math.inf
    max_candidates: int | None = None


def choose_n_folds(n_rows: int, n_features: int, n_classes: int, effort: Effort) -> int:
    """Folds for which the time will do for all of the first candidates, or HOLD_OUT."""
    if n_rows * n_features > _MOST_CELLS:
        return HOLD_OUT
    fit_s = _fit_s(n_rows, n_features, n_classes)
    n_candidates = min(_USUAL_CANDIDATES, effort.max_candidates or _USUAL_CANDIDATES)
    free_s = _USED_SHARE * effort.core_s * _USUAL_CANDIDATES / n_candidates
    for n_folds, most_rows in _MOST_ROWS.items():
        cost_s = fit_s * (n_folds - 1 + _REFITTED_SHARE)
        if n_rows <= most_rows and cost_s <= free_s:
            return n_folds
    return HOLD_OUT if n_rows >= _LEAST_ROWS_TO_HOLD_OUT else min(_MOST_ROWS)


def _fit_s(n_rows: int, n_features: int, n_classes: int) -> float:
    cells = (n_rows + _FIXED_ROWS) * (n_features + _FIXED_FEATURES)
    return float(_CELL_S * cells * max(1, n_classes - 1) ** _CLASS_POWER)
