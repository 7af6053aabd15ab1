"""What forecasts are made of, from the very file that the engine writes."""

import json
import re
from dataclasses import replace

import pytest
from api.test_reports import ROOT
from unit.console.board import (
    EXPLANATIONS,
    HERE,
    HOSTILE,
    INSIGHTS,
    check_harmless,
    read,
)
from unit.console.forecasts import a_forecaster, a_forecasting_job
from unit.engine.forecast_reports.test_effects import PLENTY_S, made
from unit.engine.forecasting.test_decomposition import with_covariates

from windvane.engine.forecast_reports.effect_documents import effect_documents
from windvane.engine.forecast_reports.effects import explain_forecasts

PAGE = f"{HERE}/explanation"


@pytest.fixture(scope="module")
def figures():
    panel, _ = with_covariates()
    return json.loads(
        effect_documents(explain_forecasts(made(panel), "theta", PLENTY_S))["figures.json"]
    )


def explained(jobs, figures):
    candidate = replace(a_forecaster(), explainability=EXPLANATIONS, model_insights=INSIGHTS)
    jobs.insert(a_forecasting_job(), candidate)
    jobs.put(f"{EXPLANATIONS}/churn-001/figures.json", figures)


def test_covariates_are_shown_by_how_much_they_matter_and_what_values_add(jobs, browser, figures):
    explained(jobs, figures)
    text = browser.get(f"{PAGE}?series=1").text
    titles = re.findall(r"<figcaption>([^<]*)</figcaption>", text)
    assert titles == ["Importance of covariates", figures["series"][1]["item"]]
    covariates, parts, values = read(text).tables[1:]
    assert [row[0] for row in covariates[1:]] == [one["name"] for one in figures["covariates"]]
    assert parts[0][:3] == ["Time", "Mean", "Level"]
    assert ["flag", "1", "+10"] in [row[:3] for row in values]
    check_harmless(text)


@pytest.mark.parametrize("query", ["series=99", "series=-1", "series=x"])
def test_a_series_that_there_is_not_is_the_first_one(jobs, browser, figures, query):
    explained(jobs, figures)
    assert "selected>" in browser.get(f"{PAGE}?{query}").text


def test_a_model_without_covariates_says_so(jobs, browser, figures):
    series = [{**one, "effects": {}} for one in figures["series"]]
    explained(jobs, {**figures, "covariates": [], "series": series})
    assert "neither covariates nor a calendar" in browser.get(PAGE).text


def test_names_of_anyone_are_cut_and_shown_as_text(jobs, browser, figures):
    name = HOSTILE + "x" * 10_000
    covariates = [{**one, "name": name} for one in figures["covariates"]]
    series = [{**one, "item": name, "effects": {name: one["level"]}} for one in figures["series"]]
    explained(jobs, {**figures, "covariates": covariates, "series": series})
    text = browser.get(PAGE).text
    check_harmless(text)
    assert len(text) < 100_000


def test_another_document_is_refused(jobs, browser, figures):
    explained(jobs, {**figures, "kind": "forecast"})
    assert browser.get(PAGE).status == 400


def test_a_candidate_without_reports_can_have_them_made(jobs, browser):
    jobs.insert(a_forecasting_job(), a_forecaster())
    for name in ("dpp0", "m"):
        jobs.put(f"{ROOT}/{name}/model.tar.gz", "model")
    for page in (PAGE, f"{HERE}/quality"):
        text = browser.get(page).text
        assert "a backtest report and an explainability report" in text
        assert "Generate reports" in text
