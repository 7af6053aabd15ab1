"""Reports on any candidate of a forecasting job, from its package and the backtests of all candidates in S3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from windvane.artifacts.base import Location
from windvane.domain.reports import BACKTESTS
from windvane.engine.forecast_reports.backtest_report import backtest_report
from windvane.engine.forecast_reports.backtests import Backtests, read_backtests
from windvane.engine.forecast_reports.effect_documents import effect_documents
from windvane.engine.forecast_reports.effect_report import effect_report
from windvane.engine.forecast_reports.effects import explain_forecasts
from windvane.engine.forecast_reports.figures import figures_json
from windvane.engine.forecasting.forecaster import SERIES, load_forecaster
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.forecasting.outcomes import FORECASTS, OUTCOME, read_outcome
from windvane.engine.forecasting.stages import ENSEMBLE, WEIGHTS
from windvane.engine.reports.files import files_of
from windvane.errors import DataFault
from windvane.work.tasks.step_context import StepContext, fetch_archive, folder_below, told_as

_FILE = re.compile(
    rf"([a-zA-Z0-9](?:-*[a-zA-Z0-9]){{0,63}})/({OUTCOME}|{FORECASTS}|{WEIGHTS})", re.ASCII
)
_MOST_CANDIDATES = 1_000
_MOST_EXPLAINING_S = 20.0


def forecast_reports(
    step: StepContext, inputs: Mapping[str, str], outputs: Mapping[str, str], folder: Path
) -> dict[str, dict[str, bytes]]:
    """Return the files of the reports that a processing job is asked for, by the name of the output.

    inputs     S3 locations by name: the package, and the prefix of all backtests
    folder     existing, for what is fetched
    raises     DataFault if backtests are missing; InvalidRequest, CorruptArtifact
    """
    environment = step.request["Environment"]
    name = environment["CANDIDATE_NAME"]
    called = (environment.get("CANDIDATE_TITLE", name), name)
    package = fetch_archive(step, inputs["model"], folder / "archives")
    with told_as({package: inputs["model"], folder / "backtests": inputs[BACKTESTS]}):
        forecaster, _ = load_forecaster(package)
        backtests = _backtests(step, inputs[BACKTESTS], name, package / SERIES, folder)
        made: dict[str, dict[str, bytes]] = {}
        if "explanation" in outputs:
            budget_s = min(_MOST_EXPLAINING_S, step.time_s / 2)
            effects = explain_forecasts(forecaster, backtests.name, budget_s)
            made["explanation"] = {
                **effect_documents(effects),
                **files_of(effect_report(effects, *called)),
            }
        if "insights" in outputs:
            figures = json.dumps(figures_json(backtests, forecaster), allow_nan=False)
            made["insights"] = {
                "figures.json": figures.encode(),
                **files_of(backtest_report(backtests, forecaster, *called)),
            }
    return made


def _backtests(
    step: StepContext, uri: str, candidate: str, series: Path, folder: Path
) -> Backtests:
    """Fetch and read the backtests of a candidate, with what it is compared with.

    raises    DataFault if they are not there; CorruptArtifact
    """
    root = folder_below(uri)
    found = _listed(step, root)
    if OUTCOME not in found.get(candidate, {}):
        raise DataFault(
            f"There are no backtests of {candidate} under {uri}: {OUTCOME} is missing. Jobs of earlier versions did not write it."
        )
    folders = {}
    for one, files in found.items():
        into = folder / "backtests" / one
        _fetch(step, files, OUTCOME, into)
        folders[read_outcome(into).name] = into
    name = read_outcome(folder / "backtests" / candidate).name
    for model in {name, FLOOR.name, ENSEMBLE} & folders.keys():
        into = folders[model]
        files = found[into.name]
        _fetch(step, files, WEIGHTS if model == ENSEMBLE else FORECASTS, into)
        if model == ENSEMBLE == name:
            _fetch(step, files, FORECASTS, into)
    ensemble = folders.pop(ENSEMBLE, None)
    return read_backtests(series, folders, ensemble, name)


def _listed(step: StepContext, root: Location) -> dict[str, dict[str, Location]]:
    """Return the files of backtests that there are, by candidate and name; others are left alone.

    raises    DataFault if they are more than is read
    """
    artifacts = step.allowance.open_artifacts()
    found: dict[str, dict[str, Location]] = {}
    n_bytes = 0
    for info in artifacts.list(root):
        if match := _FILE.fullmatch(info.location.key.removeprefix(root.key)):
            found.setdefault(match[1], {})[match[2]] = info.location
            n_bytes += info.size
    if len(found) > _MOST_CANDIDATES or n_bytes > step.allowance.max_data_bytes:
        raise DataFault(
            f"Under {root} are backtests of {len(found):,} candidates with {n_bytes:,} bytes; at most {_MOST_CANDIDATES:,} "
            f"candidates with {step.allowance.max_data_bytes:,} bytes are read."
        )
    return {one: files for one, files in found.items() if OUTCOME in files}


def _fetch(step: StepContext, files: Mapping[str, Location], name: str, into: Path) -> None:
    """Download a file of a candidate.

    raises    DataFault if it is missing
    """
    missing = DataFault(f"The backtests of {into.name} have no {name}.")
    if name not in files:
        raise missing
    into.mkdir(parents=True, exist_ok=True)
    try:
        step.allowance.open_artifacts().download(files[name], into / name)
    except FileNotFoundError as error:
        raise missing from error
