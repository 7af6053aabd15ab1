"""The page that tries an endpoint which forecasts, answered by a real model in process."""

import html
import re

import pytest
from unit.console.board import HOSTILE, check_harmless, read
from unit.console.pages.test_try_it import Served
from unit.engine.forecast_reports.conftest import make_job

PAGE = "/console/endpoints/live/forecast"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_job(tmp_path_factory.mktemp("live")).folder / "package"


@pytest.fixture
def served(console, package):
    made = Served(package, {})
    console.operations.update(made.operations())
    return made


def titles(text):
    return re.findall(r"<figcaption>([^<]*)</figcaption>", text)


def test_the_page_of_other_models_leads_here_with_items_to_ask_for(served, browser):
    led = browser.get("/console/endpoints/live/try")
    assert (led.status, led.headers["location"]) == (303, PAGE)
    text = browser.get(PAGE).text
    rows = re.search(r'<textarea id="rows"[^>]*>([^<]*)<', text)
    assert html.unescape(rows[1]) == "id\ns000\ns001\ns002\n"
    check_harmless(text)


def test_items_are_forecast_with_a_fan_each_and_their_sum(served, browser):
    browser.get(PAGE)
    text = browser.post(PAGE, {"rows": "id\ns000\ns005\n", "other": ""}).text
    assert titles(text) == ["s000", "s005"]
    first, *_, sums = read(text).tables
    assert first[0] == ["Time", "Actual", "Mean", "p10", "p50", "p90"]
    assert len(first) == 1 + 6
    assert [row[0] for row in sums[1:]] == ["s000", "s005"]
    assert "Change" not in sums[0]
    check_harmless(text)


def test_a_second_request_is_compared_with_the_first(served, browser):
    browser.get(PAGE)
    history = "id,t,y\n" + "".join(f"s000,2000-{m:02d}-01,{v}\n" for m, v in enumerate([5] * 12, 1))
    text = browser.post(PAGE, {"rows": "id\ns000\n", "other": history}).text
    assert "with the other covariates" in text
    sums = read(text).tables[-1]
    assert sums[0][-1] == "Change"
    assert sums[1][-1].startswith("-")
    assert sums[1][-1].endswith(" %")


@pytest.mark.parametrize(
    "rows", ["", "id\nnobody\n", "x,y\n1,2\n", f"id\n{HOSTILE}\n", "id,t,y\ns000,soon,1\n"]
)
def test_what_the_model_refuses_is_told_in_its_words(served, browser, rows):
    browser.get(PAGE)
    answer = browser.post(PAGE, {"rows": rows, "other": ""})
    assert answer.status == 424
    assert "No forecast" in answer.text
    check_harmless(answer.text)
