"""Answers of the Open Inference Protocol: predictions to tensors.

predicted_label  BYTES [rows]            with the threshold applied
probability      FP64 [rows]             as InvokeEndpoint gives it: of the predicted label, or of the positive one
probabilities    FP64 [rows, classes]    in the order of `labels`
labels           BYTES [classes]
predicted_value  FP64 [rows]             of regression, and then the only one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving.answers import Selection
from windvane.serving.open_inference.requests import TensorRequest

_VALUE = "predicted_value"


def write_answer(predictions: Predictions, selection: Selection, request: TensorRequest) -> bytes:
    """Return an object with `outputs`, those that were asked for in their order, and the request's `id`.

    raises    InvalidRequest for an output that the model does not have
    """
    tensors = _tensors(predictions, selection)
    for name in request.outputs:
        if name not in tensors:
            raise InvalidRequest(f"The model has no output '{name}'. It has: {', '.join(tensors)}.")
    wanted = request.outputs or tuple(tensors)
    answer: dict[str, Any] = {"id": request.id} if request.id else {}
    return json.dumps({**answer, "outputs": [tensors[name] for name in wanted]}).encode()


def _tensors(predictions: Predictions, selection: Selection) -> Mapping[str, Any]:
    if not selection.labels:
        values = predictions.values
        return {_VALUE: _tensor(_VALUE, "FP64", values.shape, values.tolist())}
    chances, classes = predictions.probabilities, predictions.classes
    of = np.ones_like(classes) if selection.is_of_positive else classes
    probability = chances[np.arange(classes.size), of]
    labels = list(selection.labels)
    predicted = [labels[index] for index in classes.tolist()]
    told = (
        _tensor("predicted_label", "BYTES", classes.shape, predicted),
        _tensor("probability", "FP64", probability.shape, probability.tolist()),
        _tensor("probabilities", "FP64", chances.shape, chances.ravel().tolist()),
        _tensor("labels", "BYTES", (len(labels),), labels),
    )
    return {tensor["name"]: tensor for tensor in told}


def _tensor(name: str, datatype: str, shape: tuple[int, ...], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data}
