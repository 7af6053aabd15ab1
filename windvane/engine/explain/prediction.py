"""Explains one prediction, from the model's packages alone: no dataset, a time of one's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.sketch import Sketch
from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.exact import exact_attribution
from windvane.engine.explain.margins import margins
from windvane.engine.explain.permutations import Answer
from windvane.engine.explain.sampled import Question
from windvane.engine.explain.sampled_one_row import sampled_row
from windvane.engine.packages.predictor import Predictions, Predictor

_ROWS = 500
"""Made up of cells that were drawn: the most pairs of permutations that there may be."""


class Baseline(StrEnum):
    """The rows that stand for "not known".

    TREES     the rows that went each way in the trees
    DRAWN     cells of the training data, each column's drawn by itself
    MISSING   an empty row: the model's packages hold nothing else
    """

    TREES = "trees"
    DRAWN = "drawn"
    MISSING = "missing"


@dataclass(frozen=True)
class PredictionExplanation:
    """One prediction explained.

    predictions   of the one row
    columns       that can be learned from, in the order of the table
    attribution   what each adds
    """

    predictions: Predictions
    columns: tuple[ColumnSpec, ...]
    attribution: Attribution
    baseline: Baseline


def explain_prediction(
    predictor: Predictor, sketch: Sketch, row: Sequence[str | None], budget: Budget, seed: int = 0
) -> PredictionExplanation:
    """Explain the prediction of one row: exactly where the pipeline allows, else sampled for as long as the budget allows.

    row       a cell for each column of the schema
    raises    InvalidRequest if it cannot be read; OutOfTime if the budget is too short for anything
    """
    predictions = predictor.predict([row])
    cells = predictor.parse([row])
    specs = [spec for _, spec in predictor.used]
    columns = tuple(spec for spec in predictor.columns if spec.type.is_feature)
    background = _background(specs, sketch, np.random.default_rng(seed))
    question = Question(
        names=tuple(spec.name for spec in columns),
        players=tuple(cells),
        cells=cells,
        background=background,
        n_rows=1,
        n_background=_ROWS,
    )
    attribution = exact_attribution(predictor, question.names, cells, 1, budget)
    if attribution is None:
        attribution = sampled_row(_margins_of(predictor), question, seed, budget)
    return PredictionExplanation(
        predictions, columns, attribution, _baseline(attribution, specs, sketch)
    )


def _margins_of(predictor: Predictor) -> Answer:
    return lambda columns, n_rows: margins(predictor.predict_columns(columns, n_rows))


def _baseline(attribution: Attribution, specs: Sequence[ColumnSpec], sketch: Sketch) -> Baseline:
    if attribution.is_exact:
        return Baseline.TREES
    is_drawn = any(spec.name in sketch and sketch[spec.name].drawn for spec in specs)
    return Baseline.DRAWN if is_drawn else Baseline.MISSING


def _background(
    specs: Sequence[ColumnSpec], sketch: Sketch, generator: np.random.Generator
) -> Mapping[str, Values]:
    """Return rows that never were: every column's cells by themselves; missing where none were kept."""
    made: dict[str, Values] = {}
    for spec in specs:
        known = sketch[spec.name].drawn if spec.name in sketch else ()
        cells = _typed(known or (None,), spec)
        made[spec.name] = cells[generator.integers(0, len(cells), _ROWS)]
    return made


def _typed(cells: Sequence[float | str | None], spec: ColumnSpec) -> Values:
    if spec.type in (ColumnType.NUMERIC, ColumnType.DATETIME):
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    made = np.empty(len(cells), object)
    made[:] = cells
    return made
