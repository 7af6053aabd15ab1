"""What an ONNX graph makes of the members' predictions is what the model makes of them."""

from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto
from unit.engine.ensembles.test_second_layer import N, _answers, _fitted
from unit.engine.export.onnx.made_up import run

from windvane.engine.ensembles.mixing import Mixing
from windvane.engine.ensembles.pool import Pool, pool_for
from windvane.engine.export.onnx.answer import decided, mixed
from windvane.engine.export.onnx.graph import Graph
from windvane.engine.scoring.threshold import Decision

WEIGHTS, TEMPERATURES = (0.5, 0.3, 0.2), (1.0, 1.5, 0.7)


def given(answers):
    """A graph whose inputs are the answers, of each member as one value, and the cells."""
    graph = Graph([])
    cells, told = {}, []
    for number, answer in enumerate(answers):
        columns = answer.reshape(len(answer), -1).T
        names = [f"{number} {i}" for i in range(len(columns))]
        cells |= dict(zip(names, columns, strict=True))
        told.append(graph.side_by_side([graph.numbers(name) for name in names]))
    return graph, cells, told


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize("layered", [False, True])
def test_pools_temperatures_and_second_layer(n_classes, layered):
    answers = _answers(n_classes, seed=1)[0]
    temperatures = TEMPERATURES if n_classes else (1.0, 1.0, 1.0)
    temperature = 1.3 if n_classes else 1.0
    pool = pool_for(n_classes)
    layer = _fitted(n_classes) if layered else None
    model = SimpleNamespace(
        schema=SimpleNamespace(labels=("a",) * n_classes),
        members=[
            SimpleNamespace(weight=weight, temperature=own)
            for weight, own in zip(WEIGHTS, temperatures, strict=True)
        ],
        pool=pool,
        second_layer=layer,
        temperature=temperature,
    )
    graph, cells, told = given(answers)
    made = run(graph, mixed(graph, model, told), TensorProto.DOUBLE, cells)
    wanted = Mixing(WEIGHTS, temperatures, pool, temperature, layer)(answers)
    np.testing.assert_allclose(made, wanted.reshape(N, -1), rtol=1e-12, atol=1e-14)


def test_an_arithmetic_pool_of_probabilities():
    answers = _answers(3)[0]
    model = SimpleNamespace(
        schema=SimpleNamespace(labels=("a", "b", "c")),
        members=[SimpleNamespace(weight=one, temperature=1.0) for one in WEIGHTS],
        pool=Pool.ARITHMETIC,
        second_layer=None,
        temperature=1.0,
    )
    graph, cells, told = given(answers)
    made = run(graph, mixed(graph, model, told), TensorProto.DOUBLE, cells)
    np.testing.assert_allclose(made, sum(w * a for w, a in zip(WEIGHTS, answers, strict=True)))


@pytest.mark.parametrize(
    ("decision", "probabilities"),
    [
        (Decision(), [[0.5, 0.5], [0.6, 0.4], [0.4, 0.6]]),
        (Decision(0.7), [[0.3, 0.7], [0.31, 0.69], [1.0, 0.0]]),
        (Decision(), [[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.1, 0.2, 0.7]]),
        (Decision(class_weights=(0.5, 1.0, 3.0)), [[0.6, 0.25, 0.15], [0.9, 0.05, 0.05]]),
    ],
)
def test_classes_are_decided_alike(decision, probabilities):
    told = np.array(probabilities)
    labels = ("no", "$yes$", "é")[: told.shape[1]]
    graph, cells, (value,) = given([told])
    label = graph.op(
        "Unsqueeze", [decided(graph, decision, value, labels), graph.constant([1], int)]
    )
    made = run(graph, label, TensorProto.STRING, cells)[:, 0].tolist()
    assert made == [labels[i] for i in decision.of(told)]
