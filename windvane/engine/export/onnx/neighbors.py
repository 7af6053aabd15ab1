"""Nearest neighbours as part of an ONNX graph, which holds the training rows as the model does."""

from __future__ import annotations

import numpy as np

from windvane.engine.export.onnx.graph import Graph, Name
from windvane.engine.learners.neighbors import OWN_SHARE, PRIOR, NeighborsModel


def neighbors(graph: Graph, model: NeighborsModel, matrix: Name, n_classes: int) -> Name:
    """Return the same as `NeighborsModel.predict`."""
    rows = graph.op("Mul", [matrix, graph.constant(model.scale, np.float32)])
    near, distances = _nearest(graph, model, rows)
    n_near = float(min(model.n_neighbors, len(model.X)))
    mean = graph.op("Div", [graph.sum_of_columns(distances), graph.constant(n_near)])
    own = graph.op(
        "Add", [graph.op("Mul", [mean, graph.constant(OWN_SHARE)]), graph.constant(1e-12)]
    )
    counted = graph.op("Gather", [graph.constant(model.weight), near])
    raw = graph.op("Div", [counted, graph.op("Add", [distances, own])])
    weights = graph.op("Div", [raw, graph.sum_of_columns(raw)])
    if n_classes == 0:
        values = graph.op("Gather", [graph.constant(model.y), near])
        return graph.sum_of_columns(graph.op("Mul", [weights, values]))
    is_of = model.y[:, None] == np.arange(n_classes)
    classes = graph.op("Gather", [graph.constant(is_of), near])
    each = graph.op("Mul", [_with_axis(graph, weights, 2), classes])
    said = graph.op("ReduceSum", [each, graph.constant([1], np.int64)], {"keepdims": 0})
    many = graph.op("Mul", [said, graph.constant(n_near)])
    blended = graph.op("Add", [many, graph.constant([PRIOR * model.prior])])
    return graph.op("Div", [blended, graph.sum_of_columns(blended)])


def _nearest(graph: Graph, model: NeighborsModel, rows: Name) -> tuple[Name, Name]:
    """Return (n_rows, k) places, the nearest first, and distances: roughly those of all rows, then exactly those of a few."""
    squares = np.einsum("ij,ij->i", model.X, model.X)
    product = graph.op("MatMul", [rows, graph.constant(-2 * model.X.T, np.float32)])
    roughly = graph.op("Add", [product, graph.constant(squares, np.float32)])
    some = _least(graph, roughly, model.n_several())[1]
    in_order = _least(graph, some, model.n_several())[0]
    gathered = graph.op("Gather", [graph.constant(model.X, np.float32), in_order])
    gaps = graph.doubles(graph.op("Sub", [_with_axis(graph, rows, 1), gathered]))
    exactly = graph.op(
        "ReduceSum",
        [graph.op("Mul", [gaps, gaps]), graph.constant([2], np.int64)],
        {"keepdims": 0},
    )
    least, order = _least(graph, exactly, min(model.n_neighbors, model.n_several()))
    near = graph.op("GatherElements", [in_order, order], {"axis": 1})
    return near, graph.op("Sqrt", [least])


def _least(graph: Graph, values: Name, n: int) -> tuple[Name, Name]:
    """Return the n least of each row in rising order, and their places; of equal ones, the first."""
    limit = graph.constant([n], np.int64)
    return graph.two("TopK", [values, limit], {"axis": 1, "largest": 0, "sorted": 1})


def _with_axis(graph: Graph, value: Name, axis: int) -> Name:
    return graph.op("Unsqueeze", [value, graph.constant([axis], np.int64)])
