"""What a forecasting model is, and the kind that needs no training: fitted to whatever history it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast, ForecastTask, guarded
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.manifest import check_manifest, write_manifest

CHUNK_CELLS = 4_000_000
"""Numbers that a model of a batch of series holds at once, for each of its arrays."""


@dataclass(frozen=True)
class FitLimits:
    """Limits of training.

    stop_at    a time.time() by which it is over, with what has been learned so far
    threads    that it may keep busy
    objective  that forecasts are judged by
    n_forecasts
               of the history that are to be made by then, too
    chronos_bolt
               folder with the weights of Chronos-Bolt; None if there are none
    """

    stop_at: float
    threads: int = 1
    objective: ForecastMetric = ForecastMetric.WQL
    n_forecasts: int = 1
    chronos_bolt: Path | None = None


class Learning(Enum):
    """The data that a model learns from, and so whether what it has learned is kept.

    ANEW          from each history that it is given: nothing is kept
    ACROSS        from all series together
    BEFOREHAND    from other data, long before: it is kept as it is, whatever the history
    """

    ANEW = "anew"
    ACROSS = "across"
    BEFOREHAND = "beforehand"

    @property
    def is_kept(self) -> bool:
        return self is not Learning.ANEW


class FittedModel(Protocol):
    """A model that has learned."""

    def forecast(self, history: Panel) -> Forecast:
        """Return the steps after each series; its `future` has the known covariates of the whole horizon, if the model's
        history had any."""

    def save(self, folder: Path) -> None:
        """Write into an existing, empty folder."""


class Model(Protocol):
    """A model of many series: what each kind has to offer.

    name        in leaderboards
    description  a sentence for people
    learning    from what it learns
    """

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def learning(self) -> Learning: ...

    def suits(self, history: Panel, task: ForecastTask) -> bool:
        """Return whether there is enough of what the model needs."""

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:
        """Return the model fitted to a history.

        raises    CandidateFault if it cannot be
        """

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        """Return what `save` wrote.

        raises    CorruptArtifact
        """


LocalForecast = Callable[[Panel, ForecastTask], Forecast]
"""Fits a model to each series of a panel and forecasts it: many series side by side."""


@dataclass(frozen=True)
class LocalModel:
    """A model of each series alone. Nothing is learned beforehand, so all that is saved is its name.

    forecast    of series that fit into memory together
    cells       numbers that it holds for a series, in its largest array
    wants       whether it is worth trying on this panel
    """

    name: str
    description: str
    forecast_batch: LocalForecast
    cells: Callable[[Panel, ForecastTask], int]
    wants: Callable[[Panel, ForecastTask], bool] = lambda _history, _task: True
    learning: Learning = Learning.ANEW

    def suits(self, history: Panel, task: ForecastTask) -> bool:
        return self.wants(history, task)

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:  # noqa: ARG002
        return _FittedLocal(self, task)

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        check_manifest(folder, self.name)
        return _FittedLocal(self, task)


@dataclass(frozen=True)
class _FittedLocal:
    model: LocalModel
    task: ForecastTask

    def forecast(self, history: Panel) -> Forecast:
        size = max(1, CHUNK_CELLS // max(1, self.model.cells(history, self.task)))
        parts = []
        for at in range(0, history.n_series, size):
            chosen = np.arange(at, min(at + size, history.n_series))
            part = history if len(chosen) == history.n_series else history.only(chosen)
            with np.errstate(all="ignore"):  # what comes of it is guarded
                parts.append(guarded(self.model.forecast_batch(part, self.task), part))
        return Forecast(
            np.concatenate([one.mean for one in parts]),
            np.concatenate([one.quantiles for one in parts]),
        )

    def save(self, folder: Path) -> None:
        write_manifest(folder, self.model.name, {})


@dataclass(frozen=True)
class Batch:
    """The last values of some series, of size one on average.

    y        (n_series, n_steps) NaN before shorter series
    scale    (n_series, 1) what they were divided by
    """

    y: Floats
    scale: Floats


def recent(history: Panel, most: int) -> Batch:
    """Return the last values of each series, at most so many."""
    y = history.tail(min(most, history.longest))
    scale = mean_of_known(np.abs(y), 1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    return Batch(y / scale, scale)


def longest(history: Panel, season: int) -> int:
    """Return how many of the last values a model of a level, trend and season looks at."""
    return min(history.longest, max(300, 10 * season))
