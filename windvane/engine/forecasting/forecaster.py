"""The model that answers: members, their weights, the width of intervals, and the history that it was fitted to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import floats_in, number_in, text_in
from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.ensemble import weighted
from windvane.engine.forecasting.forecast import Forecast, ForecastTask, check_size, guarded
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.models.base import FittedModel
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.prepared import PreparedSeries, read_prepared, write_prepared
from windvane.engine.manifest import (
    check_manifest,
    each_file_once,
    read_json,
    write_json,
    write_manifest,
)
from windvane.errors import CorruptArtifact, InvalidRequest

KIND = "forecaster"
SERIES = "series"
"""In the folder of a forecaster: what it was fitted to."""

_ABOUT, _SCALE, _MEMBERS = "forecaster.json", "intervals.npz", "members"
_MOST_MEMBERS = 100
_TIMED = 3
"""Forecasts whose median time is told."""

_MOST_SEASONS, _MOST_VALUES = 20, 300
"""Of a series, that any model looks at (models/base.py, models/empirical.py): longer ones are all alike."""


Meanwhile = Callable[[int], None]


@dataclass(frozen=True)
class Member:
    """A fitted model of an ensemble, with its weight.

    weight    above 0
    """

    name: str
    weight: float
    model: FittedModel


@dataclass(frozen=True)
class Forecaster:
    """A weighted average of models, with calibrated intervals."""

    prepared: PreparedSeries
    members: tuple[Member, ...]
    scale: IntervalScale

    def forecast(
        self, history: Panel | None = None, meanwhile: Meanwhile = lambda _: None
    ) -> Forecast:
        """Return the steps after each series of a history, of that which the model was fitted to if None.

        meanwhile as of `parts`
        raises    InvalidRequest if there are known covariates, and the history does not have them for the steps ahead;
                  DataFault for more series, steps and quantiles than fit into memory
        """
        panel = self.ready(history)
        horizon, levels = self.prepared.task.horizon, self.prepared.task.levels
        made = Forecast(
            np.empty((panel.n_series, horizon)), np.empty((panel.n_series, horizon, len(levels)))
        )
        for part, chosen in self.parts(panel, meanwhile):
            own = self.average((one.model.forecast(part) for one in self.members), part)
            made.mean[chosen], made.quantiles[chosen] = own.mean, own.quantiles
        return made

    def ready(self, history: Panel | None = None) -> Panel:
        """Return a history, that which the model was fitted to if None, as members take it.

        raises    as `forecast`
        """
        panel = self.prepared.panel if history is None else history
        panel = replace(panel, holidays=self.prepared.panel.holidays)
        check_size(panel.n_series, self.prepared.task)
        self._check_future(panel)
        return panel

    def parts(
        self, panel: Panel, meanwhile: Meanwhile = lambda _: None
    ) -> Iterator[tuple[Panel, Steps]]:
        """Yield series that models look at alike, with their places, and how many of their values: as many as of the series
        that the members were weighed on, and more only of longer ones, so that a forecast does not depend on which series
        are forecast with it.

        meanwhile    told how many series are done, while others are left; what it raises ends the work on them
        """
        n_done = 0
        frequency = panel.grid.frequency
        most = _MOST_SEASONS * max((1, *frequency.seasons)) + _MOST_VALUES
        usual = min(int(self.prepared.panel.lengths.max()), most)
        spans = np.clip(panel.lengths, usual, most)
        for span in np.unique(spans):
            if n_done:
                meanwhile(n_done)
            chosen = np.flatnonzero(spans == span)
            n_done += len(chosen)
            part = panel if len(chosen) == panel.n_series else panel.only(chosen)
            yield replace(part, span=int(span)), chosen

    def average(self, forecasts: Iterable[Forecast], panel: Panel) -> Forecast:
        """Return the average of the members' forecasts of a part, in their order, with its intervals."""
        total = sum(one.weight for one in self.members)
        with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest numbers
            made = weighted(forecasts, [one.weight / total for one in self.members])
            return guarded(self.scale.applied(made, self.prepared.task.median), panel)

    def _check_future(self, panel: Panel) -> None:
        spec = self.prepared.spec
        if panel.known.shape[1] and panel.future.shape[1] < spec.horizon:
            named = ", ".join(f"'{name}'" for name in spec.known_covariates)
            raise InvalidRequest(
                f"The known covariates {named} are needed for the {spec.horizon} steps to be forecast: pass rows with them as "
                "`future`."
            )

    def latency_s(self, clock: Callable[[], float] = time.perf_counter) -> float:
        """Return the median time of some forecasts of one series of usual length, in seconds."""
        panel = self.prepared.panel
        usual = int(np.argsort(panel.lengths, kind="stable")[panel.n_series // 2])
        one = panel.only(np.array([usual]))
        ahead = np.zeros((1, self.prepared.task.horizon, panel.known.shape[1]))
        took = []
        for _ in range(_TIMED):
            began = clock()
            self.forecast(one.with_future(ahead))
            took.append(clock() - began)
        return float(np.median(took))

    def save(self, folder: Path) -> None:
        """Write into an existing, empty folder."""
        (folder / SERIES).mkdir()
        write_prepared(self.prepared, folder / SERIES)
        for i, one in enumerate(self.members):
            (into := folder / _MEMBERS / str(i)).mkdir(parents=True)
            one.model.save(into)
        write_arrays(folder / _SCALE, {"factors": self.scale.factors})
        members = [{"name": one.name, "weight": one.weight} for one in self.members]
        write_json(folder / _ABOUT, {"members": members})

    def seal(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Write the manifest over all that is in the folder now."""
        write_manifest(folder, KIND, dict(about))


@each_file_once()
def load_forecaster(folder: Path) -> tuple[Forecaster, Mapping[str, Any]]:
    """Return what `save` and `seal` wrote, and what the manifest says of it. It forecasts one of its series before it is given
    away: a package may come from anyone.

    raises    CorruptArtifact if any of it is missing, damaged or of another kind
    """
    about = check_manifest(folder, KIND)
    prepared = read_prepared(folder / SERIES)
    task = prepared.task
    arrays, document = read_arrays(folder / _SCALE), read_json(folder / _ABOUT)
    try:
        factors = _factors(floats_in(arrays, "factors", 2), task)
        members = [
            _member(one, folder / _MEMBERS / str(i), task)
            for i, one in enumerate(_listed(document["members"]))
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{folder} does not describe a forecaster: {error}.") from error
    made = Forecaster(prepared, tuple(members), IntervalScale(factors))
    _check_forecast(folder, made)
    return made, about


_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _check_forecast(folder: Path, one: Forecaster) -> None:
    """Check that the first series is forecast.

    raises    CorruptArtifact
    """
    prepared, task = one.prepared, one.prepared.task
    try:
        for item in prepared.panel.items:
            parts_of(item, 1 + len(prepared.spec.group_columns))
        first = prepared.panel.only(np.array([0]))
        ahead = np.zeros((1, task.horizon, first.known.shape[1]))
        made = one.forecast(first.with_future(ahead))
    except _UNFORESEEN as error:
        raise CorruptArtifact(
            f"{folder} holds what no forecast can be made of: {error!r}."
        ) from error
    shape = (1, task.horizon, len(task.levels))
    if made.quantiles.shape != shape or not np.isfinite(made.quantiles).all():
        raise CorruptArtifact(
            f"{folder} does not forecast {task.horizon} finite steps of the item '{prepared.panel.items[0]}'."
        )


def _factors(factors: Floats, task: ForecastTask) -> Floats:
    """Check the factors of a saved forecaster.

    raises    ValueError unless they are those of a task
    """
    if factors.shape != (task.horizon, len(task.levels)) or (factors <= 0).any():
        raise ValueError(f"the widths of its intervals have the shape {factors.shape}")
    return factors


def _listed(told: Any) -> list[Mapping[str, Any]]:
    """Check the list of members of a saved forecaster.

    raises    ValueError if it is no list of members
    """
    if not isinstance(told, list) or not 1 <= len(told) <= _MOST_MEMBERS:
        raise ValueError("it has no list of members")
    if not all(isinstance(one, dict) for one in told):
        raise ValueError("one of its members has no name and weight")
    return told


def _member(told: Mapping[str, Any], folder: Path, task: ForecastTask) -> Member:
    """Load a member.

    raises    KeyError, TypeError or ValueError if it is none; CorruptArtifact
    """
    name, weight = text_in(told, "name"), number_in(told, "weight", np.finfo(float).tiny, 1.0)
    return Member(name, weight, model_named(name).load(folder, task))
