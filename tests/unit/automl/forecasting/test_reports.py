import json

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.leaderboard import ForecastRow
from windvane.automl.forecasting.reports import make_one
from windvane.automl.local.report_request import OF_FORECAST, Kind, ReportRequest
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.prepared import write_prepared
from windvane.engine.manifest import write_json

NAME = "seasonal-naive"


@pytest.fixture
def finished(tmp_path):
    """The folder of a job of one series in which one model was backtested, and another was not."""
    folders = ForecastFolders(tmp_path / "job")
    for one in (folders.series, folders.backtest(NAME), folders.backtest("theta"), folders.package):
        one.mkdir(parents=True)
    write_prepared(prepared_of(make_panel([np.arange(20.0)])), folders.series)
    outcome = stages.backtest(folders.series, NAME, FitLimits(0.0), folders.backtest(NAME))
    made = stages.pack(folders.series, {NAME: folders.backtest(NAME)}, None, {}, folders.package)
    rows = [ForecastRow(NAME, outcome, 1.0), ForecastRow("theta", None, failure="too slow")]
    board = {"candidates": [row.to_json() for row in rows]}
    write_json(folders.package / "leaderboard.json", board)
    made.seal(folders.package, {})
    return folders


@pytest.mark.slow
def test_reports_are_on_what_answers(finished, tmp_path):
    request = ReportRequest(finished.folder, 0, OF_FORECAST, tmp_path, 0.0, 1, 1_000, 0.0)
    for kind in OF_FORECAST:
        payload = {"request": request.to_json(), "kind": kind, "scratch": str(tmp_path / "made")}
        assert make_one(payload, lambda _: None) == {}
    written = {one.name for one in (tmp_path / "made" / Kind.BACKTESTS).iterdir()}
    assert written == {"figures.json", "report.html", "report.ipynb", "report.pdf"}
    figures = json.loads((tmp_path / "made" / Kind.BACKTESTS / "figures.json").read_text())
    assert figures["model"] == NAME
    assert [one["name"] for one in figures["models"]] == [NAME]
    assert figures["fans"][0]["ahead"] is not None
    explained = tmp_path / "made" / Kind.EXPLANATION
    assert {one.name for one in explained.iterdir()} >= written | {"decompositions.csv"}
    assert json.loads((explained / "figures.json").read_text())["model"] == NAME
    assert "level, trend and season" in (explained / "report.html").read_text()
    assert "Data exploration" in (tmp_path / "made" / Kind.SERIES / "report.html").read_text()
