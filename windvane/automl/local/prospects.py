"""Which candidates the model would be made of if the search ended now: the refits to keep time for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.automl.local.job import Entry, ranked
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import likely_members
from windvane.engine.outcomes import CandidateRecord, read_out_of_fold
from windvane.engine.scoring.calibration import at_temperature


class Prospects:
    """What has finished so far.

    has_ensemble    whether the model may be an ensemble
    """

    def __init__(self, table: Dataset, *, has_ensemble: bool = True) -> None:
        self._table, self._has_ensemble = table, has_ensemble
        self._predictions: dict[int, NDArray[np.floating[Any]]] = {}
        self._refits_s: dict[int, float] = {}
        self._entries: list[Entry] = []
        self._likely: list[int] = []

    def add(self, entry: Entry, record: CandidateRecord, folder: Path) -> None:
        """A pipeline that finished, and its folder."""
        if record.fits is None or record.plan is None:
            raise AssertionError("An ensemble is no prospect.")
        self._predictions[entry.index] = at_temperature(
            read_out_of_fold(folder), record.temperature
        )
        self._refits_s[entry.index] = record.fits.fold_s * self._growth(record.plan)
        self._entries.append(entry)
        self._likely = self._members()

    @property
    def refits_s(self) -> list[float]:
        """Of the ensemble's members, or of the best candidate."""
        return [self._refits_s[index] for index in self._likely]

    @property
    def recipes(self) -> set[str]:
        """That they take."""
        plans = (entry.plan for entry in self._entries if entry.index in self._likely)
        return {plan.recipe for plan in plans if plan is not None}

    def _growth(self, plan: Plan) -> float:
        """How many times as many rows as a fold's model learns from a refit has; 0 if there is none."""
        analysis = self._table.analysis
        used = min(analysis.n_training_rows, plan.n_rows or analysis.n_training_rows)
        return 0.0 if used == analysis.n_learnable else analysis.n_learnable / used

    def _members(self) -> list[int]:
        objective = self._table.analysis.objective
        if not self._has_ensemble:
            return [ranked(self._entries, objective)[0].index]
        found = likely_members(self._predictions, self._table.y, objective, self._table.weight)
        return list(found) or [ranked(self._entries, objective)[0].index]
