"""Whether the rows of a table are time series: their times, the columns that tell series apart, frequency and horizon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pyarrow as pa

from windvane.domain.forecasting import MOST_STEPS_AHEAD
from windvane.domain.frequency import Frequency, Unit
from windvane.engine.columns import ColumnType
from windvane.engine.data.encoded import encode
from windvane.engine.data.times import read_times
from windvane.engine.forecasting.grid import Grid, Seconds, Steps, infer_frequency
from windvane.engine.preview.records import SeenColumn, SeenSeries
from windvane.errors import DataFault

_MOST_COLUMNS = 8
"""That are looked at together, to find those that tell series apart."""

_MOST_TOGETHER = 3
_LEAST_ROWS = 3
"""Of a series, on the mean: with fewer, a column names the rows rather than series."""

_UNIQUE = 0.99
"""Share of the rows that must have a time of their own in their series."""

_HORIZONS = {
    Unit.YEAR: 3,
    Unit.MONTH: 12,
    Unit.WEEK: 8,
    Unit.DAY: 14,
    Unit.HOUR: 24,
    Unit.MINUTE: 60,
}
"""Of each unit, that is proposed; of several at once as many less, and at most a quarter of the steps."""

_KINDS = (ColumnType.CATEGORICAL, ColumnType.IDENTIFIER, ColumnType.TEXT, ColumnType.CONSTANT)
"""Types of columns that tell series apart, besides whole numbers."""

Columns = Mapping[str, pa.ChunkedArray]


@dataclass(frozen=True)
class AskedSeries:
    """Columns that the caller has chosen; "" and () for those that are to be found."""

    target: str = ""
    timestamp: str = ""
    item: str = ""
    groups: tuple[str, ...] = ()


def find_series(
    columns: Columns, seen: Sequence[SeenColumn], asked: AskedSeries
) -> SeenSeries | None:
    """Return what series the rows are; None if no column holds times.

    seen    the columns as a table of rows has them
    """
    wanted = [asked.timestamp] if asked.timestamp in columns else _times(seen)
    fault = ""
    for name in wanted:
        if name == asked.target:
            continue
        try:
            seconds = read_times(columns[name], name)
        except DataFault as error:
            fault = fault or str(error)
            continue
        return _series(columns, seen, asked, name, seconds)
    return SeenSeries(timestamp=wanted[0], fault=fault) if fault else None


def _times(seen: Sequence[SeenColumn]) -> list[str]:
    return [one.name for one in seen if one.type == ColumnType.DATETIME]


def _series(
    columns: Columns,
    seen: Sequence[SeenColumn],
    asked: AskedSeries,
    timestamp: str,
    seconds: Seconds,
) -> SeenSeries:
    left_out = {asked.target, timestamp}
    if asked.item in columns:
        chosen = [asked.item, *(one for one in asked.groups if one in columns)]
        keys = [_codes(columns, name) for name in chosen]
    else:
        chosen, keys = _keys(columns, [one for one in seen if one.name not in left_out], seconds)
    series = _together(keys, len(seconds))
    order = np.lexsort((seconds, series))
    series, seconds = series[order], seconds[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(series) != 0]))
    found = SeenSeries(
        timestamp=timestamp,
        item=chosen[0] if chosen else "",
        groups=tuple(chosen[1:]),
        n_series=len(starts),
        n_repeated=int(len(seconds) - len(np.unique(np.stack([series, seconds]), axis=1).T)),
    )
    try:
        frequency = infer_frequency(seconds, starts)
    except DataFault as error:
        return replace(found, fault=str(error))
    grid = Grid.of(frequency, seconds, starts)
    number = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(seconds))))
    steps = grid.steps(seconds, number)
    ends = np.append(starts[1:], len(seconds)) - 1
    n_steps = int(np.median(steps[ends] - steps[starts] + 1))
    return replace(
        found,
        frequency=str(frequency),
        n_steps=n_steps,
        horizon=proposed_horizon(frequency, n_steps),
    )


def proposed_horizon(frequency: Frequency, n_steps: int) -> int:
    """Return how many steps are proposed to be forecast.

    >>> proposed_horizon(Frequency.parse("D"), 1_000), proposed_horizon(Frequency.parse("3M"), 40)
    (14, 4)
    """
    usual = max(1, _HORIZONS[frequency.unit] // frequency.count)
    return int(np.clip(usual, 1, max(1, min(MOST_STEPS_AHEAD, n_steps // 4))))


def _keys(
    columns: Columns, seen: Sequence[SeenColumn], seconds: Seconds
) -> tuple[list[str], list[Steps]]:
    """Return the fewest columns with which every row has a time of its own in its series, and their codes; of several such the
    ones of fewest values. None of them if times are their own already, and the best single one if nothing makes them so."""
    n_rows = len(seconds)
    able = [one for one in seen if _may_tell_apart(one, n_rows)]
    codes = {one.name: _codes(columns, one.name) for one in able}
    sizes = {name: int(code.max()) + 1 for name, code in codes.items()}
    names = sorted(sizes, key=lambda name: sizes[name])[:_MOST_COLUMNS]
    if _share_unique([], seconds) >= _UNIQUE:
        constant = [name for name in names if sizes[name] == 1][:1]
        return constant, [codes[name] for name in constant]
    names = [name for name in names if sizes[name] > 1]
    for together in _sets(names, sizes):
        keys = [codes[name] for name in together]
        if _share_unique(keys, seconds) >= _UNIQUE:
            ordered = sorted(together, key=lambda name: -sizes[name])
            return ordered, [codes[name] for name in ordered]
    best = sorted(names, key=lambda name: -_share_unique([codes[name]], seconds))[:1]
    return best, [codes[name] for name in best]


def _sets(names: Sequence[str], sizes: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """Yield single columns, then pairs and more, those first that make fewest series."""
    for n in range(1, _MOST_TOGETHER + 1):
        every = combinations(names, n)
        yield from sorted(every, key=lambda chosen: np.prod([sizes[one] for one in chosen]))


def _may_tell_apart(one: SeenColumn, n_rows: int) -> bool:
    is_few = one.n_distinct <= max(1, n_rows // _LEAST_ROWS) and one.n_missing == 0
    is_whole = one.type == ColumnType.NUMERIC and all(_is_whole(text) for text in one.examples)
    return is_few and (one.type in _KINDS or is_whole)


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def _codes(columns: Columns, name: str) -> Steps:
    return encode(name, columns[name]).codes.astype(np.int64)


def _together(keys: Sequence[Steps], n_rows: int) -> Steps:
    """Return (n_rows,) one number for each combination."""
    made = np.zeros(n_rows, np.int64)
    for key in keys:
        made = np.unique(made * (int(key.max()) + 2) + key + 1, return_inverse=True)[1]
    return made


def _share_unique(keys: Sequence[Steps], seconds: Seconds) -> float:
    pairs = np.stack([_together(keys, len(seconds)), seconds])
    return len(np.unique(pairs, axis=1).T) / max(len(seconds), 1)
