"""Predictions to tensors."""

import json

import numpy as np
import pytest

from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving.answers import Key, Selection
from windvane.serving.open_inference.answers import write_answer
from windvane.serving.open_inference.requests import TensorRequest

NOTHING = np.empty(0)
CLASSES = Predictions(NOTHING, np.array([[0.25, 0.75], [0.6, 0.4]]), np.array([1, 0]))
SELECTION = Selection((Key.PREDICTED_LABEL,), ("no", "yes"))


def written(predictions=CLASSES, selection=SELECTION, **asked):
    return json.loads(write_answer(predictions, selection, TensorRequest([], **asked)))


def test_all_outputs_are_given_whatever_invoke_endpoint_would_answer():
    assert written(id="a") == {
        "id": "a",
        "outputs": [
            {"name": "predicted_label", "datatype": "BYTES", "shape": [2], "data": ["yes", "no"]},
            {"name": "probability", "datatype": "FP64", "shape": [2], "data": [0.75, 0.6]},
            {
                "name": "probabilities",
                "datatype": "FP64",
                "shape": [2, 2],
                "data": [0.25, 0.75, 0.6, 0.4],
            },
            {"name": "labels", "datatype": "BYTES", "shape": [2], "data": ["no", "yes"]},
        ],
    }


def test_the_probability_of_a_pipeline_is_that_of_the_positive_class():
    answer = written(selection=Selection((), ("no", "yes"), True), outputs=("probability",))
    assert [one["data"] for one in answer["outputs"]] == [[0.75, 0.4]]


def test_outputs_come_in_the_order_asked_for():
    outputs = written(outputs=("labels", "predicted_label"))["outputs"]
    assert [one["name"] for one in outputs] == ["labels", "predicted_label"]


def test_values_are_one_output():
    values = Predictions(np.array([1.5, -2.0]), np.empty((0, 0)), np.empty(0, int))
    assert written(values, Selection((), ())) == {
        "outputs": [
            {"name": "predicted_value", "datatype": "FP64", "shape": [2], "data": [1.5, -2.0]}
        ]
    }


def test_an_output_that_there_is_not_is_named():
    with pytest.raises(InvalidRequest, match=r"no output 'score'\. It has: predicted_label"):
        written(outputs=("score",))
