"""Which candidates the model would be made of if the search ended now: time is kept to train them on all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.automl.actions import Result
from windvane.automl.leaderboard import LeaderboardRow, ranked
from windvane.engine.candidate_io import CandidateRecord, read_candidate, read_out_of_fold
from windvane.engine.candidates import sample_of
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import likely_members
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.weighted import taken


class FinishedCandidates:
    """The candidates that have finished so far, and which of them the model would be made of.

    has_ensemble    whether the model may be an ensemble
    """

    def __init__(self, table: Dataset, *, has_ensemble: bool) -> None:
        self._table, self._has_ensemble = table, has_ensemble
        self._scored = np.flatnonzero(table.folds >= 0)
        self._predictions: dict[int, NDArray[np.floating[Any]]] = {}
        self._entries: list[LeaderboardRow] = []

    def add(self, folder: Path) -> CandidateRecord:
        """Take in a candidate that has finished, in its folder, and return its record."""
        record = read_candidate(folder)
        plan = record.plan
        if plan is None:
            raise AssertionError("An ensemble cannot be a member of another.")
        predictions = read_out_of_fold(folder)[self._scored]
        self._predictions[plan.index] = at_temperature(predictions, record.temperature)
        self._entries.append(LeaderboardRow(plan.index, plan.algorithm, plan, record.outcome))
        return record

    def result_of(self, folder: Path) -> Result:
        """Take in a candidate that has finished, in its folder, and return what it brings."""
        record = self.add(folder)
        fold_s, n_rounds = (0.0, 0) if (fits := record.fits) is None else (fits.fold_s, fits.rounds)
        n_rows = None if record.plan is None else sample_of(record.plan, record.outcome.stops)
        round_s = fold_s / n_rounds if n_rounds else 0.0
        refit_s = fold_s * self._growth(n_rows)
        return Result(record.outcome, refit_s, self._members(), round_s=round_s)

    def _growth(self, n_rows: int | None) -> float:
        """Return how many times as many rows as a fold's model learns from all are; 0 if a fold's model has learnt from
        all."""
        analysis = self._table.analysis
        used = min(analysis.n_training_rows, n_rows or analysis.n_training_rows)
        return 0.0 if used == analysis.n_learnable else analysis.n_learnable / used

    def _members(self) -> tuple[int, ...]:
        table = self._table
        objective = table.analysis.objective
        best = (ranked(self._entries, objective)[0].index,)
        if not self._has_ensemble:
            return best
        weight = taken(table.weight, self._scored)
        return likely_members(self._predictions, table.y[self._scored], objective, weight) or best
