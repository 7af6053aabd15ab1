"""The backtests of a forecasting job as its report looks at them: of every series, every window and every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.backtest import Window
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.metrics import Truth, parts_of
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.forecasting.outcomes import ForecastOutcome, read_forecasts, read_outcome
from windvane.engine.forecasting.panel import Floats
from windvane.engine.forecasting.prepared import PreparedSeries, read_prepared
from windvane.engine.forecasting.stages import ENSEMBLE, compared, read_weights
from windvane.errors import CorruptArtifact


@dataclass(frozen=True)
class SeriesScore:
    """How well one series was forecast, over all windows.

    series      position in the panel
    loss        the objective; NaN where it is not defined, as for relative errors of nothing but zeros
    naive       the same of the seasonal naive forecast
    mase        mean absolute scaled error; NaN for a constant
    share       of the loss of all series together
    coverage    share of values between the outermost quantiles
    """

    series: int
    item: str
    loss: float
    naive: float
    mase: float
    share: float
    coverage: float


@dataclass(frozen=True)
class Backtests:
    """What a model forecast of moments of the past, and what came.

    name        of the model
    outcomes    of all models, best first, the average among them
    weights     name -> weight, of the average; empty for a single model
    windows     the earliest first
    truths      of each window;  forecasts  likewise
    naive       of each window; None if that model was not backtested
    """

    prepared: PreparedSeries
    name: str
    outcomes: tuple[ForecastOutcome, ...]
    weights: Mapping[str, float]
    windows: tuple[Window, ...]
    truths: tuple[Truth, ...]
    forecasts: tuple[Forecast, ...]
    naive: tuple[Forecast, ...] | None

    @property
    def objective(self) -> ForecastMetric:
        return self.prepared.spec.objective

    @property
    def outcome(self) -> ForecastOutcome:
        return next(one for one in self.outcomes if one.name == self.name)

    @property
    def levels(self) -> tuple[float, ...]:
        return self.prepared.task.levels

    @property
    def outermost(self) -> tuple[int, int]:
        """Indices of the lowest and the highest quantile that were asked for."""
        asked = self.truths[0].asked
        return asked[0], asked[-1]

    @cached_property
    def scores(self) -> tuple[SeriesScore, ...]:
        """Of every series that was backtested, the worst first; those without a loss at the end."""
        items = {item: i for i, item in enumerate(self.prepared.panel.items)}
        places = [np.array([items[one] for one in w.history.items]) for w in self.windows]
        n = self.prepared.panel.n_series
        ours = self._ratios(self.objective, self.forecasts, places)
        naive = np.full(n, np.nan)
        if self.naive is not None:
            naive = _ratio(*self._ratios(self.objective, self.naive, places))
        mase = _ratio(*self._ratios(ForecastMetric.MASE, self.forecasts, places))
        loss, total = _ratio(*ours), float(ours[0].sum())
        if self.objective is ForecastMetric.RMSE:
            loss, naive = np.sqrt(loss), np.sqrt(naive)
        within, known = self._covered(places)
        told = [
            SeriesScore(
                int(i),
                self.prepared.panel.items[i],
                float(loss[i]),
                float(naive[i]),
                float(mase[i]),
                float(ours[0][i]) / total if total > 0 else 0.0,
                float(within[i] / known[i]),
            )
            for i in np.flatnonzero(known)
        ]
        return tuple(sorted(told, key=lambda one: (np.isnan(one.loss), -one.loss, one.item)))

    def _ratios(
        self, metric: ForecastMetric, forecasts: tuple[Forecast, ...], places: list[Steps]
    ) -> tuple[Floats, Floats]:
        """Return (n_series,) numerators and denominators of a metric, summed over windows."""
        n = self.prepared.panel.n_series
        top, bottom = np.zeros(n), np.zeros(n)
        for forecast, truth, at in zip(forecasts, self.truths, places, strict=True):
            numerator, denominator = parts_of(metric, forecast, truth)
            np.add.at(top, at, numerator)
            np.add.at(bottom, at, denominator)
        return top, bottom

    def _covered(self, places: list[Steps]) -> tuple[Floats, Floats]:
        n, (low, high) = self.prepared.panel.n_series, self.outermost
        within, known = np.zeros(n), np.zeros(n)
        for forecast, truth, at in zip(self.forecasts, self.truths, places, strict=True):
            is_within = (truth.actual >= forecast.quantiles[:, :, low]) & (
                truth.actual <= forecast.quantiles[:, :, high]
            )
            np.add.at(within, at, is_within.sum(axis=1))
            np.add.at(known, at, np.isfinite(truth.actual).sum(axis=1))
        return within, known

    def below(self, windows: slice = slice(None)) -> Floats:
        """Return (n_levels,) the share of values that are not above each quantile."""
        hits, known = np.zeros(len(self.levels)), 0
        for forecast, truth in zip(self.forecasts[windows], self.truths[windows], strict=True):
            is_known = np.isfinite(truth.actual)
            is_below = truth.actual[:, :, None] <= forecast.quantiles
            hits += is_below[is_known].sum(axis=0)
            known += int(is_known.sum())
        return hits / known if known else np.full(len(self.levels), np.nan)

    @cached_property
    def residuals(self) -> Floats:
        """(n_rows, horizon) actual less median, each series in its mean seasonal change: 1 is what MASE calls 1; NaN where
        the value or the change is not known."""
        return np.concatenate(
            [
                (truth.actual - forecast.quantiles[:, :, truth.median]) / truth.scale[:, None]
                for forecast, truth in zip(self.forecasts, self.truths, strict=True)
            ]
        )

    @cached_property
    def bias(self) -> tuple[float, ...]:
        """Of each window, the sum of residuals as a share of the sum of absolute values."""
        return tuple(
            float(
                np.nansum(truth.actual - forecast.quantiles[:, :, truth.median])
                / max(float(np.nansum(np.abs(truth.actual))), 1e-300)
            )
            for forecast, truth in zip(self.forecasts, self.truths, strict=True)
        )

    def first_second(self, window: int) -> int:
        """Return the first timestamp that most series have in a window."""
        history = self.windows[window].history
        seconds = history.grid.times(history.last + 1, np.arange(history.n_series))
        values, counts = np.unique(seconds, return_counts=True)
        return int(values[counts.argmax()])

    @cached_property
    def coverage_by_step(self) -> Floats:
        """(horizon,) the share of values between the outermost quantiles, for each step ahead."""
        low, high = self.outermost
        within, known = np.zeros(self.prepared.task.horizon), np.zeros(self.prepared.task.horizon)
        for forecast, truth in zip(self.forecasts, self.truths, strict=True):
            within += (
                (truth.actual >= forecast.quantiles[:, :, low])
                & (truth.actual <= forecast.quantiles[:, :, high])
            ).sum(axis=0)
            known += np.isfinite(truth.actual).sum(axis=0)
        return np.asarray(np.where(known > 0, within / np.maximum(known, 1), np.nan))


def read_backtests(
    series: Path, candidates: Mapping[str, Path], ensemble: Path | None, name: str
) -> Backtests:
    """Read the backtests of a job.

    series        a folder that the stage `prepare` wrote
    candidates    name -> folder that `backtest` wrote
    ensemble      folder that `combine` wrote; None if there is none
    name          the model that the report is on: one of the candidates, or the ensemble
    raises        CorruptArtifact
    """
    prepared = read_prepared(series)
    folders = dict(candidates) | ({} if ensemble is None else {ENSEMBLE: ensemble})
    if name not in folders:
        raise CorruptArtifact(f"There are no backtests of {name!r}.")
    windows = tuple(compared(prepared))
    spec = prepared.spec
    truths = tuple(one.truth(prepared.task, spec.quantiles) for one in windows)
    naive = None
    if FLOOR.name in folders and name != FLOOR.name:
        naive = _by_window(read_forecasts(folders[FLOOR.name]), truths)
    outcomes = [read_outcome(folder) for folder in folders.values()]
    return Backtests(
        prepared,
        name,
        tuple(sorted(outcomes, key=lambda one: (one.loss(spec.objective), one.name))),
        {} if ensemble is None else read_weights(ensemble),
        windows,
        truths,
        _by_window(read_forecasts(folders[name]), truths),
        naive,
    )


def _by_window(forecast: Forecast, truths: tuple[Truth, ...]) -> tuple[Forecast, ...]:
    """Return the forecasts of each window.

    raises    CorruptArtifact if they are not those of these windows
    """
    ends = np.cumsum([len(one.actual) for one in truths]).tolist()
    if forecast.mean.shape != (ends[-1], truths[0].actual.shape[1]):
        raise CorruptArtifact(f"Forecasts of the shape {forecast.mean.shape} are of other windows.")
    begins = [0, *ends[:-1]]
    return tuple(
        Forecast(forecast.mean[begin:end], forecast.quantiles[begin:end])
        for begin, end in zip(begins, ends, strict=True)
    )


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    is_defined = denominator > 0
    return np.where(is_defined, numerator / np.where(is_defined, denominator, 1.0), np.nan)
