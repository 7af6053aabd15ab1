"""A candidate trained again from the text of its plan scores the same, to the last digit."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from threadpoolctl import threadpool_limits

from windvane import AutoML
from windvane.automl.leaderboard import leaderboard_from_json
from windvane.engine.candidate_io import read_candidate
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_analysis
from windvane.engine.learners.catalogue import LEARNERS
from windvane.engine.packages.package import load_predictor
from windvane.engine.plan_text import columns_without, hyperparameters_of, plan_of
from windvane.engine.rerun import leave_out, rerun, rerun_ensemble
from windvane.engine.stages import assemble, cross_validate, train
from windvane.engine.training import crossvalidate, learning_task, trial
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.training.one_thread import one_thread
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.vocabulary import completed
from windvane.errors import CandidateFault, OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note


def said(outcome):
    return {score.metric: (score.value, score.standard_error) for score in outcome.scores}


@pytest.fixture(scope="module", params=[("y", 300, 4), ("amount", 200, 5)])
def job(request, make_table, tmp_path_factory):
    """A finished job's folder and its leaderboard, of as few rows and candidates as have an ensemble."""
    target, n_rows, max_candidates = request.param
    folder = tmp_path_factory.mktemp(f"job-{target}")
    frame = make_table(n_rows, seed=3).drop(columns={"y": "amount", "amount": "y"}[target])
    AutoML(
        target,
        algorithms=["lightgbm", "linear-learner", "mlp"],
        max_candidates=max_candidates,
        max_runtime_s=240,
        threads=2,
    ).fit(frame, keep=folder)
    entries = leaderboard_from_json(json.loads((folder / "leaderboard.json").read_text()))
    return folder, [entry for entry in entries if entry.outcome is not None]


def test_every_candidate_and_the_ensemble_score_the_same_again(job, tmp_path):
    folder, entries = job
    learners = {"lightgbm", "linear-learner", "mlp"}
    assert {entry.algorithm for entry in entries} == learners | {"ensemble"}
    again = {}
    for entry in entries:
        if entry.plan is None:
            continue
        text = hyperparameters_of(entry.plan, entry.outcome.folds_used)
        assert all(isinstance(value, str) for value in text.values())
        plan, folds = plan_of(entry.algorithm, text)
        into = again[entry.index] = tmp_path / str(entry.index)
        outcome = rerun(folder / "dataset", plan, folds, tmp_path / plan.recipe, into)
        assert outcome.objective == entry.outcome.objective, entry
        assert said(outcome) == said(entry.outcome), entry
        before = read_candidate(folder / "candidates" / str(entry.index))
        after = read_candidate(into)
        assert after.plan.hyperparameters == before.plan.hyperparameters
        assert (after.threshold, after.temperature) == (before.threshold, before.temperature)
    for entry in entries:
        if entry.plan is None:
            weights = entry.outcome.members
            members = {index: again[index] for index in weights}
            into = tmp_path / "ensemble"
            outcome = rerun_ensemble(folder / "dataset", members, weights, 7, into)
            assert outcome.scores == entry.outcome.train_scores
            assert outcome.members == weights
            assert outcome.notes == (Note(NoteCode.WEIGHTS_GIVEN), Note(NoteCode.LATENCY_ADDED))
            features = {path.name: path for path in tmp_path.glob("dpp*")}
            assemble(folder / "dataset", features, {**members, 7: into}, 7, tmp_path / "packages")
            load_predictor(tmp_path / "packages/transformers", tmp_path / "packages/model")


@pytest.mark.parametrize("algorithm", ["lightgbm", "catboost", "xgboost"])
def test_a_candidate_of_fewer_rows_and_folds_scores_the_same_again(
    algorithm, two_classes, tmp_path
):
    plan = replace(plan_of(algorithm, {"_seed": "7", "_rows": "90"})[0], recipe="dpp0")
    first = rerun(two_classes.dataset, plan, 2, two_classes.features, tmp_path / "first")
    known = read_candidate(tmp_path / "first").plan
    assert known.n_rows == 90
    limits = TrainLimits(1e12, FoldLimits(most=2))
    searched = cross_validate(
        two_classes.dataset, two_classes.features, known, limits, tmp_path / "searched"
    )
    told, folds = plan_of(algorithm, hyperparameters_of(known, searched.folds_used))
    again = rerun(two_classes.dataset, told, folds, two_classes.features, tmp_path / "again")
    assert again.folds_used == 2
    assert said(again) == said(searched) == said(first)


def test_a_candidate_of_two_divisions_scores_the_same_again(two_classes, tmp_path):
    plan = replace(plan_of("lightgbm", {"_seed": "7"})[0], recipe="dpp0")
    n_folds = read_analysis(two_classes.dataset).n_fold_fits
    once = rerun(two_classes.dataset, plan, None, two_classes.features, tmp_path / "once")
    first = rerun(two_classes.dataset, plan, n_folds, two_classes.features, tmp_path / "first")
    told, folds = plan_of("lightgbm", hyperparameters_of(plan, first.folds_used))
    again = rerun(two_classes.dataset, told, folds, two_classes.features, tmp_path / "again")
    assert (once.folds_used, again.folds_used) == (n_folds // 2, n_folds)
    assert said(again) == said(first)
    assert first.objective != once.objective


@pytest.fixture(autouse=True)
def _two_threads():
    """As in a process that has not thought of it."""
    with threadpool_limits(limits=2):
        yield


class Ticking:
    """A time that goes on by a tick whenever somebody looks."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        self.now += 0.1
        return self.now


@pytest.fixture
def in_a_hurry(monkeypatch):
    """Trains as the processes of a job do, with a clock that leaves each fold a few questions to it."""

    def work(dataset, features, plan, into):
        ticking = Ticking()
        with one_thread(), monkeypatch.context() as patch:
            for module in (trial, crossvalidate, learning_task):
                patch.setattr(module, "time", SimpleNamespace(time=ticking.time))
            limits = TrainLimits(ticking.now + 1000, FoldLimits(most=2, fold_s=0.7))
            return train(dataset, features, plan, limits, into)

    return work


def content(folder):
    found = (one for one in folder.rglob("*") if one.is_file())
    return {one.relative_to(folder): one.read_bytes() for one in found}


CUT = [
    *(("y", card.name, {}) for card in LEARNERS if card.name not in ("baseline", "neighbors")),
    ("amount", "lightgbm", {"target_transform": "log"}),
    ("amount", "xgboost", {"target_transform": "residual"}),
    ("amount", "mlp", {}),
    ("amount", "fastai", {}),
]


@pytest.mark.parametrize(("target", "algorithm", "asked"), CUT)
def test_what_time_cut_short_is_trained_as_far_again(
    target, algorithm, asked, two_classes, amounts, tmp_path, in_a_hurry
):
    dataset = {"y": two_classes, "amount": amounts}[target].dataset
    plan = completed(read_analysis(dataset), plan_of(algorithm, {"_seed": "5"})[0])
    plan = replace(plan, hyperparameters=plan.hyperparameters | asked)
    first = in_a_hurry(dataset, tmp_path / "features", plan, tmp_path / "first")
    assert list(first.stops) == ["fold0", "fold1"]
    text = hyperparameters_of(replace(plan, stops=first.stops), first.folds_used)
    told = plan_of(algorithm, text)
    again = rerun(dataset, *told, tmp_path / "features", tmp_path / "again")
    assert said(again) == said(first)
    assert (again.stops, again.train_scores) == (first.stops, first.train_scores)
    assert content(tmp_path / "again/model") == content(tmp_path / "first/model")
    before, after = (tmp_path / folder / "oof.npy" for folder in ("first", "again"))
    assert after.read_bytes() == before.read_bytes()


def test_without_its_stops_it_is_trained_to_its_end(two_classes, tmp_path, in_a_hurry):
    plan = completed(read_analysis(two_classes.dataset), plan_of("lightgbm", {})[0])
    cut = in_a_hurry(two_classes.dataset, two_classes.features, plan, tmp_path / "cut")
    whole = rerun(two_classes.dataset, plan, 2, two_classes.features, tmp_path / "whole")
    assert (cut.is_cut_short, whole.is_cut_short) == (True, False)
    assert (
        read_candidate(tmp_path / "cut").fits.rounds
        < read_candidate(tmp_path / "whole").fits.rounds
    )
    assert said(cut) != said(whole)


def test_a_plan_survives_its_text():
    plan = Plan(
        1,
        "dpp4",
        "xgboost",
        {"eta": 0.1 + 0.2, "max_depth": 3, "a": True, "target_transform": "log"},
        seed=12,
        n_rows=500,
        stops={"fold0": 31, "full": 7, "rows": 400},
    )
    assert plan_of("xgboost", hyperparameters_of(plan, 3)) == (plan, 3)


def test_what_is_left_out_is_filled_in(two_classes, tmp_path):
    plan, folds = plan_of("xgboost", {"max_depth": "3", "lambda": "2"})
    assert folds is None
    outcome = rerun(two_classes.dataset, plan, folds, two_classes.features, tmp_path / "out")
    record = read_candidate(tmp_path / "out")
    assert outcome.folds_used == read_analysis(two_classes.dataset).n_folds
    assert record.plan.recipe == "dpp0"
    assert record.plan.hyperparameters["max_leaves"] == 8
    assert record.plan.hyperparameters["lambda"] == 2.0
    assert record.plan.hyperparameters["eta"] == 0.03


@pytest.mark.parametrize(
    ("algorithm", "given", "told"),
    [
        ("xgboost", {"max_dept": "3"}, r"'max_dept' is not known to xgboost.*max_depth, "),
        ("xgboost", {"max_depth": "deep"}, r"'max_depth' is 'deep'; it must be a whole number"),
        ("xgboost", {"max_depth": "3.5"}, r"'max_depth' is 3.5"),
        ("xgboost", {"eta": "NaN"}, r"'eta' is nan; it must be a number above 0"),
        ("xgboost", {"eta": "0"}, r"'eta' is 0; it must be a number above 0"),
        ("xgboost", {"alpha": "-0.1"}, r"'alpha' is -0.1; it must be a number of at least 0"),
        ("xgboost", {"subsample": "1.5"}, r"'subsample' is 1.5; it must be a number from 0 to 1"),
        ("xgboost", {"max_depth": "9" * 12}, r"a whole number from 1 to 2147483647"),
        ("xgboost", {"eta": "-1"}, r"'eta' is -1"),
        ("lightgbm", {"extra_trees": "1"}, r"'extra_trees' is 1; it must be one of: false, true"),
        ("lightgbm", {"target_transform": "log"}, r"'target_transform' is not known"),
        ("lightgbm", {"_recipe": "dpp1"}, r"choose one of: dpp0, dpp4"),
        ("lightgbm", {"_folds": "99"}, r"'_folds' is 99; this table has"),
        ("lightgbm", {"_folds": "none"}, r"'_folds' is 'none'; it must be a whole number"),
        ("lightgbm", {"_seeds": "1"}, r"'_seeds' is not known.*_recipe, _seed"),
        ("lightgbm", {"_stops": "12"}, r"'_stops' is '12'; it must be a JSON object of whole"),
        ("lightgbm", {"_stops": '{"fold0": 0}'}, r"'_stops' .* at least 1 by 'fold0', 'fold1'"),
        ("lightgbm", {"_stops": '{"fold": 3}'}, r"'_stops' .* and 'sample'"),
        ("linear-learner", {"wd": "[]"}, r"'wd' is \[\]"),
        ("baseline", {"wd": "1"}, r"Those known: none"),
    ],
)
def test_what_cannot_be_is_named_with_what_can(algorithm, given, told, two_classes, tmp_path):
    with pytest.raises(CandidateFault, match=told):
        rerun(
            two_classes.dataset, *plan_of(algorithm, given), two_classes.features, tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()


def test_rather_none_than_a_score_that_time_has_changed(two_classes, tmp_path):
    plan, _ = plan_of("catboost", {"iterations": "200000", "learning_rate": "0.00001"})
    with pytest.raises(OutOfTime):
        rerun(two_classes.dataset, plan, None, two_classes.features, tmp_path / "out", 1.5)
    assert not (tmp_path / "out").exists()


def test_a_column_left_out_is_learnt_from_no_more_and_still_taken(two_classes, tmp_path):
    without = columns_without({"_without": '["colour"]'})
    dataset = leave_out(two_classes.dataset, without, tmp_path / "fewer")
    plan, _ = plan_of("lightgbm", {"num_iterations": "5"})
    rerun(dataset, plan, 1, tmp_path / "features", tmp_path / "1")
    assemble(dataset, {"dpp0": tmp_path / "features"}, {1: tmp_path / "1"}, 1, tmp_path / "made")
    predictor = load_predictor(tmp_path / "made/transformers", tmp_path / "made/model")
    assert [feature.source for feature in predictor.recipes["dpp0"].features] == ["a", "b"]
    answers = predictor.predict([["1", "red", "0.5"], ["1", "blue", "0.5"]])
    assert answers.probabilities[0].tolist() == answers.probabilities[1].tolist()


def test_leaving_nothing_out_changes_nothing(two_classes, tmp_path):
    assert leave_out(two_classes.dataset, (), tmp_path / "no") == two_classes.dataset


@pytest.mark.parametrize("text", ["colour", '{"colour": 1}', "[1]"])
def test_columns_to_leave_out_are_a_list_of_names(text):
    with pytest.raises(CandidateFault, match="a JSON list of names of columns"):
        columns_without({"_without": text})


def test_a_column_that_is_not_there_cannot_be_left_out(two_classes, tmp_path):
    with pytest.raises(CandidateFault, match="names 'colors'"):
        leave_out(two_classes.dataset, ["colors"], tmp_path / "fewer")


@pytest.mark.parametrize("weights", [{}, {1: 0.5}, {1: 1.5, 2: -0.5}, {1: float("nan")}])
def test_weights_of_an_ensemble_add_up_to_one(weights, two_classes, tmp_path):
    with pytest.raises(CandidateFault, match="add up to 1"):
        rerun_ensemble(two_classes.dataset, {}, weights, 3, Path(tmp_path / "out"))
