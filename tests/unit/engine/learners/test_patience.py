import pytest

from windvane.engine.learners.patience import Patience, patience_for
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
