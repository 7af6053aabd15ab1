"""The leaderboard: what it shows, in which order, and which of it."""

from __future__ import annotations

import gzip
import re

import pytest
from unit.console.board import HOSTILE, a_candidate, a_job, check_harmless, read

from windvane.domain.candidate import CandidateStatus, Metric
from windvane.domain.job import JobStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, said

BOARD = "/console/jobs/churn/leaderboard"


def rows(answer):
    """Texts of the rows of the table of candidates."""
    assert answer.status == 200
    [table] = [one for one in read(answer.text).tables if one[0][1:3] == ["Rank", "Candidate"]]
    return [[cell.strip() for cell in row] for row in table[1:]]


def numbers(answer):
    """Numbers within the job of the candidates in the table: the end of a name as people say it."""
    return [
        int(re.match(r"(?:XGBoost|LightGBM|Ensemble) (\d+)", row[2])[1]) for row in rows(answer)
    ]


@pytest.fixture
def three(jobs):
    """Of different scores, latencies and algorithms; and one that failed."""
    failed = {"status": CandidateStatus.FAILED, "failure": said(HOSTILE), "score": None}
    jobs.insert(
        a_job(),
        a_candidate(1, score=0.9, latency_s=0.02),
        a_candidate(2, score=0.8, latency_s=0.001, algorithm="lightgbm", size_bytes=900),
        a_candidate(3, score=0.7, latency_s=0.003, cut_short=True, fit_s=None, size_bytes=None),
        a_candidate(4, metrics=(), latency_s=None, fit_s=None, size_bytes=None, **failed),
    )
    return jobs


def test_every_figure_stands_with_its_uncertainty(three, browser):
    first = rows(browser.get(BOARD))[0]
    assert first[1:6] == ["1", "XGBoost 1 best Pareto", "Completed", "xgboost", "dpp0"]
    assert first[6:11] == ["0.900 ± 0.012", "12.5 s", "20.0 ms", "1.4 MB", "5"]
    assert "0.9500 ± 0.0040" in first
    assert "0.9900" in first


def test_the_split_of_the_rows_stands_above_the_candidates(jobs, browser):
    how = {"kind": "groups", "how": DataValue(f"whole groups of '{HOSTILE}'")}
    jobs.insert(a_job(), a_candidate(1, notes=(Note(NoteCode.ROWS_SPLIT, how),)))
    answer = browser.get(BOARD)
    assert "Validation rows: whole groups of" in answer.text
    check_harmless(answer.text)


def test_the_best_comes_first_and_what_failed_last(three, browser):
    answer = browser.get(BOARD)
    assert numbers(answer) == [1, 2, 3, 4]
    assert [row[1] for row in rows(answer)] == ["1", "2", "3", "–"]
    assert "stopped early" in rows(answer)[2][2]
    check_harmless(answer.text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort=latency", [2, 3, 1, 4]),
        ("sort=latency&order=descending", [1, 3, 2, 4]),
        ("sort=F1&order=ascending", [3, 2, 1, 4]),
        ("sort=F1", [1, 2, 3, 4]),
        ("sort=size", [2, 1, 3, 4]),
        ("sort=algorithm", [2, 1, 3, 4]),
        ("sort=name", [2, 1, 3, 4]),
        ("sort=rank&order=descending", [4, 3, 2, 1]),
        ("sort=nonsense", [1, 2, 3, 4]),
    ],
)
def test_any_column_sorts_and_what_has_no_value_comes_last(three, browser, query, order):
    assert numbers(browser.get(f"{BOARD}?{query}")) == order


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("algorithm=lightgbm", [2]),
        ("status=Failed", [4]),
        ("text=CHURN-003", [3]),
        ("text=LightGBM+2", [2]),
        ("text=003", [3]),
        ("text=00", []),
        ("text=churn-00", [1, 2, 3, 4]),
        ("text=xgb+dpp0", [1, 3, 4]),
        ("text=nothing", []),
    ],
)
def test_filters_leave_what_fits(three, browser, query, left):
    answer = browser.get(f"{BOARD}?{query}")
    assert numbers(answer) == left
    assert f"{len(left)} of 4 shown" in answer.text


def test_the_full_name_of_a_candidate_stands_where_a_pointer_rests(three, browser):
    text = browser.get(BOARD).text
    assert 'title="churn-002">LightGBM 2</a>' in text
    assert 'name="pick" value="churn-002" aria-label="Compare LightGBM 2"' in text


def test_numbers_that_the_search_skipped_are_explained(three, jobs, browser):
    assert "No candidate is numbered" not in browser.get(BOARD).text
    jobs.insert(a_candidate(6), a_candidate(9))
    assert "No candidate is numbered 5, 7 to 8: what is not expected" in browser.get(BOARD).text


def test_heads_turn_the_order_and_keep_the_filters(three, browser):
    text = browser.get(f"{BOARD}?sort=latency&order=ascending&algorithm=xgboost").text
    assert "?sort=latency&amp;order=descending&amp;algorithm=xgboost" in text
    assert "?sort=F1&amp;order=descending&amp;algorithm=xgboost" in text
    assert text.count('aria-sort="ascending"') == 1


def test_what_is_typed_into_a_filter_stays_text(three, browser):
    check_harmless(browser.get(f"{BOARD}?text={HOSTILE}&algorithm={HOSTILE}&sort={HOSTILE}").text)


def test_the_front_is_drawn_with_its_numbers(three, browser):
    answer = browser.get(BOARD)
    assert (
        'aria-label="F1 over the latency of 3 candidates, 2 of them Pareto-optimal"' in answer.text
    )
    [front] = [one for one in read(answer.text).tables if one[0] == ["Candidate", "F1", "Latency"]]
    assert [row[0] for row in front[1:]] == ["LightGBM 2", "XGBoost 1"]


def test_an_ensemble_above_a_better_and_faster_candidate_is_explained_and_not_pareto_optimal(
    jobs, browser
):
    jobs.insert(a_job(best_candidate="churn-002"), a_candidate(1, score=0.9))
    of_weights = (Metric(MetricName.F1, 0.89), Metric(MetricName.F1, 0.91, "Train"))
    members = {"churn-001": 0.6, "churn-003": 0.4}
    jobs.insert(
        a_candidate(
            2,
            score=0.89,
            latency_s=0.004,
            algorithm="ensemble",
            metrics=of_weights,
            members=members,
        )
    )
    answer = browser.get(BOARD)
    assert numbers(answer) == [2, 1]
    assert "Pareto" in rows(answer)[1][2]
    assert "Pareto" not in rows(answer)[0][2]
    assert "The best candidate is an ensemble, ranked by the score of its final weights" in (
        answer.text
    )


def test_a_job_without_candidates_says_so(jobs, browser):
    jobs.insert(a_job())
    assert "No candidates yet" in browser.get(BOARD).text


def test_a_search_that_goes_on_says_so(jobs, browser):
    under_way = {"status": CandidateStatus.IN_PROGRESS, "metrics": (), "latency_s": None}
    jobs.insert(a_job(), a_candidate(1, score=None, **under_way))
    text = browser.get(BOARD).text
    assert "1 in progress" in text
    assert "Score vs. latency" not in text


def test_losses_sort_from_the_lowest(jobs, browser):
    jobs.insert(a_job(objective=MetricName.MSE, problem_type=ProblemType.REGRESSION))
    assert "?sort=MSE&amp;order=ascending" not in browser.get(BOARD).text  # there is no table yet
    jobs.insert(a_candidate(1))
    assert "?sort=MSE&amp;order=ascending" in browser.get(BOARD).text
    assert "?sort=R2&amp;order=descending" in browser.get(BOARD).text


def test_figures_told_in_millions_say_what_they_sort_by(jobs, browser):
    of = {"problem_type": ProblemType.REGRESSION, "objective": MetricName.MSE}
    metrics = (Metric(MetricName.MSE, 2.4066e9, standard_error=1.4e8),)
    jobs.insert(a_job(**of), a_candidate(1, score=2.4066e9, metrics=metrics))
    text = browser.get(BOARD).text
    assert 'data-v="2.4066e+09">2.41 bn <span class="muted">± 0.14 bn</span>' in text


@pytest.mark.slow
def test_750_candidates_are_one_light_page(jobs, browser):
    jobs.insert(a_job(), *(a_candidate(index, score=index / 800) for index in range(1, 751)))
    answer = browser.get(BOARD)
    assert len(rows(answer)) == 750
    assert len(gzip.compress(answer.text.encode())) < 150_000
    assert (
        answer.text.count("<script")
        == browser.get("/console/jobs/churn/compare").text.count("<script") + 1
    )


def test_an_unknown_job_is_not_found(jobs, browser):
    answer = browser.get("/console/jobs/nope/leaderboard")
    assert answer.status == 404
    assert "There is no AutoML job called nope" in answer.text


def test_the_endpoint_of_the_job_is_a_tab_as_on_its_other_pages(jobs, browser):
    jobs.insert(a_job(endpoint_name="churn-live", deployed=True), a_candidate(1))
    for page in ("", "/leaderboard", "/data"):
        answer = browser.get(f"/console/jobs/churn{page}")
        tabs = answer.text.split('aria-label="Pages of this job"')[1].split("</nav>")[0]
        assert 'href="/console/endpoints/churn-live"' in tabs, page


def test_a_completed_job_without_an_ensemble_says_why(jobs, browser):
    jobs.insert(a_job(status=JobStatus.COMPLETED), a_candidate(1))
    text = browser.get(BOARD).text
    assert "There is no ensemble: fewer than two candidates finished." in text
    assert "What an ensemble is" in text
