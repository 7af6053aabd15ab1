"""CatBoost's trees as arrays answer what CatBoost itself answers."""

import subprocess
import sys
from functools import cache

import catboost
import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners import catboost_native, oblivious
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catboost import LEARNER
from windvane.engine.learners.catboost_native import Layout
from windvane.engine.learners.catboost_trees import CatBoostTrees
from windvane.engine.learners.oblivious import ObliviousTrees, ObliviousWalker
from windvane.errors import CandidateFault, CorruptArtifact
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
    return _both(problem_type, **parameters)[::2]


@cache
def _both(problem_type, **parameters):
    """Our model, CatBoost's that it was made of, and the rows, which are all only read."""
    rows, setting = _posed(problem_type)
    chosen = {**LEARNER.defaults(setting, len(rows.y)), "iterations": 80, **parameters}
    return *_fit(rows, chosen, setting), rows


def _fit(rows, chosen, setting):
    seen, exported = [], catboost_native.exported
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            catboost_native,
            "exported",
            lambda model, *rest: seen.append(model) or exported(model, *rest),
        )
        ours = LEARNER.fit(rows, None, chosen, setting, Never())
    return ours, _Theirs(seen[0], setting.problem_type)


class _Theirs:
    """CatBoost's own answers."""

    def __init__(self, model, problem_type):
        self.rounds = model.tree_count_
        self._model, self._layout = model, Layout([one.cardinality for one in FEATURES])
        self._kind = "RawFormulaVal" if problem_type is ProblemType.REGRESSION else "Probability"

    def predict(self, X):
        return self._model.predict(self._layout.data(X), prediction_type=self._kind)

    def contributions(self, X):
        pool = catboost.Pool(self._layout.data(X))
        made = self._model.get_feature_importance(pool, type="ShapValues")
        theirs = np.asarray(made).reshape(len(X), -1, len(FEATURES) + 1)
        return theirs.transpose(0, 2, 1)[:, self._layout.places]


@pytest.mark.parametrize("depth", [1, 6, 9])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_the_answers_are_those_of_catboost(problem_type, depth):
    ours, theirs, rows = _both(problem_type, depth=depth)
    assert isinstance(ours, CatBoostTrees)
    assert ours.rounds == theirs.rounds
    np.testing.assert_allclose(ours.predict(rows.X), theirs.predict(rows.X), rtol=1e-9, atol=1e-12)


def test_every_code_met_in_training_or_not_is_answered_like_by_catboost():
    ours, theirs, _ = _both(ProblemType.BINARY)
    X = np.full((61, 4), np.nan, np.float32)
    X[:60, 1] = np.arange(60)
    X[:, 3] = np.arange(61) % 4
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


def test_statistics_of_two_columns_together_are_refused():
    rows, setting = _posed(ProblemType.REGRESSION)
    chosen = {**LEARNER.defaults(setting, 600), "max_ctr_complexity": 2}
    with pytest.raises(CandidateFault, match="max_ctr_complexity"):
        LEARNER.fit(rows, None, chosen, setting, Never())


def test_a_model_in_catboosts_own_format_is_refused(tmp_path):
    (tmp_path / "model.cbm").write_bytes(b"CBM1")
    with pytest.raises(CorruptArtifact, match=r"model\.cbm .* train the candidate again"):
        LEARNER.load(tmp_path)


@pytest.mark.parametrize("met", [(0, 1, 3), (1, 3)])
def test_a_class_that_no_training_row_has_is_never_answered(met):
    rows, setting = _posed(ProblemType.MULTICLASS)
    kept = np.isin(rows.y, met)
    rows = Rows(rows.X[kept], rows.y[kept])
    chosen = {**LEARNER.defaults(setting, 600), "iterations": 20}
    ours, theirs = _fit(rows, chosen, setting)
    answer = ours.predict(rows.X)
    np.testing.assert_allclose(answer, theirs.predict(rows.X), rtol=1e-9, atol=1e-12)
    assert not answer[:, [one for one in range(4) if one not in met]].any()


@pytest.mark.parametrize("most_binned", [0, 150])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_one_row_and_many_get_the_same_to_the_last_digit(problem_type, most_binned, monkeypatch):
    monkeypatch.setattr(oblivious, "_MOST_BINNED", most_binned)
    model, rows = _fitted(problem_type, iterations=200, learning_rate=0.05)
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
def test_contributions_are_those_of_catboost(problem_type):
    ours, theirs, rows = _both(problem_type)
    X = np.concatenate([rows.X, np.random.default_rng(0).permuted(rows.X, axis=0)])
    found = theirs.contributions(X)
    np.testing.assert_allclose(ours.contributions(X), found, rtol=0, atol=1e-12)
    assert (np.abs(found[:, :-1]).mean(axis=(0, 2)) > 0.01).all()
