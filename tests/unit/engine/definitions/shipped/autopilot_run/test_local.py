"""The notebook of a job that ran on this machine, run from top to bottom in a kernel: the same scores to the last
digit."""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from windvane import AutoML
from windvane.domain.problem import MetricName
from windvane.engine.candidate_io import outcome_from_json, read_candidate
from windvane.engine.data.dataset import read_analysis
from windvane.engine.definitions.define import NOTEBOOK, define
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.definitions.shipped.autopilot_run.run import open_run
from windvane.engine.packages.package import load_predictor

N_CANDIDATES = 6


@pytest.fixture(scope="module")
def kept(make_table, tmp_path_factory):
    """A finished job's folder, definitions and all."""
    folder = tmp_path_factory.mktemp("kept")
    frame = make_table(300, seed=3).drop(columns="amount")
    AutoML("y", max_candidates=N_CANDIDATES, max_runtime_s=240, threads=2).fit(frame, keep=folder)
    job = DefinedJob("bank", 4, 240.0, dataset=str(folder / "dataset"))
    for path, content in define(folder / "dataset", job).items():
        file = folder / "definitions" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture
def in_reach(kept, monkeypatch, tmp_path):
    """The generated modules can be imported."""
    monkeypatch.syspath_prepend(str(kept / "definitions/generated_module"))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("candidate_data_processors")]:
        del sys.modules[name]


def job_of(**changes):
    return {
        "metric": "F1",
        "minimize": False,
        "folds": 5,
        "max_candidates": 2,
        "max_runtime_s": 120,
        "max_candidate_s": None,
        **changes,
    }


def opened(kept, **changes):
    return open_run(job_of(**changes), "local", str(kept / "dataset"))


def add(run, number, algorithm="lightgbm", recipe="dpp0", **hyperparameters):
    run.add(
        name=f"{recipe}-{algorithm}-{number}",
        recipe=recipe,
        algorithm=algorithm,
        hyperparameters=hyperparameters,
        ranges={},
        seed=number,
        rows=None,
        why="a test",
    )


def leaderboard(kept):
    entries = json.loads((kept / "leaderboard.json").read_text())["candidates"]
    return [one for one in entries if one["outcome"] is not None]


def test_the_notebook_runs_and_the_best_candidate_scores_the_same_again(
    kept, monkeypatch, tmp_path
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("WINDVANE_NOTEBOOK_DEPLOY", "1")
    file = kept / "definitions" / NOTEBOOK
    notebook = nbformat.reads(file.read_text(), as_version=4)
    NotebookClient(
        notebook,
        timeout=200,
        kernel_name="python3",
        resources={"metadata": {"path": str(file.parent)}},
    ).execute()
    told = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())
    )
    best, *others = leaderboard(kept)
    score = repr(outcome_from_json(best["outcome"]).ranked_by(MetricName(job_of()["metric"])))
    assert f"{best['index']}: {score} in the job, {score} now" in told
    by_plan = {one["plan"]["index"]: one["outcome"]["objective"] for one in others if one["plan"]}
    for index in (1, 2, 3):
        assert repr(by_plan[index]) in told, "the first candidates are the job's own"
    assert told.count("was not started") > 5


def test_candidates_of_the_leaderboard_are_run_again_by_name(kept, in_reach):
    run = opened(kept)
    entries = [
        one for one in leaderboard(kept) if one["algorithm"] in ("lightgbm", "linear-learner")
    ]
    assert len(entries) > 1
    for entry in entries:
        again = run.run_again(str(entry["index"]))
        assert again.now == again.before == entry["outcome"]["objective"]
    with pytest.raises(LookupError, match="'99' is not on the leaderboard"):
        run.run_again("99")


def test_a_candidate_that_time_cut_short_is_trained_as_far_again(kept, in_reach, tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    (job / "dataset").symlink_to(kept / "dataset")
    [entry] = (one for one in leaderboard(kept) if one["plan"] and one["plan"]["index"] == 1)
    entry["outcome"]["stops"] = {"fold0": 4, "fold2": 9}
    (job / "leaderboard.json").write_text(json.dumps({"candidates": [entry]}))
    run = open_run(job_of(), "local", str(job / "dataset"))
    before = entry["outcome"]["objective"]
    again = run.run_again()
    assert again.now != again.before == before
    outcome = read_candidate(Path(again.place)).outcome
    assert (outcome.objective, outcome.stops) == (again.now, {"fold0": 4, "fold2": 9})
    del entry["outcome"]["stops"]
    (job / "leaderboard.json").write_text(json.dumps({"candidates": [entry]}))
    assert run.run_again().now == before, "an older version kept no stops"


def test_an_ensemble_is_run_again_with_its_second_layer(kept, in_reach, tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    (job / "dataset").symlink_to(kept / "dataset")
    entries = leaderboard(kept)
    [entry] = (one for one in entries if one["plan"] is None)
    (job / "leaderboard.json").write_text(json.dumps({"candidates": entries}))
    run = open_run(job_of(), "local", str(job / "dataset"))
    assert read_candidate(Path(run.run_again(str(entry["index"])).place)).outcome.second_layer == {}
    layer = entry["outcome"]["second_layer"] = {"rounds": 3, "min_data_in_leaf": 5}
    (job / "leaderboard.json").write_text(json.dumps({"candidates": entries}))
    again = run.run_again(str(entry["index"]))
    assert read_candidate(Path(again.place)).outcome.second_layer == layer


def test_a_candidate_that_cannot_be_is_a_result_with_its_reason(kept, in_reach):
    run = opened(kept)
    add(run, 1, num_leafs=3)
    add(run, 2, "linear-learner", "dpp1")
    run.fit_transformers()
    run.run_candidates()
    assert "'num_leafs' is not known to lightgbm" in run.leaderboard()[1].reason
    assert run.best().candidate.algorithm == "linear-learner"


def test_an_ensemble_is_scored_and_packed(kept, in_reach):
    run = opened(kept, max_candidates=3)
    add(run, 1, num_iterations=20)
    add(run, 2, "linear-learner", "dpp1")
    run.fit_transformers()
    run.run_candidates()
    run.combine({"dpp0-lightgbm-1": 0.5, "dpp1-linear-learner-2": 0.5})
    ensemble = run.results[-1]
    assert ensemble.score > 0.5
    place = run.deploy(ensemble, "endpoint")
    predictor = load_predictor(Path(place, "transformers"), Path(place, "model"))
    assert set(predictor.recipes) == {"dpp0", "dpp1"}
    run.combine()
    assert len(run.results) == 3


def test_columns_left_out_are_not_learnt_from(kept, in_reach, monkeypatch):
    folder = kept / "definitions/generated_module/candidate_data_processors"
    module = importlib.import_module("candidate_data_processors.dpp1")
    source = (folder / "dpp1.py").read_text()
    whole, fewer = opened(kept), opened(kept)
    add(whole, 1, "linear-learner", "dpp1")
    try:
        (folder / "dpp1.py").write_text(source.replace("WITHOUT = []", 'WITHOUT = ["colour"]  #'))
        add(fewer, 1, "linear-learner", "dpp1")
        assert [column for column, _, _ in module.transformers()] == ["a", "b"]
    finally:
        (folder / "dpp1.py").write_text(source)
    for run in (whole, fewer):
        run.fit_transformers()
        run.run_candidates()
    assert whole.best().score > fewer.best().score
    place = fewer.deploy(fewer.best(), "endpoint")
    predictor = load_predictor(Path(place, "transformers"), Path(place, "model"))
    used = {feature.source for feature in predictor.recipes["dpp1"].features}
    assert used == {"a", "b"}
    with pytest.raises(RuntimeError, match="no endpoints"):
        fewer.invoke("endpoint", [])


def test_a_column_that_is_not_there_cannot_be_left_out(kept, in_reach, monkeypatch):
    module = importlib.import_module("candidate_data_processors.dpp0")
    monkeypatch.setattr(module, "WITHOUT", ["colours"])
    with pytest.raises(ValueError, match="'colours', which is not a column that dpp0 uses"):
        module.build_feature_transform()
    with pytest.raises(ValueError, match="no column 'y' that an endpoint reads"):
        module.read_features({"y": 1})
    assert module.read_features({"b": 2}) == ["", "", 2]
    labels = read_analysis(kept / "dataset").labels
    assert module.build_label_transform() == list(labels)


def test_a_dataset_that_is_not_there_is_told(kept, tmp_path):
    with pytest.raises(FileNotFoundError, match="WINDVANE_NOTEBOOK_DATASET"):
        open_run(job_of(), "local", str(tmp_path))
    with pytest.raises(ValueError, match='must be "server" or "local"'):
        open_run(job_of(), "elsewhere", str(tmp_path))
