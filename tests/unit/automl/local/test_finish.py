"""The members of what was chosen, trained once more on all rows."""

import shutil
import time

import pytest

from windvane.automl.local.finish import refit_members, with_refits
from windvane.automl.local.job import Entry, Job
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.outcomes import read_candidate
from windvane.engine.training.matrices import fold_fits
from windvane.engine.training.refit import NOT_REFITTED
from windvane.engine.training.trial import TrainLimits

FAST = {"num_iterations": 30, "learning_rate": 0.1, "num_leaves": 7}


@pytest.fixture
def searched(two_classes, tmp_path):
    """A job's folder after its search: two candidates on folds, and an ensemble of them."""
    shutil.copytree(two_classes.dataset, tmp_path / "dataset")

    def job(seconds=60.0):
        begun = time.time()
        return Job((), "csv", "None", ProblemSpec("y"), begun, seconds, None, 2, 2000, tmp_path)

    recipes = {"dpp0": tmp_path / "features" / "dpp0"}
    stages.fit_features(job().dataset, "dpp0", recipes["dpp0"], fold_fits(5))
    entries = []
    for index in (1, 2):
        plan = Plan(index, "dpp0", "lightgbm", {**FAST, "num_leaves": 4 + index}, index)
        into, limits = job().candidate(index), TrainLimits(time.time() + 60)
        outcome = stages.cross_validate(job().dataset, recipes["dpp0"], plan, limits, into)
        entries.append(Entry(index, "lightgbm", plan, outcome))
    return job, recipes, entries


def _ensemble(entry, members):
    outcome = entry.outcome.__class__(**{**vars(entry.outcome), "index": 9, "members": members})
    return Entry(9, "ensemble", None, outcome)


def test_until_then_the_model_is_the_first_folds_and_it_is_said(searched):
    job, _, entries = searched
    record = read_candidate(job().candidate(1))
    assert record.recipe_fit == "fold0"
    assert NOT_REFITTED in entries[0].outcome.notes
    assert record.fits.rounds > 0
    assert record.fits.fold_s > 0


def test_every_member_is_refitted_and_keeps_its_scores(searched):
    job, recipes, entries = searched
    refits = refit_members(job(), recipes, _ensemble(entries[0], {1: 0.4, 2: 0.6})).refits
    assert set(refits) == {1, 2}
    for index, entry in enumerate(with_refits(entries, refits), 1):
        record = read_candidate(refits[index])
        assert record.recipe_fit == "full"
        assert entry.outcome.objective == entries[index - 1].outcome.objective
        assert entry.outcome.scores == entries[index - 1].outcome.scores
        assert NOT_REFITTED not in entry.outcome.notes


def test_a_single_candidate_is_refitted_alone(searched):
    job, recipes, entries = searched
    assert set(refit_members(job(), recipes, entries[1]).refits) == {2}


def test_without_time_the_models_of_the_folds_stay(searched):
    job, recipes, entries = searched
    shutil.copytree(recipes["dpp0"] / "fold0", recipes["dpp0"] / "full")
    refits = refit_members(job(0.01), recipes, entries[0]).refits
    for entry in with_refits(entries, refits):
        assert NOT_REFITTED in entry.outcome.notes
    assert all(read_candidate(folder).recipe_fit == "fold0" for folder in refits.values())


def test_what_needs_no_features_needs_no_refit(searched):
    job, recipes, entries = searched
    baseline = Entry(3, "baseline", Plan(3, "", "baseline", {}, 0), entries[0].outcome)
    stages.train_baseline(job().dataset, 3, job().candidate(3))
    baseline = Entry(3, "baseline", baseline.plan, read_candidate(job().candidate(3)).outcome)
    assert refit_members(job(), recipes, baseline).refits == {}
