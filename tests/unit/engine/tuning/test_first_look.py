"""The rough model that comes before all others."""

from dataclasses import replace

import pytest

from windvane.domain.problem import Mode
from windvane.engine.data.dataset import read_analysis
from windvane.engine.tuning.first_look import FIRST_LOOK, first_look
from windvane.engine.tuning.search import propose
from windvane.engine.tuning.strategy import Strategy


@pytest.fixture
def analysis(two_classes):
    return read_analysis(two_classes.dataset)


def test_it_is_the_first_candidate_in_larger_steps_and_fewer_of_them(analysis):
    look, first = first_look(analysis), propose(analysis, 1, ())
    assert (look.index, look.algorithm, look.recipe) == (
        FIRST_LOOK,
        first.algorithm,
        first.recipe,
    )
    assert look.hyperparameters["learning_rate"] > first.hyperparameters["learning_rate"]
    assert look.hyperparameters["num_iterations"] < first.hyperparameters["num_iterations"]
    assert "quick first model" in look.why


def test_it_keeps_to_the_algorithms_that_are_asked_for(analysis):
    for algorithm in ("xgboost", "catboost", "mlp", "linear-learner", "extra-trees"):
        look = first_look(analysis, None, Strategy(Mode.AUTO, (algorithm,)))
        assert look.algorithm == algorithm


def test_of_a_large_table_it_learns_from_as_many_rows_as_other_candidates(analysis):
    large = replace(analysis, n_rows=1_000_000, n_folds=1)
    assert first_look(large, 100_000).n_rows == 100_000
