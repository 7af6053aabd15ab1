"""Limits of cross-validation: on how many folds a candidate is scored, and how long they may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from windvane.engine.data.analysis import Analysis

_LEAST_S = 1e-3


@dataclass(frozen=True)
class FoldLimits:
    """The number of folds that a candidate is scored on, and the time that they may take.

    least    folds; with fewer a candidate ends as OutOfTime: its score could not be compared with others'
    most       folds, of all divisions; None for those of one division
    fold_s     no fold takes longer: its rounds so far count
    further_s  folds beyond the least are trained only as far as all should take no longer, by the first one
    repeat_s   the same of further divisions into folds, which are trained as a whole
    """

    least: int = 1
    most: int | None = None
    fold_s: float = math.inf
    further_s: float = math.inf
    repeat_s: float = math.inf

    def least_of(self, analysis: Analysis) -> int:
        return min(self.least, self.most or analysis.n_folds)

    def n_folds(self, analysis: Analysis, fold_s: float) -> int:
        """Return the number of folds for a candidate whose first fold took so many seconds; if time is left for all of
        them."""
        most = min(analysis.n_fold_fits, self.most or analysis.n_folds)
        if most > analysis.n_folds and most * fold_s <= self.repeat_s:
            return most
        within = min(most, analysis.n_folds, self.further_s / max(fold_s, _LEAST_S))
        return max(int(within), min(self.least, most))


ALL_FOLDS = FoldLimits()
"""Those of one division, however long they take."""
