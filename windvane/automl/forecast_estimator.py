"""Forecasts of the series in a DataFrame or a file: no server, no S3, the engine of the service in children of this process."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from windvane.automl.board import Board
from windvane.automl.forecasting.frames import decomposition_frame, forecast_frame
from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.leaderboard import (
    ARGUMENTS,
    LEADERBOARD,
    ForecastRow,
    board_from_json,
)
from windvane.automl.local.events import OnEvent
from windvane.automl.local.fit_progress import fit_progress
from windvane.automl.local.fitted import save_copy
from windvane.automl.local.frames import is_number, source_of
from windvane.automl.local.parameters import check_budget, machine_mb, named
from windvane.automl.local.report_request import reports_s
from windvane.automl.local.run_job import run_process
from windvane.domain.forecasting import (
    CHRONOS_BOLT_FILES,
    Aggregation,
    FillMethod,
    ForecastMetric,
    ForecastSpec,
    check_forecast,
    filling_of,
    quantile_name,
)
from windvane.domain.frequency import Frequency
from windvane.engine.checked import number_in
from windvane.engine.data.analysis import Finding, ReadOptions, SourceFile
from windvane.engine.data.read import read_table
from windvane.engine.forecasting.decomposition import decompose
from windvane.engine.forecasting.forecaster import Forecaster, load_forecaster
from windvane.engine.forecasting.future import with_future_rows
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import HEAVY
from windvane.engine.forecasting.models.chronos_bolt import check_weights
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.reading import Columns
from windvane.engine.forecasting.updating import updated
from windvane.engine.manifest import read_json, write_json, write_manifest
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact, InvalidRequest

Table = pd.DataFrame | str | os.PathLike[str]

_LOADING_S = 0.8
"""Of the budget, kept for loading the finished model into this process."""

_LOADED_A_SECOND = 80e6
"""Bytes of pretrained weights that are packed, copied, checked and loaded, about, with room for a busy machine."""

_OF_SERVICE_S = 60.0
"""What a model that the service has made has for fitting again."""

MOST_EXPLAINED = 1_000
"""Series that are explained at once: each is forecast many times."""


@dataclass(frozen=True)
class _Fitted:
    """A fitted forecaster with what belongs to it.

    folder    what `save` copies
    """

    folder: Path
    forecaster: Forecaster
    rows: tuple[ForecastRow, ...]
    has_whole_items: bool


class AutoForecast:
    """Finds, fits and keeps the best average of forecasting models for the series of a table.

    target            the column to forecast
    timestamp         the column of times
    item_id           the column that tells series apart; None if the table is one series
    horizon           steps to forecast, at most 500
    frequency         the time from one step to the next: a number and a unit of Y, M, W, D, H and min, as in 'D', '15min' or
                      '3M' (quarters); found in the data if None. Finer rows are aggregated
    quantiles         levels of the quantiles to forecast, up to five from 0.01 to 0.99
    known_covariates  columns that are known in advance for the steps to be forecast, such as prices
    past_covariates   columns that are known for the past alone, such as the weather as it was measured
    static            columns that are the same for all rows of a series
    group_columns     up to five columns that, with `item_id`, tell series apart, such as the shop of an article
    max_runtime_s     wall clock of `fit`
    threads           processes at once, one thread each; one a core if None
    memory_mb         for all of them; three quarters of the machine's if None
    objective         'AverageWeightedQuantileLoss' (also if None), 'MASE', 'WAPE', 'RMSE' or 'MAPE'
    aggregation       of rows that fall into one step: 'sum' (also if None, where no two rows have one time), 'avg', 'first',
                      'min' or 'max'
    holidays          ISO 3166 code of the country whose public holidays count, for example 'DE'
    filling           column -> gap ('front', 'middle', 'back', 'future') -> what stands there: a number, 'zero', 'mean',
                      'median', 'min' or 'max' of the series, or 'nan'
    seed              of all random numbers
    chronos_bolt      folder with the weights of Chronos-Bolt (config.json and model.safetensors), which is then tried, too
    raises            InvalidRequest for an unknown name or a number out of range
    """

    def __init__(
        self,
        target: str,
        timestamp: str,
        item_id: str | None = None,
        horizon: int = 1,
        frequency: str | None = None,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        known_covariates: Sequence[str] = (),
        static: Sequence[str] = (),
        max_runtime_s: float = 60,
        threads: int | None = None,
        memory_mb: int | None = None,
        seed: int = 0,
        objective: str | None = None,
        aggregation: str | None = None,
        group_columns: Sequence[str] = (),
        past_covariates: Sequence[str] = (),
        holidays: str | None = None,
        filling: Mapping[str, Mapping[str, str | float]] | None = None,
        chronos_bolt: str | os.PathLike[str] | None = None,
    ) -> None:
        self.spec = ForecastSpec(
            target=str(target),
            timestamp=str(timestamp),
            item_id=None if item_id is None else str(item_id),
            horizon=int(horizon),
            frequency=None if frequency is None else Frequency.parse(frequency),
            quantiles=tuple(sorted(float(level) for level in quantiles)),
            known_covariates=_columns("known_covariates", known_covariates),
            static=_columns("static", static),
            objective=named(ForecastMetric, "objective", objective) or ForecastMetric.WQL,
            aggregation=named(Aggregation, "aggregation", aggregation),
            group_columns=_columns("group_columns", group_columns),
            past_covariates=_columns("past_covariates", past_covariates),
            holiday_country=None if holidays is None else str(holidays),
            filling={str(name): filling_of(name, how) for name, how in (filling or {}).items()},
            seed=seed,
        )
        check_forecast(self.spec)
        _check_columns(self.spec)
        check_budget(max_runtime_s, None, threads, memory_mb, None)
        self.chronos_bolt = None if chronos_bolt is None else _weights(Path(chronos_bolt))
        self.max_runtime_s = float(max_runtime_s)
        self.threads = threads or len(os.sched_getaffinity(0))
        self.memory_mb = memory_mb or machine_mb() * 3 // 4
        self._fitted: _Fitted | None = None

    def fit(
        self,
        frame: Table,
        *,
        on_event: OnEvent = lambda _: None,
        reports: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
    ) -> AutoForecast:
        """Compare models on the past, weigh them, and fit them to everything, until the time is used up or nothing is left
        to do.

        frame     rows of item, time, target and covariates: a DataFrame, or the path of a CSV (also .gz) or Parquet file. If
                  there are known covariates, rows after the last value of a series are the steps to be forecast
        on_event  told what happens (automl/local/events.py)
        reports   a folder for reports on the series, the backtests and what forecasts are made of; a part of the time is kept
                  for them, and what it is too short for is left out
        progress  whether a line on stderr, or a bar in a notebook, tells how far it is; None: if stderr is a terminal, or
                  in a notebook
        raises    DataFault if nothing can be learned from these rows; InvalidRequest if there is no such file
        """
        started = time.time()
        with (
            fit_progress(progress, self.max_runtime_s, None, on_event) as hear,
            tempfile.TemporaryDirectory(prefix="windvane-forecast-") as scratch,
        ):
            out = Path(scratch)
            job = run_process(
                "windvane.automl.forecasting.job_process",
                out / "host.log",
                lambda: self._job(frame, out, started, reports),
                hear,
            )
            self._fitted = self._kept(
                job.folders.package, _has_whole_items(frame, self.spec.item_id)
            )
        return self

    def predict(self, future: Table | None = None) -> pd.DataFrame:
        """Return the forecast of every series: item_id, grouping columns by their names, timestamp, mean, and a column for
        each quantile (p10, p50, p90).

        future    item, time and known covariates of the steps after the last value of each series; None if there are no
                  known covariates, or they were among the rows that the model was fitted to
        raises    InvalidRequest naming a column, or item and step, that is missing
        """
        fitted = self._the_fitted()
        panel = self._panel(future, fitted)
        made = fitted.forecaster.forecast(panel)
        return forecast_frame(panel, self.spec, made, has_whole_items=fitted.has_whole_items)

    def explain(
        self, future: Table | None = None, items: Sequence[object] | None = None
    ) -> pd.DataFrame:
        """Return what the mean of each forecast is made of: item_id, grouping columns, timestamp, mean, and level, trend,
        season, holidays and each covariate, which add up to it (engine/forecasting/decomposition.py).

        future    as for `predict`; with other values it tells what would be if
        items     identifiers of the items to explain; all if None
        raises    InvalidRequest as `predict`; also for an item that there is not, or more series than 1,000
        """
        fitted = self._the_fitted()
        panel = self._panel(future, fitted)
        if items is not None:
            panel = panel.only(_places_of(panel, items, len(self.spec.group_columns)))
        if panel.n_series > MOST_EXPLAINED:
            raise InvalidRequest(
                f"There are {panel.n_series:,} series; {MOST_EXPLAINED:,} are the most that can be explained at once. Name items."
            )
        made = decompose(fitted.forecaster, panel)
        return decomposition_frame(panel, self.spec, made, has_whole_items=fitted.has_whole_items)

    def update(self, rows: Table, max_runtime_s: float = 10) -> AutoForecast:
        """Take in newer rows and fit the members of the average to all values, in this process: forecasts then begin after
        the newest values. Models are not compared again; weights, the widths of intervals and the leaderboard stay.

        rows           like those that the model was fitted to. A value of a step that a series has takes the old one's place
        max_runtime_s  about what members that learn from all series may take together; others take milliseconds
        raises         InvalidRequest naming a missing column; DataFault for rows that cannot be read
        """
        fitted = self._the_fitted()
        check_budget(max_runtime_s, None, None, None, None)
        columns = self._columns(rows, self.spec.target)
        if any(one.name in HEAVY for one in fitted.forecaster.members):
            importlib.import_module("lightgbm")  # seconds, once, that members do not have
        limits = FitLimits(time.time() + max_runtime_s, self.threads, self.spec.objective)
        made = updated(fitted.forecaster, columns, limits)
        is_whole = fitted.has_whole_items and all(
            parts_of(item, 1 + len(self.spec.group_columns))[0].removeprefix("-").isdecimal()
            for item in made.prepared.panel.items
        )
        with tempfile.TemporaryDirectory(prefix="windvane-update-") as scratch:
            package = Path(scratch)
            made.save(package)
            shutil.copy(fitted.folder / LEADERBOARD, package)
            self._fitted = self._kept(package, is_whole)
        self.spec = made.prepared.spec
        return self

    def leaderboard(self) -> pd.DataFrame:
        """Return every model and their average, best first: the objective and other metrics in backtests, which the weights of
        the average were not fitted to; its standard error; the share of values between the outermost quantiles; and the
        weight in what answers. `print` shows the columns that fit a terminal."""
        metric = str(self.spec.objective)
        rows: list[dict[str, Any]] = []
        for row in self._the_fitted().rows:
            outcome = row.outcome
            others = {} if outcome is None else dict(outcome.metrics)
            rows.append(
                {
                    "model": row.name,
                    metric: others.pop(metric, None),
                    "standard_error": None if outcome is None else outcome.standard_error,
                    "weight": row.weight,
                    **others,
                    "coverage": None if outcome is None else outcome.coverage,
                    "windows": 0 if outcome is None else len(outcome.windows),
                    "fit_s": None if outcome is None else outcome.fit_s,
                    "failure": row.failure,
                }
            )
        brief = ("model", metric, "standard_error", "weight", "fit_s")
        return Board.of(pd.DataFrame(rows), brief)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is worth knowing about the series, most severe first."""
        return self._the_fitted().forecaster.prepared.findings

    @property
    def frequency(self) -> str:
        """The time from one step to the next, as `frequency` spells it."""
        return str(self._the_fitted().forecaster.prepared.panel.grid.frequency)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write everything that forecasts need: JSON, arrays and LightGBM's own text, with checksums.

        raises    InvalidRequest if the folder exists and is not empty
        """
        save_copy(self._the_fitted().folder, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> AutoForecast:
        """Return what `save` wrote; or a forecaster of the service, downloaded: its model.tar.gz, packed or not.

        raises    CorruptArtifact if any of it is missing, damaged or of another kind
        """
        home = Path(folder)
        if not home.is_file():
            return cls._saved(home)
        unpacked = Path(tempfile.mkdtemp(prefix="windvane-model-"))
        try:
            unpack(home, unpacked / "model")
            model = cls._saved(unpacked / "model")
        except BaseException:
            shutil.rmtree(unpacked)
            raise
        weakref.finalize(model, shutil.rmtree, unpacked, ignore_errors=True)
        return model

    @classmethod
    def _saved(cls, home: Path) -> AutoForecast:
        fitted, about = _read(home)
        spec = fitted.forecaster.prepared.spec
        try:
            model = cls(
                spec.target,
                spec.timestamp,
                horizon=spec.horizon,
                max_runtime_s=number_in({"max_runtime_s": _OF_SERVICE_S, **about}, "max_runtime_s"),
            )
        except (KeyError, TypeError, ValueError, InvalidRequest) as error:
            raise CorruptArtifact(f"{home} does not describe a forecaster: {error!r}.") from error
        model.spec, model._fitted = spec, fitted
        return model

    def _job(
        self, frame: Table, out: Path, started: float, reports: str | os.PathLike[str] | None
    ) -> ForecastJob:
        source = source_of(frame, out)
        kept_s = 0.0 if reports is None else reports_s(self.max_runtime_s)
        left_s = self.max_runtime_s - kept_s
        loading_s = _LOADING_S
        if self.chronos_bolt is not None:
            n_bytes = sum((self.chronos_bolt / name).stat().st_size for name in CHRONOS_BOLT_FILES)
            loading_s += n_bytes / _LOADED_A_SECOND
        return ForecastJob(
            file=SourceFile(source.path, source.name),
            format=source.format,
            compression=source.compression,
            spec=self.spec,
            started=started,
            max_runtime_s=max(left_s - loading_s, left_s / 2),
            threads=self.threads,
            memory_mb=self.memory_mb,
            out=out,
            reports=None if reports is None else Path(reports).absolute(),
            reports_s=kept_s,
            chronos_bolt=self.chronos_bolt,
        )

    def _kept(self, package: Path, has_whole_items: bool) -> _Fitted:
        """Return the model, in a folder that lives as long as this object."""
        home = Path(tempfile.mkdtemp(prefix="windvane-model-"))
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        shutil.copytree(package, home, dirs_exist_ok=True)
        write_json(home / ARGUMENTS, {"has_whole_items": has_whole_items})
        write_manifest(home, "forecaster", {"max_runtime_s": self.max_runtime_s})
        return _read(home)[0]

    def _panel(self, future: Table | None, fitted: _Fitted) -> Panel:
        """Return the series to be forecast, with the covariates of future rows if there are any."""
        prepared = fitted.forecaster.prepared
        if future is None or not self.spec.known_covariates:
            return prepared.panel
        return with_future_rows(prepared, self._columns(future, self.spec.timestamp))

    def _columns(self, table: Table, target: str) -> Columns:
        with tempfile.TemporaryDirectory(prefix="windvane-rows-") as scratch:
            source = source_of(table, Path(scratch))
            options = ReadOptions(
                Path(scratch),
                source.format,
                source.compression,
                memory_mb=self.memory_mb,
                min_rows=1,
            )
            file = SourceFile(source.path, source.name)
            return read_table([file], options, target, self.spec.seed).columns

    def _the_fitted(self) -> _Fitted:
        if self._fitted is None:
            raise InvalidRequest(
                "This AutoForecast has no model yet: call fit first, or AutoForecast.load."
            )
        return self._fitted


def _weights(folder: Path) -> Path:
    """Return the folder of the weights of Chronos-Bolt, as every process finds it.

    raises    InvalidRequest if they cannot be used
    """
    try:
        check_weights(folder)
    except CorruptArtifact as error:
        raise InvalidRequest(f"chronos_bolt is '{folder}'; it cannot be used: {error}") from error
    return folder.absolute()


def _read(home: Path) -> tuple[_Fitted, dict[str, Any]]:
    """Read what `save` wrote, and the arguments that it was made with.

    raises    CorruptArtifact
    """
    forecaster, about = load_forecaster(home)
    document, arguments = read_json(home / LEADERBOARD), read_json(home / ARGUMENTS)
    try:
        rows = board_from_json(document)
        has_whole_items = bool(arguments["has_whole_items"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptArtifact(f"{home} holds no leaderboard: {error!r}.") from error
    return _Fitted(home, forecaster, rows, has_whole_items), dict(about)


def _places_of(panel: Panel, items: Sequence[object], n_groups: int) -> Steps:
    """Return the places of the series of some items.

    raises    InvalidRequest naming one that is not there
    """
    if isinstance(items, str):
        raise InvalidRequest(f"items is '{items}'; it must be a list of identifiers.")
    wanted = {str(one) for one in items}
    own = [parts_of(key, 1 + n_groups)[0] for key in panel.items]
    unknown = sorted(wanted - set(own))
    if unknown or not wanted:
        raise InvalidRequest(
            f"There is no item '{unknown[0]}' among the series." if unknown else "items is empty."
        )
    return np.flatnonzero([one in wanted for one in own])


def _has_whole_items(frame: Table, item_id: str | None) -> bool:
    """Return whether identifiers are whole numbers, and to be given back as such."""
    if item_id is None or not isinstance(frame, pd.DataFrame):
        return False
    kind = frame[item_id].dtype
    return is_number(kind) and kind.kind in "iu"


def _check_columns(spec: ForecastSpec) -> None:
    """Check that grouping columns can stand beside those of a forecast, and that what is to be filled is there.

    raises    InvalidRequest naming the first column that cannot
    """
    taken = {"item_id", "timestamp", "mean", *(quantile_name(one) for one in spec.quantiles)}
    name = next((name for name in spec.group_columns if name in taken), None)
    if name is not None:
        raise InvalidRequest(
            f"group_columns has '{name}', which is the name of a column of forecasts; rename the column."
        )
    for name, how in spec.filling.items():
        if name not in (spec.target, *spec.known_covariates, *spec.past_covariates):
            raise InvalidRequest(
                f"The column '{name}' cannot be filled: only the target '{spec.target}' and covariates can."
            )
        if name not in spec.known_covariates and how.future.method is not FillMethod.NAN:
            raise InvalidRequest(
                f"The column '{name}' has no future that could be filled; only known covariates have one."
            )


def _columns(parameter: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise InvalidRequest(f"{parameter} is '{names}'; it must be a list of names of columns.")
    return tuple(str(name) for name in names)
