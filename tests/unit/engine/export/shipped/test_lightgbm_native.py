"""Trees walked by NumPy answer as LightGBM does, to the last digit."""

import lightgbm
import numpy as np
import pytest

from windvane.engine.export.shipped.lightgbm_native import CONTRIBUTIONS, LEAVES, SCORES
from windvane.engine.export.shipped.lightgbm_native import NativeBooster as Walked
from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm

N_ROWS, N_CODES = 400, 70


def table():
    """Numbers with missing cells and zeros, and codes of categories, of which some are missing."""
    generator = np.random.default_rng(5)
    made = generator.normal(size=(N_ROWS, 4)).astype(np.float32)
    made[generator.random(made.shape) < 0.15] = np.nan
    made[generator.random(made.shape) < 0.15] = 0
    made[:, 3] = generator.integers(0, N_CODES, N_ROWS)
    made[::9, 3] = np.nan
    return made


def asked():
    """The same and what training never had: other codes, huge and tiny numbers."""
    more = np.array(
        [
            [np.nan] * 4,
            [0, -0.0, 1e-36, 0],
            [1e30, -1e30, 1e-30, N_CODES],
            [0, 0, 0, 5_000],
            [0, 0, 0, -1],
            [0, 0, 0, 2.7],
        ],
        np.float32,
    )
    return np.concatenate([table(), more])


def trained(n_classes, **parameters):
    X, generator = table(), np.random.default_rng(6)
    y = np.nan_to_num(X[:, 0]) + (np.nan_to_num(X[:, 3]) % 7 > 3) + generator.normal(size=N_ROWS)
    if n_classes:
        y = np.searchsorted(np.quantile(y, np.arange(1, n_classes) / n_classes), y)
    kind = {0: "regression", 2: "binary"}.get(n_classes, "multiclass")
    classes = {"num_class": n_classes} if n_classes > 2 else {}
    data = lightgbm.Dataset(X, y, categorical_feature=[3])
    told = {"objective": kind, "verbosity": -1, "num_threads": 1, "num_leaves": 12, "seed": 1}
    own = {"min_data_in_leaf": 5, "min_data_per_group": 5, "cat_smooth": 1} | classes | parameters
    booster = lightgbm.train(told | own, data, 12)
    return read_lightgbm(booster.model_to_string().encode())


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"zero_as_missing": True}, {"use_missing": False}, {"max_cat_to_onehot": 100}],
    ids=["usual", "zero is missing", "nothing is missing", "one code a split"],
)
def test_scores_and_leaves_are_those_of_the_library(n_classes, parameters):
    model, rows = trained(n_classes, **parameters), asked()
    for answer in (SCORES, LEAVES):
        walked, native = Walked(model, answer), NativeBooster(model, answer)
        assert (walked.width, walked.rounds, walked.n_features) == (
            native.width,
            native.rounds,
            native.n_features,
        )
        np.testing.assert_array_equal(walked.predict(rows), native.predict(rows))


def test_trees_without_a_split_answer_their_leaf():
    model = trained(0, min_data_in_leaf=N_ROWS)
    assert model.n_leaves.max() == 1
    np.testing.assert_array_equal(
        Walked(model).predict(asked()), NativeBooster(model).predict(asked())
    )


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="takes 4 features"):
        Walked(trained(0)).predict(np.zeros((2, 3), np.float32))


def test_explanations_are_not_there():
    with pytest.raises(NotImplementedError):
        Walked(trained(0), CONTRIBUTIONS)
