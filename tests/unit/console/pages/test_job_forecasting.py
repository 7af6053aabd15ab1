"""The pages of a forecasting job: what there is of tables alone is left out."""

import pytest
from api.test_reports import ROOT
from unit.console.board import HERE, HOSTILE, check_harmless
from unit.console.forecasts import FINDINGS, a_forecaster, a_forecasting_job

from windvane.domain.job import JobStatus

JOB = "/console/jobs/churn"


@pytest.fixture
def forecasting(jobs):
    jobs.insert(a_forecasting_job(status=JobStatus.COMPLETED), a_forecaster(1), a_forecaster(2))
    return jobs


def test_the_page_of_the_job_tells_horizon_and_metric(forecasting, browser):
    text = browser.get(JOB).text
    assert "Best Weighted quantile loss" in text
    assert "steps of 1D" in text
    assert "Time series forecasting" in text
    assert "Recipe" not in text


def test_data_are_series_with_their_findings(forecasting, browser):
    assert "The job ended before the data were read" in browser.get(f"{JOB}/data").text
    finding = {
        "code": "short-series",
        "severity": "high",
        "columns": ["sales"],
        "message": HOSTILE,
        "action": "Give more history.",
        "consequence": "",
    }
    told = {
        "n_series": 12,
        "n_values": 3400,
        "frequency": "D",
        "n_findings": 1,
        "findings": [finding],
    }
    forecasting.put(FINDINGS, told)
    text = browser.get(f"{JOB}/data").text
    assert "Short series" in text
    assert "3,400" in text
    assert "No data analysis" not in text
    check_harmless(text)


def test_a_candidate_has_its_backtest_windows_and_reports_that_can_be_asked_for(
    forecasting, browser
):
    for name in ("dpp0", "m"):
        forecasting.put(f"{ROOT}/{name}/model.tar.gz", "model")
    text = browser.get(HERE).text
    assert "Backtest windows" in text
    assert "Latency, one series" in text
    assert "0.200 ± 0.010" in text
    quality = browser.get(f"{HERE}/quality")
    assert quality.status == 200
    assert "Generate reports" in quality.text


def test_a_candidate_without_a_model_of_its_own_has_no_reports_to_ask_for(jobs, browser):
    jobs.insert(a_forecasting_job(), a_forecaster(containers=()))
    text = browser.get(f"{HERE}/quality").text
    assert "only candidates that were the best so far have one" in text
    assert "Generate reports" not in text


def test_backtest_results_are_among_the_files(forecasting, browser):
    root = FINDINGS.partition("/preprocessed-data")[0]
    forecasting.put(f"{root}/backtest-results/churn-001/windows.csv", "item,t\n")
    text = browser.get(f"{HERE}/files").text
    assert "Backtest results" in text
    assert "windows.csv" in text


def test_losses_are_ranked_the_smallest_first(forecasting, browser):
    text = browser.get(f"{JOB}/leaderboard").text
    assert "Weighted quantile loss" in text
    assert "Training AverageWeighted" not in text
    assert "Backtest windows" in text
    assert ">Recipe</a>" not in text
    compared = browser.get(f"{JOB}/compare?pick=churn-001&pick=churn-002").text
    assert "Latency, one series" in compared
    assert "Backtest windows" in compared
    assert "Recipe" not in compared
    assert "Fit the transformers" not in browser.get(f"{HERE}/steps").text
