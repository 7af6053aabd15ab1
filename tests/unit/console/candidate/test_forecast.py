"""How well a forecasting model is, from the very file that the engine writes."""

import re

import pytest
from unit.console.board import HERE, HOSTILE, INSIGHTS, a_job, check_harmless, read, with_reports
from unit.engine.forecast_reports.conftest import make_job

from windvane.engine.forecast_reports.figures import figures_json

PAGE = f"{HERE}/quality"


def titles(text):
    return re.findall(r"<figcaption>([^<]*)</figcaption>", text)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    job = make_job(tmp_path_factory.mktemp("forecast"))
    return figures_json(job.backtests(), job.forecaster)


@pytest.fixture
def shown(jobs, figures):
    jobs.insert(a_job(), with_reports())
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", figures)
    return jobs


def test_the_worst_series_stand_first_with_fan_charts(shown, browser, figures):
    text = browser.get(PAGE).text
    assert titles(text)[0].startswith("s011: Weighted quantile loss")
    assert [one.split(":")[0] for one in titles(text)[:4]] == [
        one["item"] for one in figures["series"][:4]
    ]
    series, fan, *_ = read(text).tables
    assert series[1][:2] == ["1", "s011"]
    assert len(series) == 1 + 12
    assert fan[0] == ["Time", "Actual", "Mean", "p10", "p50", "p90"]
    assert len(fan) == 1 + (4 + 1) * 6
    check_harmless(text)


def test_every_model_every_quantile_and_every_step_is_shown(shown, browser):
    text = browser.get(PAGE).text
    assert titles(text)[4:] == [
        "Weighted quantile loss by window",
        "Weights of the ensemble",
        "Values at or below each quantile",
        "Interval coverage by step ahead",
        "Error by step ahead",
        "Residuals",
    ]
    [models] = [
        one
        for one in read(text).tables
        if one[0][0] == "Model" and "Weight" in one[0][-1] and len(one[0]) > 3
    ]
    assert {row[0] for row in models[1:]} == {"ensemble", "theta", "npts", "seasonal-naive"}


def test_one_series_can_be_asked_for(shown, browser, figures):
    text = browser.get(f"{PAGE}?series=7").text
    fans = [one for one in titles(text) if "Weighted quantile loss " in one and ":" in one]
    assert [one.split(":")[0] for one in fans] == [figures["series"][7]["item"]]


@pytest.mark.parametrize("query", ["series=99", "series=-1", "first=1e5", "first=x", "series=nan"])
def test_what_there_is_not_leads_to_no_error(shown, browser, query):
    assert browser.get(f"{PAGE}?{query}").status == 200


def test_names_and_numbers_of_any_kind_are_shown_as_text(jobs, browser, figures):
    series = [{**one, "item": HOSTILE, "loss": None, "naive": None} for one in figures["series"]]
    fans = [
        {**one, "ahead": None, "windows": [], "values": [None] * len(one["values"])}
        for one in figures["fans"]
    ]
    jobs.insert(a_job(), with_reports())
    odd = {**figures, "series": series, "fans": fans, "residuals": None, "windows": [{"from": 0}]}
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", odd)
    answer = browser.get(PAGE)
    assert answer.status == 200
    check_harmless(answer.text)


def test_long_names_are_cut_and_whole_where_a_pointer_rests(jobs, browser, figures):
    series = [{**one, "item": "x" * 10_000} for one in figures["series"]]
    jobs.insert(a_job(), with_reports())
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", {**figures, "series": series})
    text = browser.get(PAGE).text
    assert titles(text)[0].startswith("x" * 40)
    assert "Weighted quantile loss" in titles(text)[0]
    assert f'title="{"x" * 900}' in text
    assert "x" * 1_001 not in text
    assert len(text) < 200_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": None},
        {"models": []},
        {"models": ["x"]},
        {"series": {"a": 1}},
        {"horizon": "6"},
        {"horizon": 1e400},
        {"levels": [], "asked": [5]},
        {"asked": [[0]]},
        {"windows": 3},
        {"fans": [{"place": 10**9}]},
        {"coverage": [1]},
        {"bias": [HOSTILE]},
        {"residuals": {"counts": [1], "edges": [float("nan")]}},
    ],
    ids=str,
)
def test_a_report_of_another_form_is_refused_with_what_to_do(jobs, browser, figures, wrong):
    jobs.insert(a_job(), with_reports())
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", {**figures, **wrong})
    answer = browser.get(PAGE)
    assert answer.status == 400
    assert "figures.json does not have the form of a report" in answer.text
    assert "Put back an earlier version of this object, or run the job again." in answer.text
    check_harmless(answer.text)


@pytest.mark.parametrize(
    "text", ["{", "[1]", "[" * 100_000, b"\xff\xfe"], ids=["cut", "list", "deep", "bytes"]
)
def test_what_is_no_document_is_refused_by_its_name(jobs, browser, text):
    jobs.insert(a_job(), with_reports())
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", text)
    answer = browser.get(PAGE)
    assert answer.status == 400
    assert "figures.json" in answer.text


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), float("nan"), 1e308, "x"], ids=lambda v: str(v)[:6]
)
@pytest.mark.parametrize("name", ["levels", "bias"])
def test_numbers_of_any_size_lead_to_a_page_or_a_refusal(jobs, browser, figures, name, value):
    jobs.insert(a_job(), with_reports())
    odd = {**figures, name: [value for _ in figures[name]]}
    jobs.put(f"{INSIGHTS}/churn-001/figures.json", odd)
    assert browser.get(PAGE).status in (200, 400)
