"""The page of a job: what it shows in every state, how it lives, and how the job is stopped from it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api.records import JOB_ARN, candidate_record, finished_candidate, job_record
from api.world import INPUT, MEMORY, SCOPE
from unit.console.desk import Desk, opened

from windvane.console.pages.job import FRAGMENTS
from windvane.console.wording import seconds
from windvane.domain.candidate import CandidateStatus, Metric
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.logs import LogLine, place_of
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.log import DESCRIBED, WITHHELD
from windvane.notes.note import Note, said

PAGE = "/console/jobs/churn"
HOSTILE = "<script>alert('x')</script>\"'&\x07‮"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        made.world.put("s3://results/jobs/churn/m/model.tar.gz")
        yield made


def job_of(desk: Desk) -> AutoMLJob:
    with desk.world.store.snapshot() as tx:
        job = tx.find(AutoMLJob, SCOPE, "churn")
    assert job is not None
    return job


def now_is(desk: Desk, **changes: Any) -> AutoMLJob:
    job = replace(job_of(desk), **changes)
    desk.world.update(job)
    return job


def analysed(desk: Desk) -> None:
    world = desk.world
    with world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(TaskKind.ANALYZE, "analyze")], world.clock())
        task = tx.claim_task([TaskKind.ANALYZE], "w", world.clock(), world.clock())
        assert task is not None
        world.clock.advance(3)
        found = {"n_rows": 41188, "n_columns": 21}
        tx.finish_task(task, TaskStatus.DONE, world.clock(), result=found)


def training(desk: Desk, index: int) -> None:
    world = desk.world
    payload = {"plan": {"index": index}}
    with world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(TaskKind.TRAIN, f"train/{index}", payload)], world.clock())
        later = world.clock() + timedelta(hours=1)
        assert tx.claim_task([TaskKind.TRAIN], "run/train-1/1", world.clock(), later)


def scored(desk: Desk, index: int, score: float, **changes: Any) -> None:
    metrics = (Metric(MetricName.F1, score, standard_error=0.0078),)
    now = desk.world.clock()
    desk.world.insert(finished_candidate(now, index, score=score, metrics=metrics, **changes))


def searching(desk: Desk) -> None:
    """The job churn in the middle of its search."""
    job = job_record(
        desk.world.clock(),
        objective=MetricName.F1,
        problem_type=ProblemType.BINARY,
        secondary=SecondaryStatus.MODEL_TUNING,
        endpoint_name="churn-endpoint",
    )
    desk.world.insert(job)
    analysed(desk)
    desk.world.insert(candidate_record(desk.world.clock(), 9, algorithm="catboost", recipe="dpp3"))
    training(desk, 9)
    desk.world.clock.advance(60)
    for index, score in ((1, 0.8), (2, 0.9), (3, 0.7)):
        scored(desk, index, score)
    now_is(desk, best_candidate="churn-002")
    with desk.world.store.transaction() as tx:
        tx.log(place_of(job), [LogLine("Candidate 2 scored 0.9.")], desk.world.clock())


def test_a_job_that_has_just_begun(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock()))
    page = desk.get(PAGE)
    assert page.status == 200
    assert "In progress Starting" in page.words
    assert "The first candidate has not finished yet." in page.words
    assert "No events yet." in page.words
    assert 'aria-current="page"' in page.text


def test_a_search_shows_everything_that_is_known(desk: Desk) -> None:
    searching(desk)
    words = desk.get(PAGE).words
    told = [
        "In progress Model tuning",
        "Best F1 0.9000 ± 0.0078",
        "Candidates 3 of at most 10",
        "Elapsed 1 min 3 s of at most 10 min",
        "41,188 rows × 21 columns",
        "Binary classification",
        "1 XGBoost 2 0.9000 ± 0.0078",
        "CatBoost 9 · dpp3 1 min",
        "123 MB",
        "Candidate 2 scored 0.9.",
        "churn-endpoint deployed at the end",
    ]
    assert [one for one in told if one not in words] == []
    assert "No candidate finished" not in words
    assert MEMORY["run/train-1/1"] // 10**6 == 123


def test_the_title_of_the_tab_says_how_much_of_the_time_is_used(desk: Desk) -> None:
    searching(desk)
    assert 'data-title="10 % · churn · Windvane"' in desk.get(PAGE).text


def test_phases_say_what_is_done_and_what_is_next(desk: Desk) -> None:
    searching(desk)
    page = desk.get(PAGE).text
    found = re.findall(r'<li class="(\w+)"[^>]*>\s*<span class="phase-title">([^<]+)', page)
    assert found == [
        ("done", "Starting"),
        ("done", "Analyzing data"),
        ("done", "Feature engineering"),
        ("now", "Model tuning"),
        ("next", "Explainability report"),
        ("next", "Model insights report"),
        ("next", "Deploying the model"),
    ]
    assert page.count('aria-current="step"') == 1
    assert 'class="planned"' in page


def test_the_best_candidates_alone_are_on_the_page_and_the_rest_is_a_link_away(desk: Desk) -> None:
    searching(desk)
    for index in range(10, 22):
        scored(desk, index, 0.5)
    page = desk.get(PAGE)
    board = page.text[page.text.index("Leaderboard</h2>") :]
    assert len(re.findall(r'href="/console/jobs/churn/candidates/(churn-0\d\d)"', board)) >= 10
    assert 'href="/console/jobs/churn/leaderboard"' in page.text
    assert "All 15" in page.words


def test_a_completed_job_is_a_summary_that_does_not_move(desk: Desk) -> None:
    searching(desk)
    with desk.world.store.transaction() as tx:
        [task] = [one for one in tx.tasks(JOB_ARN) if one.status is TaskStatus.RUNNING]
        tx.finish_task(task, TaskStatus.DONE, desk.world.clock(), result={})
    done = {"status": JobStatus.COMPLETED, "secondary": SecondaryStatus.MAX_RUNTIME_REACHED}
    notebook = "s3://results/jobs/churn/exploration.ipynb"
    now_is(desk, ended=desk.world.clock(), deployed=True, exploration=notebook, **done)
    page = desk.get(PAGE)
    assert "Completed Time limit reached" in page.words
    assert "Duration 1 min 3 s of at most 10 min" in page.words
    for gone in ("sse-connect", "http-equiv", "Stop job", "Running now</h2>"):
        assert gone not in page.text
    for link in (
        "/console/endpoints/churn-endpoint/try",
        "/console/files?uri=s3%3A%2F%2Fresults%2Fjobs%2Fchurn%2Fexploration.ipynb",
        "/console/jobs/churn/candidates/churn-002",
    ):
        assert f'href="{link}"' in page.text


@pytest.mark.parametrize(
    ("most", "told"),
    [
        (3, "Candidates 3 tried Duration"),
        (4, "Candidates 3 tried · 1 of 4 kept for an ensemble Duration"),
        (6, "Candidates 3 tried · 3 of 6 kept for ensembles Duration"),
    ],
)
def test_a_job_that_reached_its_maximum_says_what_it_counts(
    desk: Desk, most: int, told: str
) -> None:
    searching(desk)
    now_is(
        desk,
        status=JobStatus.COMPLETED,
        secondary=SecondaryStatus.MAX_CANDIDATES_REACHED,
        ended=desk.world.clock(),
        limits=replace(job_of(desk).limits, max_candidates=most),
    )
    assert told in desk.get(PAGE).words


@pytest.mark.parametrize(
    ("secondary", "failed"),
    [
        (SecondaryStatus.EXPLAINABILITY_ERROR, "Explainability report"),
        (SecondaryStatus.MODEL_INSIGHTS_ERROR, "Model insights report"),
        (SecondaryStatus.MODEL_DEPLOYMENT_ERROR, "Deploying the model"),
    ],
)
def test_what_a_completed_job_lacks_is_a_failed_phase(
    desk: Desk, secondary: SecondaryStatus, failed: str
) -> None:
    searching(desk)
    reasons = (said("A report is missing: it took too long."),)
    changes = {"status": JobStatus.COMPLETED, "secondary": secondary, "partial_failures": reasons}
    now_is(desk, ended=desk.world.clock(), **changes)
    page = desk.get(PAGE)
    assert re.findall(r'class="failed">\s*<span class="phase-title">([^<]+)', page.text) == [failed]
    assert (
        "Some results could not be generated A report is missing: it took too long." in page.words
    )
    assert "churn-endpoint not deployed" in page.words
    assert 'href="/console/endpoints/churn-endpoint"' not in page.text


def reported(desk: Desk, kind: TaskKind) -> None:
    world = desk.world
    with world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(kind, kind)], world.clock())
        task = tx.claim_task([kind], "w", world.clock(), world.clock())
        assert task is not None
        tx.finish_task(task, TaskStatus.DONE, world.clock(), result={})
    world.clock.advance()


def test_a_report_that_was_ready_before_its_phase_could_begin_is_there(desk: Desk) -> None:
    searching(desk)
    reported(desk, TaskKind.EXPLAIN)
    where = {"explainability": "s3://results/explained", "model_insights": "s3://results/insights"}
    scored(desk, 11, 0.95, **where)
    done = {"status": JobStatus.COMPLETED, "secondary": SecondaryStatus.MAX_RUNTIME_REACHED}
    now_is(desk, ended=desk.world.clock(), best_candidate="churn-011", **done)
    words = desk.get(PAGE).words
    assert "Model insights report in parallel done" in words
    assert "Reports Quality Explanation Data" in words


_NONE = "not generated · generate it"


@pytest.mark.parametrize(
    ("missing", "failed", "there"),
    [
        ((), [], "Reports Quality Explanation Data"),
        (
            ("explainability",),
            ["Explainability report"],
            f"Reports Quality Explanation {_NONE} Data",
        ),
        (
            ("model insights",),
            ["Model insights report"],
            f"Reports Quality {_NONE} Explanation Data",
        ),
        (
            ("explainability", "model insights"),
            ["Explainability report", "Model insights report"],
            f"Reports Quality {_NONE} Explanation {_NONE} Data",
        ),
    ],
)
def test_each_report_that_is_missing_is_told(
    desk: Desk, missing: tuple[str, ...], failed: list[str], there: str
) -> None:
    searching(desk)
    for kind in (TaskKind.INSIGHTS, TaskKind.EXPLAIN):
        reported(desk, kind)
    where = {"explainability": "s3://results/explained", "model insights": "s3://results/insights"}
    fields = {one.replace(" ", "_"): uri for one, uri in where.items() if one not in missing}
    scored(desk, 11, 0.95, **fields)
    codes = {
        "explainability": NoteCode.EXPLAINABILITY_MISSING,
        "model insights": NoteCode.INSIGHTS_MISSING,
    }
    reasons = tuple(Note(codes[one], because=Note(NoteCode.NO_TIME)) for one in missing)
    secondary = {
        (): SecondaryStatus.COMPLETED,
        ("model insights",): SecondaryStatus.MODEL_INSIGHTS_ERROR,
    }.get(missing, SecondaryStatus.EXPLAINABILITY_ERROR)
    changes = {"status": JobStatus.COMPLETED, "secondary": secondary, "partial_failures": reasons}
    now_is(desk, ended=desk.world.clock(), best_candidate="churn-011", **changes)
    page = desk.get(PAGE)
    assert re.findall(r'class="failed">\s*<span class="phase-title">([^<]+)', page.text) == failed
    assert there in page.words
    assert "report skipped" not in page.words
    for tab in ("quality", "explanation"):
        assert f'href="{PAGE}/candidates/churn-011/{tab}"' in page.text
    form = f'action="{PAGE}/candidates/churn-011/reports"'
    assert (form in page.text) == bool(missing)
    button = {0: "", 1: "Generate the missing report ", 2: "Generate the missing reports "}
    assert button[len(missing)] in page.words


def test_columns_that_are_marked_lead_to_the_group_metrics_of_the_best_candidate(
    desk: Desk,
) -> None:
    searching(desk)
    assert "Sensitive columns" not in desk.get(PAGE).words
    marked = [{"Key": "windvane:sensitive-columns", "Value": "sex/age =28years=29"}]
    desk.world.client().add_tags(ResourceArn=JOB_ARN, Tags=marked)
    assert "Sensitive columns sex, age (years) Data" in desk.get(PAGE).words, "no report yet"
    scored(desk, 11, 0.95, model_insights="s3://results/insights")
    now_is(desk, best_candidate="churn-011")
    assert f'href="{PAGE}/candidates/churn-011/quality#groups"' in desk.get(PAGE).text


def test_why_a_report_is_missing_is_told_in_plain_words(desk: Desk) -> None:
    searching(desk)
    scored(desk, 11, 0.95)
    late = Note(NoteCode.JOB_LIMIT, {"task": "explain", "limit_s": 90})
    changes = {
        "status": JobStatus.COMPLETED,
        "secondary": SecondaryStatus.EXPLAINABILITY_ERROR,
        "partial_failures": (Note(NoteCode.EXPLAINABILITY_MISSING, because=late),),
    }
    now_is(desk, ended=desk.world.clock(), best_candidate="churn-011", **changes)
    words = desk.get(PAGE).words
    assert (
        "The report could not be generated within the job's time limit (90 s). It can still be generated"
        in words
    )
    assert "MaxAutoMLJobRuntimeInSeconds" not in words


def test_a_report_that_was_made_after_the_job_is_not_missing_any_more(desk: Desk) -> None:
    searching(desk)
    reported(desk, TaskKind.EXPLAIN)
    codes = NoteCode.EXPLAINABILITY_MISSING, NoteCode.INSIGHTS_MISSING
    reasons = tuple(Note(code, because=Note(NoteCode.NO_TIME)) for code in codes)
    error = SecondaryStatus.EXPLAINABILITY_ERROR
    changes = {"status": JobStatus.COMPLETED, "secondary": error, "partial_failures": reasons}
    scored(desk, 11, 0.95, explainability="s3://results/explained")
    now_is(desk, ended=desk.world.clock(), best_candidate="churn-011", **changes)
    words = desk.get(PAGE).words
    assert "The model insights report is missing" in words
    assert "The explainability report is missing" not in words
    assert f"Reports Quality {_NONE} Explanation Data" in words


def test_there_is_nothing_to_generate_where_no_candidate_finished(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock()))
    assert "Reports not yet" in desk.get(PAGE).words
    now_is(desk, ended=desk.world.clock(), status=JobStatus.FAILED)
    assert "Reports none" in desk.get(PAGE).words


def test_a_job_that_failed_on_its_data_says_why_and_what_was_not_reached(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock()))
    with desk.world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(TaskKind.ANALYZE, "analyze")], desk.world.clock())
        now = desk.world.clock()
        task = tx.claim_task([TaskKind.ANALYZE], "w", now, now)
        assert task is not None
        tx.finish_task(task, TaskStatus.FAILED, now, failure=said("x"))
    failure = {"status": JobStatus.FAILED, "secondary": SecondaryStatus.FAILED}
    now_is(desk, ended=desk.world.clock(), failure=said("The file is empty."), **failure)
    page = desk.get(PAGE)
    assert "The job failed The file is empty." in page.words
    states = re.findall(r'<li class="(\w+)"', page.text)
    assert states[:6] == ["done", "failed", *["unreached"] * 4]
    assert "No candidate finished." in page.words
    assert re.search(
        r'class="button primary" href="/console/new\?again=churn">Edit and rerun', page.text
    )


def based_on_churn(desk: Desk, score: float) -> str:
    """A job on other data with one candidate, which says that it is based on churn; return the path of its page."""
    place = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/new/"}
    channel = {"DataSource": {"S3DataSource": place}, "TargetAttributeName": "y"}
    job = job_record(
        desk.world.clock(),
        "later",
        request={"InputDataConfig": [channel]},
        objective=MetricName.F1,
        problem_type=ProblemType.BINARY,
    )
    desk.world.insert(job)
    scored(desk, 1, score, name="later-001", parent=job.arn)
    with desk.world.store.transaction() as tx:
        tx.set_tags(job.arn, {"windvane:based-on": "churn"})
    return "/console/jobs/later"


@pytest.mark.parametrize(
    ("score", "verdict"),
    [(0.91, "no clear difference"), (0.95, "better by 0.0500"), (0.8, "worse by 0.1000")],
)
def test_a_job_is_compared_with_the_one_that_it_is_based_on(
    desk: Desk, score: float, verdict: str
) -> None:
    searching(desk)
    page = desk.get(based_on_churn(desk, score))
    assert f"Best F1 0.9000 ± 0.0078 {score:.4f} ± 0.0078 {verdict}" in page.words
    assert "Rows × columns 41,188 × 21 –" in page.words
    assert f"Data {INPUT} s3://data/new/" in page.words
    assert "Each score is measured on the job's own data" in page.words
    assert "Maximum candidates" not in page.words
    streamed = desk.watch("/console/jobs/later/stream", len(FRAGMENTS))
    assert verdict in streamed["earlier"][0]


def test_a_job_whose_predecessor_is_gone_or_not_named_says_no_more_than_that(desk: Desk) -> None:
    searching(desk)
    page = desk.get(PAGE)
    assert "Compared with" not in page.words
    for link in ("again=churn", "again=churn&amp;uri="):
        assert f'href="/console/new?{link}"' in page.text
    with desk.world.store.transaction() as tx:
        tx.set_tags(JOB_ARN, {"windvane:based-on": "<script>nope"})
    page = desk.get(PAGE)
    assert (page.status, "<script>nope" in page.text) == (200, False)
    assert "which cannot be shown." in page.words


@pytest.mark.parametrize(
    ("logged", "shown"),
    [
        (WITHHELD, "The target column 'y' has only one value: 'same'."),
        (
            f"The target column has only one value. {DESCRIBED}",
            "The target column has only one value.",
        ),
    ],
)
def test_the_event_of_a_failure_says_the_reason_itself(desk: Desk, logged: str, shown: str) -> None:
    job, now = job_record(desk.world.clock()), desk.world.clock()
    desk.world.insert(job)
    with desk.world.store.transaction() as tx:
        tx.log(place_of(job), [LogLine(f"The job failed after 2 s. {logged}")], now)
    reason = said("The target column 'y' has only one value: 'same'.")
    failure = {"status": JobStatus.FAILED, "secondary": SecondaryStatus.FAILED}
    now_is(desk, ended=now, failure=reason, **failure)
    page = desk.get(PAGE)
    assert f"The job failed after 2 s. {shown} " in page.words
    assert "Describe operation" not in page.words


def test_hostile_texts_are_shown_as_texts(desk: Desk) -> None:
    searching(desk)
    now_is(desk, failure=said(HOSTILE), partial_failures=(said(HOSTILE),))
    desk.world.insert(candidate_record(desk.world.clock(), 30, algorithm=HOSTILE, recipe=HOSTILE))
    training(desk, 30)
    scored(desk, 31, 0.99, algorithm=HOSTILE, recipe=HOSTILE)
    page = desk.get(PAGE).text
    assert "<script>alert" not in page
    assert html.escape("<script>alert") in page
    assert "\x07" not in page
    assert "‮" not in page
    assert "style=" not in page


def test_an_unknown_job_is_not_found(desk: Desk) -> None:
    for path in ("", "/stream", "/log"):
        page = desk.get(f"/console/jobs/nope{path}")
        assert page.status == 404
        assert "There is no AutoML job called nope in this account and region." in page.words


@pytest.mark.parametrize("name", ["a%3Cb", "-a", "a" * 33])
def test_a_name_that_no_job_can_have_is_refused(desk: Desk, name: str) -> None:
    page = desk.get(f"/console/jobs/{name}")
    assert page.status == 400
    assert "failed to satisfy constraint" in page.words


# how it lives


def test_only_what_changed_is_sent(desk: Desk) -> None:
    searching(desk)
    first = len(FRAGMENTS)

    def better() -> None:
        scored(desk, 4, 0.95)
        now_is(desk, best_candidate="churn-004")

    seen = desk.watch(f"{PAGE}/stream", first + 4, {first: better})
    assert set(seen) == set(FRAGMENTS)
    assert "0.9500" in seen["figures"][-1]
    assert "churn-004" in seen["board"][-1]
    for still in ("phases", "log", "actions", "outcome"):
        assert len(seen[still]) == 1
    assert "XGBoost 4" in seen["says"][-1]


def test_a_stream_ends_with_its_job(desk: Desk) -> None:
    searching(desk)
    done = {"status": JobStatus.STOPPED, "secondary": SecondaryStatus.STOPPED}

    def stop() -> None:
        now_is(desk, status=JobStatus.STOPPING, secondary=SecondaryStatus.STOPPING)
        now_is(desk, ended=desk.world.clock(), **done)

    seen = desk.watch(f"{PAGE}/stream", 1000, {len(FRAGMENTS): stop})
    assert "Stopped" in seen["status"][-1]
    assert seen["end"] == [""]
    assert "Stop job" not in seen["actions"][-1]


def test_stopping_is_asked_for_in_a_dialog_with_a_way_back(desk: Desk) -> None:
    searching(desk)
    page = desk.get(PAGE).text
    assert 'popovertarget="stop">Stop job</button>' in page
    dialog = page.split('id="stop" popover role="dialog"', 1)[1].split("</form>", 1)[0]
    assert 'popovertarget="stop" popovertargetaction="hide" autofocus>Cancel</button>' in dialog
    assert "It cannot be resumed." in dialog


def test_the_page_connects_each_of_its_fragments(desk: Desk) -> None:
    searching(desk)
    page = desk.get(PAGE).text
    assert f'sse-connect="{PAGE}/stream"' in page
    assert sorted(re.findall(r'sse-swap="([^"]+)"', page)) == sorted(FRAGMENTS)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page


# stopping, and the log


def test_a_job_is_stopped_by_the_form_of_its_page(desk: Desk) -> None:
    searching(desk)
    assert f'action="{PAGE}/stop"' in desk.get(PAGE).text
    assert desk.post_as(f"{PAGE}/stop", []).status == 403
    assert job_of(desk).status is JobStatus.IN_PROGRESS
    answer = desk.post(f"{PAGE}/stop")
    assert (answer.status, answer.headers["location"]) == (303, PAGE)
    assert job_of(desk).status is JobStatus.STOPPING
    page = desk.get(PAGE)
    assert "Stopping" in page.words
    assert "Stop job" not in page.words


def test_a_job_that_is_over_cannot_be_stopped(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock(), status=JobStatus.COMPLETED))
    page = desk.post(f"{PAGE}/stop")
    assert page.status == 400
    assert "is in status Completed" in page.words


def test_the_log_is_whole_as_text(desk: Desk) -> None:
    searching(desk)
    now = desk.world.clock()
    with desk.world.store.transaction() as tx:
        tx.log(place_of(job_of(desk)), [LogLine(f"<line> {n}") for n in range(12_000)], now)
    answer = desk.get("/console/jobs/CHURN/log")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == 'attachment; filename="churn.log"'
    lines = answer.text.splitlines()
    assert len(lines) == 12_001
    assert lines[0].endswith(" Candidate 2 scored 0.9.")
    assert lines[-1] == f"{now.timestamp():.3f} <line> 11999"


def test_a_job_without_a_log_has_an_empty_one(desk: Desk) -> None:
    desk.world.insert(job_record(desk.world.clock()))
    assert desk.get(f"{PAGE}/log").text == ""


def test_a_candidate_that_failed_counts_as_tried(desk: Desk) -> None:
    searching(desk)
    failed = candidate_record(desk.world.clock(), 5, status=CandidateStatus.FAILED)
    desk.world.insert(failed)
    assert "Candidates 4 of at most 10 · 1 failed" in desk.get(PAGE).words


def test_times_have_no_empty_parts() -> None:
    assert [seconds(one) for one in (59.94, 180, 250, 7200, 7325)] == [
        "59.9 s",
        "3 min",
        "4 min 10 s",
        "2 h",
        "2 h 2 min",
    ]
