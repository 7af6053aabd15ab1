"""The page that tries an endpoint which forecasts, answered by a real model in process."""

import html
import re
from dataclasses import replace

import numpy as np
import pytest
from unit.console.board import HOSTILE, check_harmless, read
from unit.console.pages.test_try_it import Served
from unit.engine.forecast_reports.conftest import make_job
from unit.engine.forecasting.conftest import make_panel, prepared_of
from unit.serving.forecasting.conftest import packed

from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.forecaster import Member
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding

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
    text = browser.post(PAGE, {"rows": "id\ns000\ns005\n"}).text
    assert titles(text) == ["s000", "s005", "s000"]
    first, *_, sums = read(text).tables
    assert first[0] == ["Time", "Actual", "Mean", "p10", "p50", "p90"]
    assert len(first) == 1 + 6
    assert [row[0] for row in sums[1:]] == ["s000", "s005"]
    check_harmless(text)


def test_the_chosen_series_is_shown_with_what_its_forecast_is_made_of(served, browser):
    browser.get(PAGE)
    text = browser.post(PAGE, {"rows": "id\ns000\ns005\n", "ask": "series", "series": "1"}).text
    assert titles(text)[-1] == "s005"
    parts, sums = read(text).tables[-3:-1]
    assert parts[0] == ["Time", "Mean", "Level", "trend", "season"]
    for row in parts[1:]:
        mean, *made_of = (float(cell.replace(",", "")) for cell in row[1:])
        assert sum(made_of) == pytest.approx(mean, rel=2e-3)
    assert [row[0] for row in sums] == ["Component", "level", "trend", "season"]
    assert '<option value="1" selected>s005</option>' in text


def test_a_model_without_known_covariates_has_no_what_if(served, browser):
    browser.get(PAGE)
    text = browser.post(PAGE, {"rows": "id\ns000\n", "ask": "what-if", "all-0": "1"}).text
    assert "What if" not in text
    assert "What if" not in browser.get(PAGE).text


class Promoted:
    """A model of which is known what a promotion adds."""

    def forecast(self, history):
        mean = 100 + 50 * history.future[:, :, 0]
        return Forecast(mean, np.repeat(mean[:, :, None], 3, axis=2))


@pytest.fixture
def promoted(console, tmp_path):
    """One series, whose promotions are known for the three steps ahead: 0, 0 and 1."""
    panel = make_panel(
        [np.linspace(0.0, 300.0, 40)],
        "D",
        known=np.zeros((40, 1)),
        future=np.array([[[0.0], [0.0], [1.0]]]),
    )
    spec = replace(prepared_of(panel, 3).spec, known_covariates=("promotion",))
    prepared = PreparedSeries(panel, spec, (CovariateEncoding("promotion"),), ())
    made = Served(packed(tmp_path / "package", prepared), {})
    member = Member("linear", 1.0, Promoted())
    forecaster = replace(made.model.forecaster, members=(member,))
    made.model = replace(made.model, forecaster=forecaster)
    console.operations.update(made.operations())


def test_values_that_are_known_in_advance_are_changed_and_the_forecasts_compared(promoted, browser):
    browser.get(PAGE)
    shown = browser.post(PAGE, {"rows": "id\ns000\n", "ask": "rows"}).text
    assert "What if" in shown
    assert "No comparison" not in shown
    fields = re.findall(r'name="step-(\d)-0" form="ask" value="([^"]*)"', shown)
    assert fields == [("0", "0"), ("1", "0"), ("2", "1")]
    same = {f"step-{step}-0": value for step, value in fields}
    asked = {"rows": "id\ns000\n", "ask": "what-if", **same}
    assert "No value differs" in browser.post(PAGE, asked).text
    sums = []
    for value in ("0", "1"):
        text = browser.post(PAGE, {**asked, "all-0": value}).text
        other = re.search(r"With the changed values</dt><dd>([^<]*)<", text)
        sums.append(float(other[1].replace(",", "")))
    assert sums == [300, 450]
    check_harmless(text)


def test_a_history_keeps_its_values_when_those_ahead_are_changed(promoted, browser):
    browser.get(PAGE)
    past = "".join(f"new,2020-01-{day:02d},{100 + day % 2},{day % 2}\n" for day in range(1, 29))
    ahead = "".join(f"new,2020-01-{day},,0\n" for day in (29, 30, 31))
    rows = f"id,t,y,promotion\n{past}{ahead}"
    text = browser.post(PAGE, {"rows": rows, "ask": "what-if", "step-1-0": "1"}).text
    assert "With the changed values" in text
    refused = browser.post(PAGE, {"rows": rows, "ask": "what-if", "step-1-0": "much"}).text
    assert "No comparison" in refused
    assert "much" in refused


@pytest.mark.parametrize(
    "rows", ["", "id\nnobody\n", "x,y\n1,2\n", f"id\n{HOSTILE}\n", "id,t,y\ns000,soon,1\n"]
)
def test_what_the_model_refuses_is_told_in_its_words(served, browser, rows):
    browser.get(PAGE)
    answer = browser.post(PAGE, {"rows": rows})
    assert answer.status == 424
    assert "No forecast" in answer.text
    check_harmless(answer.text)
