"""A whole job in this process: what its leaderboard and its packages agree on."""

import json
import time
from dataclasses import dataclass, replace

import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.local import conduct as conduct_module
from windvane.engine.local.conduct import conduct
from windvane.engine.local.job import Job
from windvane.engine.local.last import QuickEnsemble
from windvane.engine.local.libraries import Libraries
from windvane.engine.outcomes import read_candidate, read_out_of_fold, write_candidate
from windvane.engine.packages.package import load_predictor

N_CANDIDATES = 4


@dataclass(frozen=True)
class Shifted(QuickEnsemble):
    """One that says what the members' ensemble says, and scores better or worse by `gain`."""

    of: int
    gain: float

    def make(self, job):
        record = read_candidate(job.candidate(self.of))
        objective = record.outcome.objective - self.gain
        outcome = replace(record.outcome, index=self.index, objective=objective)
        record = replace(record, outcome=outcome)
        job.candidate(self.index).mkdir()
        write_candidate(job.candidate(self.index), record, read_out_of_fold(job.candidate(self.of)))


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
def test_a_quick_ensemble_is_kept_if_it_scores_better(job, gain, is_kept, monkeypatch):
    asked = []

    def quick(job, order):
        assert order[0].algorithm == "ensemble"
        best = order[0]
        asked.append(Shifted(best.index + 1, tuple(best.outcome.members), best.index, gain))
        return asked[0]

    monkeypatch.setattr(conduct_module, "quick_ensemble", quick)
    told = []
    conduct(job, told.append, Libraries(()))
    assert told[-1]["event"] == "done"
    chosen = asked[0].index if is_kept else asked[0].of
    board = json.loads((job.out / "leaderboard.json").read_text())["candidates"]
    assert told[-1]["best"] == board[0]["index"] == chosen
    assert {asked[0].index, asked[0].of} <= {entry["index"] for entry in board}
    model = load_predictor(job.out / "best" / "transformers", job.out / "best" / "model")
    assert model.about["candidate"] == chosen
