"""What evaluation is given of a pipeline that was trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidate_io import FoldFits
from windvane.engine.learners.base import FittedModel
from windvane.notes.note import Note


@dataclass(frozen=True)
class Trained:
    """A model and what cross-validation says of it.

    recipe_fit   the fit of the recipe whose matrix the model takes
    rows         (n_rows,) bool: what the model was trained on
    out_of_fold  (n_rows,) or (n_rows, n_classes) float32, NaN where there is none; the mean where there are several
    stops        as of an Outcome
    """

    model: FittedModel
    recipe_fit: str
    rows: NDArray[np.bool_]
    out_of_fold: NDArray[np.float32]
    folds_used: int
    fits: FoldFits
    notes: tuple[Note, ...]
    stops: dict[str, int]
