"""segments.json: the errors of a candidate by the values of each column, for whoever asks where it is wrong.

Our own, beside figures.json, on the same rows; at most MOST_COLUMNS columns of at most MOST_SEGMENTS + 2 segments each.

    version
    rows        which rows were judged, in words
    measure     'error rate' of classes, 'mean absolute error' of a regression;  is_share  whether it is a share of rows
    overall     {"rows", "error"}
    labels      of more than two classes: those with the most rows, at most MOST_CLASSES;  class_count  all of them
    columns     [{"name", "type", "segments": [{"label", "rows", "error", "low", "high"}, ...]}, ...]: low and high are
                a 95 % interval, absent where there is none. Of a regression there are "actual" too, the mean target,
                "bias", the mean residual, "rmse", and the standard errors "bias_error" and "rmse_error"; of two classes
                the counts "positive", "predicted" (positive) and "hits" (both), and "calibration_error"; of more
                classes "classes", [rows of the class, predicted, both] for each of the labels
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dataset import is_stored, read_analysis, read_stored
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.quality.calibration import reliability
from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.group_metrics import wilson
from windvane.wording import number

VERSION = 1
MOST_COLUMNS, MOST_SEGMENTS, MOST_CLASSES = 100, 10, 20
MISSING, OTHERS = "missing", "all others"
_LONGEST = 80
_Z = 1.959964
_FEWEST = 2
"""Rows of a segment that have an interval."""

_KINDS = (ColumnType.NUMERIC, ColumnType.DATETIME, ColumnType.CATEGORICAL, ColumnType.UNUSED)
"""Those left out on request among them: a model may treat rows differently by a column that it does not see."""


def segments_json(dataset: Path, judged: Judged) -> dict[str, Any]:
    """Return the document.

    dataset    folder of the rows that were judged;  judged    with their places
    raises     CorruptArtifact
    """
    errors, shown = _errors(judged), _shown_classes(judged)
    columns = list(_columns(dataset, judged, errors, shown))
    return {
        "version": VERSION,
        "rows": judged.rows_are,
        "measure": "error rate" if judged.problem_type.is_classification else "mean absolute error",
        "is_share": judged.problem_type.is_classification,
        "overall": {"rows": judged.n_rows, "error": float(errors.mean())},
        **_labels(judged, shown),
        "columns": columns,
    }


def _errors(judged: Judged) -> Floats:
    """Return (n_rows,) what each row adds to the mean error."""
    if judged.problem_type.is_classification:
        return np.asarray(judged.classes != judged.truth, np.float64)
    return np.abs(judged.y - judged.predicted)


def _shown_classes(judged: Judged) -> Indices:
    """Return the classes with the most rows, the largest first; none of a regression, or of two classes."""
    if judged.problem_type is not ProblemType.MULTICLASS:
        return np.zeros(0, np.int64)
    counts = np.bincount(judged.truth, minlength=len(judged.labels))
    return np.argsort(-counts, kind="stable")[:MOST_CLASSES]


def _labels(judged: Judged, shown: Indices) -> dict[str, Any]:
    if not shown.size:
        return {}
    labels = [judged.labels[int(place)][:_LONGEST] for place in shown]
    return {"labels": labels, "class_count": len(judged.labels)}


def _columns(
    dataset: Path, judged: Judged, errors: Floats, shown: Indices
) -> Iterator[dict[str, Any]]:
    analysis = read_analysis(dataset)
    asked = [
        (position, column)
        for position, column in enumerate(analysis.columns)
        if column.type in _KINDS and column.name != analysis.target and is_stored(dataset, position)
    ]
    for position, column in asked[:MOST_COLUMNS]:
        stored = read_stored(dataset, position, column.name)
        labels, numbers = (
            _of_words(stored, judged.places)
            if isinstance(stored, EncodedColumn)
            else _of_numbers(np.asarray(stored, np.float64)[judged.places], column)
        )
        if len(labels) > 1:
            segments = [
                _segment(label, np.flatnonzero(numbers == place), judged, errors, shown)
                for place, label in enumerate(labels)
            ]
            yield {"name": column.name, "type": str(column.type), "segments": segments}


def _segment(
    label: str, rows: Indices, judged: Judged, errors: Floats, shown: Indices
) -> dict[str, Any]:
    mean, n = float(errors[rows].mean()), rows.size
    told: dict[str, Any] = {"label": label, "rows": n, "error": mean}
    if judged.problem_type.is_classification:
        low, high = wilson(mean, n)
        return {**told, "low": low, "high": high, **_counts(rows, judged, shown)}
    residuals = judged.y[rows] - judged.predicted[rows]
    told["actual"] = float(judged.y[rows].mean())
    told["bias"] = float(residuals.mean())
    told["rmse"] = math.sqrt(float(np.mean(residuals**2)))
    if n < _FEWEST:
        return told
    reach = _Z * float(errors[rows].std(ddof=1)) / math.sqrt(n)
    told["bias_error"] = float(residuals.std(ddof=1)) / math.sqrt(n)
    if told["rmse"]:  # by the delta method
        told["rmse_error"] = float((residuals**2).std(ddof=1)) / (2 * told["rmse"] * math.sqrt(n))
    return {**told, "low": max(0.0, mean - reach), "high": mean + reach}


def _counts(rows: Indices, judged: Judged, shown: Indices) -> dict[str, Any]:
    if judged.problem_type is not ProblemType.BINARY:
        truth, predicted = judged.truth[rows], judged.classes[rows]
        counts = (truth, predicted, truth[truth == predicted])
        n_classes = len(judged.labels)
        table = np.stack([np.bincount(one, minlength=n_classes)[shown] for one in counts], axis=1)
        return {"classes": table.tolist()}
    positive, predicted = judged.truth[rows] == 1, judged.classes[rows] == 1
    return {
        "positive": int(positive.sum()),
        "predicted": int(predicted.sum()),
        "hits": int((positive & predicted).sum()),
        "calibration_error": reliability(judged.positive[rows], positive).expected_error,
    }


def _of_words(
    column: EncodedColumn, places: NDArray[np.integer] | None
) -> tuple[list[str], Indices]:
    """Return the most frequent texts, and which of them each row has."""
    codes = column.codes[places]
    counts = np.bincount(codes[codes >= 0], minlength=len(column.texts))
    used = np.argsort(-counts, kind="stable")[:MOST_SEGMENTS]
    used = used[counts[used] > 0]
    renumbered = np.full(len(column.texts) + 1, used.size)
    renumbered[used] = np.arange(used.size)
    numbers = renumbered[codes]
    numbers[codes < 0] = used.size + 1
    labels = [column.texts[int(place)].as_py()[:_LONGEST] for place in used]
    return _those_there([*labels, OTHERS, MISSING], numbers)


def _of_numbers(values: Floats, column: ColumnSpec) -> tuple[list[str], Indices]:
    """Return ranges of about as many rows each, or single values if they are few, and which of them each row is in."""
    is_there = np.isfinite(values)
    known = values[is_there]
    if not known.size:
        return [], np.zeros(values.size, np.int64)
    say = _date if column.type is ColumnType.DATETIME else number
    distinct = np.unique(known)
    if distinct.size <= MOST_SEGMENTS:
        numbers = np.searchsorted(distinct, values)
        labels = [say(float(value)) for value in distinct]
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, MOST_SEGMENTS + 1), method="lower"))
        numbers = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
        ends = [say(float(edge)) for edge in edges]
        labels = [f"{low} to {high}" for low, high in pairwise(ends)]
    numbers = np.where(is_there, numbers, len(labels))
    return _those_there([*labels, MISSING], numbers)


def _those_there(labels: list[str], numbers: Indices) -> tuple[list[str], Indices]:
    """Return the segments that have rows."""
    used, renumbered = np.unique(numbers, return_inverse=True)
    return [labels[int(place)] for place in used], np.asarray(renumbered, np.int64)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
