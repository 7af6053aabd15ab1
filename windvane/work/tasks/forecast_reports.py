"""The reports of a forecasting job, as files in S3: what there is to see in its series, how well its best candidate does, and what
its forecasts are made of."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Location
from windvane.automl import names
from windvane.automl.forecasting.actions import PackForecaster
from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.performing import pack
from windvane.domain.timing import explanation_s
from windvane.engine.forecast_reports.backtest_report import backtest_report
from windvane.engine.forecast_reports.backtests import read_backtests
from windvane.engine.forecast_reports.effect_documents import effect_documents
from windvane.engine.forecast_reports.effect_report import effect_report
from windvane.engine.forecast_reports.effects import explain_forecasts
from windvane.engine.forecast_reports.figures import figures_json
from windvane.engine.forecast_reports.series_report import explore_series
from windvane.engine.forecasting.forecaster import Forecaster, load_forecaster
from windvane.engine.reports.document import Figure, Report
from windvane.engine.reports.drawing import picture_of
from windvane.engine.reports.files import each_file, files_of
from windvane.work.tasks.reports import explaining_s
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.workspace import EXPLORATION, Keys, scratch

MODELS, ANSWERING, HAS_ENSEMBLE = "models", "answering", "has_ensemble"
"""Of the payload of a task: the models that were backtested, the one that the report is on, whether there is an average."""

_LIBRARIES = (
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)
"""What pictures are drawn with: loaded before the time of one is taken."""

_SLOWER = 1.5
"""How many times longer than the first one the others may take."""

_EXPLAINING_SHARE = 0.5
"""Of the time for an explanation: the backtest report, which needs the same cores, is made beside it."""

_ROOM_S = 1.0
"""Before its task must have ended, from which on no further file of a report is brought to S3."""


def explore(context: StageContext) -> Result:
    """Publish the data exploration report, and say where it is."""
    context.exchange.fetch((names.SERIES,))
    folder, artifacts = Keys(context.job).notebooks, context.allowance.open_artifacts()
    for name, content in files_of(explore_series(_folders(context).series)).items():
        artifacts.write(folder / (EXPLORATION + Path(name).suffix), content)
    return {"notebook": str(folder / f"{EXPLORATION}.ipynb"), "failures": []}


def explain(context: StageContext) -> Result:
    """Publish what the forecasts of the best candidate are made of, and say where it is."""
    keys, told = Keys(context.job), context.task.payload
    time_s = min(explanation_s(context.job), context.stop_at - time.time())
    with scratch(context.workspace, context.attempt) as temporary:
        forecaster = _forecaster(context, temporary / "package")
    found = explain_forecasts(forecaster, told[ANSWERING], _EXPLAINING_SHARE * explaining_s(time_s))
    files = effect_documents(found)
    _publish(context, keys.explanations, files, lambda: effect_report(found, *_called(context)))
    return {"prefix": str(keys.explanations)}


def judge(context: StageContext) -> Result:
    """Publish the backtest report of the best candidate, and say where it is."""
    told, folders = context.task.payload, _folders(context)
    context.exchange.fetch(_needed(context, names.judged))
    found = read_backtests(
        folders.series,
        {model: folders.backtest(model) for model in told[MODELS]},
        folders.ensemble if told[HAS_ENSEMBLE] else None,
        told[ANSWERING],
    )
    forecaster = load_forecaster(folders.package)[0] if context.finished.is_packed else None
    files = {"figures.json": _json(figures_json(found, forecaster))}
    prefix = Keys(context.job).insights
    _publish(context, prefix, files, lambda: backtest_report(found, forecaster, *_called(context)))
    return {"prefix": str(prefix)}


def _called(context: StageContext) -> tuple[str, str]:
    """Return what people call the candidate, and the name that the API has for it: in a task that an earlier version has made
    both are that."""
    told = context.task.payload
    name = Keys(context.job).candidate_name(told["index"])
    return told.get("title", name), name


def _needed(context: StageContext, of_model: Callable[[str], Sequence[str]]) -> list[str]:
    """Return what a report is made of: what there is of each model, the average, and what answers if that is packed."""
    told = context.task.payload
    needed = [names.SERIES, *(name for model in told[MODELS] for name in of_model(model))]
    needed += [names.ENSEMBLE] if told[HAS_ENSEMBLE] else []
    return [*needed, names.PACKAGES] if context.finished.is_packed else needed


def _forecaster(context: StageContext, scratch_folder: Path) -> Forecaster:
    """Return what answers: as it was packed, or of models as they were backtested if it was not.

    raises    CorruptArtifact
    """
    if context.finished.is_packed:
        context.exchange.fetch([names.PACKAGES])
        return load_forecaster(_folders(context).package)[0]
    told = context.task.payload
    context.exchange.fetch(_needed(context, names.backtested))
    made_of = PackForecaster(tuple(told[MODELS]), (), has_ensemble=told[HAS_ENSEMBLE])
    pack(made_of, _folders(context), scratch_folder)
    return load_forecaster(scratch_folder)[0]


def _publish(
    context: StageContext,
    prefix: Location,
    files: Mapping[str, bytes],
    report: Callable[[], Report],
) -> None:
    """Publish a report in the folder of its candidate: first what pages of the console draw, then the report itself, as far as
    there is time."""
    into = prefix / Keys(context.job).candidate_name(context.task.payload["index"])
    artifacts = context.allowance.open_artifacts()
    for name, content in files.items():
        artifacts.write(into / name, content)
    drawn, ends = report(), context.stop_at - _ROOM_S
    if time.time() + _SLOWER * _drawing_s(drawn) > ends:
        return
    before, slowest_s = time.time(), 0.0
    for name, content in each_file(drawn):
        artifacts.write(into / name, content)
        now = time.time()
        before, slowest_s = now, max(slowest_s, now - before)
        if now + slowest_s > ends:
            return


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
