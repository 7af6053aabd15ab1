"""What each action writes and brings, over one small table."""

import math
import os
import shutil
import time
from dataclasses import replace

import pytest

from windvane.automl import names
from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    ModelFigures,
    Pack,
    Refit,
    Result,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.folders import Folders
from windvane.automl.limits import Limits
from windvane.automl.performing import perform
from windvane.automl.request import OnAllRows
from windvane.automl.task import ActionTask, Resources
from windvane.engine.candidate_io import FULL_FIT, fold_fit, read_candidate
from windvane.engine.candidates import Plan, baseline_plan
from windvane.engine.data.dataset import read_analysis
from windvane.engine.packages.package import load_predictor
from windvane.engine.training import trial
from windvane.engine.training.fold_limits import FoldLimits

RECIPE, N_FOLDS = "dpp0", 2
TREES = Plan(1, RECIPE, "lightgbm", {"num_iterations": 15, "learning_rate": 0.2}, 5)
LINE = Plan(2, RECIPE, "linear-learner", {"wd": 0.01, "l1": 0.0, "max_iterations": 50}, 5)


def done(action, folder, announce=lambda n_folds: None, left_s=600.0, **changes):
    """Perform an action that has so much time, with two folds for candidates."""
    now = time.time()
    fits = [FULL_FIT] if isinstance(action, FitOnAllRows) else map(fold_fit, range(N_FOLDS))
    writes = tuple(name for fit in fits for name in names.fit(RECIPE, fit))
    limits = Limits(now + left_s, now + left_s, folds=FoldLimits(N_FOLDS, N_FOLDS))
    limits = replace(limits, **changes.pop("limits", {}))
    task = ActionTask(action, (), writes, Resources(2000), limits, **changes)
    return perform(task, folder, announce)


@pytest.fixture(scope="module")
def made(two_classes, tmp_path_factory):
    """The folder of a job with two candidates and an ensemble of them, and what they brought."""
    folder = tmp_path_factory.mktemp("job")
    shutil.copytree(two_classes.dataset, folder / "dataset")
    assert done(FitFeatures(RECIPE, N_FOLDS), folder) == Result()
    brought = [done(TrainCandidate(plan), folder) for plan in (TREES, LINE)]
    return folder, [*brought, done(BuildEnsemble(3, (1, 2)), folder)]


@pytest.fixture
def job(made, tmp_path):
    """A copy of it."""
    shutil.copytree(made[0], tmp_path / "job", copy_function=os.link)
    return tmp_path / "job"


def test_a_recipe_is_fitted_on_the_rows_that_its_task_names(made, job):
    features = Folders(job).features(RECIPE)
    fits = [fold_fit(0), fold_fit(1)]
    assert sorted(path.name for path in features.iterdir() if path.is_dir()) == sorted(fits)
    assert done(FitOnAllRows(RECIPE), job) == Result()
    assert (features / FULL_FIT).is_dir()


def test_candidates_are_scored_on_the_folds_that_they_are_given(made):
    folder, results = made
    for index, result in enumerate(results[:2], 1):
        outcome = result.outcome
        assert (outcome.index, outcome.folds_used) == (index, N_FOLDS)
        assert read_candidate(Folders(folder).candidate(index)).outcome == outcome


def test_an_ensemble_is_made_of_candidates(made):
    folder, results = made
    ensemble = results[2].outcome
    assert ensemble.index == 3
    assert set(ensemble.members) == {1, 2}
    assert read_candidate(Folders(folder).candidate(3)).outcome == ensemble


@pytest.mark.parametrize(("one_fold_at", "n_folds"), [(math.inf, 2), (0.0, 1)])
def test_a_candidate_says_on_how_many_folds_it_is_scored(one_fold_at, n_folds, job):
    said = []
    limits = {"one_fold_at": one_fold_at, "folds": FoldLimits(most=2)}
    result = done(TrainCandidate(TREES), job, said.append, limits=limits)
    assert said == [n_folds]
    assert result.outcome.folds_used == n_folds


def test_what_an_earlier_attempt_left_is_gone(job):
    left = Folders(job).candidate(1) / "left"
    left.touch()
    done(TrainCandidate(TREES), job)
    assert not left.exists()


def test_a_first_look_is_a_candidate_of_its_own(job):
    look = replace(TREES, index=0)
    result = done(FirstLook(look), job, limits={"folds": FoldLimits(most=1)})
    assert (result.outcome.index, result.outcome.folds_used) == (0, 1)
    assert read_candidate(Folders(job).candidate(0)).plan == look


def test_of_what_learns_from_a_sample_candidates_of_the_search_alone_seek_how_many_rows_are_enough(
    job, monkeypatch
):
    asked = []

    def noted(_, n_rows, train):
        asked.append(n_rows)
        return train(n_rows)

    monkeypatch.setattr(trial, "HOLD_OUT", read_analysis(job / "dataset").n_folds)
    monkeypatch.setattr(trial, "train_on_enough_rows", noted)
    few = replace(TREES, n_rows=100)
    for action in (FirstLook(few), TrainOnFewerRows(few, 1), TrainCandidate(few, is_long=True)):
        done(action, job)
    assert asked == []
    done(TrainCandidate(few), job)
    assert asked == [100]
    assert read_candidate(Folders(job).candidate(1)).outcome.folds_used == N_FOLDS


def test_learning_from_fewer_rows_leaves_the_candidate_as_it_is(job):
    before = read_candidate(Folders(job).candidate(1))
    fewer = replace(TREES, n_rows=100)
    result = done(TrainOnFewerRows(fewer, 1), job, on_all_rows=OnAllRows.CANDIDATES)
    assert result.outcome.index == 1
    record = read_candidate(Folders(job).fewer)
    assert (record.plan, record.recipe_fit) == (fewer, fold_fit(0))
    assert read_candidate(Folders(job).candidate(1)) == before


def test_a_refit_has_the_score_of_the_folds_and_a_model_of_all_rows(made, job):
    done(FitOnAllRows(RECIPE), job)
    result = done(Refit(1, RECIPE), job)
    record = read_candidate(Folders(job).refit(1))
    assert record.recipe_fit == FULL_FIT
    assert result.outcome.objective == made[1][0].outcome.objective
    assert read_candidate(Folders(job).candidate(1)).recipe_fit != FULL_FIT


def test_who_has_learnt_from_all_rows_at_once_is_taken_as_it_is(job):
    done(FitOnAllRows(RECIPE), job)
    done(TrainCandidate(TREES), job, on_all_rows=OnAllRows.CANDIDATES)
    candidate, refit = Folders(job).candidate(1), Folders(job).refit(1)
    assert read_candidate(candidate).recipe_fit == FULL_FIT
    result = done(Refit(1, RECIPE), job)
    assert result.outcome == read_candidate(refit).outcome
    assert (candidate / "outcome.json").samefile(refit / "outcome.json"), "no byte is copied"


def test_a_baseline_needs_no_features(job):
    shutil.rmtree(job / "features")
    result = done(TrainBaseline(baseline_plan(9, 0)), job)
    assert result.outcome.index == 9
    assert read_candidate(Folders(job).candidate(9)).plan.algorithm == "baseline"


def predictor(job):
    best = Folders(job).best
    return load_predictor(best / "transformers", best / "model")


def test_packages_are_judged_by_what_they_were_picked_from(job):
    done(TrainOnFewerRows(replace(TREES, n_rows=100), 1), job)
    judged = done(Pack(1, (), (1, 2), has_fewer=True), job).judged
    assert 0 < judged.latency_s < 1
    assert judged.optimism >= 0
    assert judged.pessimism >= 0
    assert predictor(job).about["candidate"] == 1


def test_packages_of_refitted_members_have_their_models(job):
    done(FitOnAllRows(RECIPE), job)
    for index in (1, 2):
        done(Refit(index, RECIPE), job)
    for index in (1, 2):
        shutil.rmtree(Folders(job).candidate(index) / "model")
    done(Pack(3, (1, 2)), job)
    assert predictor(job).about["candidate"] == 3


def test_without_time_packages_are_made_and_nothing_is_measured(job):
    assert done(Pack(1, ()), job, left_s=0.0).judged == ModelFigures()
    assert predictor(job).about["candidate"] == 1
    assert read_analysis(Folders(job).dataset).target == "y"
