"""Reports of a job that is over: whole in time, cut or left out."""

import json
import select
import time

import pytest

from windvane.automl.local import reports
from windvane.automl.local.events import EventEmitter
from windvane.automl.local.report_request import OF_TABLE, Kind, ReportRequest, ReportStatus
from windvane.automl.local.reports import make_reports
from windvane.engine.manifest import read_json

_THREE = {"report.html", "report.ipynb", "report.pdf"}


def _best(job):
    return int(read_json(job / "best/model/manifest.json")["about"]["candidate"])


def _made(job, into, *, candidate=None, left_s=120.0, kinds=OF_TABLE, threads=2):
    now = time.time()
    asked = ReportRequest(
        job=job,
        candidate=_best(job) if candidate is None else candidate,
        kinds=kinds,
        into=into,
        ends=now + left_s,
        threads=threads,
        memory_mb=4096,
        started=now,
    )
    events = []
    made = make_reports(asked, EventEmitter(now, events.append))
    assert [event["report"] for event in events] == [one.kind for one in made]
    return {one.kind: one for one in made}


def _files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _for_ever():
    select.select([], [], [], 600)


def test_every_report_is_whole_if_there_is_time(job, tmp_path):
    made = _made(job, tmp_path / "reports")
    assert {one.fate for one in made.values()} == {ReportStatus.WRITTEN}
    assert {one.note for one in made.values()} == {""}
    assert {path.name for path in (tmp_path / "reports").iterdir()} == set(OF_TABLE)
    assert _files(tmp_path / "reports/exploration") == _THREE
    quality = {
        *_THREE,
        "statistics.json",
        "constraints.json",
        "figures.json",
        "segments.json",
    }
    assert _files(tmp_path / "reports/quality") == quality
    explanation = _files(tmp_path / "reports/explanation")
    assert {*_THREE, "analysis.json", "explanations_shap/out.csv"} < explanation
    shap = json.loads((tmp_path / "reports/explanation/analysis_config.json").read_text())
    assert shap["methods"]["shap"]["rows"] == 300


def test_a_candidate_that_was_not_trained_on_all_rows_is_said_to_be_none(job, tmp_path):
    other = {1, 2} - {_best(job)}
    made = _made(job, tmp_path, candidate=other.pop(), kinds=(Kind.EXPLANATION,), threads=1)
    assert "first fold" in made[Kind.EXPLANATION].note
    assert "as trained for the first fold" in (tmp_path / "explanation/report.html").read_text()


def test_without_time_reports_are_left_out_and_said_to_be(job, tmp_path):
    made = _made(job, tmp_path / "reports", left_s=0.5)
    assert {one.fate for one in made.values()} == {ReportStatus.LEFT_OUT}
    assert "not enough time" in made[Kind.QUALITY].note
    assert list((tmp_path / "reports").iterdir()) == []


def test_what_is_whole_when_the_time_is_over_stays(job, tmp_path, monkeypatch):
    def slow(_):
        yield "report.html", b"<p>whole</p>"
        _for_ever()

    monkeypatch.setitem(reports._MAKERS, Kind.QUALITY, slow)
    started = time.monotonic()
    made = _made(job, tmp_path, left_s=10.0, kinds=(Kind.QUALITY,))
    assert time.monotonic() - started < 240
    assert made[Kind.QUALITY].fate is ReportStatus.CUT
    assert "not enough time for all" in made[Kind.QUALITY].note
    assert _files(tmp_path / "quality") == {"report.html"}


def test_what_is_late_with_everything_is_left_out(job, tmp_path, monkeypatch):
    def slow(_):
        _for_ever()
        yield "report.html", b""

    monkeypatch.setitem(reports._MAKERS, Kind.QUALITY, slow)
    made = _made(job, tmp_path, left_s=1.5, kinds=(Kind.QUALITY,))
    assert made[Kind.QUALITY].fate is ReportStatus.LEFT_OUT
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_is_told_and_the_others_are_made(job, tmp_path, monkeypatch):
    def broken(_):
        raise ValueError("no such thing")
        yield

    monkeypatch.setitem(reports._MAKERS, Kind.EXPLANATION, broken)
    made = _made(job, tmp_path, kinds=(Kind.EXPLANATION, Kind.QUALITY), threads=1)
    assert made[Kind.EXPLANATION].fate is ReportStatus.FAILED
    assert "no such thing" in made[Kind.EXPLANATION].note
    assert made[Kind.QUALITY].fate is ReportStatus.WRITTEN


@pytest.mark.parametrize(
    ("left_s", "threads", "first"),
    [(60, 2, Kind.EXPLORATION), (60, 1, Kind.QUALITY), (3, 2, Kind.QUALITY)],
)
def test_the_long_one_begins_first_if_it_keeps_nothing_from_the_others(
    tmp_path, left_s, threads, first
):
    now = time.time()
    asked = ReportRequest(tmp_path, 1, OF_TABLE, tmp_path, now + left_s, threads, 512, now)
    assert reports._in_order(asked)[0] is first
    assert sorted(reports._in_order(asked)) == sorted(OF_TABLE)
