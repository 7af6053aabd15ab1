"""What the mean of a forecast is made of: level, trend, season, public holidays and each covariate, adding up to it exactly.

Covariates and holidays are taken out by putting in what is usual: the median of a covariate in its series (of a column of texts
the most common one), and no holiday. What each adds is its Shapley value: its mean difference over the orders in which they are put
back. All members of the average are asked, so this holds for boosted trees and everything else alike. What is left without
them is split by moving averages.

source    Shapley 1953, "A value for n-person games"; Strumbelj and Kononenko 2014, "Explaining prediction models and individual
          predictions with feature contributions", and its sampling of orders, here each with its reverse; classical
          decomposition as in Hyndman and Athanasopoulos 2021, "Forecasting: principles and practice", section 3.4
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.forecaster import Forecaster, Meanwhile
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import Learning
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding

HOLIDAYS, _OTHERWISE = "holidays", "public holidays"
"""The part of the calendar; otherwise, if a covariate has its name."""

_ALL_ORDERS = 4
"""Parts up to which every order is looked at."""

_ORDERS = 8
"""Of more parts, so many orders, half of them the reverse of the others."""

_LONGEST_SEASON = 2_000
_STRAIGHT = 3
"""Steps that a straight line and a season cannot be told apart in."""

_LEVEL_STEPS = 4
"""Last values whose mean is the level of a series without a season."""


@dataclass(frozen=True)
class Decomposition:
    """The parts that add up to the means of forecasts; all are (n_series, horizon).

    mean     the forecast: the sum of the others
    level    the mean of the last season before the forecast; of the last values where there is none
    trend    how what is usual moves away from that, season left out
    season   what comes back every season
    parts    name -> what the holidays, or a covariate, add against what is usual
    """

    mean: Floats
    level: Floats
    trend: Floats
    season: Floats
    parts: Mapping[str, Floats]


def decompose(
    forecaster: Forecaster, history: Panel | None = None, meanwhile: Meanwhile = lambda _: None
) -> Decomposition:
    """Return what the means of the forecasts of some series are made of.

    meanwhile  as of `Forecaster.parts`
    history    as for `Forecaster.forecast`, which raises what this does
    """
    panel = forecaster.ready(history)
    places, made = [], []
    for part, chosen in forecaster.parts(panel, meanwhile):
        places.append(chosen)
        made.append(_of_part(forecaster, part))
    order = np.argsort(np.concatenate(places))

    def whole(parts: Iterable[Floats]) -> Floats:
        return np.concatenate(list(parts))[order]

    return Decomposition(
        mean=whole(one.mean for one in made),
        level=whole(one.level for one in made),
        trend=whole(one.trend for one in made),
        season=whole(one.season for one in made),
        parts={name: whole(one.parts[name] for one in made) for name in made[0].parts},
    )


def _of_part(forecaster: Forecaster, panel: Panel) -> Decomposition:
    neutral, ask = _neutral(forecaster, panel), _Means(forecaster, panel)
    parts, usual = _shapley(panel, neutral, ask)
    return Decomposition(ask.of(panel), *_split(panel, usual), parts)


class _Means:
    """Forecasts of an average whose members see covariates or not: those that see values alone are asked once."""

    def __init__(self, forecaster: Forecaster, panel: Panel) -> None:
        self._forecaster = forecaster
        with np.errstate(over="ignore", invalid="ignore"):  # as where forecasts are made
            self._fixed: dict[int, Forecast] = {
                i: one.model.forecast(panel)
                for i, one in enumerate(forecaster.members)
                if model_named(one.name).learning is not Learning.ACROSS
            }

    def of(self, panel: Panel) -> Floats:
        members = enumerate(self._forecaster.members)
        forecasts = (
            self._fixed[i] if i in self._fixed else one.model.forecast(panel) for i, one in members
        )
        return self._forecaster.average(forecasts, panel).mean


_Neutral = Mapping[str, Callable[[Panel], Panel]]
"""Part -> what takes it out of a panel."""


def _neutral(forecaster: Forecaster, panel: Panel) -> _Neutral:
    prepared = forecaster.prepared
    covariates = {one.name for one in (*prepared.known, *prepared.past)}
    made: dict[str, Callable[[Panel], Panel]] = {}
    if panel.holidays.names:
        made[_OTHERWISE if HOLIDAYS in covariates else HOLIDAYS] = lambda one: replace(
            one, holidays=one.holidays.without_days()
        )
    for name, columns in _columns_of(prepared.known):
        made[name] = _usual_ahead(panel, columns)
    for name, columns in _columns_of(prepared.past):
        made[name] = _usual_past(panel, columns)
    return made


def _usual_ahead(panel: Panel, columns: slice) -> Callable[[Panel], Panel]:
    usual = _usual(panel, panel.known[:, columns])

    def without(one: Panel) -> Panel:
        future = one.future.copy()
        future[:, :, columns] = usual[:, None, :]
        return replace(one, future=future)

    return without


def _usual_past(panel: Panel, columns: slice) -> Callable[[Panel], Panel]:
    usual = _usual(panel, panel.past[:, columns])

    def without(one: Panel) -> Panel:
        past = one.past.copy()
        past[:, columns] = usual[one.series]
        return replace(one, past=past)

    return without


def _usual(panel: Panel, cells: Floats) -> Floats:
    """Return (n_series, n_columns) what is usual for each series: medians of a column, the most common of several kinds."""
    if cells.shape[1] > 1:
        counts = [np.bincount(panel.series, np.nan_to_num(one), panel.n_series) for one in cells.T]
        most = np.stack(counts, axis=1)
        is_most = np.arange(cells.shape[1]) == most.argmax(axis=1)[:, None]
        return np.asarray(is_most & (most > 0), np.float64)
    made = np.full((panel.n_series, 1), np.nan)
    for i, (begin, end) in enumerate(zip(panel.bounds[:-1], panel.bounds[1:], strict=True)):
        known = cells[begin:end, 0]
        known = known[np.isfinite(known)]
        made[i, 0] = np.median(known) if len(known) else np.nan
    return made


def _without(panel: Panel, neutral: _Neutral, names: Iterable[str]) -> Panel:
    for name in names:
        panel = neutral[name](panel)
    return panel


def _shapley(panel: Panel, neutral: _Neutral, ask: _Means) -> tuple[dict[str, Floats], Floats]:
    """Return what each part adds, and the forecast without any of them."""
    names = tuple(neutral)
    seen: dict[frozenset[str], Floats] = {}

    def mean_with(present: frozenset[str]) -> Floats:
        if present not in seen:
            absent = [name for name in names if name not in present]
            seen[present] = ask.of(_without(panel, neutral, absent))
        return seen[present]

    usual = mean_with(frozenset())
    orders = _orders(names)
    made = {name: np.zeros_like(usual) for name in names}
    for order in orders:
        for i, name in enumerate(order):
            added = mean_with(frozenset(order[: i + 1])) - mean_with(frozenset(order[:i]))
            made[name] += added / len(orders)
    return made, usual


def _orders(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    if len(names) <= _ALL_ORDERS:
        return list(permutations(names))
    rng = np.random.default_rng(0)
    half = [tuple(names[i] for i in rng.permutation(len(names))) for _ in range(_ORDERS // 2)]
    return [*half, *(order[::-1] for order in half)]


def _split(panel: Panel, usual: Floats) -> tuple[Floats, Floats, Floats]:
    """Return level, trend and season of the forecasts without covariates, which they add up to."""
    seasons = sorted(s for s in panel.grid.frequency.seasons if s <= _LONGEST_SEASON)
    longest = np.ones(panel.n_series, np.int64)
    for season in seasons:
        longest[panel.lengths >= 2 * season] = season
    level, repeated = np.empty_like(usual), np.zeros_like(usual)
    horizon = usual.shape[1]
    for season in np.unique(longest).tolist():
        chosen = np.flatnonzero(longest == season)
        part = panel.only(chosen)
        last = part.tail(season if season > 1 else _LEVEL_STEPS)
        level[chosen] = mean_of_known(last, 1, keepdims=True)
        if season > 1:
            made = _season(_path(part, usual[chosen], season), season)[:, -horizon:]
            repeated[chosen] = made if horizon >= 2 * season else _followed(made, usual[chosen])
    return level, usual - level - repeated, repeated


def _path(panel: Panel, usual: Floats, season: int) -> Floats:
    """Return what a season is read from: forecasts of two of them, else also the values before them."""
    if usual.shape[1] >= 2 * season:
        return usual
    n_back = 4 if int(panel.lengths.min()) >= 4 * season else 2
    return np.concatenate([panel.tail(n_back * season), usual], axis=1)


def _season(path: Floats, season: int) -> Floats:
    """Return (n_series, n_steps) what repeats every season, and is nothing on average: the median distance of each phase from
    the moving average over a season."""
    weights = np.ones(season)
    if season % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    width = len(weights)
    windows = np.lib.stride_tricks.sliding_window_view(path, width, axis=1)
    smooth = windows @ (weights / season)
    begin = width // 2
    apart = path[:, begin : begin + smooth.shape[1]] - smooth
    phase = (begin + np.arange(apart.shape[1])) % season
    of_phase = np.stack(
        [np.median(apart[:, phase == one], axis=1) for one in range(season)], axis=1
    )
    of_phase -= of_phase.mean(axis=1, keepdims=True)
    return np.asarray(of_phase[:, np.arange(path.shape[1]) % season])


def _followed(season: Floats, usual: Floats) -> Floats:
    """Return as much of a season of past values as the forecasts follow: from none, of forecasts without a season, to all. How
    much that is, is fitted by least squares, beside a constant and, in more than three steps, a straight line."""
    steps = usual.shape[1]
    x, y = (one - one.mean(axis=1, keepdims=True) for one in (season, usual))
    if steps > _STRAIGHT:
        line = np.arange(steps) - (steps - 1) / 2
        x, y = (one - (one @ line)[:, None] * line / (line @ line) for one in (x, y))
    square = (x * x).sum(axis=1)
    share = np.where(square > 0, (x * y).sum(axis=1) / np.where(square > 0, square, 1.0), 1.0)
    return np.asarray(season * np.clip(share, 0.0, 1.0)[:, None])


def _columns_of(encodings: Sequence[CovariateEncoding]) -> Iterator[tuple[str, slice]]:
    """Yield each covariate with the columns that it became."""
    at = 0
    for one in encodings:
        yield one.name, slice(at, at + one.width)
        at += one.width
