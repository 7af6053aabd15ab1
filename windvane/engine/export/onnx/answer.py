"""What a model makes of its members' predictions, as parts of an ONNX graph: averages, temperatures, the second layer, and
the decision for a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from windvane.engine.ensembles.pool import LEAST_PROBABILITY, Pool
from windvane.engine.ensembles.second_layer import (
    LARGEST,
    LEAST_OF_POOL,
    SecondLayer,
)
from windvane.engine.export.onnx import trees
from windvane.engine.export.onnx.graph import Graph, Name
from windvane.engine.export.onnx.models import answers
from windvane.engine.packages.predictor import Predictor
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.threshold import Decision


def mixed(graph: Graph, predictor: Predictor, told: Sequence[Name]) -> Name:
    """Return the model's (n_rows, 1) values or (n_rows, n_classes) probabilities.

    told    of each member the same, float64
    """
    n_classes = len(predictor.schema.labels)
    tempered = [
        _at_temperature(graph, one, member.temperature)
        for one, member in zip(told, predictor.members, strict=True)
    ]
    together = _pooled(graph, predictor, tempered)
    if predictor.second_layer is not None:
        together = _layered(graph, predictor.second_layer, tempered, together, n_classes)
    return _at_temperature(graph, together, predictor.temperature)


def decided(graph: Graph, decision: Decision, probabilities: Name, labels: Sequence[str]) -> Name:
    """Return (n_rows,) the predicted labels."""
    if len(labels) == 2:
        positive = graph.op("Gather", [probabilities, graph.constant(1, np.int64)], {"axis": 1})
        is_positive = graph.op("GreaterOrEqual", [positive, graph.constant(decision.threshold)])
        place = graph.cast(is_positive, TensorProto.INT64)
    else:
        weighed = probabilities
        if decision.class_weights:
            weighed = graph.op("Mul", [probabilities, graph.constant([decision.class_weights])])
        place = graph.op("ArgMax", [weighed], {"axis": 1, "keepdims": 0})
    return graph.op("Gather", [graph.constant(list(labels), object), place])


def _at_temperature(graph: Graph, probabilities: Name, temperature: float) -> Name:
    if temperature == NO_CHANGE:
        return probabilities
    powers = graph.op("Pow", [probabilities, graph.constant(1 / temperature)])
    return graph.op("Div", [powers, graph.sum_of_columns(powers)])


def _pooled(graph: Graph, predictor: Predictor, told: Sequence[Name]) -> Name:
    weights = [member.weight for member in predictor.members]
    if len(told) == 1:
        return told[0]
    is_geometric = predictor.pool is Pool.GEOMETRIC
    parts = [
        graph.op(
            "Mul",
            [_logs(graph, one, LEAST_PROBABILITY) if is_geometric else one, graph.constant(w)],
        )
        for one, w in zip(told, weights, strict=True)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = graph.op("Add", [total, part])
    return graph.op("Softmax", [total], {"axis": 1}) if is_geometric else total


def _logs(graph: Graph, probabilities: Name, least: float) -> Name:
    return graph.op("Log", [graph.op("Max", [probabilities, graph.constant(least)])])


def _layered(
    graph: Graph, layer: SecondLayer, told: Sequence[Name], together: Name, n_classes: int
) -> Name:
    """Return the same as `SecondLayer.answer`."""
    start = _scores(graph, together, n_classes, LEAST_OF_POOL)
    seen = [_scores(graph, one, n_classes, LEAST_PROBABILITY) for one in told]
    inputs = graph.side_by_side([_centred(graph, one, n_classes) for one in (*seen, start)])
    if n_classes == 0:
        inputs = graph.within(inputs, -LARGEST, LARGEST)
    nodes, values = trees.of_lightgbm(layer.trees)
    n_outputs = layer.trees.n_outputs
    outputs = nodes.tree_of_leaf % n_outputs
    moves = trees.sums(graph, graph.floats(inputs), nodes, values, outputs, n_outputs)
    return answers(graph, graph.op("Add", [start, moves]), n_classes)


def _scores(graph: Graph, answer: Name, n_classes: int, least: float) -> Name:
    """Return values, log-odds of the second of two classes, or logarithms of probabilities."""
    if n_classes == 0:
        return answer
    logs = _logs(graph, answer, least)
    if n_classes > 2:
        return logs
    return graph.op("Sub", [graph.columns(logs, [1]), graph.columns(logs, [0])])


def _centred(graph: Graph, scores: Name, n_classes: int) -> Name:
    if n_classes <= 2:
        return scores
    mean = graph.op("ReduceMean", [scores, graph.constant([1], np.int64)])
    return graph.op("Sub", [scores, mean])
