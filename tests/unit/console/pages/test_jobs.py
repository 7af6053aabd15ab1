"""The page of all jobs: what it lists, how it is narrowed down, and how jobs are stopped from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from api.records import candidate_record, finished_candidate, job_record
from api.world import SCOPE
from unit.console.desk import Desk, opened

from windvane.console.job.first_job import FirstJob, first_job
from windvane.control import overviews
from windvane.domain.candidate import CandidateStatus, Metric
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


def names(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/console/jobs/([^"]+)"', html)


def several(desk: Desk, n: int = 3, **changes: Any) -> None:
    for number in range(n):
        desk.world.insert(job_record(desk.world.clock.advance(), f"job-{number:02}", **changes))


def status_of(desk: Desk, name: str) -> JobStatus:
    with desk.world.store.snapshot() as tx:
        job = tx.find(AutoMLJob, SCOPE, name)
    assert job is not None
    return job.status


def test_without_jobs_the_page_leads_to_the_first_one(desk: Desk) -> None:
    page = desk.get("/console/")
    assert page.status == 200
    assert 'href="/console/new"' in page.text
    assert "No jobs yet" in page.words
    for code in ("aws sagemaker create-auto-ml-job ", 'boto3.client("sagemaker")'):
        assert code in page.words
    assert f"s3://sagemaker-us-east-1-{SCOPE.account}/first-job/" in page.words


def test_the_code_for_a_first_job_starts_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    world = desk.world
    uploads = []

    class FakeS3:
        def upload_file(self, file: str, bucket: str, key: str) -> None:
            uploads.append(f"s3://{bucket}/{key}")
            world.put(uploads[-1], b"a,y\n1,0\n")

    services = {"s3": FakeS3(), "sagemaker": world.client()}
    monkeypatch.setattr("boto3.client", services.__getitem__)
    exec(_code(desk).python, {})
    assert uploads == [f"s3://sagemaker-us-east-1-{SCOPE.account}/first-job/train.csv"]
    assert names(desk.get("/console/").text) == ["first-job"]


def _code(desk: Desk) -> FirstJob:
    roles = (f"arn:aws:iam::{SCOPE.account}:role/windvane",)
    return first_job(SCOPE, roles)  # type: ignore[arg-type]


def test_a_row_says_how_far_a_job_is_and_how_good(desk: Desk) -> None:
    world, now = desk.world, desk.world.clock()
    metrics = (Metric(MetricName.F1, 0.912345, standard_error=0.0078712),)
    job = job_record(
        now,
        objective=MetricName.F1,
        best_candidate="churn-001",
        secondary=SecondaryStatus.MODEL_TUNING,
    )
    world.insert(job, finished_candidate(now, score=0.912345, metrics=metrics))
    world.insert(candidate_record(now, 2, status=CandidateStatus.FAILED))
    words = desk.get("/console/").words
    for told in ("churn", "In progress Model tuning", "F1", "0.9123 ± 0.0079"):
        assert told in words
    assert re.search(r"2 · \d+ % of the time · 1 failed", words)


def test_progress_is_that_of_the_time(desk: Desk) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=900)
    desk.world.insert(job_record(begun, deadline=begun + timedelta(seconds=3600)))
    answer = desk.get("/console/")
    assert "0 · 25 % of the time" in answer.words
    assert re.search(r'value="0.25\d" aria-label="Share of the time limit', answer.text)


def test_jobs_are_filtered_sorted_and_paged_by_links(desk: Desk) -> None:
    several(desk, 30)
    first = desk.get("/console/?sort=name&order=asc")
    assert names(first.text) == [f"job-{n:02}" for n in range(25)]
    assert "1–25 of 30" in first.words
    assert 'aria-sort="ascending"' in first.text
    [following] = re.findall(r'rel="next" href="([^"]+)"', first.text)
    rest = desk.get(following.replace("&amp;", "&"))
    assert names(rest.text) == [f"job-{n:02}" for n in range(25, 30)]
    assert "26–30 of 30" in rest.words
    assert "Next page" not in rest.words
    assert names(desk.get("/console/?name=B-07").text) == ["job-07"]
    assert names(desk.get("/console/?status=Failed").text) == []
    assert "No matching jobs" in desk.get("/console/?status=Failed").words


@pytest.mark.parametrize(
    "query", ["sort=%27", "status=Lost", "first=-1", "first=9999999999999", "order=x", "stopped=x"]
)
def test_what_is_no_choice_is_passed_over(desk: Desk, query: str) -> None:
    several(desk)
    page = desk.get(f"/console/?{query}")
    assert page.status == 200
    assert names(page.text) == ["job-02", "job-01", "job-00"]


def test_a_page_that_was_made_up_says_so(desk: Desk) -> None:
    page = desk.get("/console/?token=abc")
    assert page.status == 400
    assert "Invalid NextToken" in page.words


def test_a_hostile_filter_is_shown_as_text(desk: Desk) -> None:
    several(desk)
    hostile = '"><script>alert(1)</script>'
    page = desk.get(f"/console/?{urlencode({'name': hostile, 'sort': hostile})}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "No matching jobs" in page.words


def test_chosen_jobs_are_stopped_once_that_was_confirmed(desk: Desk) -> None:
    several(desk)
    chosen = [("job", "job-00"), ("job", "job-02"), ("sort", "name")]
    asked = desk.post("/console/stop", chosen)
    assert asked.status == 200
    assert "Stop 2 jobs?" in asked.words
    assert status_of(desk, "job-00") is JobStatus.IN_PROGRESS
    done = desk.post("/console/stop", [*chosen, ("confirmed", "yes")])
    assert (done.status, done.headers["location"]) == (303, "/console/?sort=name&stopped=2")
    statuses = [status_of(desk, f"job-0{n}") for n in range(3)]
    assert statuses == [JobStatus.STOPPING, JobStatus.IN_PROGRESS, JobStatus.STOPPING]
    assert "Stopping 2 jobs." in desk.get(done.headers["location"]).words


def test_the_button_of_a_row_stops_that_job_alone(desk: Desk) -> None:
    several(desk)
    asked = desk.post("/console/stop", [("job", "job-00"), ("only", "job-01")])
    assert "Stop job-01?" in asked.words
    assert re.findall(r'name="job" value="([^"]+)"', asked.text) == ["job-01"]


def test_a_job_that_has_ended_meanwhile_is_told(desk: Desk) -> None:
    several(desk, 1)
    desk.world.insert(job_record(desk.world.clock(), "over", status=JobStatus.COMPLETED))
    fields = [("job", "over"), ("job", "job-00"), ("job", "nope"), ("confirmed", "yes")]
    page = desk.post("/console/stop", fields)
    assert page.status == 400
    assert "over : The request was rejected because the AutoML job is in status" in page.words
    assert "nope : There is no AutoML job called nope in this account and region." in page.words
    assert status_of(desk, "job-00") is JobStatus.STOPPING


def test_nothing_is_stopped_without_the_token_of_the_form(desk: Desk) -> None:
    several(desk, 1)
    fields = [("job", "job-00"), ("confirmed", "yes")]
    assert desk.post_as("/console/stop", fields).status == 403
    assert desk.post_as("/console/stop", [*fields, ("csrf_token", "00" * 32)]).status == 403
    assert desk.get("/console/stop").status == 405
    assert status_of(desk, "job-00") is JobStatus.IN_PROGRESS


def test_a_list_too_long_to_be_counted_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    several(desk)
    monkeypatch.setattr(overviews, "MOST_COUNTED", 2)
    page = desk.get("/console/")
    assert "1–3 of more than 10,000" in page.words
    assert "New job" in page.words
    desk.post("/console/jobs/job-00/project", [("project", "A")])
    assert "1–1 of 1" in desk.get("/console/?project=A").words


# projects and the archive


def test_jobs_of_a_project_have_a_page_and_archived_ones_are_left_out(desk: Desk) -> None:
    several(desk)
    assert 'name="project"' not in desk.get("/console/").text
    for name in ("job-00", "job-01"):
        assert desk.post(f"/console/jobs/{name}/project", [("project", "A + B")]).status == 303
    page = desk.get("/console/?project=A+%2B+B")
    assert names(page.text) == ["job-01", "job-00"]
    assert "New job in this project" in page.words
    assert 'href="/console/new?tags=project%3DA%20%2B%20B"' in page.text
    assert "A + B 2" in desk.get("/console/projects").words
    assert 'href="/console/?project=A%20%2B%20B"' in desk.get("/console/jobs/job-00").text
    done = desk.post("/console/jobs/job-01/archive", [("do", "archive")])
    assert (done.status, done.headers["location"]) == (303, "/console/jobs/job-01#manage")
    assert names(desk.get("/console/").text) == ["job-02", "job-00"]
    assert names(desk.get("/console/?archived=yes").text) == ["job-01"]
    page = desk.get("/console/?project=A+%2B+B")
    assert "Archived jobs of this project (1)" in page.words
    assert 'href="/console/?project=A%20%2B%20B&amp;archived=yes"' in page.text
    narrowed = desk.get("/console/?project=A+%2B+B&status=Failed")
    assert "Archived jobs of this project" not in narrowed.words
    assert "This job is archived" in desk.get("/console/jobs/job-01").words
    assert desk.post("/console/jobs/job-01/archive", [("do", "restore")]).status == 303
    assert desk.post("/console/jobs/job-01/project", [("project", "")]).status == 303
    assert names(desk.get("/console/?project=A+%2B+B").text) == ["job-00"]
    assert len(names(desk.get("/console/").text)) == 3


def test_projects_and_the_archive_need_the_token_of_the_form_and_known_words(desk: Desk) -> None:
    several(desk, 1)
    for path, fields in (("project", [("project", "p")]), ("archive", [("do", "archive")])):
        assert desk.post_as(f"/console/jobs/job-00/{path}", fields).status == 403
        assert desk.post(f"/console/jobs/nothing/{path}", fields).status == 404
    assert desk.post("/console/jobs/job-00/archive", [("do", "burn")]).status == 400
    assert names(desk.get("/console/").text) == ["job-00"]
    hostile = "<script>alert(1)</script>"
    page = desk.get(f"/console/?{urlencode({'project': hostile})}")
    assert (page.status, hostile in page.text) == (200, False)
    assert desk.post("/console/jobs/job-00/project", [("project", hostile)]).status == 400


def test_a_refused_project_is_told_beside_the_field_which_keeps_what_was_typed(desk: Desk) -> None:
    several(desk, 1)
    for typed in ("Mieten & Preise", "aws:mine" + "x" * 249):
        answer = desk.post("/console/jobs/job-00/project", [("project", typed)])
        assert answer.status == 400
        assert "<h1>job-00</h1>" in answer.text
        assert f'name="project" value="{escape(typed)}"' in answer.text
        assert 'aria-describedby="project-error"' in answer.text
        assert "The name of a project can have up to 256 letters" in answer.words
    assert 'name="project" value=""' in desk.get("/console/jobs/job-00").text


def test_nothing_chosen_is_told(desk: Desk) -> None:
    page = desk.post("/console/stop")
    assert page.status == 400
    assert "No job was selected." in page.words


def test_what_is_over_cannot_be_chosen(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock(), status=JobStatus.FAILED))
    page = desk.get("/console/").text
    assert 'type="checkbox"' not in page
    assert "Stop selected" not in page
    assert "http-equiv" not in page


@pytest.mark.slow
def test_cells_of_jobs_under_way_are_streamed_as_they_change(desk: Desk) -> None:
    world = desk.world
    several(desk, 1)
    world.insert(job_record(world.clock(), "over", status=JobStatus.COMPLETED, ended=world.clock()))

    def change() -> None:
        with world.store.snapshot() as tx:
            job = tx.find(AutoMLJob, SCOPE, "job-00")
        assert job is not None
        world.update(replace(job, secondary=SecondaryStatus.ANALYZING_DATA))
        world.insert(job_record(world.clock(), "newer"))

    seen = desk.watch("/console/stream", 10, {8: change})
    assert "Analyzing data" in seen["status-job-00"][-1]
    assert "The list has changed." in seen["news"][-1]
    assert "status-over" not in seen
    assert "took-newer" not in seen


def test_without_scripts_the_page_is_loaded_again_while_jobs_run(desk: Desk) -> None:
    several(desk, 1)
    page = desk.get("/console/").text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page
    assert "sse-connect" in page
