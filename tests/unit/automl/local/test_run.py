"""A whole job in forks: what its events, its leaderboard and its packages agree on."""

import json
import time
from pathlib import Path

import pytest
from unit.automl.local.apart import (
    events_of,
    expect_much_memory_of_odd_candidates,
    have_a_quick_ensemble,
    take_long_to_analyse,
)

from windvane.automl.leaderboard import leaderboard_from_json, ranked
from windvane.automl.local.job import Job
from windvane.domain.problem import MetricName, ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.packages.package import load_predictor
from windvane.errors import DataFault, JobFault
from windvane.notes.sentences import reason


@pytest.fixture
def job(make_table, tmp_path):
    """(options of a Job) -> one for the column `amount`."""

    def made(max_candidates=4, max_runtime_s=300.0, **options):
        file = tmp_path / "rows.csv"
        make_table(300, seed=3).drop(columns="y").to_csv(file, index=False)
        (tmp_path / "job").mkdir()
        options = {
            "files": (SourceFile(file, "rows.csv"),),
            "format": "csv",
            "compression": "None",
            "problem": ProblemSpec("amount"),
            "started": time.time(),
            "threads": 2,
            "memory_mb": 3000,
            "out": tmp_path / "job",
            **options,
        }
        return Job(max_runtime_s=max_runtime_s, max_candidates=max_candidates, **options)

    return made


def board_of(job):
    return leaderboard_from_json(json.loads((job.out / "leaderboard.json").read_text()))


def test_events_leaderboard_and_packages_agree(job):
    asked = job()
    events = events_of(asked)
    stages = [(e["stage"], e["state"]) for e in events if e["event"] == "stage"]
    names = ["analysis", "search", "ensemble", "refit", "packing"]
    assert stages == [(name, state) for name in names for state in ("started", "ended")]
    board = board_of(asked)
    assert [one.index for one in ranked(board, MetricName.MSE)] == [one.index for one in board]
    done = events[-1]
    assert (done["event"], done["best"], done["ended"]) == ("done", board[0].index, "candidates")
    model = load_predictor(asked.out / "best" / "transformers", asked.out / "best" / "model")
    assert model.about["candidate"] == board[0].index
    assert board[0].outcome.optimism is not None
    assert {one.outcome.pessimism for one in board} != {None}
    finished = [e for e in events if e["event"] == "candidate" and e["state"] == "finished"]
    assert {e["index"] for e in finished} == {1, 2, 3}
    best_so_far = {e["index"]: e["objective"] for e in finished}
    assert finished[-1]["best"] == min(best_so_far, key=best_so_far.get)


def test_nothing_is_left_of_the_work_itself(job):
    asked = job(max_candidates=1)
    (asked.out / "candidates" / ".1-abc").mkdir(parents=True)
    events_of(asked)
    assert not list(Path(asked.out).rglob(".*"))


@pytest.mark.parametrize(("gain", "is_kept"), [(1.0, True), (-1.0, False)])
def test_a_quick_ensemble_is_kept_if_it_scores_better(job, gain, is_kept):
    asked = job()
    events = events_of(asked, have_a_quick_ensemble, gain)
    board = board_of(asked)
    ensembles = sorted(one.index for one in board if one.algorithm == "ensemble" and one.outcome)
    assert len(ensembles) == 2, board
    assert board[0].index == events[-1]["best"] == ensembles[1 if is_kept else 0]
    model = load_predictor(asked.out / "best" / "transformers", asked.out / "best" / "model")
    assert model.about["candidate"] == board[0].index


@pytest.mark.long
def test_a_first_look_is_scored_on_one_fold_and_stands_behind_the_others(job):
    asked = job(max_candidates=None, max_runtime_s=8.0)
    events_of(asked)
    look = next(one for one in board_of(asked) if one.index == 0)
    assert look.outcome.folds_used == 1
    assert look.outcome.size_bytes > 0


def test_data_that_cannot_be_used_are_told(job):
    fault = events_of(job(problem=ProblemSpec("missing")))[-1]
    assert fault["kind"] == DataFault.__name__
    assert "missing" in fault["text"]


def test_an_analysis_that_takes_too_long_is_told(job):
    fault = events_of(job(max_runtime_s=0.5), take_long_to_analyse)[-1]
    assert fault["kind"] == JobFault.__name__
    assert "It exceeded the job's time limit of 0.5 s; raise the limit." in fault["text"]


def test_plans_too_large_for_the_memory_fail_and_the_search_goes_on(job):
    asked = job(max_candidates=4)
    events_of(asked, expect_much_memory_of_odd_candidates)
    failed = {one.index: reason(one.failure) for one in board_of(asked) if one.outcome is None}
    assert set(failed) == {1, 3}
    assert "would need about 1000000 MiB of memory; a candidate may use 1500 MiB" in failed[3]
