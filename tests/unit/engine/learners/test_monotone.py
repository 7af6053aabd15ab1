"""Learners that promise to keep constraints keep them, whatever their hyperparameters."""

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import LEARNERS, learner
from windvane.engine.learners.monotone import directions
from windvane.errors import CandidateFault
from windvane.testing.learner_contract import Never

_KEEPING = sorted(card.name for card in LEARNERS if card.is_monotone and card.name != "baseline")
_UP, _DOWN = 0, 1
MONOTONE = {"n0": 1, "n1": -1}


def _rows(objective, codes):
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 4)).astype(np.float32)
    X[:, 3] = random.integers(0, 5, 500)
    if codes:
        X[random.random(500) < 0.1, 0] = np.nan
    wave = 1.5 * np.sin(2 * np.nan_to_num(X[:, 0])) - np.cos(2 * X[:, 1]) + X[:, 2] * (X[:, 3] == 3)
    signal = wave + random.normal(size=500)
    y = (signal > 0.5).astype(float) if objective is MetricName.AUC else 10 * np.exp(signal / 2)
    return Rows(X[:400], y[:400]), Rows(X[400:], y[400:])


def _setting(objective, codes=0, monotone=MONOTONE):
    features = (*(Feature(f"n{i}", f"n{i}") for i in range(3)), Feature("c", "c", codes))
    is_class = objective is MetricName.AUC
    kind = ProblemType.BINARY if is_class else ProblemType.REGRESSION
    return Setting(kind, objective, 2 if is_class else 0, features, 3, monotone=monotone)


def _steps(model, X, column):
    moved = []
    for value in np.linspace(-4, 4, 41):
        X = X.copy()
        X[:, column] = value
        answer = model.predict(X)
        moved.append(answer[:, 1] if answer.ndim == 2 else answer)
    return np.diff(np.array(moved), axis=0)


@pytest.mark.parametrize("transform", [{}, {"target_transform": "log"}])
@pytest.mark.parametrize("objective", [MetricName.MSE, MetricName.MAE, MetricName.AUC])
@pytest.mark.parametrize("name", _KEEPING)
def test_answers_are_monotone(name, objective, transform):
    if transform and objective is MetricName.AUC:
        return
    card = learner(name)
    codes = 5 if "dpp0" in card.recipes else 0
    (train, valid), setting = _rows(objective, codes), _setting(objective, codes)
    changes = {"linear-learner": {"l1": 0.001}, "catboost": {"depth": 8, "random_strength": 5.0}}
    for change in ({}, changes.get(name, {"min_child_weight": 0.01, "extra_trees": True})):
        usual = card.with_rounds(card.defaults(setting, 400), 30)
        parameters = {**usual, **transform}
        parameters |= {
            key: value for key, value in change.items() if name != "xgboost" or key[0] == "m"
        }
        model = card.fit(train, valid, parameters, setting, Never())
        assert _steps(model, valid.X, _UP).min() >= 0
        assert _steps(model, valid.X, _DOWN).max() <= 0
        assert _steps(model, valid.X, _UP).max() > 0


@pytest.mark.parametrize("card", [card for card in LEARNERS if not card.is_monotone])
def test_learners_that_know_no_constraints_are_refused(card):
    setting = _setting(MetricName.MSE)
    train, _ = _rows(MetricName.MSE, 0)
    with pytest.raises(CandidateFault, match=f"{card.name} does not support monotone constraints"):
        card.fit(train, None, card.defaults(setting, 400), setting, Never())


def test_residuals_of_a_line_are_refused():
    setting, card = _setting(MetricName.MSE, 5), learner("xgboost")
    parameters = {**card.defaults(setting, 400), "target_transform": "residual"}
    with pytest.raises(CandidateFault, match="monotone"):
        card.fit(_rows(MetricName.MSE, 5)[0], None, parameters, setting, Never())


def test_marks_of_missing_values_have_no_direction_and_pairs_are_refused():
    def of(*features):
        return directions(
            Setting(ProblemType.REGRESSION, MetricName.MSE, 0, features, 0, monotone={"a": -1})
        )

    plain, other = Feature("a", "a"), Feature("b", "b")
    assert of(other, plain, Feature("a is missing", "a")) == [0, -1, 0]
    for made in (Feature("b * a", "b", others=("a",)), Feature("a (rank)", "a")):
        with pytest.raises(CandidateFault, match=r"column 'a'.*such as dpp0"):
            of(plain, made)
