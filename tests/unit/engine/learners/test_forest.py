"""Forests as arrays answer what scikit-learn's own answer."""

import numpy as np
import pytest
from sklearn import ensemble

from windvane.domain.problem import ProblemType
from windvane.engine.learners import forest
from windvane.engine.learners.forest import EXTRA_TREES, RANDOM_FOREST
from windvane.engine.learners.trees import Trees, trees_of
from windvane.testing.learner_contract import Never, lesson

ESTIMATORS = {
    (RANDOM_FOREST.name, False): ensemble.RandomForestRegressor,
    (RANDOM_FOREST.name, True): ensemble.RandomForestClassifier,
    (EXTRA_TREES.name, False): ensemble.ExtraTreesRegressor,
    (EXTRA_TREES.name, True): ensemble.ExtraTreesClassifier,
}


def _posed(problem_type):
    """Small whole numbers among the values: many fall exactly on a threshold."""
    posed = lesson(problem_type, seed=1, has_missing=False)
    for rows in (posed.train, posed.valid):
        rows.X[:, 1:] = np.round(rows.X[:, 1:] * 4) / 4
    return posed


@pytest.mark.parametrize("problem_type", ProblemType)
@pytest.mark.parametrize("learner", [RANDOM_FOREST, EXTRA_TREES], ids=lambda found: found.name)
def test_the_answers_are_those_of_scikit_learn(learner, problem_type):
    posed = _posed(problem_type)
    parameters = {"n_estimators": 25, "min_samples_leaf": 2, "max_features": 0.6}
    model = learner.fit(posed.train, None, parameters, posed.setting, Never())
    is_class = problem_type.is_classification
    y = posed.train.y.astype(int) if is_class else posed.train.y
    theirs = ESTIMATORS[learner.name, is_class](**parameters, random_state=1).fit(posed.train.X, y)
    answer = theirs.predict_proba if is_class else theirs.predict
    for X in (posed.train.X, posed.valid.X):
        np.testing.assert_allclose(model.predict(X), answer(X), rtol=1e-6, atol=1e-7)


def test_no_more_trees_are_grown_when_the_leaves_are_used_up(monkeypatch):
    posed = _posed(ProblemType.REGRESSION)
    parameters = {"n_estimators": 100, "min_samples_leaf": 1, "max_features": 1.0}
    monkeypatch.setattr(forest, "_MAX_BYTES", 70_000)
    model = RANDOM_FOREST.fit(posed.train, None, parameters, posed.setting, Never())
    assert 10 <= model.rounds < 40


class AskedOften:
    """Over when it is asked for the third time."""

    def __init__(self):
        self.asked = 0

    def is_over(self):
        self.asked += 1
        return self.asked > 2


def test_the_clock_is_asked_tree_by_tree_where_trees_take_long(monkeypatch):
    posed = _posed(ProblemType.BINARY)
    parameters = {"n_estimators": 100, "min_samples_leaf": 1, "max_features": 1.0}
    monkeypatch.setattr(forest, "_BATCH_ROWS", len(posed.train.y))
    model = RANDOM_FOREST.fit(posed.train, None, parameters, posed.setting, AskedOften())
    assert model.rounds == 3


@pytest.mark.parametrize("learner", [RANDOM_FOREST, EXTRA_TREES], ids=lambda found: found.name)
def test_trees_of_large_tables_grow_on_samples(learner, monkeypatch):
    posed = _posed(ProblemType.REGRESSION)
    parameters = {"n_estimators": 5, "min_samples_leaf": 1, "max_features": 1.0}
    whole = learner.fit(posed.train, None, parameters, posed.setting, Never())
    monkeypatch.setattr(forest, "_MAX_TREE_ROWS", 50)
    sampled = learner.fit(posed.train, None, parameters, posed.setting, Never())
    most = sampled.trees.n_leaves.max()
    assert most <= 50 < whole.trees.n_leaves.max()


def test_many_classes_get_larger_leaves_by_default():
    posed = _posed(ProblemType.BINARY)
    few = RANDOM_FOREST.defaults(posed.setting, 100_000)["min_samples_leaf"]
    assert few > 1
    assert RANDOM_FOREST.defaults(posed.setting, 1_000)["min_samples_leaf"] == 1


def test_a_tree_of_one_leaf_answers_its_mean():
    posed = _posed(ProblemType.REGRESSION)
    parameters = {"n_estimators": 3, "min_samples_leaf": 300, "max_features": 1.0}
    model = EXTRA_TREES.fit(posed.train, None, parameters, posed.setting, Never())
    np.testing.assert_allclose(model.predict(posed.valid.X[:2]), posed.train.y.mean())


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("left", 0, "does not lead on"),
        ("right", 10_000, "does not lead on"),
        ("left", -10_000, "leaf that there is not"),
        ("feature", 77, "feature that there is not"),
        ("feature", -1, "feature that there is not"),
    ],
)
def test_trees_that_lead_nowhere_or_in_circles_are_refused(name, number, message):
    posed = _posed(ProblemType.REGRESSION)
    theirs = ensemble.ExtraTreesRegressor(3, random_state=0).fit(posed.train.X, posed.train.y)
    arrays = trees_of([tree.tree_ for tree in theirs.estimators_], (), 0).arrays()
    arrays[name] = arrays[name].astype(np.int32)
    arrays[name][1] = number
    with pytest.raises(ValueError, match=message):
        Trees.from_arrays(arrays, 5)
