"""LightGBM's answers: few rows and many, in parts and whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners import lightgbm_blocks
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.lightgbm import LEARNER, LightGbmModel
from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm
from windvane.testing.learner_contract import Never

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
    parts = read_lightgbm(booster.model_to_string().encode()).in_parts(24)

    trees = [part.text.count(b"Tree=") for part in parts]
    assert len(parts) > 1
    assert sum(trees) == 4 * _ROUNDS
    assert all(count % 4 == 0 for count in trees)


@pytest.mark.parametrize("n_classes", _OBJECTIVES)
def test_without_what_they_were_grown_by_trees_answer_the_same_to_the_last_digit(
    n_classes: int,
) -> None:
    booster, X = _trained(n_classes)
    text = booster.model_to_string().encode()
    kept = read_lightgbm(text).text
    model = LightGbmModel(kept, n_classes)

    assert len(kept) < 0.8 * len(text)
    np.testing.assert_array_equal(
        NativeBooster(read_lightgbm(kept)).predict(X).squeeze(), booster.predict(X, raw_score=True)
    )
    theirs = np.asarray(booster.predict(X[:99], pred_contrib=True)).reshape(99, -1, _FEATURES + 1)
    np.testing.assert_array_equal(model.contributions(X[:99]), theirs.transpose(0, 2, 1))


@pytest.mark.parametrize(("n_codes", "are_categories"), [(64, True), (65, False)])
def test_codes_are_categories_unless_there_are_very_many(
    n_codes: int, are_categories: bool, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    X = random.integers(0, n_codes, (_ROWS, 1)).astype(np.float32)
    y = (X[:, 0] % 2).astype(np.float64)
    setting = Setting(
        ProblemType.REGRESSION, MetricName.RMSE, 0, (Feature("c", "c", n_codes),), 0, 1
    )
    chosen = {**LEARNER.defaults(setting, _ROWS), "num_iterations": 5}
    LEARNER.fit(Rows(X, y), None, chosen, setting, Never()).save(tmp_path)
    kinds = re.search(r"decision_type=(\d+)", (tmp_path / "model.txt").read_text())
    assert kinds is not None
    assert bool(int(kinds[1]) & 1) == are_categories


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


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_dataset_made_block_by_block_is_the_same(
    is_chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(2)
    X = random.normal(size=(_ROWS, _FEATURES)).astype(np.float32)
    X[:, 5] = random.integers(0, 9, _ROWS)
    X[::17, 0] = np.nan
    X[::3, 1] = 0.0
    chosen = random.random(_ROWS) < 0.9 if is_chosen else None
    y = np.nan_to_num(X[:, 0]) * X[:, 1] + X[:, 5]
    rows = Rows(X, y if chosen is None else y[chosen], None, chosen)
    features = tuple(Feature(f"c{i}", f"c{i}", 9 if i == 5 else 0) for i in range(_FEATURES))
    setting = Setting(ProblemType.REGRESSION, MetricName.RMSE, 0, features, 0, 1)
    parameters = {**LEARNER.defaults(setting, _ROWS), "num_iterations": 20}

    whole = LEARNER.fit(rows, None, parameters, setting, Never())
    monkeypatch.setattr(lightgbm_blocks, "MANY_ROWS", 1)
    monkeypatch.setattr(lightgbm_blocks._Blocks, "batch_size", 128)
    in_blocks = LEARNER.fit(rows, None, parameters, setting, Never())

    assert isinstance(whole, LightGbmModel)
    assert isinstance(in_blocks, LightGbmModel)
    np.testing.assert_array_equal(whole.predict(X), in_blocks.predict(X))


def test_rows_of_a_mapped_matrix_are_copied_when_all_are_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.arange(20, dtype=np.float32).reshape(10, 2))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    chosen = np.arange(10) % 3 > 0
    rows = Rows(X, np.zeros(6), None, chosen)
    np.testing.assert_array_equal(rows.X, X[chosen])
    np.testing.assert_array_equal(rows.block(slice(2, 5)), X[chosen][2:5])
    assert not isinstance(rows.block(slice(0, 2)).base, np.memmap)
    assert Rows(X, np.zeros(10)).X is X
