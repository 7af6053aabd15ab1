"""A description of a served model: what it takes and gives, as plain values that survive JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.numerals import Notation
from windvane.engine.data.sketch import ColumnSketch, Sketch
from windvane.engine.packages.package import Predictor
from windvane.serving.content_types import SUPPORTED

_SCORE = "score"
"""What the only response of a regression model is called in JSON, unless its environment names it."""


def describe_model(
    predictor: Predictor, sketch: Sketch, responses: Sequence[str], default_accept: str
) -> dict[str, Any]:
    """Return columns in the order of a row, target, problem_type, labels (of classes, as in the training data), responses (what an
    answer holds, in order), media (content types), default_accept, and what the package says of the algorithm

    responses    () where an answer is the value alone
    """
    schema = predictor.schema
    used = {spec.name for _, spec in predictor.used}
    return {
        "columns": [_column(spec, sketch, used) for spec in predictor.columns],
        "target": schema.target,
        "problem_type": str(schema.problem_type),
        "labels": list(schema.labels),
        "responses": list(responses) or [_SCORE],
        "media": list(SUPPORTED),
        "default_accept": default_accept,
        "algorithm": str(predictor.about.get("algorithm", "")),
        "has_typical_row": bool(sketch),
    }


def _column(spec: ColumnSpec, sketch: Sketch, used: set[str]) -> dict[str, Any]:
    """n_values is 0 where values are not counted: of numbers, dates, texts, and where nothing is known."""
    known = sketch.get(spec.name, ColumnSketch())
    return {
        "name": spec.name,
        "type": str(spec.type),
        "is_used": spec.name in used,
        "format": _format(spec),
        "typical": known.typical,
        "has_missing": known.has_missing,
        "least": known.least,
        "most": known.most,
        "values": list(known.values),
        "n_values": known.n_values,
    }


def _format(spec: ColumnSpec) -> str:
    """Return how cells are written, for people; "" where that goes without saying."""
    if spec.type is ColumnType.DATETIME:
        return " or ".join(map(str, spec.parse["formats"]))
    if spec.type is ColumnType.NUMERIC and (told := Notation.from_json(spec.parse).describe()):
        return f"numbers {told}"
    return ""
