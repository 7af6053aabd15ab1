"""Stages over real folders, with real learners on a small table."""

import json
import shutil
import time

import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine import stages
from windvane.engine.candidate_io import read_candidate, read_out_of_fold
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.packages.package import load_predictor
from windvane.engine.scoring.metrics import METRICS
from windvane.engine.training.matrices import read_matrix
from windvane.errors import CandidateFault, CorruptArtifact, OutOfMemory
from windvane.notes.sentences import sentences

FAST = {"num_iterations": 30, "learning_rate": 0.1, "num_leaves": 7}


def _plan(index=1, seed=1, **changes):
    return Plan(index, "dpp0", "lightgbm", {**FAST, **changes}, seed)


def _train(worked, folder, plan=None, seconds=60.0):
    plan = plan or _plan()
    into = folder / "candidates" / str(plan.index)
    limits = stages.TrainLimits(time.time() + seconds)
    return into, stages.train(worked.dataset, worked.features, plan, limits, into)


@pytest.fixture(scope="module")
def trained(two_classes, tmp_path_factory):
    return _train(two_classes, tmp_path_factory.mktemp("trained"))


def test_features_hold_a_matrix_for_every_fold_and_one_for_all_rows(two_classes):
    table = read_dataset(two_classes.dataset)
    fits = ["full", *(f"fold{fold}" for fold in range(table.analysis.n_folds))]
    for fit in fits:
        matrix = read_matrix(two_classes.features, fit)
        assert matrix.X.shape == (table.y.size, len(matrix.features))
        assert matrix.X.dtype == np.float32
    assert not [p for p in two_classes.features.parent.iterdir() if p.name.startswith(".")]


def test_outcome_tells_every_metric_with_its_uncertainty(trained):
    _, outcome = trained
    assert {score.metric for score in outcome.scores} == set(METRICS_OF[ProblemType.BINARY])
    assert {score.metric for score in outcome.train_scores} == set(METRICS_OF[ProblemType.BINARY])
    assert all(score.standard_error > 0 for score in outcome.scores)
    by_metric = {score.metric: score.value for score in outcome.scores}
    assert outcome.objective == by_metric[MetricName.F1]
    assert by_metric[MetricName.AUC] > 0.8
    assert 0 < outcome.latency_s < 1
    assert outcome.size_bytes > 0
    assert outcome.folds_used == 5


def test_scores_are_those_of_the_out_of_fold_predictions(trained, two_classes):
    folder, outcome = trained
    y = read_dataset(two_classes.dataset).y
    predicted = read_out_of_fold(folder).astype(float)
    told = {score.metric: score.value for score in outcome.scores}
    assert told[MetricName.AUC] == METRICS[MetricName.AUC].value(y, predicted)
    assert predicted.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_outcome_is_read_back_as_it_was(trained):
    folder, outcome = trained
    record = read_candidate(folder)
    assert record.outcome == outcome
    assert record.plan == _plan()
    assert 0 < record.threshold < 1


def test_training_again_gives_the_same_scores_to_the_last_digit(trained, two_classes, tmp_path):
    folder, outcome = trained
    again, repeated = _train(two_classes, tmp_path)
    assert repeated.scores == outcome.scores
    assert repeated.train_scores == outcome.train_scores
    assert (read_out_of_fold(again) == read_out_of_fold(folder)).all()


def test_a_failed_candidate_leaves_nothing_behind(two_classes, tmp_path):
    with pytest.raises(CandidateFault):
        _train(two_classes, tmp_path, _plan(num_leaves=-3))
    assert list(tmp_path.rglob("*")) == []


def test_what_needs_more_memory_than_there_is_is_not_begun(two_classes, tmp_path):
    limits = stages.TrainLimits(time.time() + 60, memory_mb=8)
    plan = Plan(1, "dpp0", "lightgbm", {}, 1)
    into = tmp_path / "candidates" / "1"
    with pytest.raises(OutOfMemory, match=r"lightgbm would need about \d+ MiB .* may use 8 MiB"):
        stages.train(two_classes.dataset, two_classes.features, plan, limits, into)
    assert not into.exists()


def test_no_time_still_ends_soon_with_a_model(two_classes, tmp_path):
    started = time.time()
    _, outcome = _train(two_classes, tmp_path, _plan(num_iterations=10**6), seconds=1.0)
    assert time.time() - started < 240
    assert np.isfinite(outcome.objective)


def test_baseline_knows_only_the_prior(two_classes, tmp_path):
    outcome = stages.train_baseline(two_classes.dataset, 3, tmp_path / "3")
    values = {score.metric: score.value for score in outcome.scores}
    assert outcome.index == 3
    assert values[MetricName.LOG_LOSS] == pytest.approx(np.log(2), abs=0.05)
    stages.assemble(two_classes.dataset, {}, {3: tmp_path / "3"}, 3, tmp_path / "best")
    predictor = load_predictor(tmp_path / "best/transformers", tmp_path / "best/model")
    answer = predictor.predict([[None, None, None]]).probabilities[0]
    y = read_dataset(two_classes.dataset).y
    assert answer == pytest.approx([1 - y.mean(), y.mean()])


def test_regression_baseline_predicts_the_mean(amounts, tmp_path):
    outcome = stages.train_baseline(amounts.dataset, 1, tmp_path / "1")
    values = {score.metric: score.value for score in outcome.scores}
    assert values[MetricName.R2] == pytest.approx(0, abs=0.05)


@pytest.fixture(scope="module")
def three(amounts, tmp_path_factory):
    """Three regression candidates that err differently."""
    folder = tmp_path_factory.mktemp("three")
    plans = [
        _plan(1),
        _plan(2, num_leaves=3, learning_rate=0.2),
        _plan(3, extra_trees=True, feature_fraction=0.5, num_iterations=60),
    ]
    return {plan.index: _train(amounts, folder, plan) for plan in plans}


def test_ensemble_is_written_like_a_candidate_and_scores_better(amounts, three, tmp_path):
    members = {index: folder for index, (folder, _) in three.items()}
    outcome = stages.build_ensemble(amounts.dataset, members, 9, tmp_path / "9")
    assert outcome is not None
    assert outcome.objective < min(single.objective for _, single in three.values())
    assert sum(outcome.members.values()) == pytest.approx(1)
    assert len(outcome.members) >= 2
    assert read_candidate(tmp_path / "9").outcome == outcome
    assert any("weights that were fitted without it" in note for note in sentences(outcome.notes))
    assert outcome.optimism == stages.optimism(amounts.dataset, {**members, 9: tmp_path / "9"}, 9)
    assert any("selected as the best of 4" in note for note in sentences(outcome.notes))


def test_an_ensemble_keeps_within_the_latency_asked_for(amounts, three, tmp_path):
    members = {index: folder for index, (folder, _) in three.items()}
    quickest = sorted(single.latency_s for _, single in three.values())
    for number, limit in enumerate((quickest[0] / 2, quickest[0] + quickest[1], 10.0)):
        into = tmp_path / str(number)
        outcome = stages.build_ensemble(amounts.dataset, members, 9, into, limit)
        assert outcome is None or outcome.latency_s <= limit
        assert (outcome is None) == (not into.exists())
    free = stages.build_ensemble(amounts.dataset, members, 9, tmp_path / "free")
    assert outcome is not None
    assert outcome.objective == pytest.approx(free.objective, rel=0.02)
    assert not (tmp_path / "0").exists()


def test_an_ensemble_keeps_within_its_size(amounts, three, tmp_path, monkeypatch):
    members = {index: folder for index, (folder, _) in three.items()}
    whole = stages.build_ensemble(amounts.dataset, members, 9, tmp_path / "whole")
    assert whole is not None
    for number, limit in enumerate((whole.size_bytes, whole.size_bytes - 1)):
        monkeypatch.setattr(stages, "_MOST_ENSEMBLE_BYTES", limit)
        outcome = stages.build_ensemble(amounts.dataset, members, 9, tmp_path / str(number))
        assert outcome is None or outcome.size_bytes <= limit
        assert (outcome is not None and outcome.members == whole.members) == (number == 0)


def test_copies_of_one_candidate_make_no_ensemble(amounts, three, tmp_path):
    folder, _ = three[1]
    twin = shutil.copytree(folder, tmp_path / "2")
    assert stages.build_ensemble(amounts.dataset, {1: folder, 2: twin}, 3, tmp_path / "3") is None
    assert not (tmp_path / "3").exists()


def test_assembled_ensemble_averages_its_members(amounts, three, tmp_path):
    folders = {index: folder for index, (folder, _) in three.items()}
    outcome = stages.build_ensemble(amounts.dataset, folders, 9, tmp_path / "9")
    folders[9] = tmp_path / "9"
    row = [["0.5", "red", "-1.25"]]

    def answer(index):
        into = tmp_path / f"best{index}"
        stages.assemble(amounts.dataset, {"dpp0": amounts.features}, folders, index, into)
        return load_predictor(into / "transformers", into / "model").predict(row).values[0]

    mean = sum(weight * answer(index) for index, weight in outcome.members.items())
    assert answer(9) == pytest.approx(mean)


def test_package_decides_by_the_threshold_that_the_objective_chose(trained, two_classes, tmp_path):
    folder, _ = trained
    into = tmp_path / "best"
    stages.assemble(two_classes.dataset, {"dpp0": two_classes.features}, {1: folder}, 1, into)
    predictor = load_predictor(into / "transformers", into / "model")
    assert predictor.decision == read_candidate(folder).decision
    assert json.loads((into / "model/manifest.json").read_text())["about"]["objective"] == "F1"


def test_damaged_record_of_a_candidate_is_named(trained, two_classes, tmp_path):
    folder, _ = trained
    broken = shutil.copytree(folder, tmp_path / "1")
    (broken / "outcome.json").write_text("{}")
    with pytest.raises(CorruptArtifact, match=r"outcome\.json"):
        stages.assemble(two_classes.dataset, {}, {1: broken}, 1, tmp_path / "best")


def test_what_understates_its_certainty_is_calibrated_in_score_and_package(two_classes, tmp_path):
    plan = _plan(num_iterations=5, learning_rate=0.03)
    folder, outcome = _train(two_classes, tmp_path, plan)
    record = read_candidate(folder)
    assert record.temperature < 0.7
    y, folds = read_dataset(two_classes.dataset).y, read_dataset(two_classes.dataset).folds
    raw = METRICS[MetricName.LOG_LOSS].value(y[folds >= 0], read_out_of_fold(folder)[folds >= 0])
    told = next(one.value for one in outcome.scores if one.metric is MetricName.LOG_LOSS)
    assert told < 0.95 * raw
    stages.assemble(
        two_classes.dataset, {"dpp0": two_classes.features}, {1: folder}, 1, tmp_path / "b"
    )
    predictor = load_predictor(tmp_path / "b" / "transformers", tmp_path / "b" / "model")
    assert predictor.members[0].temperature == record.temperature
    assert predictor.temperature == 1.0


def test_picking_the_best_of_three_is_told_to_flatter_its_score(amounts, three):
    folders = {index: folder for index, (folder, _) in three.items()}
    best = min(three, key=lambda index: three[index][1].objective)
    told = stages.optimism(amounts.dataset, folders, best)
    error = next(
        one.standard_error
        for one in three[best][1].scores
        if one.metric is read_dataset(amounts.dataset).analysis.objective
    )
    assert 0 <= told < error
    assert told == stages.optimism(amounts.dataset, folders, best)
    assert stages.optimism(amounts.dataset, {best: folders[best]}, best) is None


def test_the_score_of_an_ensemble_is_of_weights_fitted_without_the_row(amounts, three, tmp_path):
    members = {index: folder for index, (folder, _) in three.items()}
    outcome = stages.build_ensemble(amounts.dataset, members, 9, tmp_path / "9")
    table = read_dataset(amounts.dataset)
    objective = table.analysis.objective
    metric = METRICS[objective]
    cross_fitted = metric.value(table.y, read_out_of_fold(tmp_path / "9").astype(float))
    assert outcome.objective == pytest.approx(cross_fitted, rel=1e-6)
    [by_weights] = [one.value for one in outcome.train_scores if one.metric is objective]
    assert outcome.ranked_by(objective) == by_weights
    assert metric.gain(by_weights) > metric.gain(outcome.objective)
    best = max(metric.gain(outcome.objective) for _, outcome in three.values())
    assert metric.gain(by_weights) > best
