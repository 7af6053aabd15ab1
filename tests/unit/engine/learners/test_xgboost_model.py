"""XGBoost's trees answer the same, whoever walks them."""

import json
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
import xgboost

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.features.base import Feature
from windvane.engine.learners import xgboost_model
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.xgboost import LEARNER
from windvane.engine.learners.xgboost_model import XgboostModel, read_model
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact
from windvane.testing.learner_contract import Never

FEATURES = (Feature("a", "a"), Feature("many", "many", 70), Feature("b", "b"))


def _posed(problem_type, n_rows=1_500):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n_rows, 3)).round(1).astype(np.float32)
    X[:, 1] = generator.integers(0, 70, n_rows)
    signal = X[:, 0] + X[:, 1] % 7 + generator.normal(size=n_rows) / 3
    X[generator.random(X.shape) < 0.1] = np.nan
    n_classes = {ProblemType.BINARY: 2, ProblemType.MULTICLASS: 3}.get(problem_type, 0)
    y = signal.astype(np.float64)
    if n_classes:
        cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
        y = np.searchsorted(cuts, signal).astype(np.float64)
    return Rows(X, y), Setting(problem_type, METRICS_OF[problem_type][0], n_classes, FEATURES, 3)


def _fitted(problem_type, **parameters):
    rows, setting = _posed(problem_type)
    chosen = {**LEARNER.defaults(setting, len(rows.y)), "num_round": 300, **parameters}
    seen, of = [], XgboostModel.of
    with patch.object(XgboostModel, "of", lambda *given: seen.append(given[0]) or of(*given)):
        model = LEARNER.fit(rows, None, chosen, setting, Never())
    RAW[model] = seen[0]
    return model, rows


RAW = {}
"""Of each model what XGBoost gave."""


def _theirs(model, X):
    booster = xgboost.Booster()
    booster.load_model(bytearray(RAW[model]))
    return booster.inplace_predict(X, validate_features=False)


@pytest.mark.parametrize("few_rows", [0, 10_000])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_the_answers_are_those_of_xgboost(problem_type, few_rows, monkeypatch):
    monkeypatch.setattr(xgboost_model, "_FEW_ROWS", few_rows)
    model, rows = _fitted(problem_type)
    answer = model.predict(rows.X)
    answer = answer[:, 1] if problem_type is ProblemType.BINARY else answer
    np.testing.assert_allclose(answer, _theirs(model, rows.X), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    "parameters", [{}, {"max_depth": 12, "eta": 0.3}, {"gamma": 5.0}, {"num_round": 1}]
)
@pytest.mark.parametrize("problem_type", ProblemType)
def test_few_rows_and_many_get_the_same_to_the_last_digit(problem_type, parameters, monkeypatch):
    model, rows = _fitted(problem_type, **parameters)
    monkeypatch.setattr(xgboost_model, "_FEW_ROWS", 0)
    together = model.predict(rows.X)
    monkeypatch.setattr(xgboost_model, "_FEW_ROWS", 10_000)
    np.testing.assert_array_equal(model.predict(rows.X), together)
    for i in range(0, 300, 7):
        np.testing.assert_array_equal(model.predict(rows.X[i : i + 1])[0], together[i])


def test_nodes_that_pruning_cut_off_are_passed_over():
    rows, _ = _posed(ProblemType.REGRESSION)
    data = xgboost.DMatrix(rows.X, rows.y)
    parameters = {"tree_method": "exact", "gamma": 300.0, "max_depth": 6, "verbosity": 0}
    booster = xgboost.train(parameters, data, 20)
    raw = bytes(booster.save_raw("ubj"))
    deleted = [tree["tree_param"]["num_deleted"] for tree in _trees(booster)]
    assert any(int(number) for number in deleted)
    model = XgboostModel.of(raw, 0, 0)
    RAW[model] = raw
    np.testing.assert_allclose(model.predict(rows.X[:99]), _theirs(model, rows.X[:99]), rtol=1e-4)


def _trees(booster):
    return json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]


def test_answering_does_not_import_xgboost(tmp_path):
    _fitted(ProblemType.BINARY)[0].save(tmp_path)
    program = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from windvane.engine.learners.xgboost import LEARNER;"
        "model = LEARNER.load(Path(sys.argv[1]));"
        "model.predict(np.zeros((1, 3), np.float32)); model.predict(np.zeros((500, 3), np.float32));"
        "print([name for name in ('xgboost', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("problem_type", ProblemType)
def test_a_saved_model_answers_to_the_last_digit_what_is_read_from_its_trees_again(
    problem_type, tmp_path
):
    model, rows = _fitted(problem_type)
    model.save(tmp_path)
    saved = read_model(tmp_path)
    again = XgboostModel.of(RAW[model], model._n_classes, model._n_codes)
    for X in (rows.X[:1], rows.X[:100], rows.X):
        np.testing.assert_array_equal(saved.predict(X), again.predict(X))
    assert (saved.rounds, saved.n_features) == (again.rounds, again.n_features)


def test_a_model_of_an_earlier_version_has_its_trees_in_one_file_alone(tmp_path):
    model, rows = _fitted(ProblemType.BINARY)
    model.save(tmp_path)
    (tmp_path / "trees.npz").unlink()
    (tmp_path / "model.ubj").write_bytes(RAW[model])
    write_manifest(tmp_path, "xgboost", _about(tmp_path))
    np.testing.assert_array_equal(read_model(tmp_path).predict(rows.X), model.predict(rows.X))


def _about(folder):
    return json.loads((folder / "manifest.json").read_text())["about"]


@pytest.mark.parametrize(
    "change",
    [
        {"base": np.zeros(2)},
        {"text": np.zeros(5, np.uint8)},
        {"node_n_nodes": np.array([1, 1, 1], np.int32)},
        {"node_condition": np.zeros((3, 1), np.float32)},
        {"node_hessian": np.array(["a"])},
    ],
)
def test_trees_that_are_none_are_refused(change, tmp_path):
    model, _ = _fitted(ProblemType.REGRESSION, num_round=3)
    model.save(tmp_path)
    file = tmp_path / "trees.npz"
    write_arrays(file, {**read_arrays(file), **change})
    write_manifest(tmp_path, "xgboost", _about(tmp_path))
    with pytest.raises(CorruptArtifact):
        read_model(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"learner_model_param", b"learner_model_cloud"),
        (b"left_children[$l", b"left_children[$d"),
        (b"num_class", b"num_clasp"),
        (b"base_scoreSL\0\0\0\0\0\0\0", b"base_scoreSL\0\0\0\0\0\1\0"),
    ],
)
def test_a_forged_model_is_refused(old, new):
    model, _ = _fitted(ProblemType.REGRESSION, num_round=3)
    assert old in RAW[model]
    with pytest.raises(CorruptArtifact):
        XgboostModel.of(RAW[model].replace(old, new), 0, 70)


def test_trees_in_circles_are_refused():
    model, _ = _fitted(ProblemType.REGRESSION, num_round=3)
    raw = RAW[model]
    for side, message in ((b"left", "right child"), (b"right", "right child")):
        mark = raw.index(side + b"_children[$l#L") + len(side + b"_children[$l#L") + 8
        circle = (0).to_bytes(4, "big")
        with pytest.raises(CorruptArtifact, match=message):
            XgboostModel.of(raw[:mark] + circle + raw[mark + 4 :], 0, 70)
