"""Every metric of answers to rows whose target is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis
from windvane.engine.local.frames import class_indices, numbers_of, weights_of
from windvane.engine.packages.predictor import Predictions
from windvane.engine.scoring.evaluate import scores
from windvane.errors import InvalidRequest


def scored(
    frame: pd.DataFrame, analysis: Analysis, answer: Callable[[pd.DataFrame], Predictions]
) -> tuple[Score, ...]:
    """Rows without a known target are left out. Rows that have the column of sample weights are weighted by it.

    answer    predictions for some rows of the frame
    raises    InvalidRequest if there is no target, if no row has a known one, or as `answer` does
    """
    if analysis.target not in frame.columns:
        raise InvalidRequest(f"There is no column '{analysis.target}' to compare with.")
    target = frame[analysis.target]
    is_class = analysis.problem_type.is_classification
    y = class_indices(target, analysis) if is_class else numbers_of(target)
    known = np.isfinite(y) & (y >= 0 if is_class else True)
    if not known.any():
        raise InvalidRequest(f"No row has a known value in the column '{analysis.target}'.")
    answered = answer(frame[known])
    predicted = answered.probabilities if is_class else answered.values
    weight = weights_of(frame[known], analysis.sample_weight)
    return scores(analysis.problem_type, y[known], predicted, answered.classes, weight)
