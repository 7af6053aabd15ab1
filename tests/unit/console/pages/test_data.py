"""The page of a job's data: findings first."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from api.test_reports import ROOT
from unit.console.board import HOSTILE, a_job, check_harmless, read

from windvane.domain.job import JobStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis, Finding
from windvane.engine.reports import page as style
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.notes.sentences import sentence

PAGE = "/console/jobs/churn/data"
NOTEBOOK = f"{ROOT}/notebooks/exploration.ipynb"


def analysis(name="age"):
    return asdict(
        Analysis(
            target="y",
            problem_type=ProblemType.BINARY,
            problem_reason="the target has two distinct values",
            objective=MetricName.F1,
            columns=(
                ColumnSpec("id", ColumnType.IDENTIFIER, "all 2,000 cells differ"),
                ColumnSpec(name, ColumnType.NUMERIC, "all non-missing values are numbers"),
                ColumnSpec("job", ColumnType.CATEGORICAL, "8 distinct values"),
            ),
            labels=("no", "yes"),
            label_type="string",
            class_counts=(1500, 500),
            n_rows=2000,
            n_rows_read=2010,
            n_folds=5,
            seed=0,
            findings=(
                Finding(
                    "leaking-column", "high", (name,), f"'{name}' knows the answer.", "Drop it."
                ),
                Finding("skewed-column", "low", ("job",), "Skewed.", "", "Nothing much."),
            ),
            statistics={
                "id": {"missing": 0, "distinct": 2000},
                name: {"missing": 1, "distinct": 70, "prediction_power": 0.2},
                "job": {"missing": 500, "distinct": 8, "prediction_power": 0.9},
            },
        )
    )


@pytest.fixture
def explored(jobs):
    jobs.insert(a_job(exploration=NOTEBOOK, status=JobStatus.COMPLETED))
    jobs.put(f"{ROOT}/preprocessed-data/dataset/analysis.json", analysis())
    jobs.put(NOTEBOOK.replace(".ipynb", ".html"), "<h1>Data exploration</h1>")
    return jobs


def test_findings_come_first_the_worst_before_all(explored, browser):
    text = browser.get(PAGE).text
    assert re.findall(r'<article class="notice (\w+)">', text) == ["high", "low"]
    assert (
        text.index("knows the answer") < text.index("Skewed.") < text.index("Reason for the type")
    )
    assert "Leaking column" in text
    assert "Nothing much." in text


def test_columns_stand_in_the_order_of_what_they_say(explored, browser):
    columns = read(browser.get(PAGE).text).tables[-1]
    assert [row[:5] for row in columns[1:]] == [
        ["job", "categorical", "0.9", "25 %", "8"],
        ["age", "numeric", "0.2", "1", "70"],
        ["id", "identifier", "–", "0", "2,000"],
    ]


def test_facts_of_the_table_are_told(explored, browser):
    text = " ".join(re.sub("<[^>]*>", " ", browser.get(PAGE).text).split())
    assert "2,000 of 2,010 read" in text
    assert "4 with the target; 2 used as features" in text
    assert "the target has two distinct values" in text
    assert "Class distribution" in text


def test_the_report_stands_in_a_frame_that_may_do_nothing(explored, browser):
    text = browser.get(PAGE).text
    [frame] = re.findall(r"<iframe[^>]*>", text)
    assert f'src="{PAGE}/report"' in frame
    assert " sandbox " in frame
    assert text.count("/console/files?uri=") == 3
    answer = browser.get(f"{PAGE}/report")
    assert answer.text == "<h1>Data exploration</h1>"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    ("theme", "media", "scheme"),
    [
        ("system", "(prefers-color-scheme: dark)", "light dark"),
        ("light", "not all", "light"),
        ("dark", "all", "dark"),
    ],
)
def test_a_report_has_the_theme_of_the_page_around_it(explored, browser, theme, media, scheme):
    style = ":root{color-scheme: light dark;}@media (prefers-color-scheme: dark){}"
    explored.put(NOTEBOOK.replace(".ipynb", ".html"), style)
    browser.cookies["windvane-theme"] = theme
    told = f":root{{color-scheme: {scheme};}}@media {media}{{}}"
    assert browser.get(f"{PAGE}/report").text == told


def test_the_real_report_asks_in_the_words_that_are_looked_for():
    text = Path(style.__file__).with_name("templates").joinpath("report.css").read_text()
    assert "@media (prefers-color-scheme: dark)" in text
    assert "color-scheme: light dark;" in text


def test_names_of_columns_stay_text(jobs, browser):
    jobs.insert(a_job())
    jobs.put(f"{ROOT}/preprocessed-data/dataset/analysis.json", analysis(HOSTILE))
    text = browser.get(PAGE).text
    assert "&lt;script&gt;alert(1)" in text
    check_harmless(text)


def test_before_the_data_are_read_that_is_what_is_said(jobs, browser):
    jobs.insert(a_job())
    text = browser.get(PAGE).text
    assert "The data are being read" in text
    assert "Generating the data exploration report." in text
    assert browser.get(f"{PAGE}/report").status == 404


def test_a_page_waits_for_what_is_still_to_come_and_for_nothing_else(explored, jobs, browser):
    assert "sse-connect" not in browser.get(PAGE).text
    jobs.insert(a_job(name="young"))
    text = browser.get("/console/jobs/young/data").text
    [stage] = re.findall(r'sse-connect="/console/jobs/young/data/watch\?stage=([^"]*)"', text)
    assert stage.startswith("InProgress")
    streamed = browser.get("/console/jobs/young/data/watch?stage=earlier").text
    assert f"event: end\ndata: {stage}\n" in streamed, "there is more than when it was drawn"
    assert browser.get("/console/jobs/none/data/watch").status == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"status": JobStatus.FAILED, "failure": said("The target 'y' is missing.")},
            "The target &#39;y&#39; is missing.",
        ),
        ({"status": JobStatus.STOPPED}, "The job ended before the data were read."),
    ],
)
def test_a_job_that_ended_before_says_why(jobs, browser, changes, told):
    jobs.insert(a_job(**changes))
    assert told in browser.get(PAGE).text


def test_a_report_that_failed_says_why(jobs, browser):
    missing = Note(NoteCode.NOTEBOOKS_MISSING, because=Note(NoteCode.NO_TIME))
    jobs.insert(a_job(status=JobStatus.COMPLETED, partial_failures=(said("Other."), missing)))
    jobs.put(f"{ROOT}/preprocessed-data/dataset/analysis.json", analysis())
    assert sentence(missing) in browser.get(PAGE).text
