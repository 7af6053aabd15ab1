"""An ensemble with a second layer, from the leaderboard to packages and back: one way of answering everywhere."""

import json
import time

import numpy as np
import pytest

from windvane.engine import stages
from windvane.engine.candidate_io import read_candidate, read_out_of_fold
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.ensembles import stacking
from windvane.engine.ensembles.pool import pool_for
from windvane.engine.ensembles.stacking import Stacking
from windvane.engine.evaluation import judge
from windvane.engine.packages.package import load_predictor
from windvane.engine.packages.predictor import Combination, Predictor, Transformers
from windvane.engine.rerun import rerun_ensemble
from windvane.engine.scoring.metrics import METRICS
from windvane.errors import CandidateFault, CorruptArtifact
from windvane.notes.sentences import sentences

INDEX = 9
SETTINGS = [
    {"num_leaves": 7, "learning_rate": 0.1},
    {"num_leaves": 3, "learning_rate": 0.2},
    {"extra_trees": True, "feature_fraction": 0.5, "learning_rate": 0.1},
]


def _candidates(worked, folder):
    found = {}
    for index, own in enumerate(SETTINGS, 1):
        plan = Plan(index, "dpp0", "lightgbm", {"num_iterations": 30, **own}, 1)
        found[index] = folder / str(index)
        limits = stages.TrainLimits(time.time() + 60)
        stages.train(worked.dataset, worked.features, plan, limits, found[index])
    return found


@pytest.fixture(scope="module", params=["amounts", "two_classes"])
def worked(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def members(worked, tmp_path_factory):
    return _candidates(worked, tmp_path_factory.mktemp("members"))


@pytest.fixture
def ensemble(worked, members, tmp_path, monkeypatch):
    """Its folder and outcome; the table is too small for a layer to be shown to help."""
    monkeypatch.setattr(stacking, "LEAST_ROWS", 100)
    monkeypatch.setattr(judge, "_SHOWN_BETTER", -1e9)
    monkeypatch.setattr(judge, "is_better", lambda *_: True)
    monkeypatch.setattr(judge, "holds_up", lambda *_: True)
    into = tmp_path / str(INDEX)
    outcome = stages.build_ensemble(worked.dataset, members, INDEX, into)
    assert outcome is not None
    return into, outcome


def _packages(worked, members, ensemble, into):
    folders = {**members, INDEX: ensemble}
    stages.assemble(worked.dataset, {"dpp0": worked.features}, folders, INDEX, into)
    return into


def _load(packages):
    return load_predictor(packages / "transformers", packages / "model")


def test_the_leaderboard_says_that_it_has_one(ensemble):
    folder, outcome = ensemble
    assert outcome.second_layer == Stacking().to_json()
    assert any(
        note.startswith("stacked: a second layer over ") for note in sentences(outcome.notes)
    )
    assert read_candidate(folder).outcome == outcome


def test_running_it_again_gives_the_same_scores_and_trees(worked, members, ensemble, tmp_path):
    folder, outcome = ensemble
    document = json.loads(json.dumps(outcome.second_layer))
    chosen = {index: members[index] for index in outcome.members}
    into = tmp_path / "again"
    again = rerun_ensemble(worked.dataset, chosen, outcome.members, INDEX, into, document)
    objective = read_dataset(worked.dataset).analysis.objective
    assert again.objective == outcome.ranked_by(objective)
    assert again.scores == outcome.train_scores
    assert again.second_layer == outcome.second_layer
    for name in ("model.txt", "manifest.json"):
        file = f"second_layer/{name}"
        assert (into / file).read_bytes() == (folder / file).read_bytes()
    plain = rerun_ensemble(worked.dataset, chosen, outcome.members, INDEX, tmp_path / "plain")
    assert plain.second_layer == {}
    assert plain.scores != outcome.train_scores


def test_it_is_scored_by_trees_and_weights_that_did_not_see_the_row(worked, ensemble):
    folder, outcome = ensemble
    table, record = read_dataset(worked.dataset), read_candidate(folder)
    honest = read_out_of_fold(folder)
    assert np.isfinite(honest).all()
    if honest.ndim == 1:
        metric = METRICS[table.analysis.objective]
        cross_fitted = metric.value(table.y, honest.astype(float))
        assert outcome.objective == pytest.approx(cross_fitted, rel=1e-6)
    assert outcome.train_scores != outcome.scores
    assert record.outcome.optimism >= 0


def test_packages_answer_with_it_one_row_as_many(worked, members, ensemble, tmp_path):
    predictor = _load(_packages(worked, members, ensemble[0], tmp_path / "packages"))
    rows = read_dataset(worked.dataset).sample_rows()
    many = predictor.predict(rows)
    for place, row in enumerate(rows):
        one = predictor.predict([row])
        assert (one.values == many.values[place : place + 1]).all()
        assert (one.probabilities == many.probabilities[place : place + 1]).all()
    assert predictor.second_layer.n_members == len(ensemble[1].members)
    pool = pool_for(len(predictor.schema.labels))
    without = Predictor(
        Transformers(predictor.schema, predictor.columns, predictor.recipes),
        predictor.members,
        Combination(predictor.decision, predictor.temperature, pool),
        predictor.about,
    ).predict(rows)
    assert (without.values != many.values).any() or (
        without.probabilities != many.probabilities
    ).any()


def test_a_package_whose_second_layer_is_damaged_is_refused(worked, members, ensemble, tmp_path):
    packages = _packages(worked, members, ensemble[0], tmp_path / "packages")
    file = packages / "model/second_layer/model.txt"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CorruptArtifact, match=r"second_layer/model\.txt"):
        _load(packages)


def test_with_a_limit_of_latency_there_is_none(worked, members, ensemble, tmp_path):
    outcome = stages.build_ensemble(worked.dataset, members, INDEX, tmp_path / "quick", 10.0)
    assert outcome is not None
    assert outcome.second_layer == {}
    assert not (tmp_path / "quick/second_layer").exists()


def test_without_time_there_is_none(worked, members, ensemble, tmp_path):
    into, ends = tmp_path / "late", time.time() + 0.5
    outcome = stages.build_ensemble(worked.dataset, members, INDEX, into, ends=ends)
    assert outcome is not None
    assert outcome.second_layer == {}


def test_a_layer_that_cannot_be_is_named(worked, members, tmp_path):
    weights = {1: 0.5, 2: 0.5}
    with pytest.raises(CandidateFault, match="'depth' is not a parameter of a second layer"):
        rerun_ensemble(worked.dataset, members, weights, INDEX, tmp_path / "x", {"depth": 3})
