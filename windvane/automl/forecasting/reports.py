"""The reports of a forecasting job without a service, made as those of tables are (automl/local/reports.py).

backtests/    figures.json  report.html report.ipynb report.pdf
explanation/  the same four, analysis.json feature_importance.json decompositions.csv
series/       report.html report.ipynb report.pdf
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.leaderboard import LEADERBOARD, answering, board_from_json
from windvane.automl.local.events import EventEmitter
from windvane.automl.local.report_request import OF_FORECAST, Kind, ReportRequest, reports_end
from windvane.automl.local.reports import File, make_reports, write_files
from windvane.engine.forecast_reports.backtest_report import backtest_report
from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecast_reports.effect_documents import effect_documents
from windvane.engine.forecast_reports.effect_report import effect_report
from windvane.engine.forecast_reports.effects import explain_forecasts
from windvane.engine.forecast_reports.figures import figures_json
from windvane.engine.forecast_reports.series_report import explore_series
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.forecasting.stages import ENSEMBLE
from windvane.engine.manifest import read_json
from windvane.engine.reports.files import each_file
from windvane.executor.base import Say

_MAKE_ONE = "windvane.automl.forecasting.reports:make_one"

_EXPLAINING_SHARE, _MOST_EXPLAINING_S = 0.3, 20.0
"""Of the time that is left, and seconds, for explaining forecasts: the report is drawn after that, beside the others."""


def report_forecasts(job: ForecastJob, into: Path, emitter: EventEmitter) -> None:
    """Make the reports of a job whose model is there, in a folder each; what there is no time for is cut or left out, and
    an event says so."""
    deadline = job.started + job.max_runtime_s + job.reports_s
    request = ReportRequest(
        job=job.out,
        candidate=0,
        kinds=OF_FORECAST,
        into=into,
        ends=reports_end(time.time(), deadline, job.reports_s),
        threads=job.threads,
        memory_mb=job.memory_mb,
        started=job.started,
    )
    with emitter.stage("reports"):
        make_reports(request, emitter, _MAKE_ONE)


def make_one(payload: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """Write the files of one report, each whole or not at all; in a process of its own."""
    request, kind = ReportRequest.from_json(payload["request"]), Kind(payload["kind"])
    made = _MAKERS[kind](ForecastFolders(request.job), request.ends)
    write_files(made, Path(payload["scratch"]) / kind)
    return {}


def _backtests(folders: ForecastFolders, _: float) -> Iterator[File]:
    rows = board_from_json(read_json(folders.package / LEADERBOARD))
    models = [row.name for row in rows if row.outcome is not None and row.name != ENSEMBLE]
    found = read_backtests(
        folders.series,
        {name: folders.backtest(name) for name in models},
        folders.ensemble if any(row.name == ENSEMBLE for row in rows) else None,
        answering(rows),
    )
    forecaster = load_forecaster(folders.package)[0]
    figures = figures_json(found, forecaster)
    yield "figures.json", json.dumps(figures, allow_nan=False).encode()
    yield from each_file(backtest_report(found, forecaster))


def _explanation(folders: ForecastFolders, ends: float) -> Iterator[File]:
    rows = board_from_json(read_json(folders.package / LEADERBOARD))
    forecaster = load_forecaster(folders.package)[0]
    budget_s = min(_MOST_EXPLAINING_S, _EXPLAINING_SHARE * (ends - time.time()))
    found = explain_forecasts(forecaster, answering(rows), budget_s)
    yield from effect_documents(found).items()
    yield from each_file(effect_report(found))


def _series(folders: ForecastFolders, _: float) -> Iterator[File]:
    yield from each_file(explore_series(folders.series))


_MAKERS: Mapping[Kind, Callable[[ForecastFolders, float], Iterator[File]]] = {
    Kind.BACKTESTS: _backtests,
    Kind.EXPLANATION: _explanation,
    Kind.SERIES: _series,
}
