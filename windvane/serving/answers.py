"""Predictions to response bodies: which keys, in which order, in which content type."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving.content_types import CSV, JSON


class Key(StrEnum):
    """The names that SAGEMAKER_INFERENCE_OUTPUT may have."""

    PREDICTED_LABEL = "predicted_label"
    PROBABILITY = "probability"
    LABELS = "labels"
    PROBABILITIES = "probabilities"


@dataclass(frozen=True)
class Selection:
    """The parts of a model's answer to a row that were asked for.

    keys              in the order asked for; () answers the value alone
    labels            class labels, () for regression
    is_of_positive    `probability` is the second label's, whatever is predicted (pipelines of two
                      classes); else that of the predicted label
    """

    keys: tuple[Key, ...]
    labels: tuple[str, ...]
    is_of_positive: bool = False


def read_keys(text: str, supported: tuple[Key, ...]) -> tuple[Key, ...]:
    """Return the keys of a comma-separated list, in its order; spaces do not count.

    raises    InvalidRequest for a key that is not among `supported`, or is named twice
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in supported:
            raise InvalidRequest(
                f"SAGEMAKER_INFERENCE_OUTPUT names '{name}', which this model does not give. "
                f"It gives: {', '.join(supported)}."
            )
    if len(set(names)) < len(names):
        raise InvalidRequest(f"SAGEMAKER_INFERENCE_OUTPUT names a key twice: '{text}'.")
    return tuple(Key(name) for name in names)


def write_answer(predictions: Predictions, selection: Selection, media: str) -> bytes:
    """Return one line (CSV, JSON lines) or one entry of "predictions" (JSON) a row."""
    records = _records(predictions, selection)
    if media == CSV:
        lines = (",".join(map(csv_field, record)) for record in records)
        return ("\n".join(lines) + "\n").encode()
    names = [str(key) for key in selection.keys] or ["score"]
    rows = [dict(zip(names, record, strict=True)) for record in records]
    if media == JSON:
        return json.dumps({"predictions": rows}).encode()
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


Record = list[Any]
"""The values of one row in the order of the selection's keys: a label, a number, or a list of them."""


def _records(predictions: Predictions, selection: Selection) -> list[Record]:
    if not selection.labels:
        return [[value] for value in predictions.values.tolist()]
    labels = list(selection.labels)
    classes: list[int] = predictions.classes.tolist()
    probabilities: list[list[float]] = predictions.probabilities.tolist()

    def values(key: Key) -> Iterable[Any]:
        if key is Key.PREDICTED_LABEL:
            return (labels[index] for index in classes)
        if key is Key.LABELS:
            return (labels for _ in classes)
        if key is Key.PROBABILITIES:
            return probabilities
        if selection.is_of_positive:
            return (row[1] for row in probabilities)
        return (row[index] for row, index in zip(probabilities, classes, strict=True))

    return [list(record) for record in zip(*map(values, selection.keys), strict=True)]


def csv_field(value: Any) -> str:
    """Return a CSV field; a list is one quoted field in Python's notation."""
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    if isinstance(value, list) or not text or any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text
