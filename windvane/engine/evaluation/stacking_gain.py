"""Whether an ensemble is to have a second layer: where that was shown to score better on rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from windvane.engine.candidate_io import CandidateRecord
from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import Blend, OutOfFold, Predictions
from windvane.engine.ensembles.second_layer import SecondLayer
from windvane.engine.ensembles.stacking import (
    Stacking,
    fits_into,
    honest_answers,
    stacked,
)
from windvane.engine.evaluation import judge
from windvane.errors import CandidateFault
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_USUAL = Stacking()


@dataclass(frozen=True)
class Layered:
    """An ensemble with a second layer, or as it was.

    blend    its answers, those of the layer if there is one
    note     what is to be said of the layer, or why there is none if it could not be tried; None for nothing
    """

    blend: Blend
    layer: SecondLayer | None = None
    stacking: Stacking = _USUAL
    note: Note | None = None

    def added_to(self, record: CandidateRecord) -> CandidateRecord:
        """Return the record of the ensemble, which says so."""
        if self.layer is not None and self.note is not None:
            settings, size_bytes = self.stacking.to_json(), self.layer.size_bytes
            return judge.with_second_layer(record, settings, size_bytes, self.note)
        outcome = record.outcome
        notes = outcome.notes if self.note is None else (*outcome.notes, self.note)
        return replace(record, outcome=replace(outcome, notes=notes))


def with_proven_layer(
    table: Dataset, found: Blend, predictions: Predictions, seconds: float
) -> Layered:
    """Return the ensemble with a second layer, or as it was: if there are too few rows or seconds to try one, if it did not
    score better, or if answers must keep an order, which trees over answers would not.

    predictions    candidate index -> out-of-fold predictions of all rows, as for `blend`
    seconds        that the ensemble's stage has
    """
    objective, stacking = table.analysis.objective, _USUAL
    first = OutOfFold.of(table, predictions)
    if table.analysis.monotone or not fits_into(seconds, stacking, first, found):
        return Layered(found)
    try:
        answers = honest_answers(stacking, first, found)
        shown = judge.compared(table, found.rows, found.out_of_fold, answers)
        if not shown.is_better:
            return Layered(found)
        blended, layer = stacked(stacking, first, found, answers)
    except CandidateFault as fault:
        return Layered(found, note=Note(NoteCode.NOT_STACKED, because=fault.note))
    facts = {
        "metric": str(objective),
        "before": float(shown.first),
        "after": float(shown.second),
    }
    return Layered(blended, layer, stacking, Note(NoteCode.STACKED, facts))
