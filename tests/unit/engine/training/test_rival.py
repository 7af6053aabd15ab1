"""Candidates that are clearly worse than another are given up after a fold; others are trained to their end."""

import time
from dataclasses import replace

import numpy as np
import pytest

from windvane.engine import stages
from windvane.engine.candidate_io import read_candidate, read_out_of_fold
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.training.rival import Rival
from windvane.engine.training.trial import TrainLimits
from windvane.errors import Outclassed

GOOD = Plan(
    1, "dpp0", "lightgbm", {"num_iterations": 100, "learning_rate": 0.1, "num_leaves": 8}, 1
)
POOR = replace(GOOD, index=2, hyperparameters={**GOOD.hyperparameters, "min_data_in_leaf": 100_000})
LIKE = replace(GOOD, index=3, hyperparameters={**GOOD.hyperparameters, "num_leaves": 9})


def _train(worked, plan, into, rival=None):
    limits = TrainLimits(time.time() + 600, rival=rival)
    return stages.train(worked.dataset, worked.features, plan, limits, into)


@pytest.fixture(scope="module", params=["two_classes", "amounts"])
def trained(request, tmp_path_factory):
    worked = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp("rival") / "1"
    _train(worked, GOOD, folder)
    return worked, folder


def test_a_candidate_that_is_clearly_worse_is_given_up_and_leaves_nothing(trained, tmp_path):
    worked, first = trained
    told = (
        r"^Stopped early, because it was clearly worse than candidate 1: after \d of \d folds \(\d+ rows\), its \w+ was "
        r"[\d.,]+, that of candidate 1 [\d.,]+\.$"
    )
    with pytest.raises(Outclassed, match=told):
        _train(worked, POOR, tmp_path / "2", first)
    assert not list(tmp_path.iterdir())


def test_one_that_is_as_good_is_scored_as_if_there_were_no_rival(trained, tmp_path):
    worked, first = trained
    beside = _train(worked, LIKE, tmp_path / "3", first)
    alone = _train(worked, LIKE, tmp_path / "4")
    assert beside.objective == alone.objective
    assert beside.folds_used == alone.folds_used


def test_a_better_one_is_kept(trained, tmp_path):
    worked, _ = trained
    poor = tmp_path / "2"
    _train(worked, POOR, poor)
    assert _train(worked, GOOD, tmp_path / "1", poor).folds_used == 5


def test_only_rows_that_both_predict_are_looked_at(trained):
    worked, first = trained
    table, rival = read_dataset(worked.dataset), Rival.read(first)
    wrong = np.zeros_like(read_out_of_fold(first))
    wrong[table.folds > 3] = np.nan
    with pytest.raises(Outclassed, match="after 4 of 5 folds"):
        rival.check(table, wrong, 4)
    unscored = replace(rival, out_of_fold=np.full_like(rival.out_of_fold, np.nan))
    unscored.check(table, wrong, 4)
    assert read_candidate(first).outcome.folds_used == 5
