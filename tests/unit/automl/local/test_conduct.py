"""A whole job: what its leaderboard and its packages agree on."""

import json
import subprocess
import sys
import time

import pytest

from windvane.automl.local.job import Job
from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.packages.package import load_predictor

N_CANDIDATES = 4
AT_MOST_S = 200

SHIFTED = """
import json
import sys
from dataclasses import dataclass, replace

from windvane.automl.local import conduct
from windvane.automl.local.job import Job
from windvane.automl.local.last import QuickEnsemble
from windvane.automl.local.libraries import Libraries
from windvane.engine.outcomes import read_candidate, read_out_of_fold, write_candidate


@dataclass(frozen=True)
class Shifted(QuickEnsemble):
    of: int
    gain: float

    def make(self, job):
        folder, into = job.candidate(self.of), job.candidate(self.index)
        record = read_candidate(folder)
        objective = record.outcome.objective - self.gain
        outcome = replace(record.outcome, index=self.index, objective=objective)
        into.mkdir()
        write_candidate(into, replace(record, outcome=outcome), read_out_of_fold(folder))


def quick_ensemble(job, order):
    best = order[0]
    members = tuple(best.outcome.members)
    quick = Shifted(best.index + 1, members, best.index, float(sys.argv[2]))
    print(json.dumps({"best": best.index, "quick": quick.index, "members": len(members)}))
    return quick


conduct.quick_ensemble = quick_ensemble
conduct.conduct(Job.from_json(sys.argv[1]), lambda event: None, Libraries(()))
"""
"""The job, with a quick ensemble that says what the whole one says and scores better by the second argument. In a process
of its own: one that has run many tests is no good parent for those that train."""


@pytest.fixture
def job(make_table, tmp_path):
    file = tmp_path / "rows.csv"
    make_table(300, seed=3).drop(columns="y").to_csv(file, index=False)
    (tmp_path / "job").mkdir()
    files = (SourceFile(file, "rows.csv"),)
    problem = ProblemSpec("amount")
    return Job(
        files, "csv", "None", problem, time.time(), 300.0, N_CANDIDATES, 2, 3000, tmp_path / "job"
    )


@pytest.mark.parametrize(("gain", "is_kept"), [(1.0, True), (-1.0, False)])
def test_a_quick_ensemble_is_kept_if_it_scores_better(job, gain, is_kept):
    command = [sys.executable, "-c", SHIFTED, job.to_json(), str(gain)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=AT_MOST_S, check=True)
    told = json.loads(done.stdout)
    assert told["members"] > 1
    chosen = told["quick"] if is_kept else told["best"]
    board = json.loads((job.out / "leaderboard.json").read_text())["candidates"]
    assert board[0]["index"] == chosen
    assert {told["quick"], told["best"]} <= {
        entry["index"] for entry in board if entry["outcome"] is not None
    }
    model = load_predictor(job.out / "best" / "transformers", job.out / "best" / "model")
    assert model.about["candidate"] == chosen
