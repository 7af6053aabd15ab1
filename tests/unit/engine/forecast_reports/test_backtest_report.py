import numpy as np
import pytest
from unit.engine.forecast_reports.conftest import blocks, draw, tables
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.engine.forecast_reports.backtest_report import backtest_report
from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.prepared import write_prepared
from windvane.engine.reports.document import Figure, Notice

SECTIONS = [
    "Findings",
    "Leaderboard",
    "Weights",
    "Worst series first",
    "Interval coverage",
    "Residuals",
]


@pytest.fixture(scope="module")
def report(job):
    return backtest_report(job.backtests(), job.forecaster)


@pytest.mark.slow
def test_it_has_all_sections_and_pictures_that_can_be_drawn(report):
    assert [one.title for one in report.sections] == SECTIONS
    for figure in blocks(report, Figure):
        draw(figure)


def test_the_head_names_the_candidate_as_people_do_and_as_the_api_does(job, report):
    assert report.facts[0] == ("Candidate", "Ensemble")
    assert report.lead.startswith("How well Ensemble forecasts")
    named = backtest_report(job.backtests(), job.forecaster, "Ensemble 4", "sales-e4-0a1b2c3d")
    assert named.facts[:2] == (
        ("Candidate", "Ensemble 4"),
        ("Name in the API", "sales-e4-0a1b2c3d"),
    )
    assert named.lead.startswith("How well Ensemble 4 forecasts")


def test_the_worst_series_stands_first_with_its_forecasts_in_numbers(report):
    [table] = tables(report, "Worst series first")
    assert table.rows[0][1] == "s011"
    first = blocks(report, Figure, "Worst series first")[0]
    assert first.title.startswith("s011")
    assert first.numbers.head[:3] == ("Time", "Actual", "Mean")
    assert len(first.numbers.rows) == (4 + 1) * 6  # four windows and what comes


def test_the_leaderboard_tells_every_metric_and_window(report):
    board = next(one for one in tables(report, "Leaderboard") if "MASE" in one.head)
    assert {row[0] for row in board.rows} == {"Ensemble", "Seasonal naive", "Theta", "NPTS"}
    by_window = next(
        one.numbers
        for one in blocks(report, Figure, "Leaderboard")
        if one.title.endswith("by window")
    )
    assert len(by_window.head) == 5


def single(tmp_path, series, name):
    """A report on one model and the floor, of some series."""
    for one in ("series", "seasonal-naive", name):
        (tmp_path / one).mkdir(exist_ok=True)
    write_prepared(prepared_of(make_panel(series)), tmp_path / "series")
    candidates = {one: tmp_path / one for one in {"seasonal-naive", name}}
    for one, into in candidates.items():
        stages.backtest(tmp_path / "series", one, FitLimits(0.0), into)
    return backtest_report(read_backtests(tmp_path / "series", candidates, None, name), None)


def test_a_model_that_is_no_better_than_the_last_season_is_told_of(tmp_path):
    seasonal = [np.tile(np.arange(1.0, 13), 6) + 0.01 * i for i in range(3)]
    titles = [one.title for one in blocks(single(tmp_path, seasonal, "npts"), Notice)]
    assert "No better than the seasonal naive forecast" in titles


def test_constant_series_have_no_residuals_and_no_error(tmp_path):
    found = single(tmp_path, [np.full(40, 3.0)], "seasonal-naive")
    assert [one.title for one in found.sections] == [one for one in SECTIONS if one != "Weights"]
    for figure in blocks(found, Figure):
        draw(figure)
