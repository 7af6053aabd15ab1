"""A candidate that is to be beaten, or nearly: one that is clearly worse on the rows scored so far is given up, so that its
time goes to others.

It is a function of the table and the two candidates alone: with the same rival the same candidate is given up whatever
the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidate_io import CandidateRecord, read_candidate, read_out_of_fold
from windvane.engine.data.dataset import Dataset
from windvane.engine.evaluation import judge
from windvane.errors import Outclassed
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_CLEARLY = 3.0
"""Standard errors of the difference on the same rows. There are a few looks, one after each fold, and the candidate is
judged at thresholds that were fitted to the rows: what is given up would hardly have become the best."""

_FEWEST_ROWS = 50
"""That say anything."""


@dataclass(frozen=True)
class Rival:
    """The candidate that another one is compared with while it is trained.

    out_of_fold    its predictions of rows it was not trained on
    """

    record: CandidateRecord
    out_of_fold: NDArray[np.float32]

    @classmethod
    def read(cls, folder: Path) -> Rival:
        """Read a candidate's folder.

        raises    CorruptArtifact
        """
        return cls(read_candidate(folder), read_out_of_fold(folder))

    def check(self, table: Dataset, out_of_fold: NDArray[np.float32], n_folds: int) -> None:
        """Check the rivalry after each fold of another candidate.

        out_of_fold    its predictions of the rows of the first `n_folds` folds
        raises         Outclassed
        """
        rows = np.flatnonzero(
            (table.folds >= 0)
            & (table.folds < min(n_folds, self.record.outcome.folds_used))
            & _is_scored(out_of_fold)
            & _is_scored(self.out_of_fold)
        )
        if rows.size < _FEWEST_ROWS:
            return
        own, others = judge.gains_beside(table, rows, out_of_fold, self.record, self.out_of_fold)
        differences = others - own
        noise = float(np.std(differences)) / rows.size**0.5
        if not float(differences.mean()) > _CLEARLY * noise:
            return
        objective = table.analysis.objective
        sign = -1.0 if objective.is_minimized else 1.0
        facts = {
            "n_rows": int(rows.size),
            "n_folds": n_folds,
            "of_folds": self.record.outcome.folds_used,
            "metric": str(objective),
            "value": sign * float(own.mean()),
            "rival_value": sign * float(others.mean()),
            "rival": self.record.outcome.index,
        }
        raise Outclassed(Note(NoteCode.OUTCLASSED, facts))


def _is_scored(out_of_fold: NDArray[np.float32]) -> NDArray[np.bool_]:
    first = out_of_fold if out_of_fold.ndim == 1 else out_of_fold[:, 0]
    return np.asarray(np.isfinite(first))
