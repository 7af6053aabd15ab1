"""Fitted models as parts of an ONNX graph: a matrix to values, or to probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.export.onnx import networks, trees
from windvane.engine.export.onnx.graph import Graph, Name
from windvane.engine.export.onnx.neighbors import neighbors
from windvane.engine.learners.base import FittedModel
from windvane.engine.learners.baseline import Constant
from windvane.engine.learners.catboost_trees import CatBoostTrees
from windvane.engine.learners.forest import ForestModel
from windvane.engine.learners.lightgbm import LightGbmModel
from windvane.engine.learners.linear import LinearModel
from windvane.engine.learners.mlp_model import MlpModel
from windvane.engine.learners.neighbors import NeighborsModel
from windvane.engine.learners.residual import Line, ResidualModel
from windvane.engine.learners.stack_model import StackModel
from windvane.engine.learners.target_transform import TransformedModel
from windvane.engine.learners.xgboost_model import XgboostModel


def is_supported(model: FittedModel) -> bool:
    """Return whether a model has a counterpart in ONNX here."""
    if isinstance(model, ResidualModel | TransformedModel):
        return is_supported(model.inner)
    return type(model) in _WRITERS


def is_exact(model: FittedModel) -> bool:
    """Return whether its counterpart computes in the same precision: networks add up in single precision."""
    if isinstance(model, ResidualModel | TransformedModel):
        return is_exact(model.inner)
    return not isinstance(model, MlpModel | StackModel)


def answer_of(graph: Graph, model: FittedModel, matrix: Name, n_classes: int) -> Name:
    """Return (n_rows, 1) values or (n_rows, n_classes) probabilities, float64, of a model that is supported.

    matrix    (n_rows, n_features), float32; of a model that needs no features, nothing is asked of it
    """
    return _WRITERS[type(model)](graph, model, matrix, n_classes)


def answers(graph: Graph, scores: Name, n_classes: int) -> Name:
    """Return the same as `answers_of` in learners/answers.py."""
    if n_classes == 0:
        return scores
    if n_classes > 2:
        return graph.op("Softmax", [scores], {"axis": 1})
    return graph.both_classes(graph.logistic(scores))


def _constant(graph: Graph, model: Constant, _: Name, __: int) -> Name:
    return graph.for_each_row(model.answer.reshape(1, -1))


def _linear(graph: Graph, model: LinearModel, matrix: Name, n_classes: int) -> Name:
    weights = graph.constant(model.coefficients)
    scores = graph.op("MatMul", [graph.doubles(matrix), weights])
    return answers(graph, graph.op("Add", [scores, graph.constant(model.intercepts)]), n_classes)


def _lightgbm(graph: Graph, model: LightGbmModel, matrix: Name, n_classes: int) -> Name:
    nodes, values = trees.of_lightgbm(model.trees)
    n_outputs = model.trees.n_outputs
    outputs = nodes.tree_of_leaf % n_outputs
    return answers(graph, trees.sums(graph, matrix, nodes, values, outputs, n_outputs), n_classes)


def _catboost(graph: Graph, model: CatBoostTrees, matrix: Name, n_classes: int) -> Name:
    fitted = model.trees
    nodes = trees.of_oblivious(fitted)
    scores = _reached(graph, matrix, nodes, fitted.values)
    return answers(graph, graph.op("Add", [scores, graph.constant(fitted.bias)]), n_classes)


def _xgboost(graph: Graph, model: XgboostModel, matrix: Name, n_classes: int) -> Name:
    """Added up one tree after the other in single precision, as XGBoost does: to the last digit the same."""
    fitted = model.trees
    nodes = trees.of_xgboost(fitted.nodes)
    tree = nodes.tree_of_leaf
    each = trees.sums(graph, matrix, nodes, fitted.values, tree, model.rounds * fitted.n_outputs)
    shape = graph.constant([-1, model.rounds, fitted.n_outputs], np.int64)
    by_round = graph.op("Reshape", [graph.floats(each), shape])
    running = graph.op("CumSum", [by_round, graph.constant(1, np.int64)])
    last = graph.constant(model.rounds - 1, np.int64)
    total = graph.doubles(graph.op("Gather", [running, last], {"axis": 1}))
    return answers(graph, graph.op("Add", [total, graph.constant(fitted.base)]), n_classes)


def _forest(graph: Graph, model: ForestModel, matrix: Name, n_classes: int) -> Name:
    total = _reached(graph, matrix, trees.of_forest(model.trees), model.trees.values)
    mean = graph.op("Div", [total, graph.constant(float(model.rounds))])
    if n_classes == 0:
        return mean
    if n_classes == 2:
        return graph.both_classes(mean)
    return graph.op("Div", [mean, graph.sum_of_columns(mean)])


def _reached(graph: Graph, matrix: Name, nodes: trees.Nodes, values: NDArray[Any]) -> Name:
    """Return (n_rows, n_outputs), float64: the values of the leaves that a row reaches, added up.

    values    (n_leaves_of_all, n_outputs)
    """
    if values.shape[1] == 1:
        to_one = np.zeros(len(values), np.int64)
        return trees.sums(graph, matrix, nodes, values[:, 0], to_one, 1)
    # A leaf of TreeEnsemble holds one number: here its place among those that hold several.
    places = np.arange(len(values), dtype=np.float64)
    found = trees.sums(graph, matrix, nodes, places, nodes.tree_of_leaf, len(nodes.roots))
    numbers = graph.constant(values, values.dtype)
    reached = graph.op("Gather", [numbers, graph.whole(found)])
    return graph.op(
        "ReduceSum", [graph.doubles(reached), graph.constant([1], np.int64)], {"keepdims": 0}
    )


def _residual(graph: Graph, model: ResidualModel, matrix: Name, n_classes: int) -> Name:
    inner = answer_of(graph, model.inner, matrix, n_classes)
    return graph.op("Add", [_line(graph, model.line, matrix), inner])


def _line(graph: Graph, line: Line, matrix: Name) -> Name:
    if not line.columns.size:
        return graph.constant([[line.intercept]])
    values = graph.doubles(graph.columns(matrix, line.columns))
    missing = graph.op("IsNaN", [values])
    filled = graph.op("Where", [missing, graph.constant(line.fill[None]), values])
    bounded = graph.within(filled, line.low[None], line.high[None])
    total = graph.op("MatMul", [bounded, graph.constant(line.coefficients[:, None])])
    return graph.op("Add", [total, graph.constant(line.intercept)])


def _transformed(graph: Graph, model: TransformedModel, matrix: Name, n_classes: int) -> Name:
    """ONNX Runtime has no hyperbolic sine of float64: it is made of exponentials."""
    inner = answer_of(graph, model.inner, matrix, n_classes)
    shifted = graph.op("Add", [inner, graph.constant(model.smearing.shift)])
    z = graph.within(shifted, model.floor, model.ceiling)
    up, down = graph.op("Exp", [z]), graph.op("Exp", [graph.op("Neg", [z])])
    half = graph.constant(model.stretched.scale / 2)
    stretched = graph.op("Mul", [graph.op("Sub", [up, down]), half])
    return graph.op("Add", [stretched, graph.constant(model.stretched.centre)])


_WRITERS: Mapping[type, Callable[[Graph, Any, Name, int], Name]] = {
    Constant: _constant,
    LinearModel: _linear,
    LightGbmModel: _lightgbm,
    CatBoostTrees: _catboost,
    XgboostModel: _xgboost,
    ForestModel: _forest,
    MlpModel: networks.mlp,
    NeighborsModel: neighbors,
    StackModel: networks.stack,
    ResidualModel: _residual,
    TransformedModel: _transformed,
}
