"""Exact values are those of the shap package, and add up to what the predictor answers."""

from unittest.mock import patch

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from unit.engine.explain import made_up
from unit.engine.explain.made_up import HOSTILE, N_ROWS, SPECS, columns_and_target, packaged
from unit.engine.explain.oracle import shap

from windvane.domain.problem import ProblemType
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.exact import column_shares, exact_attribution
from windvane.engine.explain.margins import centred, margins
from windvane.engine.features.base import Feature
from windvane.engine.learners import catboost_native
from windvane.engine.learners.catboost_native import Layout
from windvane.engine.learners.lightgbm import LightGbmModel
from windvane.engine.learners.xgboost_model import XgboostModel

NAMES = tuple(spec.name for spec in SPECS if spec.type.is_feature)
BOOSTERS = ("lightgbm", "xgboost", "catboost")


def _attributed(made, problem_type, budget=None):
    columns, _ = columns_and_target(problem_type)
    return exact_attribution(made.predictor(), NAMES, columns, N_ROWS, budget or Budget(60))


def _matrix(made, problem_type):
    (recipe,) = made.predictor().recipes.values()
    return recipe, recipe.transform(columns_and_target(problem_type)[0])


def _by_shap(model, X):
    """(n_rows, n_features, n_outputs) and (n_outputs,) by shap.TreeExplainer over the library's own model."""
    found = shap.TreeExplainer(model)(X)
    values = np.asarray(found.values, np.float64)
    expected = np.asarray(found.base_values, np.float64).reshape(len(X), -1)[0]
    return values.reshape(*X.shape, len(expected)), expected


def _agrees(made, problem_type, model, X=None):
    """With shap's values of the features, added up to columns here in the plainest way."""
    recipe, own_X = _matrix(made, problem_type)
    of_features, expected = _by_shap(model, own_X if X is None else X)
    wanted = np.zeros((N_ROWS, len(NAMES), len(expected)))
    for number, feature in enumerate(recipe.features):
        for source in feature.sources:
            wanted[:, NAMES.index(source)] += of_features[:, number] / len(feature.sources)
    found = _attributed(made, problem_type)
    np.testing.assert_allclose(found.values, centred(wanted), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.expected, centred(expected), rtol=0, atol=1e-6)
    assert np.abs(found.values).max() > 0.1


@pytest.mark.parametrize("recipe", ["dpp0", "dpp4"])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_lightgbm_agrees_with_the_shap_package(problem_type, recipe, tmp_path):
    made = packaged(tmp_path, problem_type, [f"lightgbm:{recipe}"])
    text = made.models[0].trees.text.decode()
    _agrees(made, problem_type, lightgbm.Booster(model_str=text))


@pytest.mark.parametrize("recipe", ["dpp0", "dpp4"])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_xgboost_agrees_with_the_shap_package(problem_type, recipe, tmp_path):
    seen, of = [], XgboostModel.of
    with patch.object(XgboostModel, "of", lambda *given: seen.append(given[0]) or of(*given)):
        made = packaged(tmp_path, problem_type, [f"xgboost:{recipe}"])
    booster = xgboost.Booster()
    booster.load_model(bytearray(seen[0]))
    _agrees(made, problem_type, booster)


@pytest.mark.parametrize("depth", [1, 6])
@pytest.mark.parametrize("problem_type", ProblemType)
def test_catboost_agrees_with_its_own_values(problem_type, depth, tmp_path, monkeypatch):
    seen = []
    exported = catboost_native.exported
    monkeypatch.setattr(
        catboost_native,
        "exported",
        lambda model, *rest: seen.append(model) or exported(model, *rest),
    )
    made = packaged(tmp_path, problem_type, ["catboost"], depth=depth)
    recipe, X = _matrix(made, problem_type)
    layout = Layout([feature.cardinality for feature in recipe.features])
    theirs = seen[0].get_feature_importance(catboost.Pool(layout.data(X)), type="ShapValues")
    theirs = np.asarray(theirs).reshape(N_ROWS, -1, len(recipe.features) + 1)
    theirs = theirs.transpose(0, 2, 1)[:, layout.places]
    wanted = np.einsum("nfk,fc->nck", theirs[:, :-1], column_shares(recipe.features, NAMES))
    found = _attributed(made, problem_type)
    np.testing.assert_allclose(found.values, centred(wanted), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.expected, centred(theirs[0, -1]), rtol=0, atol=1e-12)


def test_features_of_two_columns_are_shared_in_a_whole_pipeline(tmp_path, monkeypatch):
    columns, _ = columns_and_target(ProblemType.REGRESSION)
    y = np.nan_to_num(columns[HOSTILE]) * columns["b"] * 5
    monkeypatch.setattr(made_up, "columns_and_target", lambda _: (columns, y))
    made = packaged(tmp_path, ProblemType.REGRESSION, ["lightgbm:dpp4"])
    recipe, _ = _matrix(made, ProblemType.REGRESSION)
    assert any(feature.others for feature in recipe.features)
    text = made.models[0].trees.text.decode()
    _agrees(made, ProblemType.REGRESSION, lightgbm.Booster(model_str=text))


def _numbers():
    X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    return X, X[:, 0] * X[:, 1] + X[:, 2]


def _by_shap_s_own_algorithm(booster, X):
    """Not by asking the library, as it does otherwise."""
    explainer = shap.TreeExplainer(booster)
    explainer.model.model_type = "internal"
    return explainer.shap_values(X.astype(np.float64), check_additivity=False)


def test_trees_of_lightgbm_agree_with_the_shap_package_s_own_algorithm():
    X, y = _numbers()
    parameters = {"verbosity": -1, "num_leaves": 7, "min_data_in_leaf": 5, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(X, y), 20)
    ours = LightGbmModel(booster.model_to_string().encode(), 0).contributions(X)
    theirs = _by_shap_s_own_algorithm(booster, X)
    np.testing.assert_allclose(ours[:, :-1, 0], theirs, rtol=0, atol=1e-6)


def test_trees_of_xgboost_agree_with_it_in_single_precision():
    X, y = _numbers()
    booster = xgboost.train({"max_depth": 4, "nthread": 1}, xgboost.DMatrix(X, y), 60)
    ours = XgboostModel.of(bytes(booster.save_raw("ubj")), 0, 0).contributions(X)
    theirs = _by_shap_s_own_algorithm(booster, X)
    np.testing.assert_allclose(ours[:, :-1, 0], theirs, rtol=0, atol=3e-6)


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("problem_type", ProblemType)
def test_values_add_up_to_the_answer_at_any_temperature(problem_type, name, tmp_path):
    temperatures = [1.7] if problem_type.is_classification else None
    temperature = 0.8 if problem_type.is_classification else 1.0
    made = packaged(tmp_path, problem_type, [name], temperatures, temperature)
    columns, _ = columns_and_target(problem_type)
    answer = margins(made.predictor().predict_columns(columns, N_ROWS))
    found = _attributed(made, problem_type)
    # XGBoost works in single precision.
    tolerance = 1e-5 * np.abs(answer).max() if name == "xgboost" else 1e-9
    np.testing.assert_allclose(found.answers, answer, rtol=0, atol=tolerance)
    assert found.is_exact
    assert not found.errors.any()


@pytest.mark.parametrize(
    ("names", "parameters"),
    [
        (["lightgbm", "xgboost"], {}),
        (["randomforest"], {}),
        (["lightgbm"], {"target_transform": "log"}),
        (["lightgbm"], {"target_transform": "residual"}),
        (["baseline"], {}),
    ],
)
def test_what_is_no_single_sum_of_trees_is_refused(names, parameters, tmp_path):
    made = packaged(tmp_path, ProblemType.REGRESSION, names, **parameters)
    assert _attributed(made, ProblemType.REGRESSION) is None


def test_a_feature_of_two_columns_is_shared_equally():
    features = [Feature("x", "a"), Feature("x by y", "a", others=("b",)), Feature("y", "b", 3)]
    shares = column_shares(features, ["b", "unused", "a"])
    assert shares.tolist() == [[0, 0, 1], [0.5, 0, 0.5], [1, 0, 0]]


def test_a_budget_that_is_over_leaves_twenty_rows(tmp_path):
    made = packaged(tmp_path, ProblemType.BINARY, ["lightgbm"])
    found = _attributed(made, ProblemType.BINARY, Budget(0))
    whole = _attributed(made, ProblemType.BINARY)
    assert len(found.values) == 20
    np.testing.assert_array_equal(found.values, whole.values[:20])


def test_what_matters_is_found_to_matter(tmp_path):
    made = packaged(tmp_path, ProblemType.REGRESSION, ["catboost"])
    sizes = np.abs(_attributed(made, ProblemType.REGRESSION).values).mean(axis=(0, 2))
    assert NAMES[sizes.argmax()] == HOSTILE
