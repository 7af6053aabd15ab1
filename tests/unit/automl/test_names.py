"""What actions exchange, by name, and what they declare of it."""

from dataclasses import replace

import pytest
from unit.automl.simulated import ANALYSIS, START, Simulated, outcome, request

from windvane.automl import names
from windvane.automl.actions import (
    Analyse,
    BuildEnsemble,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    Result,
    Step,
    TrainCandidate,
)
from windvane.automl.declared import reads, writes
from windvane.automl.history import History
from windvane.automl.request import OnAllRows
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.engine.candidates import Plan


def plan(index, recipe="dpp0"):
    return Plan(index, recipe, "lightgbm", {}, seed=index)


def done(action, **result):
    return Step(action, Status.DONE, START, START + 1, result=Result(**result))


def situation(*steps, **asked):
    asked = replace(request(), **asked)
    return Situation(asked, ANALYSIS, History((done(Analyse()), *steps)), START + 10)


def test_a_candidate_reads_the_fits_that_are_there_and_may_write_the_others():
    at = situation(done(FitFeatures("dpp0", 2)))
    action = TrainCandidate(plan(1))
    assert reads(action, at) == (*names.TABLE, *names.fold_fits("dpp0", [0, 1]))
    assert writes(action, at) == (*names.candidate(1), *names.fold_fits("dpp0", [2, 3, 4]))


def test_a_candidate_reads_no_more_folds_than_it_is_scored_on():
    first = replace(done(TrainCandidate(plan(1)), outcome=outcome(1, 0.5)), n_folds=1)
    at = situation(done(FitFeatures("dpp0", 5)), first)
    assert names.fits_in(reads(TrainCandidate(plan(2)), at), "dpp0") == ("fold0",)


def test_recipes_of_an_earlier_version_are_fitted_on_one_division():
    at = situation(done(FitFeatures("dpp0", 1000)))
    at = replace(at, analysis=replace(ANALYSIS, n_repeats=2))
    action = TrainCandidate(plan(1))
    assert names.fits_in(reads(action, at), "dpp0") == tuple(f"fold{n}" for n in range(5))
    assert names.fits_in(writes(action, at), "dpp0") == tuple(f"fold{n}" for n in range(5, 10))


def test_a_candidate_reads_what_it_is_compared_with():
    at = situation(done(FitFeatures("dpp0", 5)))
    assert set(names.scored(3)) <= set(reads(TrainCandidate(plan(9), rival=3), at))


def test_fits_are_written_once():
    at = situation(done(FitFeatures("dpp0", 2)))
    assert names.fits_in(writes(FitFeatures("dpp0", 5, 2), at), "dpp0") == (
        "fold2",
        "fold3",
        "fold4",
    )


def test_a_recipe_is_fitted_on_all_rows_with_its_first_fold_if_that_is_asked_for():
    at = situation(on_all_rows=OnAllRows.RECIPES)
    assert names.fits_in(writes(FitFeatures("dpp0", 1), at), "dpp0") == ("fold0", "full")
    assert names.fits_in(writes(FitFeatures("dpp0", 3, 1), at), "dpp0") == ("fold1", "fold2")


def test_packages_need_of_each_member_its_model_and_what_makes_its_features():
    members = {1: 0.5, 2: 0.5}
    at = situation(
        done(FitFeatures("dpp0", 5)),
        done(FitFeatures("dpp1", 5)),
        done(TrainCandidate(plan(1)), outcome=outcome(1, 0.5)),
        done(TrainCandidate(plan(2, "dpp1")), outcome=outcome(2, 0.5)),
        done(BuildEnsemble(3, (1, 2)), outcome=outcome(3, 0.6, members=members)),
        done(FitOnAllRows("dpp0")),
        done(Refit(1, "dpp0"), outcome=outcome(1, 0.5)),
    )
    assert set(reads(Pack(3, refits=(1,), among=(1, 3)), at)) == {
        *names.TABLE,
        *names.scored(1),
        *names.scored(3),
        *names.refit(1),
        *names.answering(2),
        "recipes/dpp0/fold0",
        "recipes/dpp0/full",
        "recipes/dpp1/fold0",
    }


@pytest.mark.parametrize("on_all_rows", OnAllRows)
@pytest.mark.parametrize("n_folds", [1, 5])
def test_all_that_is_read_was_written_before(on_all_rows, n_folds):
    asked = replace(request(120.0), on_all_rows=on_all_rows)
    job = Simulated(asked, n_folds=n_folds).run()
    assert job.actions(Refit)
    assert bool(job.actions(FitOnAllRows)) is (on_all_rows is OnAllRows.NOTHING)
    assert names.PACKAGES in job.published


def test_what_lies_in_a_folder_has_names(tmp_path):
    for path in (
        "dataset/analysis.json",
        "dataset/columns/0.npy",
        "features/dpp0/fold0/recipe.json",
        "features/.dpp0-abc/recipe.json",
        "candidates/3/outcome.json",
        "candidates/3/oof.npy",
        "candidates/.4-abc/outcome.json",
        "refits/3/model/trees.txt",
        "best/model/manifest.json",
        "scratch/1/outcome.json",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    found = {*names.TABLE, *names.scored(3), "recipes/dpp0/fold0", "refits/3/model", "packages"}
    assert set(names.names_in(tmp_path)) == found
    files = {name: [str(file) for file in names.files_of(tmp_path, name)] for name in found}
    assert files["dataset"] == ["dataset/columns/0.npy"]
    assert files["candidates/3/predictions"] == ["candidates/3/oof.npy"]
    assert all(names.is_there(tmp_path, name) for name in found)
    assert not names.is_there(tmp_path, names.answering(3)[1])


@pytest.mark.parametrize(
    "name", ["", "candidates/3", "candidates/../3/outcome", "recipes/dpp0", "/best"]
)
def test_what_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="is no name"):
        names.is_there(tmp_path, name)
