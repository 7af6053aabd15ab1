"""Larger steps for boosters that would take too long."""

import pytest

from windvane.engine.candidates import Plan
from windvane.engine.tuning.steps import hurried


def _plan(algorithm, **hyperparameters):
    return Plan(1, "dpp0", algorithm, hyperparameters, 0, "sound defaults")


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [("lightgbm", "learning_rate"), ("catboost", "learning_rate"), ("xgboost", "eta")],
)
def test_steps_grow_with_what_the_plan_would_take_too_long(algorithm, name):
    quick = hurried(_plan(algorithm, **{name: 0.05, "other": 1}), 2.0)
    assert quick.hyperparameters == {name: 0.1, "other": 1}
    assert quick.why == "sound defaults; with a higher learning rate to save time"


def test_steps_stay_within_reason():
    assert hurried(_plan("lightgbm", learning_rate=0.2), 100.0).hyperparameters == {
        "learning_rate": 0.3
    }
    assert hurried(_plan("xgboost", eta=0.01), 100.0).hyperparameters == {"eta": 0.04}
    assert hurried(_plan("xgboost", eta=0.5), 2.0).hyperparameters == {"eta": 0.5}


def test_networks_run_fewer_epochs_and_end_their_schedule():
    quick = hurried(_plan("mlp", epochs=100, schedule=100, dropout=0.1), 2.5)
    assert quick.hyperparameters == {"epochs": 40, "schedule": 40, "dropout": 0.1}
    quick = hurried(_plan("fastai", epochs=30, dropout=0.1), 2.0)
    assert quick.hyperparameters == {"epochs": 15, "dropout": 0.1}
    assert hurried(_plan("mlp", epochs=2, schedule=2), 9.0).hyperparameters["epochs"] == 1


def test_what_fits_or_makes_no_steps_stays_as_it_is():
    for plan in (_plan("lightgbm", learning_rate=0.1), _plan("linear-learner", l2=1.0)):
        assert hurried(plan, 1.0) is plan
    forest = _plan("randomforest", n_estimators=100)
    assert hurried(forest, 5.0) is forest
