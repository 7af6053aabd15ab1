"""CatBoost's trees as arrays answer what CatBoost itself answers."""

import subprocess
import sys

import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners import catboost_native, oblivious
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catboost import LEARNER
from windvane.engine.learners.catboost_native import CatBoostModel
from windvane.engine.learners.catboost_trees import CatBoostTrees
from windvane.engine.learners.oblivious import ObliviousTrees, ObliviousWalker
from windvane.testing.learner_contract import Never

FEATURES = (
    Feature("a", "a"),
    Feature("many", "many", 60),
    Feature("b", "b"),
    Feature("few", "few", 4),
)


def _posed(problem_type, n_rows=600):
    """Two numbers, codes told by statistics, codes told one by one; some of all missing."""
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n_rows, 4)).round(1).astype(np.float32)
    X[:, 1] = generator.integers(0, 60, n_rows)
    X[:, 3] = generator.integers(0, 4, n_rows)
    signal = X[:, 0] + X[:, 1] % 7 + 2 * (X[:, 3] == 2) + generator.normal(size=n_rows) / 3
    X[generator.random(X.shape) < 0.1] = np.nan
    n_classes = {ProblemType.BINARY: 2, ProblemType.MULTICLASS: 4}.get(problem_type, 0)
    y = signal.astype(np.float64)
    if n_classes:
        cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
        y = np.searchsorted(cuts, signal).astype(np.float64)
    setting = Setting(problem_type, METRICS_OF[problem_type][0], n_classes, FEATURES, 3)
    return Rows(X, y), setting


def _fitted(problem_type, **parameters):
    rows, setting = _posed(problem_type)
    chosen = {**LEARNER.defaults(setting, len(rows.y)), "iterations": 80, **parameters}
    return LEARNER.fit(rows, None, chosen, setting, Never()), rows


def _theirs(monkeypatch, problem_type, **parameters):
    monkeypatch.setattr(catboost_native, "exported", lambda *_: None)
    model, _ = _fitted(problem_type, **parameters)
    assert isinstance(model, CatBoostModel)
    return model


@pytest.mark.parametrize("depth", [1, 6, 9])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_the_answers_are_those_of_catboost(problem_type, depth, monkeypatch):
    ours, rows = _fitted(problem_type, depth=depth)
    assert isinstance(ours, CatBoostTrees)
    theirs = _theirs(monkeypatch, problem_type, depth=depth)
    assert ours.rounds == theirs.rounds
    np.testing.assert_allclose(ours.predict(rows.X), theirs.predict(rows.X), rtol=1e-9, atol=1e-12)


def test_every_code_met_in_training_or_not_is_answered_like_by_catboost(monkeypatch):
    ours, _ = _fitted(ProblemType.BINARY)
    theirs = _theirs(monkeypatch, ProblemType.BINARY)
    X = np.full((61, 4), np.nan, np.float32)
    X[:60, 1] = np.arange(60)
    X[:, 3] = np.arange(61) % 4
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


def test_statistics_of_two_columns_together_are_left_to_catboost(tmp_path):
    rows, setting = _posed(ProblemType.REGRESSION, 3_000)
    many, few = np.nan_to_num(rows.X[:, 1]), np.nan_to_num(rows.X[:, 3])
    rows = Rows(rows.X, np.where((many % 2 == 1) == (few > 1), 1.0, -1.0))
    chosen = {**LEARNER.defaults(setting, 3_000), "iterations": 80}
    chosen |= {"max_ctr_complexity": 2, "one_hot_max_size": 2}
    model = LEARNER.fit(rows, None, chosen, setting, Never())
    assert isinstance(model, CatBoostModel)
    model.save(tmp_path)
    loaded = LEARNER.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(rows.X), model.predict(rows.X))


@pytest.mark.parametrize("most_binned", [0, 150])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_one_row_and_many_get_the_same_to_the_last_digit(problem_type, most_binned, monkeypatch):
    monkeypatch.setattr(oblivious, "_MOST_BINNED", most_binned)
    model, rows = _fitted(problem_type, iterations=400, learning_rate=0.05)
    together = model.predict(rows.X)
    alone = np.concatenate([model.predict(rows.X[i : i + 1]) for i in range(len(rows.X))])
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(model.predict(rows.X[:77]), together[:77])


def test_answering_does_not_import_catboost(tmp_path):
    _fitted(ProblemType.BINARY)[0].save(tmp_path)
    program = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from windvane.engine.learners.catboost import LEARNER;"
        "LEARNER.load(Path(sys.argv[1])).predict(np.zeros((1, 4), np.float32));"
        "print('catboost' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("feature", (0, 0), 4, "feature that there is not"),
        ("feature", (0, 0), -1, "feature that there is not"),
        ("border", (3, 7), 0.0, "leaf that there is not"),
        ("code_columns", 0, 9, "feature that there is not"),
        ("row_of.0", 5, 10_000, "pattern that there is not"),
        ("patterns.0", (0, 0), 255, "leaf that there is not"),
    ],
)
def test_trees_that_lead_nowhere_are_refused(name, place, value, message, tmp_path):
    model, _ = _fitted(ProblemType.BINARY)
    arrays = {key: array.copy() for key, array in model._walker.trees.arrays().items()}
    arrays[name][place] = value
    with pytest.raises(ValueError, match=message):
        ObliviousTrees.from_arrays(arrays, 4)


def test_missing_values_and_infinities_have_their_place():
    trees = ObliviousTrees(
        1,
        np.zeros((1, 8), np.int32),
        np.array([[0.5] + [np.inf] * 7], np.float32),
        np.array([[1.0], [2.0]]),
        np.array([10.0]),
    )
    trees.check()
    X = np.array([[0.5], [0.6], [np.nan], [-1e38], [1e38]], np.float32)
    assert ObliviousWalker(trees).scores(X)[:, 0].tolist() == [11, 12, 11, 11, 12]
    assert ObliviousWalker(trees).scores(X[2:3])[0, 0] == 11


@pytest.mark.parametrize("problem_type", ProblemType)
def test_contributions_are_those_of_catboost(problem_type, monkeypatch):
    ours, rows = _fitted(problem_type)
    theirs = _theirs(monkeypatch, problem_type)
    X = np.concatenate([rows.X, np.random.default_rng(0).permuted(rows.X, axis=0)])
    found = theirs.contributions(X)
    np.testing.assert_allclose(ours.contributions(X), found, rtol=0, atol=1e-12)
    assert (np.abs(found[:, :-1]).mean(axis=(0, 2)) > 0.01).all()
