"""AutoMLClassifier and AutoMLRegressor as scikit-learn uses them, and its own checks of estimators."""

import pickle
import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from windvane import AutoMLClassifier, AutoMLRegressor
from windvane.errors import CorruptArtifact

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scikit-learn.md"
QUICKEST = {
    "max_candidates": 1,
    "max_runtime_s": 300,
    "threads": 1,
    "algorithms": ["linear-learner"],
}
UNMET = "check_sample_weight_equivalence_on_dense_data"
WHY_UNMET = {
    "AutoMLClassifier": (AssertionError, "folds of repeated rows are other folds"),
    "AutoMLRegressor": (ValueError, "without the rows of weight 0 fewer than 10 are left"),
}
ORDINARY = {
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimators_unfitted",
    "check_mixin_order",
    "check_valid_tag_types",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_all_zero_sample_weights_error",
    "check_complex_data",
    "check_estimators_empty_data_messages",
    "check_estimator_sparse_tag",
    "check_fit1d",
    "check_fit2d_1sample",
    "check_classifiers_one_label",
    "check_classifiers_regression_target",
    "check_supervised_y_no_nan",
}
"""Checks that train little or nothing; the others are `long`."""


def checks():
    for estimator in (AutoMLClassifier(**QUICKEST), AutoMLRegressor(**QUICKEST)):
        for one, check in estimator_checks_generator(estimator):
            plain = check.func if isinstance(check, partial) else check
            name = getattr(plain, "func", plain).__name__
            marks = [] if name in ORDINARY else [pytest.mark.long]
            if name == UNMET:
                raised, why = WHY_UNMET[type(one).__name__]
                marks.append(pytest.mark.xfail(reason=why, raises=raised))
            named = "-".join(str(value) for value in check.keywords.values())
            yield pytest.param(one, check, marks=marks, id=f"{type(one).__name__}-{name}-{named}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows(make_table):
    return make_table(120, seed=5).drop(columns="amount")


@pytest.fixture(scope="module")
def fitted(rows):
    return AutoMLClassifier(**QUICKEST).fit(rows.drop(columns="y"), rows["y"])


def test_one_table_in_any_library_gets_one_answer(fitted, rows):
    features = rows.drop(columns="y")
    expected = fitted.predict_proba(features)
    assert fitted.feature_names_in_.tolist() == list(features.columns)
    arrow = pa.Table.from_pandas(features, preserve_index=False)
    for same in (pl.from_arrow(arrow), arrow, arrow.to_batches()[0]):
        np.testing.assert_allclose(fitted.predict_proba(same), expected, atol=1e-12)
    assert fitted.score(pl.from_arrow(arrow), rows["y"]) > 0.7


def test_a_model_survives_pickling_and_its_damage_is_found(fitted, rows):
    features = rows.drop(columns="y")
    packed = pickle.dumps(fitted)
    again = pickle.loads(packed)
    np.testing.assert_array_equal(again.predict_proba(features), fitted.predict_proba(features))
    assert again.model_.leaderboard().equals(fitted.model_.leaderboard())
    state = fitted.model_.__getstate__()
    state["_fitted"] = state["_fitted"].replace(b'"problem_type"', b'"problem_typo"')
    with pytest.raises(CorruptArtifact):
        type(fitted.model_).__new__(type(fitted.model_)).__setstate__(state)


def test_columns_must_be_those_of_the_fit(fitted, rows):
    features = rows.drop(columns="y")
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(features[features.columns[::-1]])
    with pytest.raises(NotFittedError):
        clone(fitted).predict(features)


def test_wrong_parameters_and_rows_are_value_errors():
    X, y = np.zeros((30, 2)), np.arange(30) % 2
    with pytest.raises(ValueError, match="algorithms names 'magic'"):
        AutoMLClassifier(algorithms=["magic"]).fit(X, y)
    with pytest.raises(ValueError, match="stands for a missing value"):
        AutoMLClassifier().fit(X, np.where(y, "yes", "NA"))


class Recorded:
    """Takes the place of AutoML: keeps what it is asked to learn."""

    def __init__(self, target, **parameters):
        self.target, self.parameters = target, parameters

    def fit(self, table, progress):
        self.table, self.progress = table, progress
        return self


@pytest.fixture
def recorded(monkeypatch):
    monkeypatch.setattr("windvane.automl.sklearn_estimators.AutoML", Recorded)


@pytest.mark.usefixtures("recorded")
def test_weights_become_a_column_and_rows_of_weight_0_are_left_out():
    frame = pd.DataFrame({"sample_weight": np.arange(4.0), "target": 1.0})
    model = AutoMLRegressor(random_state=7).fit(frame, [1, 2, 3, 4], [0, 1, 2, 1]).model_
    assert model.target == "target_"
    assert model.parameters["sample_weight"] == "sample_weight_"
    assert model.parameters["seed"] == 7
    assert model.table["sample_weight_"].tolist() == [1, 2, 1]
    assert model.table["target_"].tolist() == [2, 3, 4]
    unweighted = AutoMLRegressor().fit(frame, [1, 2, 3, 4], [1, 1, 0, 1]).model_
    assert unweighted.parameters["sample_weight"] is None
    assert len(unweighted.table) == 3


@pytest.mark.usefixtures("recorded")
def test_the_row_of_a_class_with_one_counts_as_two():
    model = AutoMLClassifier().fit([[1], [2], [3]], ["a", "b", "a"]).model_
    assert model.table["target"].tolist() == ["a", "b", "a", "b"]
    assert model.table["x0"].tolist() == [1, 2, 3, 2]


def python_blocks():
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.long
def test_the_code_of_the_page_runs(make_table):
    """With a single candidate in place of a minute."""
    rows = make_table(200, seed=5)
    names = {"train": rows.drop(columns="amount"), "y": rows["y"]}
    for code in python_blocks():
        quick = code.replace("max_runtime_s=60", "max_candidates=1, threads=1")
        exec(quick, names)
    assert len(names["scores"]) == 3
    assert names["search"].best_params_["automl__objective"] in ("AUC", "LogLoss")


@pytest.mark.long
def test_pipelines_scores_and_grids_take_the_estimators():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = X @ [1.0, 2.0, 0.0] + rng.normal(size=90) / 10
    model = Pipeline([("scale", StandardScaler()), ("automl", AutoMLRegressor(**QUICKEST))])
    assert cross_val_score(model, X, y, cv=2).min() > 0.9
    search = GridSearchCV(model, {"automl__objective": ["MSE", "MAE"]}, cv=2).fit(X, y)
    assert search.score(X, y) > 0.9
