"""A whole job in forks: what its events, its leaderboard and its packages agree on."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from windvane.automl.leaderboard import leaderboard_from_json, ranked
from windvane.automl.local.job import Job
from windvane.domain.problem import MetricName, ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.packages.package import load_predictor
from windvane.errors import DataFault, JobFault

AT_MOST_S = 200

RUN = """
import json
import sys

from windvane.automl.local import performing
from windvane.automl.local.job import Job
from windvane.automl.local.libraries import Libraries
from windvane.automl.local.run import run_here
from windvane.automl.workflow import decide
from windvane.errors import JobFault

{before}
try:
    run_here(Job.from_json(sys.argv[1]), lambda event: print(json.dumps(event)), Libraries(()))
except JobFault as fault:
    print(json.dumps({{"event": "fault", "kind": type(fault).__name__, "text": str(fault)}}))
"""
"""In a process of its own: one that has run many tests is no good parent for those that train."""


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


def events_of(job, before=""):
    command = [sys.executable, "-c", RUN.format(before=before), job.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=AT_MOST_S, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


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


QUICK = """
from dataclasses import replace
from windvane.automl import ending
from windvane.automl.actions import BuildEnsemble
from windvane.engine.outcomes import read_candidate, read_out_of_fold, write_candidate

build = performing.stages.build_ensemble

def build_ensemble(dataset, members, index, into, latency_s, ends):
    if latency_s is None:
        return build(dataset, members, index, into, latency_s, ends)
    whole = into.parent / str(index - 1)
    record = read_candidate(whole)
    by_weights = (replace(one, value=one.value - {gain}) for one in record.outcome.train_scores)
    outcome = replace(record.outcome, index=index, train_scores=tuple(by_weights))
    into.mkdir()
    write_candidate(into, replace(record, outcome=outcome), read_out_of_fold(whole))
    return outcome

def quick_ensemble(at, order):
    best = order[0]
    return BuildEnsemble(best.index + 1, tuple(best.outcome.members), is_quick=True)

performing.stages.build_ensemble = build_ensemble
ending._quick_ensemble = quick_ensemble
"""
"""A quick ensemble that says what the whole one says and scores better by the gain."""


@pytest.mark.parametrize(("gain", "is_kept"), [(1.0, True), (-1.0, False)])
def test_a_quick_ensemble_is_kept_if_it_scores_better(job, gain, is_kept):
    asked = job()
    events = events_of(asked, QUICK.format(gain=gain))
    board = board_of(asked)
    ensembles = sorted(one.index for one in board if one.algorithm == "ensemble" and one.outcome)
    assert len(ensembles) == 2, board
    assert board[0].index == events[-1]["best"] == ensembles[1 if is_kept else 0]
    model = load_predictor(asked.out / "best" / "transformers", asked.out / "best" / "model")
    assert model.about["candidate"] == board[0].index


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
    late = "performing.analyse = lambda *_: __import__('time').sleep(60)\n"
    late += "from windvane.automl import limits\nlimits._LAST_RESORT_S = 0.5"
    fault = events_of(job(max_runtime_s=0.5), late)[-1]
    assert fault["kind"] == JobFault.__name__
    assert "It exceeded the job's time limit of 0.5 s; raise the limit." in fault["text"]


def test_plans_too_large_for_the_memory_fail_and_the_search_goes_on(job):
    asked = job(max_candidates=4)
    events_of(
        asked,
        "from windvane.engine.tuning import cost\n"
        "cost.predicted_mb = lambda analysis, plan: 1e6 if plan.index % 2 else 10.0",
    )
    failed = {one.index: one.failure for one in board_of(asked) if one.outcome is None}
    assert set(failed) == {1, 3}
    assert (
        "is expected to need 1000000 MiB of memory, and a candidate may use 1500 MiB" in failed[3]
    )
