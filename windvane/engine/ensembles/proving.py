"""Whether an ensemble is to have a second layer: where that was shown to score better on rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.engine.data.dataset import Dataset
from windvane.engine.ensembles.blend import Blend, Predictions
from windvane.engine.ensembles.second_layer import SecondLayer
from windvane.engine.ensembles.stacking import (
    FirstLayer,
    Stacking,
    fits_into,
    honest_answers,
    stacked,
)
from windvane.engine.outcomes import CandidateRecord
from windvane.engine.scoring import judge
from windvane.engine.wording import number
from windvane.errors import CandidateFault


@dataclass(frozen=True)
class Proven:
    """A second layer that scores better than the ensemble without it.

    blend    the ensemble's answers with it
    note     what is to be said of it
    """

    layer: SecondLayer
    stacking: Stacking
    blend: Blend
    note: str

    def told(self, record: CandidateRecord) -> CandidateRecord:
        """The record of the ensemble, which says that it has this layer."""
        settings, size_bytes = self.stacking.to_json(), self.layer.size_bytes
        return judge.with_second_layer(record, settings, size_bytes, self.note)


def proven_second_layer(
    table: Dataset, found: Blend, predictions: Predictions, seconds: float
) -> Proven | None:
    """None if there are too few rows or seconds to try one, if it is not shown to be of use, or if answers must keep an
    order, which trees over answers would not.

    predictions    candidate index -> out-of-fold predictions of all rows, as for `blend`
    seconds        that the ensemble's stage has
    """
    objective, stacking = table.analysis.objective, Stacking()
    first = FirstLayer(predictions, table.y, table.folds, objective, table.weight)
    if table.analysis.monotone or not fits_into(seconds, stacking, first, found):
        return None
    try:
        answers = honest_answers(stacking, first, found)
        shown = judge.compared(table, found.rows, found.out_of_fold, answers)
        if not shown.is_better:
            return None
        blended, layer = stacked(stacking, first, found, answers)
    except CandidateFault:  # numbers that LightGBM cannot hold; the ensemble answers without
        return None
    note = (
        f"a second layer over the members' answers: {objective} {number(shown.first)} -> {number(shown.second)} on rows "
        "it was not fitted to"
    )
    return Proven(layer, stacking, blended, note)
