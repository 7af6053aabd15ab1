import pytest

from windvane.engine.candidate_io import read_candidate
from windvane.engine.learners.patience import Patience, patience_for
from windvane.engine.plan_text import plan_of
from windvane.engine.rerun import rerun
from windvane.testing.learner_contract import After, Never


def _rounds(patience, scores):
    for number, score in enumerate(scores, 1):
        if patience.is_over(score):
            return number
    return None


def test_it_stops_after_the_rounds_without_improvement():
    patience = Patience(Never(), higher_is_better=False, n_rounds=3)
    assert _rounds(patience, [5, 4, 4, 4.5, 6, 1]) == 5
    assert patience.best_round == 2


def test_higher_may_be_better():
    patience = Patience(Never(), higher_is_better=True, n_rounds=2)
    assert _rounds(patience, [1, 2, 3, 2, 2]) == 5
    assert patience.best_round == 3


def test_without_scores_the_clock_alone_stops_it():
    patience = Patience(After(4), higher_is_better=False, n_rounds=None)
    assert _rounds(patience, [None] * 9) == 4
    assert patience.best_round == 4


def test_scores_that_are_no_numbers_keep_the_first_round():
    patience = Patience(Never(), higher_is_better=False, n_rounds=3)
    assert _rounds(patience, [float("nan")] * 9) == 4
    assert patience.best_round == 1


@pytest.mark.parametrize(("rate", "rounds"), [(0.001, 200), (0.05, 80), (1.0, 20)])
def test_small_steps_get_more_patience(rate, rounds):
    assert patience_for(rate) == rounds


@pytest.mark.parametrize(
    ("algorithm", "steps", "rounds"),
    [
        ("xgboost", "eta", "num_round"),
        ("lightgbm", "learning_rate", "num_iterations"),
        ("catboost", "learning_rate", "iterations"),
    ],
)
def test_who_asks_for_less_patience_has_fewer_rounds(
    algorithm, steps, rounds, two_classes, tmp_path
):
    models = {}
    for wait in ("1", "100"):
        given = {steps: "0.3", rounds: "150", "early_stopping_rounds": wait, "_folds": "1"}
        plan, folds = plan_of(algorithm, given)
        rerun(two_classes.dataset, plan, folds, tmp_path / "features", tmp_path / wait)
        models[wait] = read_candidate(tmp_path / wait)
        assert models[wait].plan.hyperparameters["early_stopping_rounds"] == int(wait)
    assert models["1"].fits.rounds < models["100"].fits.rounds
