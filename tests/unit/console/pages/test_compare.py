"""Two candidates side by side."""

from __future__ import annotations

import pytest
from unit.console.board import a_candidate, a_job, read

from windvane.console.pages.compare import _times
from windvane.domain.candidate import Metric
from windvane.domain.problem import MetricName, ProblemType

PAGE = "/console/jobs/churn/compare"
BOTH = f"{PAGE}?one=churn-001&two=churn-002"


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


def lines(answer):
    """title -> texts of the line"""
    assert answer.status == 200
    return {row[0].strip(): row[1:] for table in read(answer.text).tables for row in table}


def test_scores_say_which_is_better_if_that_can_be_told(two, browser):
    told = lines(browser.get(BOTH))
    assert "better" in told["F1"][0]
    assert "better" not in told["F1"][1]
    assert "-0.1" in told["F1"][2]
    assert "no clear difference" in told["AUC"][2]
    assert "better" in told["LogLoss"][0], "a lower loss is better"
    assert told["Accuracy"][:2] == ["–", "–"]


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
    assert told["MSE"] == ["990 M ± 20 M better", "2.400 bn ± 0.020 bn", "+1,410,000,000"]


def test_costs_say_how_many_times(two, browser):
    told = lines(browser.get(BOTH))
    assert told["Latency, one row"] == ["1.2 ms lower", "2.4 ms", "2 times slower"]
    assert told["Folds"][2] == "same"
    assert told["Algorithm"] == ["xgboost", "lightgbm", "different"]


def test_training_an_ensemble_takes_the_time_of_its_members_too(two, jobs, browser):
    members = {"churn-001": 0.7, "churn-002": 0.3}
    jobs.insert(a_candidate(3, members=members, fit_s=0.5, latency_s=0.018))
    told = lines(browser.get(f"{PAGE}?one=churn-003&two=churn-001"))
    title = "Training time, members included"
    assert told[title] == ["25.5 s", "12.5 s lower", "2 times faster"]
    assert told["Latency, one row"] == ["18.0 ms", "1.2 ms lower", "15 times faster"]
    assert told["Size"][2] == "same"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (15.0, 1.0, "15 times faster"),
        (1.0, 15.0, "15 times slower"),
        (3.0, 2.0, "1.5 times faster"),
        (1.0, 1234.0, "1,234 times slower"),
        (1.0, 1.001, ""),
    ],
)
def test_no_ratio_is_below_one(first, second, said):
    assert _times(first, second, "faster", "slower") == said


def test_hyperparameters_of_both_come_first_where_they_differ(two, browser):
    answer = browser.get(BOTH)
    [table] = [one for one in read(answer.text).tables if one[0][0] == "Name"]
    assert [row[:3] for row in table[1:]] == [
        ["depth", "6", "8"],
        ["eta", "0.1", "–"],
        ["leaves", "–", "3"],
    ]
    assert answer.text.count('class="apart"') == 1


def test_two_that_were_ticked_get_an_address_to_share(two, browser):
    answer = browser.get(f"{PAGE}?pick=churn-001&pick=churn-002")
    assert (answer.status, answer.headers["location"]) == (303, BOTH)


@pytest.mark.parametrize(
    "query", ["", "?pick=churn-002", "?pick=a&pick=b&pick=c", "?one=churn-001"]
)
def test_less_than_two_are_asked_for(two, browser, query):
    answer = browser.get(PAGE + query)
    assert answer.status == 200
    assert "Select two candidates." in answer.text


def test_an_unknown_candidate_is_not_found(two, browser):
    answer = browser.get(f"{PAGE}?one=churn-001&two=churn-009")
    assert answer.status == 404
    assert "has no candidate called churn-009" in answer.text
