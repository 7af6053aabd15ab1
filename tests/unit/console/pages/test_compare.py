"""Candidates side by side."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from api.test_reports import ROOT
from unit.console.board import (
    EXPLANATIONS,
    HOSTILE,
    INSIGHTS,
    a_candidate,
    a_job,
    check_harmless,
    judged_numbers,
    judged_two,
    read,
    with_reports,
)

from windvane.domain.candidate import Metric
from windvane.domain.problem import MetricName, ProblemType

PAGE = "/console/jobs/churn/compare"
BOTH = f"{PAGE}?pick=churn-001&pick=churn-002"
THREE = f"{BOTH}&pick=churn-003"


@pytest.fixture
def two(jobs):
    worse = (
        Metric(MetricName.F1, 0.8, standard_error=0.01),
        Metric(MetricName.AUC, 0.951, standard_error=0.01),
        Metric(MetricName.LOG_LOSS, 0.5, standard_error=0.001),
    )
    better = (
        Metric(MetricName.F1, 0.9, standard_error=0.01),
        Metric(MetricName.AUC, 0.95, standard_error=0.01),
        Metric(MetricName.LOG_LOSS, 0.4, standard_error=0.001),
    )
    jobs.insert(
        a_job(),
        a_candidate(1, metrics=better, hyperparameters={"eta": 0.1, "depth": 6}),
        a_candidate(
            2,
            metrics=worse,
            algorithm="lightgbm",
            latency_s=0.0024,
            hyperparameters={"depth": 8, "leaves": 3},
        ),
    )
    return jobs


@pytest.fixture
def reported(jobs):
    """Three candidates with reports: the best, one that is hardly worse, and one that is much worse."""
    jobs.insert(a_job(), *(with_reports(index=i) for i in (1, 2, 3)))
    for number, noise in ((1, 0.0), (2, 0.02), (3, 0.7)):
        name = f"churn-00{number}"
        jobs.put_quality(judged_two(noise=noise), name)
        importance = {"importance": {"age": 1.0 * number, "income": 3.0, HOSTILE: 0.5}}
        jobs.put(f"{EXPLANATIONS}/{name}/feature_importance.json", importance)
    return jobs


def lines(answer):
    """title -> texts of the line"""
    assert answer.status == 200
    return {
        row[0].strip(): [cell.strip() for cell in row[1:]]
        for table in read(answer.text).tables
        for row in table
    }


def paired_rows(text):
    [table] = [one for one in read(text).tables if "p-value" in one[0]]
    return {row[0]: row[1:] for row in table[1:]}


def test_scores_say_which_is_best_if_that_can_be_told(two, browser):
    told = lines(browser.get(BOTH))
    assert told["F1"] == ["0.900 ± 0.010 best", "0.800 ± 0.010 \N{MINUS SIGN}0.100"]
    assert told["AUC"] == [
        "0.950 ± 0.010 \N{MINUS SIGN}0.001; no clear difference",
        "0.951 ± 0.010",
    ]
    assert "best" in told["LogLoss"][0], "a lower loss is better"
    assert told["Accuracy"] == ["–", "–"]


def test_large_errors_are_told_in_millions_and_compared_as_they_are(jobs, browser):
    of = {"problem_type": ProblemType.REGRESSION, "objective": MetricName.MSE}
    jobs.insert(
        a_job(**of),
        *(
            a_candidate(i, score=mse, metrics=(Metric(MetricName.MSE, mse, standard_error=2e7),))
            for i, mse in ((1, 9.9e8), (2, 2.4e9))
        ),
    )
    told = lines(browser.get(BOTH))
    assert told["MSE"] == ["990 M ± 20 M best", "2.400 bn ± 0.020 bn +1.410 bn"]


def test_candidates_have_names_that_people_can_say_and_the_full_one_beside(two, jobs, browser):
    jobs.insert(a_candidate(3))
    text = browser.get(BOTH).text
    assert 'title="churn-002">LightGBM 2</a>' in text
    assert "<code>churn-002</code>" in text
    assert re.findall(r"<option[^>]*>[^<]*", text) == ['<option value="churn-003">XGBoost 3']


def test_costs_say_how_many_times_the_lowest_they_are(two, browser):
    told = lines(browser.get(BOTH))
    assert told["Latency, one row"] == ["1.2 ms lowest", "2.4 ms 2 times slower"]
    assert told["Folds"] == ["5", "5"]
    assert told["Algorithm"] == ["xgboost", "lightgbm"]


def test_training_an_ensemble_takes_the_time_of_its_members_too(two, jobs, browser):
    members = {"churn-001": 0.7, "churn-002": 0.3}
    jobs.insert(a_candidate(3, members=members, fit_s=0.5, latency_s=0.018))
    told = lines(browser.get(f"{PAGE}?pick=churn-003&pick=churn-001&pick=churn-002"))
    title = "Training time, members included"
    assert told[title] == ["25.5 s 2 times slower", "12.5 s lowest", "12.5 s lowest"]
    assert told["Latency, one row"][0] == "18.0 ms 15 times slower"


def test_hyperparameters_that_differ_come_first(two, browser):
    answer = browser.get(BOTH)
    [table] = [one for one in read(answer.text).tables if one[0][0] == "Name"]
    assert [[cell.strip() for cell in row] for row in table[1:]] == [
        ["depth", "6", "8"],
        ["eta", "0.1", "–"],
        ["leaves", "–", "3"],
    ]
    assert answer.text.count('class="apart"') == 1


def test_addresses_of_earlier_versions_are_understood(two, browser):
    assert lines(browser.get(f"{PAGE}?one=churn-001&two=churn-002")) == lines(browser.get(BOTH))


@pytest.mark.parametrize(
    "query", ["", "?pick=churn-002", "?pick=churn-001&pick=churn-001", "?one=churn-001"]
)
def test_less_than_two_are_asked_for(two, browser, query):
    answer = browser.get(PAGE + query)
    assert answer.status == 200
    assert "Select candidates to compare." in answer.text


def test_of_too_many_the_page_says_how_many_it_takes(two, browser):
    query = "&".join(f"pick=churn-{number:03}" for number in range(1, 10))
    text = browser.get(f"{PAGE}?{query}").text
    assert "9 candidates are selected." in text
    assert "At most 8 can be compared at once." in text


def test_an_unknown_candidate_is_not_found(two, browser):
    answer = browser.get(f"{PAGE}?pick=churn-001&pick=churn-009")
    assert answer.status == 404
    assert "has no candidate called churn-009" in answer.text


def test_reports_are_drawn_over_one_another(reported, browser):
    text = browser.get(THREE).text
    assert re.findall(r"<figcaption>([^<]*)</figcaption>", text) == [
        "ROC curves",
        "Precision-recall curves",
        "Cumulative gains",
        "Lift",
        "Calibration",
        "Importance in XGBoost 1",
        "Importance in XGBoost 2",
        "Importance in XGBoost 3",
    ]
    [first, _, third] = [one for one in read(text).tables if one[0][0] == "column"]
    assert [row[0] for row in first[1:3]] == [row[0] for row in third[1:3]] == ["income", "age"]
    assert (first[1][1], third[1][1]) == ("66.7 %", "46.2 %")
    check_harmless(text)


def test_each_is_tested_against_the_best_on_the_same_rows(reported, browser):
    text = browser.get(THREE).text
    told = paired_rows(text)
    assert list(told) == ["XGBoost 2", "XGBoost 3"]
    assert told["XGBoost 2"][3] == "no clear difference"
    assert told["XGBoost 3"][3] == "clearly worse"
    assert re.fullmatch(r"\N{MINUS SIGN}0\.\d+ ± 0\.\d\d+", told["XGBoost 3"][0])
    difference, error = told["XGBoost 3"][0].split(" ± ")
    ends = told["XGBoost 3"][1].split(" to ")
    assert {len(one.partition(".")[2]) for one in (difference, error, *ends)} == {
        len(error.partition(".")[2])
    }, "in as many digits as the error leaves it"
    assert "F1 on the same 500 out-of-fold rows" in text
    assert "Corrected for 2 tests" in text
    alone = paired_rows(browser.get(f"{PAGE}?pick=churn-003&pick=churn-001").text)
    assert list(alone) == ["XGBoost 3"], "the best is what others are tested against"


def test_a_candidate_that_was_scored_on_other_rows_is_not_tested(reported, browser):
    judged = judged_two(noise=0.1)
    reported.put_quality(replace(judged, places=judged.places + 1), "churn-003")
    told = paired_rows(browser.get(THREE).text)
    assert told["XGBoost 3"][3].startswith("not tested: scored on other rows")


def test_a_regression_has_residuals_and_predictions(jobs, browser):
    of = {"problem_type": ProblemType.REGRESSION, "objective": MetricName.MSE}
    jobs.insert(a_job(**of), with_reports(), with_reports(index=2))
    for name in ("churn-001", "churn-002"):
        jobs.put_quality(judged_numbers(), name)
    text = browser.get(BOTH).text
    titles = re.findall(r"<figcaption>([^<]*)</figcaption>", text)
    assert titles == ["Residuals", "Actual vs. predicted", "Actual vs. predicted"]
    assert paired_rows(text)["XGBoost 2"] == [
        "0.0000",
        "0.0000 to 0.0000",
        "1",
        "no clear difference",
    ]


def put_models(jobs):
    for name in ("dpp0", "m"):
        jobs.put(f"{ROOT}/{name}/model.tar.gz", "model")


def test_missing_reports_are_offered_for_all_at_once(two, jobs, browser):
    put_models(jobs)
    text = browser.get(BOTH).text
    assert "Reports are missing" in text
    assert re.findall(r'name="want" value="([^"]*)"', text) == ["churn-001", "churn-002"]


def test_a_missing_explanation_is_offered_beside_a_report_that_is_there(jobs, browser):
    put_models(jobs)
    jobs.insert(a_job(), with_reports(index=1), with_reports(index=2, explainability=""))
    text = browser.get(BOTH).text
    assert re.findall(r'name="want" value="([^"]*)"', text) == ["churn-002"]


def test_a_report_that_cannot_be_read_is_told_and_the_rest_shown(reported, browser):
    reported.put(f"{INSIGHTS}/churn-002/statistics.json", "[1]")
    text = browser.get(THREE).text
    assert "The reports of XGBoost 2 cannot be read." in text
    assert list(paired_rows(text)) == ["XGBoost 3"]
