"""Many series as one array: the values of each one after those of the one before, all at regular steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.grid import Grid, Steps
from windvane.engine.forecasting.holidays import NO_HOLIDAYS, Holidays

Floats = NDArray[np.float64]
_DAY = 86_400


@dataclass(frozen=True)
class Panel:
    """The series of a table. NaN is a missing value.

    items     identifiers, ascending
    values    (n_values,) of all series
    bounds    (n_series + 1,) where each series begins in `values`, and where the last one ends
    first     (n_series,) the step of each series' first value
    known     (n_values, n_covariates) known covariates at the same steps
    static    (n_series, n_static) what belongs to a series as a whole
    future    (n_series, n_ahead, n_covariates) known covariates after the last value; n_ahead may be 0
    past      (n_values, n_past) covariates that are known for the past alone: there is no place for later ones
    holidays  of the country that the series are of
    span      steps that the longest series is taken to have at least, where models look at as many values of each as the
              longest has
    """

    items: tuple[str, ...]
    values: Floats
    bounds: Steps
    first: Steps
    grid: Grid
    known: Floats
    static: Floats
    future: Floats
    past: Floats
    holidays: Holidays = NO_HOLIDAYS
    span: int = 0

    @property
    def n_series(self) -> int:
        return len(self.items)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Item -> where it stands among the series."""
        return {item: place for place, item in enumerate(self.items)}

    @cached_property
    def lengths(self) -> Steps:
        """(n_series,)"""
        return np.diff(self.bounds)

    @property
    def longest(self) -> int:
        """Steps of the longest series, `span` at least."""
        return max(int(self.lengths.max()), self.span)

    @cached_property
    def series(self) -> Steps:
        """(n_values,) the series that each value belongs to."""
        return np.repeat(np.arange(self.n_series), self.lengths)

    @property
    def last(self) -> Steps:
        """(n_series,) the step of each series' last value."""
        return self.first + self.lengths - 1

    @cached_property
    def filled(self) -> Floats:
        """(n_values,) with what is missing taken from a season before and after, else from between its neighbours; 0
        for a series of nothing but missing values."""
        return _filled(self)

    def days(self, steps: Steps, series: Steps) -> Steps:
        """Return the day on which each step begins, counted from 1970-01-01."""
        return np.asarray(self.grid.times(steps, series) // _DAY)

    def tail(self, n_steps: int, values: Floats | None = None) -> Floats:
        """Return (n_series, n_steps), the last values of each series, NaN before those of a shorter one.

        values    (n_values,) to take them from; `filled` if None
        """
        from_end = np.arange(n_steps, 0, -1)
        place = self.bounds[1:, None] - from_end
        is_there = from_end <= self.lengths[:, None]
        taken = (self.filled if values is None else values)[np.where(is_there, place, 0)]
        return np.where(is_there, taken, np.nan)

    def before(self, n_steps: int, n_future: int) -> Panel:
        """Return the panel as it was `n_steps` earlier, with the covariates of the `n_future` steps that followed; series
        of no more than that many values are left out."""
        chosen = np.flatnonzero(self.lengths > n_steps)
        lengths = self.lengths[chosen] - n_steps
        ahead = (self.bounds[:-1][chosen] + lengths)[:, None] + np.arange(min(n_future, n_steps))
        return self._beginnings(chosen, lengths, self.known[ahead])

    def only(self, chosen: Steps) -> Panel:
        """Return some of the series."""
        return self._beginnings(chosen, self.lengths[chosen], self.future[chosen])

    def sampled(self, most: int, seed: int) -> Panel:
        """Return as many of the series, drawn at random, as have about so many values; one at least."""
        if len(self.values) <= most or self.n_series == 1:
            return self
        n = max(1, int(self.n_series * most / len(self.values)))
        drawn = np.random.default_rng(seed).choice(self.n_series, n, replace=False)
        return self.only(np.sort(drawn))

    def with_future(self, future: Floats) -> Panel:
        return replace(self, future=future)

    def _beginnings(self, chosen: Steps, lengths: Steps, future: Floats) -> Panel:
        """Return the first values of some of the series, as many as `lengths` says of each."""
        kept = _places(self.bounds[:-1][chosen], lengths)
        return Panel(
            items=tuple(self.items[i] for i in chosen),
            values=self.values[kept],
            bounds=np.concatenate([[0], np.cumsum(lengths)]),
            first=self.first[chosen],
            grid=self.grid.of_series(chosen),
            known=self.known[kept],
            static=self.static[chosen],
            future=future,
            past=self.past[kept],
            holidays=self.holidays,
            span=self.span,
        )


def joined(panels: Sequence[Panel]) -> Panel:
    """Return the series of panels of one frequency and the same covariates, in the order of their items."""
    parts = [(one.values, one.known, one.static, one.future, one.past, one.first) for one in panels]
    values, known, static, future, past, first = map(np.concatenate, zip(*parts, strict=True))
    lengths = np.concatenate([one.lengths for one in panels])
    grids = [one.grid for one in panels]
    grid = Grid(
        grids[0].frequency,
        np.concatenate([one.phase for one in grids]),
        np.concatenate([one.offset for one in grids]),
        np.concatenate([one.is_month_end for one in grids]),
    )
    items = tuple(item for one in panels for item in one.items)
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    made = Panel(items, values, bounds, first, grid, known, static, future, past)
    return made.only(np.argsort(np.array(items, object)))


def _places(begins: Steps, lengths: Steps) -> Steps:
    """Return positions of runs of these lengths, one after the other."""
    total = int(lengths.sum())
    shift = np.repeat(begins - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.asarray(np.arange(total) + shift)


def _filled(panel: Panel) -> Floats:
    values = panel.values
    missing = np.isnan(values)
    if not missing.any():
        return values
    made = values.copy()
    for season in reversed(panel.grid.frequency.seasons):
        made = _from_season(made, panel, season)
    return _from_neighbours(made, panel)


def _from_season(values: Floats, panel: Panel, season: int) -> Floats:
    """Fill what is missing with the mean of what stands a season before and after, as far as that is there."""
    place = np.flatnonzero(np.isnan(values))
    begin, end = panel.bounds[panel.series[place]], panel.bounds[panel.series[place] + 1]
    both = np.full((2, len(place)), np.nan)
    for side, at in enumerate((place - season, place + season)):
        is_there = (at >= begin) & (at < end)
        both[side, is_there] = values[at[is_there]]
    counts = np.isfinite(both).sum(axis=0)
    made = values.copy()
    made[place] = np.where(counts > 0, np.nansum(both, axis=0) / np.maximum(counts, 1), np.nan)
    return made


def _from_neighbours(values: Floats, panel: Panel) -> Floats:
    """Fill what is missing on the line between the nearest values of the series."""
    n, is_there = len(values), np.isfinite(values)
    at = np.arange(n)
    before = np.maximum.accumulate(np.where(is_there, at, -1))
    after = np.minimum.accumulate(np.where(is_there, at, n)[::-1])[::-1]
    has_before = before >= panel.bounds[panel.series]
    has_after = after < panel.bounds[panel.series + 1]
    low = values[np.clip(before, 0, n - 1)]
    high = values[np.clip(after, 0, n - 1)]
    share = (at - before) / np.maximum(after - before, 1)
    between = np.where(has_before & has_after, low + share * (high - low), 0.0)
    alone = np.where(has_before, low, np.where(has_after, high, 0.0))
    return np.where(is_there, values, np.where(has_before & has_after, between, alone))
