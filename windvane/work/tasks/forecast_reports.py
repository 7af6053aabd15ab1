"""The reports of a forecasting job, as files in S3: what there is to see in its series, and how well its best candidate does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from windvane.automl import names
from windvane.automl.forecasting.folders import ForecastFolders
from windvane.engine.forecast_reports.backtest_report import backtest_report
from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecast_reports.figures import figures_json
from windvane.engine.forecast_reports.series_report import explore_series
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.reports.document import Figure, Report
from windvane.engine.reports.drawing import picture_of
from windvane.engine.reports.files import each_file, files_of
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.workspace import EXPLORATION, Keys

MODELS, ANSWERING, HAS_ENSEMBLE = "models", "answering", "has_ensemble"
"""Of the payload of a task: the models that were backtested, the one that the report is on, whether there is an average."""

_LIBRARIES = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)
"""What pictures are drawn with: loaded before the time of one is taken."""

_ROOM_S = 1.0
"""Before its task must have ended, from which on no further file of a report is brought to S3."""


def explore(context: StageContext) -> Result:
    """Publish the data exploration report, and say where it is."""
    context.exchange.fetch((names.SERIES,))
    folder, artifacts = Keys(context.job).notebooks, context.allowance.open_artifacts()
    for name, content in files_of(explore_series(_folders(context).series)).items():
        artifacts.write(folder / (EXPLORATION + Path(name).suffix), content)
    return {"notebook": str(folder / f"{EXPLORATION}.ipynb"), "failures": []}


def judge(context: StageContext) -> Result:
    """Publish the backtest report of the best candidate, and say where it is: first what pages of the console draw, then
    the report itself, as far as there is time."""
    prefix = Keys(context.job).insights
    into = prefix / Keys(context.job).candidate_name(context.task.payload["index"])
    artifacts = context.allowance.open_artifacts()
    for name, content in _files(context):
        artifacts.write(into / name, content)
        if time.time() > context.stop_at - _ROOM_S:
            break
    return {"prefix": str(prefix)}


def _files(context: StageContext) -> Iterator[tuple[str, bytes]]:
    told, folders = context.task.payload, _folders(context)
    needed = [name for model in told[MODELS] for name in names.judged(model)]
    if told[HAS_ENSEMBLE]:
        needed.append(names.ENSEMBLE)
    if context.finished.is_packed:
        needed.append(names.PACKAGES)
    context.exchange.fetch((names.SERIES, *needed))
    found = read_backtests(
        folders.series,
        {model: folders.backtest(model) for model in told[MODELS]},
        folders.ensemble if told[HAS_ENSEMBLE] else None,
        told[ANSWERING],
    )
    forecaster = load_forecaster(folders.package)[0] if context.finished.is_packed else None
    yield "figures.json", _json(figures_json(found, forecaster))
    report = backtest_report(found, forecaster)
    if time.time() + _drawing_s(report) < context.stop_at - _ROOM_S:
        yield from each_file(report)


def _drawing_s(report: Report) -> float:
    """Return how many seconds drawing a report takes on this machine, as busy as it is: one picture is drawn to know."""
    figures = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    for library in _LIBRARIES:
        import_module(library)
    began = time.monotonic()
    picture_of(figures[0], "first")
    return (time.monotonic() - began) * len(figures)


def _folders(context: StageContext) -> ForecastFolders:
    return ForecastFolders(context.exchange.folder)


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False).encode()
