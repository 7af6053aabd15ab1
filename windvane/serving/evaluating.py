"""Labelled rows against a model's predictions of them: the metrics by which candidates are ranked, on other rows."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.data.labels import Labels, read_classes, read_values
from windvane.engine.packages.package import Predictions, Predictor, Schema
from windvane.engine.quality.confusion import Confusion
from windvane.engine.scoring.evaluate import scores
from windvane.errors import InvalidRequest
from windvane.serving.request_rows import check_size

_MOST_EXAMPLES = 10
"""Row numbers, and texts of labels, that are told of rows left out."""

_MOST_LETTERS = 100
"""Of such a text."""

_MOST_PAIRS = 20_000
"""Of an actual and a predicted class; rarer ones are left out of the confusion matrix."""

csv.field_size_limit(2**31 - 1)  # the size of a body is bounded where requests come in


@dataclass(frozen=True)
class LabelledTable:
    """A table with the columns of a model and its target.

    rows      cells in the order of the model's columns
    labels    the cell of the target of each row
    missing   columns of the model that the table has not
    ignored   columns of the table that the model does not take
    """

    rows: list[list[str]]
    labels: list[str]
    missing: list[str]
    ignored: list[str]


def evaluate(predictor: Predictor, body: bytes) -> dict[str, Any]:
    """Return the metrics of predictions of labelled rows, beside those of the candidate's validation; plain values that
    survive JSON.

    body      CSV with a header that names the target, in any order of columns
    raises    InvalidRequest naming row and column; if no row has a label that the model can predict
    """
    schema = predictor.schema
    table = read_labelled(body, schema)
    kind = ProblemType(schema.problem_type)
    labels = (
        read_classes(table.labels, schema.labels, schema.label_type)
        if kind.is_classification
        else read_values(table.labels)
    )
    if not labels.usable.any():
        raise InvalidRequest(_no_label(table.labels, schema))
    rows = np.flatnonzero(labels.usable)
    predictions = predictor.predict(table.rows)
    return {
        "n_rows": len(table.rows),
        "n_evaluated": int(rows.size),
        "metrics": _metrics(kind, labels.y[rows], predictions, rows, predictor.about),
        "left_out": list(_left_out(labels, table.labels, kind)),
        **_of_classes(schema, labels.y[rows], predictions, rows),
        "missing": table.missing,
        "ignored": table.ignored,
    }


def read_labelled(body: bytes, schema: Schema) -> LabelledTable:
    """Read CSV with a header; blanks around names do not count.

    raises    InvalidRequest if it is no such CSV, has not the target, or leaves out columns in too many rows
    """
    header, rows = _parsed(body)
    names = [name.strip() for name in header]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InvalidRequest(f"The header has the column '{twice[:_MOST_LETTERS]}' twice.")
    place, target = {name: i for i, name in enumerate(names)}, schema.target.strip()
    if target not in place:
        raise InvalidRequest(
            f"The header does not have the target '{schema.target}': its values are what predictions are compared with."
        )
    if not rows:
        raise InvalidRequest("There is a header and no row.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise InvalidRequest(
                f"Row {number} has {len(row)} values; the header has {len(names)} columns."
            )
    check_size(len(rows), len(schema.features), len(body))
    features = [name.strip() for name in schema.features]
    places = [place.get(name) for name in features]
    made = [["" if at is None else row[at] for at in places] for row in rows]
    missing = [name for name, at in zip(schema.features, places, strict=True) if at is None]
    known = {*features, target}
    ignored = [name for name in names if name not in known]
    return LabelledTable(made, [row[place[target]] for row in rows], missing, ignored)


def _parsed(body: bytes) -> tuple[list[str], list[list[str]]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The request body is not valid UTF-8: byte {error.start} ({error.reason})."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise InvalidRequest(
            f"The request body is not valid CSV near line {reader.line_num}: {error}."
        ) from error
    return (rows[0], rows[1:]) if rows else ([], [])


def _no_label(cells: Sequence[str], schema: Schema) -> str:
    found = ", ".join(f"'{cell[:_MOST_LETTERS]}'" for cell in list(dict.fromkeys(cells))[:3])
    known = ", ".join(f"'{label[:_MOST_LETTERS]}'" for label in schema.labels[:_MOST_EXAMPLES])
    right = f"The classes of the model are {known}." if known else "Numbers are needed."
    return f"No row can be evaluated: the target '{schema.target}' has values like {found}. {right}"


def _metrics(
    kind: ProblemType,
    y: NDArray[np.float64],
    predictions: Predictions,
    rows: NDArray[np.intp],
    about: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return every metric of the problem type; without a value where these rows do not tell it."""
    is_of_classes = kind.is_classification
    predicted = (predictions.probabilities if is_of_classes else predictions.values)[rows]
    classes = predictions.classes[rows] if is_of_classes else np.zeros(rows.size, np.int64)
    found = {one.metric: one for one in scores(kind, y, predicted, classes)}
    validation = _validation(about)
    return [
        {
            "metric": str(name),
            "value": found[name].value if name in found else None,
            "error": found[name].standard_error if name in found else None,
            "validation": validation.get(name, (None, None))[0],
            "validation_error": validation.get(name, (None, None))[1],
        }
        for name in METRICS_OF[kind]
    ]


def _validation(about: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """Return metric -> value and standard error, as the package tells them of the candidate."""
    told = about.get("scores", [])
    return {
        one["metric"]: (_finite(one.get("value")), _finite(one.get("standard_error")))
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, dict) and isinstance(one.get("metric"), str)
    }


def _finite(value: object) -> float | None:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _left_out(labels: Labels, cells: Sequence[str], kind: ProblemType) -> Iterator[dict[str, Any]]:
    strange = "UnknownLabel" if kind.is_classification else "NotANumber"
    for reason, which in (("MissingLabel", labels.missing), (strange, labels.strange)):
        rows = np.flatnonzero(which).tolist()
        if not rows:
            continue
        texts = dict.fromkeys(cells[row][:_MOST_LETTERS] for row in rows)
        yield {
            "reason": reason,
            "n_rows": len(rows),
            "rows": [row + 1 for row in rows[:_MOST_EXAMPLES]],
            "values": [] if reason == "MissingLabel" else list(texts)[:_MOST_EXAMPLES],
        }


def _of_classes(
    schema: Schema, y: NDArray[np.float64], predictions: Predictions, rows: NDArray[np.intp]
) -> dict[str, Any]:
    n_classes = len(schema.labels)
    if not n_classes:
        return {"classes": None, "confusion": None}
    pairs = y.astype(np.int64) * n_classes + predictions.classes[rows]
    counts = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    found = Confusion(counts.astype(np.int64))
    figures = zip(
        schema.labels, found.actual, found.precision(), found.recall(), found.f(1), strict=True
    )
    return {
        "classes": [
            {
                "label": label,
                "n_rows": int(n_rows),
                "precision": _finite(float(precision)),
                "recall": _finite(float(recall)),
                "f1": _finite(float(f1)),
            }
            for label, n_rows, precision, recall, f1 in figures
        ],
        "confusion": list(_confusion(found.counts, schema.labels)),
    }


def _confusion(counts: NDArray[np.int64], labels: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Yield actual and predicted label and how many rows have both, the most frequent pairs first."""
    flat = counts.ravel()
    order = np.argsort(-flat, kind="stable")[:_MOST_PAIRS]
    for at in order[flat[order] > 0].tolist():
        actual, predicted = divmod(at, len(labels))
        yield labels[actual], labels[predicted], int(flat[at])
