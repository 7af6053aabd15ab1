import os
import sys

import pytest

from windvane.automl.local.job import Job
from windvane.automl.local.run_job import HostDied, run_job
from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.errors import DataFault, InvalidRequest
from windvane.process.memory import tree_of


def _job(tmp_path, file, **changes):
    described = {
        "files": (SourceFile(file, file.name),),
        "format": "csv",
        "compression": "None",
        "problem": ProblemSpec("y"),
        "started": 0.0,
        "max_runtime_s": 5.0,
        "max_candidates": 1,
        "threads": 1,
        "memory_mb": 1024,
        "out": tmp_path,
    }
    return Job(**{**described, **changes})


def test_a_job_survives_the_way_through_json(tmp_path):
    job = _job(tmp_path, tmp_path / "t.csv", max_candidates=None)
    assert Job.from_json(job.to_json()) == job
    job = _job(tmp_path, tmp_path / "t.csv", reports=tmp_path / "reports", reports_s=2.5)
    assert Job.from_json(job.to_json()) == job


def test_times_of_a_job_follow_each_other(tmp_path):
    for seconds in (1, 10, 60, 3600):
        job = _job(tmp_path, tmp_path / "t.csv", max_runtime_s=seconds)
        times = job.schedule
        assert 0 < times.search_end < times.packing < times.deadline == seconds


def test_bad_data_are_told_with_the_name_of_the_file(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,y\n")
    with pytest.raises(DataFault, match=r"t\.csv"):
        run_job(tmp_path, lambda: _job(tmp_path, file), lambda _: None)


def test_a_process_that_ends_without_a_word_is_our_fault_and_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(HostDied, match="exit code 1"):
        run_job(tmp_path, lambda: _job(tmp_path, tmp_path / "t.csv"), lambda _: None)


def test_a_job_that_cannot_be_asked_for_leaves_no_process(tmp_path):
    before = tree_of(os.getpid())

    def ask():
        raise InvalidRequest("no such table")

    with pytest.raises(InvalidRequest, match="no such table"):
        run_job(tmp_path, ask, lambda _: None)
    assert tree_of(os.getpid()) == before
