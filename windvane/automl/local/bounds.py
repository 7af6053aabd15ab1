"""How long the trainings of a search may take, and on how many folds."""

from __future__ import annotations

import time
from pathlib import Path

from windvane.automl.local.fold_count import FIRST, FoldCount
from windvane.automl.local.job import Job
from windvane.engine.data.analysis import Analysis
from windvane.engine.training.foldterms import FoldTerms
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.pacing import first_look_s, fold_terms

_LEAST_LOOK_S = 0.5


class Bounds:
    """search_s   from the start of the search to its end"""

    def __init__(self, job: Job, analysis: Analysis, search_s: float, folds: FoldCount) -> None:
        self._job, self._analysis, self._search_s = job, analysis, search_s
        self._folds = folds
        self._memory_mb = job.memory_mb // job.threads

    def of_candidate(self, index: int, left_s: float, rival: Path | None) -> TrainLimits:
        """left_s   until no candidate is to be under way"""
        is_first = index == FIRST
        known = None if is_first else self._folds.known
        folds = fold_terms(
            self._analysis,
            left_s,
            self._search_s,
            self._job.max_candidates,
            [known] if known else [],
        )
        return TrainLimits(
            time.time() + left_s,
            folds,
            memory_mb=self._memory_mb,
            rival=rival,
            agree=self._folds.agree if is_first else lambda n_folds: n_folds,
        )

    def of_look(self) -> TrainLimits:
        job = self._job
        wanted_by = job.started + first_look_s(job.max_runtime_s)
        stop_at = min(max(wanted_by, time.time() + _LEAST_LOOK_S), job.search_end)
        return TrainLimits(stop_at, FoldTerms(most=1), memory_mb=self._memory_mb)

    def of_fewer(self, n_folds: int) -> TrainLimits:
        return TrainLimits(
            self._job.search_end,
            FoldTerms(n_folds, n_folds),
            memory_mb=self._memory_mb,
        )
