"""Rows to score a model on: those whose target is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.automl.local.frames import Table, class_indices, numbers_of, read_frame, weights_of
from windvane.engine.data.analysis import Analysis
from windvane.engine.weighted import Weight
from windvane.errors import InvalidRequest


@dataclass(frozen=True)
class ScoringRows:
    """Rows whose target is known.

    frame    the rows
    y        (n_rows,) target or class index
    weight   (n_rows,) what each counts for, if the job had a column of weights and the rows have it
    """

    frame: pd.DataFrame
    y: NDArray[np.float64]
    weight: Weight


def read_scoring_rows(rows: Table, analysis: Analysis, memory_mb: int) -> ScoringRows:
    """Return those of a DataFrame, or of a file, that have a target the model knows.

    raises    InvalidRequest if there is no such file or column, or no such row, or naming the row of a wrong weight;
              DataFault if the file cannot be read
    """
    frame = rows if isinstance(rows, pd.DataFrame) else read_frame(rows, analysis.target, memory_mb)
    if analysis.target not in frame.columns:
        raise InvalidRequest(f"There is no column '{analysis.target}' to compare with.")
    target, is_class = frame[analysis.target], analysis.problem_type.is_classification
    y = class_indices(target, analysis) if is_class else numbers_of(target)
    known = np.isfinite(y) & (y >= 0 if is_class else True)
    if not known.any():
        raise InvalidRequest(f"No row has a known value in the column '{analysis.target}'.")
    kept = frame[known]
    return ScoringRows(kept, y[known], weights_of(kept, analysis.sample_weight))
