from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecast_reports.conftest import blocks, draw, tables
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.domain.forecasting import Fill, Filling, FillMethod
from windvane.engine.data.analysis import Finding
from windvane.engine.forecast_reports.series_report import explore_series, series_report
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.reports.document import Figure, Notice, Text
from windvane.engine.reports.files import pictures_of
from windvane.engine.reports.page import page_of

RNG = np.random.default_rng(0)
HOSTILE = ("$x$", "<script>alert(1)</script>", "a\nb", "‮", "漢字", "w" * 300)


def titles(report):
    return [one.title for one in report.sections]


def draw_all(report):
    for figure in blocks(report, Figure):
        draw(figure)


def test_what_there_is_nothing_to_say_of_is_left_out(job):
    found = explore_series(job.series)
    assert titles(found) == [
        "Summary",
        "Findings",
        "All series together",
        "Series",
        "Seasons",
        "Trend and season",
        "Missing steps",
        "Preparation",
    ]
    draw_all(found)


@pytest.mark.slow
def test_zeros_gaps_and_covariates_have_sections_of_their_own():
    demand = np.tile([0.0, 0.0, 5.0, 0.0, 0.0, 9.0], 12)
    gaps = seasonal_series(1, 60)[0]
    gaps[10:14] = np.nan
    x = RNG.normal(size=72 + 60)
    panel = make_panel([demand, gaps], known=np.stack([x, x > 1], axis=1))
    prepared = replace(
        prepared_of(panel), known=(CovariateEncoding("price"), CovariateEncoding("sale"))
    )
    found = series_report(prepared)
    assert {"Zeros and demand patterns", "Covariates"} <= set(titles(found))
    [worst] = tables(found, "Missing steps")
    assert tuple(worst.rows[0]) == ("s001", "4", "6.7 %", "4")
    [patterns] = tables(found, "Zeros and demand patterns")
    assert [row[0] for row in patterns.rows] == ["smooth", "intermittent"]
    draw_all(found)


def test_findings_are_told_with_their_evidence_and_what_to_do():
    finding = Finding("missing-steps", "medium", ("y",), "4 steps.", "Fill them.", "They are lost.")
    prepared = replace(prepared_of(make_panel(seasonal_series(2))), findings=(finding,))
    [notice] = blocks(series_report(prepared), Notice)
    assert notice.title == "Missing steps: 'y'"
    assert notice.paragraphs == ["4 steps.", "Consequence: They are lost.", "Action: Fill them."]


def test_what_was_filled_and_how_is_told():
    filling = {"y": Filling(middle=Fill(FillMethod.VALUE, 7.0), back=Fill(FillMethod.ZERO))}
    found = series_report(prepared_of(make_panel(seasonal_series(2)), filling=filling))
    [table] = tables(found, "Preparation")
    assert table.rows[-1] == (
        "Missing values of 'y'",
        "Filled between values: 7; after the last value: 0.",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "series",
    [
        [[1.0, 2.0]],
        [[np.nan, np.nan], [1.0, 2.0]],
        [np.zeros(40)],
        [np.full(40, -3.0), np.arange(3.0)],
        [[1e300, -1e300, 1e300] * 12],
    ],
)
@pytest.mark.parametrize("frequency", ["Y", "D"])
def test_series_of_any_kind_can_be_drawn(series, frequency):
    draw_all(series_report(prepared_of(make_panel(series, frequency), horizon=1)))


@pytest.mark.slow
def test_names_of_any_kind_are_shown_as_text():
    panel = replace(make_panel(seasonal_series(len(HOSTILE))), items=HOSTILE)
    found = series_report(prepared_of(panel))
    assert "<script>" not in page_of(found, pictures_of(found))
    assert blocks(found, Text)
