"""A finished model judged by a file of rows that it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.read import read_table
from windvane.engine.local.frames import (
    cells_of,
    class_indices,
    columns_of,
    numbers_of,
    weights_of,
)
from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.predictor import Predictor
from windvane.engine.scoring.evaluate import scores
from windvane.errors import DataFault, InvalidRequest


def score_files(
    files: Sequence[SourceFile],
    options: ReadOptions,
    analysis: Analysis,
    predictor: Predictor,
) -> tuple[Score, ...]:
    """Every metric of the problem type on the rows of these files, or on a sample of them that fits into memory.

    options   its threads answer
    analysis  of the table that the predictor has learnt from
    raises    DataFault if they are not of that table's columns and classes, or cannot be read
    """
    raw = read_table(files, options, analysis.target, analysis.seed)
    _check_columns(list(raw.columns), options, analysis)
    columns = {name: np.array(cells.to_pylist(), object) for name, cells in raw.columns.items()}
    try:
        return _scores(pd.DataFrame(columns, dtype=object), analysis, predictor, options.threads)
    except InvalidRequest as fault:
        raise DataFault(f"The rows to validate with cannot be used. {fault}") from fault


def _scores(
    frame: pd.DataFrame, analysis: Analysis, predictor: Predictor, threads: int
) -> tuple[Score, ...]:
    target, is_class = frame[analysis.target], analysis.n_classes > 0
    y = class_indices(target, analysis) if is_class else numbers_of(target)
    if is_class:
        _check_classes(y, target, analysis)
    known = np.isfinite(y) & (y >= 0 if is_class else True)
    if not known.any():
        raise InvalidRequest(f"No row has a known value in the column '{analysis.target}'.")
    rows = frame[known]
    columns = columns_of(rows, predictor.columns)
    answer = predict_in_blocks(predictor, columns, len(rows), threads)
    predicted = answer.probabilities if is_class else answer.values
    weight = weights_of(rows, analysis.sample_weight)
    return scores(analysis.problem_type, y[known], predicted, answer.classes, weight)


def _check_columns(names: Sequence[str], options: ReadOptions, analysis: Analysis) -> None:
    wanted = [analysis.target, *(column.name for column in analysis.columns)]
    if not options.has_header and len(names) != len(wanted):
        raise DataFault(
            f"The rows to validate with have {len(names)} columns, those to train on {len(wanted)}."
        )
    if missing := [name for name in wanted if name not in names]:
        raise DataFault(
            f"The rows to validate with lack the column '{missing[0]}', which those to train on have."
        )


def _check_classes(
    indices: NDArray[np.float64], target: pd.Series[str], analysis: Analysis
) -> None:
    """Rows without a label are left out; one that nothing could be learnt of is a fault."""
    for index, cell in zip(indices, cells_of(target), strict=True):
        if index < 0 and cell is not None and cell.strip():
            raise InvalidRequest(
                f"They have the class '{cell[:60]}', which no row to train on has: {', '.join(analysis.labels[:10])}."
            )
