"""Neural networks as parts of an ONNX graph, in single precision as they are answered here: sums may be added up in another
order, and differ in the last digits."""

from __future__ import annotations

import numpy as np

from windvane.engine.export.onnx.graph import Graph, Name
from windvane.engine.learners.mlp_model import MlpModel
from windvane.engine.learners.scaling import FAR, Floats, Scaling
from windvane.engine.learners.stack_model import InputPlan, StackModel


def mlp(graph: Graph, model: MlpModel, matrix: Name, n_classes: int) -> Name:
    """Return what multilayer perceptrons answer, averaged."""
    arrays = model.arrays
    wide = _scaled(graph, matrix, arrays["centre"], arrays["inverse"])
    if len(arrays["waved"]):
        wide = graph.side_by_side([wide, _waves(graph, wide, model)])
    depth = sum(name.startswith("weights") for name in arrays)
    members, width, _ = arrays["weights1"].shape
    hidden = _silu(graph, _dense(graph, wide, arrays["weights0"], arrays["bias0"]))
    by_member = _by_member(graph, hidden, members, width)
    for i in range(1, depth):
        by_member = _dense(graph, by_member, arrays[f"weights{i}"], arrays[f"bias{i}"])
        if i < depth - 1:
            by_member = _silu(graph, by_member)
    return _averaged(graph, by_member, model.target, n_classes)


def stack(graph: Graph, model: StackModel, matrix: Name, n_classes: int) -> Name:
    """Return what a stack of layers answers, averaged over its members."""
    layers, members = model.layers, len(model.layers.heads)
    wide = _widened(graph, model.inputs, layers.tables, matrix)
    hidden = graph.op("Relu", [_dense(graph, wide, layers.weights0, layers.bias0)])
    by_member = _by_member(graph, hidden, members, layers.weights0.shape[1] // members)
    for weights, bias in layers.shared:
        by_member = graph.op("Relu", [_dense(graph, by_member, weights, bias)])
    outputs = _dense(graph, by_member, layers.heads, layers.head_bias[:, None, :])
    return _averaged(graph, outputs, model.target, n_classes)


def _dense(graph: Graph, values: Name, weights: Floats, bias: Floats) -> Name:
    product = graph.op("MatMul", [values, graph.constant(weights, np.float32)])
    return graph.op("Add", [product, graph.constant(bias, np.float32)])


def _silu(graph: Graph, values: Name) -> Name:
    return graph.op("Mul", [values, graph.op("Sigmoid", [values])])


def _scaled(graph: Graph, values: Name, centre: Floats, inverse: Floats) -> Name:
    """Return the same as `scaled_inputs` in learners/scaling.py."""
    centred = graph.op("Sub", [values, graph.constant(centre, np.float32)])
    scaled = graph.op("Mul", [centred, graph.constant(inverse, np.float32)])
    return graph.within(scaled, -FAR, FAR, np.float32)


def _waves(graph: Graph, scaled: Name, model: MlpModel) -> Name:
    """Return the periodic features of some numbers, (n_rows, n_waved * n_made)."""
    arrays = model.arrays
    waved = graph.columns(scaled, arrays["waved"])
    one_by_one = graph.op("Unsqueeze", [waved, graph.constant([2], np.int64)])
    turned = graph.op("Mul", [one_by_one, graph.constant(arrays["frequency"], np.float32)])
    angles = graph.op("Add", [turned, graph.constant(arrays["phase"], np.float32)])
    by_number = graph.op("Transpose", [graph.op("Cos", [angles])], {"perm": [1, 0, 2]})
    made = _dense(graph, by_number, arrays["mixing"], arrays["offset"])
    by_row = graph.op("Transpose", [made], {"perm": [1, 0, 2]})
    shape = graph.constant([-1, arrays["offset"].size], np.int64)
    return graph.op("Reshape", [by_row, shape])


def _widened(graph: Graph, plan: InputPlan, tables: tuple[Floats, ...], matrix: Name) -> Name:
    """Return the input of the first layer: numbers, indicators of missing ones, and embeddings."""
    parts = []
    if len(plan.numbers):
        taken = graph.columns(matrix, plan.numbers)
        missing = graph.op("IsNaN", [taken])
        fill = graph.constant(plan.fill, np.float32)
        filled = graph.op("Where", [missing, fill, taken])
        parts.append(_scaled(graph, filled, plan.centre, plan.inverse))
        if len(plan.indicated):
            parts.append(graph.columns(graph.floats(missing), plan.indicated))
    for column, table in zip(plan.codes.tolist(), tables, strict=True):
        parts.append(_embedded(graph, matrix, column, table))
    return graph.side_by_side(parts)


def _embedded(graph: Graph, matrix: Name, column: int, table: Floats) -> Name:
    code = graph.op("Gather", [matrix, graph.constant(column, np.int64)], {"axis": 1})
    one = graph.constant(1, np.float32)
    zero = graph.constant(0, np.float32)
    is_there = graph.op("GreaterOrEqual", [code, zero])
    after = graph.op("Add", [code, one])
    is_known = graph.op(
        "And", [is_there, graph.op("Less", [after, graph.constant(len(table), np.float32)])]
    )
    place = graph.op("Where", [is_known, after, zero])
    return graph.op("Gather", [graph.constant(table, np.float32), graph.whole(place)])


def _by_member(graph: Graph, hidden: Name, members: int, width: int) -> Name:
    """Return (n_rows, members * width) as (members, n_rows, width)."""
    shape = graph.constant([-1, members, width], np.int64)
    return graph.op("Transpose", [graph.op("Reshape", [hidden, shape])], {"perm": [1, 0, 2]})


def _averaged(graph: Graph, outputs: Name, target: Scaling, n_classes: int) -> Name:
    """Return the mean of (members, n_rows, n_outputs) as values or probabilities."""
    told = graph.doubles(outputs)
    first = graph.constant([0], np.int64)
    if n_classes > 2:
        each = graph.op("Softmax", [told], {"axis": 2})
        return graph.op("ReduceMean", [each, first], {"keepdims": 0})
    if n_classes == 2:
        positive = graph.op("ReduceMean", [graph.logistic(told), first], {"keepdims": 0})
        return graph.both_classes(positive)
    mean = graph.op("ReduceMean", [told, first], {"keepdims": 0})
    scaled = graph.op("Mul", [mean, graph.constant(target.scale)])
    value = graph.op("Add", [scaled, graph.constant(target.centre)])
    return graph.within(value, target.low, target.high)
