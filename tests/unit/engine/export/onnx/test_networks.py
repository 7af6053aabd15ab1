"""Networks answer in ONNX Runtime as they do here, but for the last digits of single precision."""

import numpy as np
import pytest
from onnx import TensorProto
from unit.engine.export.onnx.made_up import run

from windvane.engine.export.onnx.graph import Graph
from windvane.engine.export.onnx.networks import mlp, stack
from windvane.engine.learners.mlp_model import MlpModel
from windvane.engine.learners.scaling import Scaling
from windvane.engine.learners.stack_model import InputPlan, Layers, Stack, StackModel

N_ROWS, MEMBERS = 40, 3
TARGET = Scaling(5.0, 2.0, 0.0, 9.0)


def drawn(seed=0):
    """Return a function that draws single-precision numbers of a shape."""
    generator = np.random.default_rng(seed)
    return lambda *shape: generator.normal(size=shape).astype(np.float32)


def answered(write, model, X, n_classes):
    graph = Graph([])
    cells = {str(i): X[:, i].astype(np.float64) for i in range(X.shape[1])}
    matrix = graph.floats(graph.side_by_side([graph.numbers(name) for name in cells]))
    return run(graph, write(graph, model, matrix, n_classes), TensorProto.DOUBLE, cells)


def check(write, model, X, n_classes):
    wanted = model.predict(X).reshape(len(X), -1)
    made = answered(write, model, X, n_classes)
    assert np.ptp(wanted, axis=0).min() > 0.01
    np.testing.assert_allclose(made, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize("n_waved", [0, 2])
def test_perceptrons_with_periodic_features_and_without(n_classes, n_waved):
    draw, n_outputs = drawn(), n_classes if n_classes > 2 else 1
    n_features, width, n_made = 4, 6, 2
    arrays = {
        "centre": draw(n_features),
        "inverse": np.abs(draw(n_features)),
        "waved": np.arange(n_waved),
        "weights0": draw(n_features + n_waved * n_made, MEMBERS * width),
        "bias0": draw(MEMBERS * width),
        "frequency": draw(n_waved, 5),
        "phase": draw(n_waved, 5),
        "mixing": draw(n_waved, 5, n_made),
        "offset": draw(n_waved, 1, n_made),
        "weights1": draw(MEMBERS, width, width),
        "bias1": draw(MEMBERS, 1, width),
        "weights2": draw(MEMBERS, width, n_outputs),
        "bias2": draw(MEMBERS, 1, n_outputs),
    }
    check(mlp, MlpModel(arrays, n_classes, 1, TARGET), draw(N_ROWS, n_features), n_classes)


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize("with_codes", [False, True])
def test_stacks_with_embeddings_and_without(n_classes, with_codes):
    draw, n_outputs = drawn(1), n_classes if n_classes > 2 else 1
    sizes, width = (4, 3) if with_codes else (), 6
    plan = InputPlan(
        np.array([0, 2]),
        draw(2),
        draw(2),
        np.abs(draw(2)),
        np.array([1] if with_codes else [], np.int64),
        np.array([1, 3][: len(sizes)], np.int64),
        np.array(sizes, np.int64),
    )
    tables = tuple(draw(size, 2) for size in sizes)
    n_wide = 2 + len(plan.indicated) + 2 * len(tables)
    layers = Layers(
        draw(n_wide, MEMBERS * width),
        draw(MEMBERS * width),
        ((draw(width, width), draw(width)),),
        draw(MEMBERS, width, n_outputs),
        draw(MEMBERS, n_outputs),
        tables,
    )
    X = draw(N_ROWS, 4)
    X[:, [1, 3]] = np.random.default_rng(2).integers(-1, 5, (N_ROWS, 2))
    X[::7, :] = np.nan
    model = StackModel("made-up", Stack(plan, layers, 4, n_classes, 1, TARGET))
    check(stack, model, X, n_classes)
