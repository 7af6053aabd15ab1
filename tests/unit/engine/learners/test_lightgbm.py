"""LightGBM's answers: few rows and many, in parts and whole."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from windvane.engine.learners.lightgbm import LightGbmModel
from windvane.engine.learners.lightgbm_native import in_parts

_ROWS, _FEATURES, _ROUNDS = 1_500, 6, 60
_OBJECTIVES = {0: "regression", 2: "binary", 4: "multiclass"}


@pytest.mark.parametrize("n_classes", _OBJECTIVES)
def test_answers_are_lightgbms_own_however_many_rows_are_asked(n_classes: int) -> None:
    booster, X = _trained(n_classes)
    model = LightGbmModel(booster.model_to_string().encode(), n_classes)

    expected = np.asarray(booster.predict(X))
    if n_classes == 2:
        expected = np.column_stack([1 - expected, expected])
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)
    np.testing.assert_allclose(model.predict(X[:1]), expected[:1], rtol=1e-9)
    np.testing.assert_allclose(model.predict(X[:7]), expected[:7], rtol=1e-9)


def test_parts_hold_whole_rounds_and_all_of_them() -> None:
    booster, _ = _trained(4)
    parts = in_parts(booster.model_to_string().encode(), 4)

    trees = [part.count(b"Tree=") for part in parts]
    assert len(parts) > 1
    assert sum(trees) == 4 * _ROUNDS
    assert all(count % 4 == 0 for count in trees)


def _trained(n_classes: int) -> tuple[Any, Any]:
    random = np.random.default_rng(n_classes)
    X = random.normal(size=(_ROWS, _FEATURES)).astype(np.float32)
    X[:, 5] = random.integers(0, 9, _ROWS)
    X[::17, 0] = np.nan
    y = np.nan_to_num(X[:, 0]) * X[:, 1] + (X[:, 5] % 3)
    if n_classes:
        y = np.argsort(np.argsort(y)) * n_classes // _ROWS
    parameters = {
        "objective": _OBJECTIVES[n_classes],
        "num_class": n_classes if n_classes > 2 else 1,
        "verbosity": -1,
        "num_threads": 1,
    }
    data = lightgbm.Dataset(X, y, categorical_feature=[5])
    return lightgbm.train(parameters, data, _ROUNDS), X
