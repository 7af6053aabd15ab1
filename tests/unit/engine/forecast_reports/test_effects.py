import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecast_reports.conftest import blocks, draw
from unit.engine.forecasting.conftest import make_panel
from unit.engine.forecasting.test_decomposition import (
    HORIZON,
    Formula,
    forecaster_of,
    with_covariates,
)

from windvane.engine.forecast_reports.effect_documents import effect_documents
from windvane.engine.forecast_reports.effect_report import effect_report
from windvane.engine.forecast_reports.effects import explain_forecasts
from windvane.engine.forecasting.forecaster import Member
from windvane.engine.reports.document import Figure, Table
from windvane.engine.reports.files import pictures_of
from windvane.engine.reports.page import page_of
from windvane.errors import CandidateFault

PLENTY_S = 60.0


def made(panel, known=("price", "flag"), past=("visits",)):
    return forecaster_of(panel, [Member("linear", 1.0, Formula())], known, past)


@pytest.fixture(scope="module")
def effects():
    panel, _ = with_covariates()
    return explain_forecasts(made(panel), "ensemble", PLENTY_S)


def test_what_matters_is_told_with_what_each_value_adds(effects):
    found = {one.name: one for one in effects.covariates}
    sizes = [one.size for one in effects.covariates]
    assert sizes == sorted(sizes, reverse=True)
    assert found["flag"].role == "known in advance"
    ahead, *_ = (one for one in effects.moments if one.is_ahead)
    values = {one.value: one.effect for one in found["flag"].by_value}
    assert values == {"0": 0.0, "1": 10.0}
    assert found["price"].by_value[0].value.startswith("up to ")
    holiday = found["holidays"].by_value[0]
    assert (holiday.value, holiday.effect) == ("Foundation Day", -30.0)
    assert sum(one.n_steps for one in found["holidays"].by_value) == sum(
        one.made_of.mean.size for one in effects.moments
    )
    assert ahead.panel.n_series == 2


def test_windows_of_the_past_are_explained_as_well(effects):
    assert effects.n_explained == 2
    assert effects.n_forecasts > 2
    assert all(one.is_ahead for one in effects.pictured)


def test_without_covariates_of_the_steps_ahead_the_past_is_explained():
    panel, _ = with_covariates()
    effects = explain_forecasts(made(replace(panel, future=panel.future[:, :0])), "m", PLENTY_S)
    assert not effects.pictured[0].is_ahead
    assert {one.name for one in effects.covariates} == {"price", "flag", "visits", "holidays"}


def test_nothing_to_explain_is_said():
    panel = make_panel([np.ones(1)], "D", known=np.zeros((1, 2)), future=np.zeros((1, 0, 2)))
    panel = replace(panel, past=np.zeros((1, 1)))
    with pytest.raises(CandidateFault, match="too short"):
        explain_forecasts(made(panel), "m", PLENTY_S)


def test_when_time_is_over_a_few_series_are_explained():
    panel, _ = with_covariates()
    ticks = iter(range(1000))
    effects = explain_forecasts(made(panel), "m", 0.0, lambda: float(next(ticks)))
    assert len(effects.moments) == 1


def test_documents_have_the_form_of_clarify_and_parts_add_up(effects):
    files = effect_documents(effects)
    of_label = json.loads(files["analysis.json"])["explanations"]["kernel_shap"]["label0"]
    importance = json.loads(files["feature_importance.json"])["importance"]
    assert of_label["global_shap_values"] == importance
    assert importance["flag"] == pytest.approx(
        next(one.size for one in effects.covariates if one.name == "flag")
    )
    rows = list(csv.DictReader(io.StringIO(files["decompositions.csv"].decode())))
    assert len(rows) == 2 * HORIZON
    for row in rows:
        parts = [float(v) for k, v in row.items() if k in ("level", "trend", "season")]
        parts += [float(v) for k, v in row.items() if k.endswith("_effect")]
        assert sum(parts) == pytest.approx(float(row["mean"]))
    figures = json.loads(files["figures.json"])
    assert figures["kind"] == "forecast-explanation"
    assert len(figures["series"]) == 2


def test_the_report_draws_parts_and_what_matters(effects):
    report = effect_report(effects)
    for figure in blocks(report, Figure):
        draw(figure)
    assert len(blocks(report, Figure)) == 3
    (table,) = blocks(report, Table, "Effects by value")
    assert ("flag", "1", "+10") in {row[:3] for row in table.rows}


def test_the_head_names_the_candidate_as_people_do_and_as_the_api_does(effects):
    named = effect_report(effects, "Theta 2", "sales-t2-0a1b2c3d")
    assert named.facts[:2] == (("Candidate", "Theta 2"), ("Name in the API", "sales-t2-0a1b2c3d"))


def test_names_of_anyone_are_cut_and_escaped():
    panel, _ = with_covariates()
    name = "<script>alert(1)</script>" + "x" * 10_000
    panel = replace(panel, items=(name, "y" * 10_000))
    effects = explain_forecasts(made(panel, known=(name, "flag")), "m", PLENTY_S)
    report = effect_report(effects)
    page = page_of(report, pictures_of(report))
    assert "<script>alert" not in page
    assert "x" * 200 not in page
    assert "y" * 200 not in page
