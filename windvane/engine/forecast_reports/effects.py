"""What forecasts are made of, over many series and moments: which covariates matter, and what each of their values adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.backtest import windows_of
from windvane.engine.forecasting.decomposition import Decomposition, decompose
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding, decoded
from windvane.errors import CandidateFault
from windvane.wording import number

KNOWN, PAST, CALENDAR = "known in advance", "known for the past", "calendar"
"""What covariates are: the last of public holidays."""

_MOST_SERIES, _FIRST, _AT_ONCE = 48, 4, 16
"""Series that are explained, a sample of more; how many first, to learn how long it takes; and how many at once after that."""

_MOST_VALUES = 12
"""Of a covariate, whose effects are told one by one; more numbers are told in thirds."""

Cells = NDArray[np.object_]


@dataclass(frozen=True)
class Moment:
    """Forecasts of some series from one moment on.

    panel     the series as they were known then, with the covariates of the steps that followed
    made_of   their forecasts
    is_ahead  whether they are of what comes, after all values; else of a window of the past
    """

    panel: Panel
    made_of: Decomposition
    is_ahead: bool


@dataclass(frozen=True)
class ValueEffect:
    """The mean effect of a value of a covariate, over the steps that have it.

    value    a number, a text, or a range of numbers, in words
    """

    value: str
    effect: float
    n_steps: int


@dataclass(frozen=True)
class CovariateEffect:
    """The importance of a covariate.

    role         KNOWN, PAST or CALENDAR
    size         mean absolute effect over all series, moments and steps, in units of the target
    share        the same as a part of the mean absolute forecast
    by_value     in the order of the values
    """

    name: str
    role: str
    size: float
    share: float
    by_value: tuple[ValueEffect, ...]


@dataclass(frozen=True)
class ForecastEffects:
    """The effects of level, trend, season and covariates on the forecasts of a model.

    name        of the model
    moments     what comes first, if it could be explained
    n_series    that the model has, more than are explained
    """

    name: str
    forecaster: Forecaster
    moments: tuple[Moment, ...]
    n_series: int

    @property
    def n_explained(self) -> int:
        """Series that are explained."""
        return len({item for one in self.moments for item in one.panel.items})

    @property
    def n_forecasts(self) -> int:
        """Forecasts that are explained: of every series from every moment."""
        return sum(one.panel.n_series for one in self.moments)

    @property
    def pictured(self) -> tuple[Moment, ...]:
        """The moments whose forecasts are pictured: what comes, else the latest window."""
        ahead = tuple(one for one in self.moments if one.is_ahead)
        return ahead or self.moments

    @property
    def base(self) -> float:
        """The mean forecast without the effects of covariates and holidays."""
        sums = [one.made_of.level + one.made_of.trend + one.made_of.season for one in self.moments]
        return float(np.concatenate(sums).mean())

    @cached_property
    def covariates(self) -> tuple[CovariateEffect, ...]:
        """Return the effect of every covariate, and of holidays, the most important first."""
        total = float(np.abs(np.concatenate([one.made_of.mean for one in self.moments])).mean())
        made = [self._covariate(name, total) for name in self.moments[0].made_of.parts]
        return tuple(sorted(made, key=lambda one: -one.size))

    def _covariate(self, name: str, total: float) -> CovariateEffect:
        effects = np.concatenate([one.made_of.parts[name] for one in self.moments])
        size = float(np.abs(effects).mean())
        prepared = self.forecaster.prepared
        known, past = ([one.name for one in many] for many in (prepared.known, prepared.past))
        role = KNOWN if name in known else PAST if name in past else CALENDAR
        cells = np.concatenate([_cells(one, name, role, self.forecaster) for one in self.moments])
        by_value = tuple(_by_value(cells.ravel(), effects.ravel(), role))
        return CovariateEffect(name, role, size, size / total if total else 0.0, by_value)


def explain_forecasts(
    forecaster: Forecaster, name: str, budget_s: float, clock: Callable[[], float] = time.monotonic
) -> ForecastEffects:
    """Explain forecasts of what comes, and of the windows of the past, the latest first, as far as the time goes: a promotion
    that is not ahead may have been in the past.

    budget_s    seconds; a few series are explained whatever it is
    raises      CandidateFault if there is no moment that the model can forecast from
    """
    began = clock()
    panel = forecaster.ready(forecaster.prepared.panel) if _has_future(forecaster) else None
    made: list[Moment] = []
    slowest_s = 0.0
    for part, is_ahead in _pieces(forecaster, panel):
        before = clock()
        if made and before - began + slowest_s * part.n_series > budget_s:
            break
        made.append(Moment(part, decompose(forecaster, part), is_ahead))
        slowest_s = max(slowest_s, (clock() - before) / part.n_series)
    if not made:
        raise CandidateFault(
            "No forecast can be explained: the series are too short for a backtest window, and the known covariates of the "
            "steps ahead are not in the data."
        )
    return ForecastEffects(name, forecaster, tuple(made), forecaster.prepared.panel.n_series)


def _has_future(forecaster: Forecaster) -> bool:
    return _is_enough(forecaster, forecaster.prepared.panel)


def _is_enough(forecaster: Forecaster, panel: Panel) -> bool:
    """Return whether the known covariates of the steps ahead are there, or none are needed."""
    horizon = forecaster.prepared.spec.horizon
    return not panel.known.shape[1] or panel.future.shape[1] == horizon


def _pieces(forecaster: Forecaster, ahead: Panel | None) -> Iterator[tuple[Panel, bool]]:
    """Yield series to explain together, and whether it is of what comes."""
    prepared, task = forecaster.prepared, forecaster.prepared.task
    if ahead is not None:
        yield from ((part, True) for part in _parts(_sample(ahead, task.seed)))
    sample = _sample(prepared.panel, task.seed)
    for window in reversed(windows_of(sample, task.horizon, task.season)):
        if _is_enough(forecaster, window.history) and window.history.n_series:
            yield from ((part, False) for part in _parts(window.history))


def _sample(panel: Panel, seed: int) -> Panel:
    if panel.n_series <= _MOST_SERIES:
        return panel
    drawn = np.random.default_rng(seed).choice(panel.n_series, _MOST_SERIES, replace=False)
    return panel.only(np.sort(drawn))


def _parts(panel: Panel) -> Iterator[Panel]:
    begin, size = 0, _FIRST
    while begin < panel.n_series:
        yield panel.only(np.arange(begin, min(begin + size, panel.n_series)))
        begin, size = begin + size, _AT_ONCE


def _cells(moment: Moment, name: str, role: str, forecaster: Forecaster) -> Cells:
    """Return (n_series, horizon) the values of a covariate: of one of the past the last value, of the calendar the holiday."""
    panel, prepared = moment.panel, forecaster.prepared
    shape = moment.made_of.mean.shape
    if role == KNOWN:
        return _values(panel.future, prepared.known, name)
    if role == PAST:
        last = _values(panel.past[panel.bounds[1:] - 1], prepared.past, name)
        return np.broadcast_to(last[:, None], shape)
    holidays = prepared.panel.holidays
    every = np.arange(panel.n_series)[:, None]
    steps = panel.last[:, None] + 1 + np.arange(shape[1])
    kinds = holidays.kind_of(panel.days(steps, np.broadcast_to(every, shape)))
    return np.array([*holidays.names, None], object)[kinds]


def _values(cells: Floats, encodings: tuple[CovariateEncoding, ...], name: str) -> Cells:
    return decoded(cells, encodings)[name]


def _by_value(cells: Cells, effects: Floats, role: str) -> Iterator[ValueEffect]:
    """Yield what values add, missing ones at the end."""
    is_there = np.array([cell is not None for cell in cells], bool)
    known = cells[is_there]
    if len(known):
        is_text = isinstance(known[0], str)
        groups = _texts(known) if is_text else _numbers(known.astype(np.float64))
        for value, chosen in groups:
            yield _of_group(value, effects[is_there][chosen])
    if not is_there.all():
        rest = "other days" if role == CALENDAR else "missing, or another value"
        yield _of_group(rest, effects[~is_there])


def _of_group(value: str, effects: Floats) -> ValueEffect:
    return ValueEffect(value, float(effects.mean()), len(effects))


def _texts(cells: Cells) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the texts that most steps have, and which steps."""
    texts, counts = np.unique(cells.astype(str), return_counts=True)
    for text in texts[np.sort(np.argsort(-counts, kind="stable")[:_MOST_VALUES])]:
        yield str(text), cells == text


def _numbers(cells: Floats) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each of a few numbers, or thirds of many, and which steps have them."""
    different = np.unique(cells)
    if len(different) <= _MOST_VALUES // 2:
        for one in different.tolist():
            yield number(one), cells == one
        return
    low, high = np.quantile(cells, [1 / 3, 2 / 3])
    for value, chosen in (
        (f"up to {number(low)}", cells <= low),
        (f"{number(low)} to {number(high)}", (cells > low) & (cells <= high)),
        (f"above {number(high)}", cells > high),
    ):
        if chosen.any():
            yield value, chosen
