import json

import pytest

from windvane.automl.local.candidate_reports import job_entries, report_candidate
from windvane.automl.local.report_request import OF_CANDIDATE, Kind, ReportStatus
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.titles import candidate_title


def _report(job, candidate, into, budget_s=60.0):
    return report_candidate(job, candidate, OF_CANDIDATE, into, budget_s, 2, 4096)


def test_a_candidate_that_is_not_the_best_is_explained_and_judged(job, tmp_path):
    last = job_entries(job)[-1]
    made = _report(job, last.index, tmp_path)
    assert {one.kind: one.fate for one in made} == {
        Kind.QUALITY: ReportStatus.WRITTEN,
        Kind.EXPLANATION: ReportStatus.WRITTEN,
    }
    title = candidate_title(last.algorithm, last.index)
    assert title in (tmp_path / "explanation/report.html").read_text()


def test_a_folder_that_no_job_left_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="is not the folder of a finished job"):
        job_entries(tmp_path)


def test_a_damaged_leaderboard_is_refused(tmp_path):
    (tmp_path / "dataset").mkdir()
    (tmp_path / "leaderboard.json").write_text('{"candidates": [{}]}')
    with pytest.raises(CorruptArtifact, match=r"leaderboard\.json"):
        job_entries(tmp_path)


def test_a_candidate_that_is_not_there_is_told_with_those_that_are(job, tmp_path):
    with pytest.raises(InvalidRequest, match=r"no candidate 77; choose one of: 1, 2"):
        _report(job, 77, tmp_path)


def test_a_candidate_that_failed_is_refused_with_its_reason(job, tmp_path):
    document = json.loads((job / "leaderboard.json").read_text())
    document["candidates"][1] |= {"outcome": None, "failure": "It ran out of memory."}
    failed = document["candidates"][1]["index"]
    (tmp_path / "leaderboard.json").write_text(json.dumps(document))
    (tmp_path / "dataset").symlink_to(job / "dataset")
    with pytest.raises(InvalidRequest, match=r"did not finish: It ran out of memory\."):
        _report(tmp_path, failed, tmp_path / "into")


def test_time_must_be_given(job, tmp_path):
    with pytest.raises(InvalidRequest, match="must be above 0"):
        _report(job, 1, tmp_path, budget_s=0)
