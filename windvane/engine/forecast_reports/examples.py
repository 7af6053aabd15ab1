"""Which series a report shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from windvane.engine.forecast_reports.nature import Demand, Natures
from windvane.engine.forecast_reports.times import season_name
from windvane.engine.forecasting.panel import Floats


@dataclass(frozen=True)
class Example:
    """A series that is shown.

    place     among those that were looked at
    reasons   why
    """

    place: int
    reasons: tuple[str, ...]


def examples_of(natures: Natures) -> list[Example]:
    """Return series that are extreme in one way each, and the usual one; one that is so in two ways once."""
    reasons: dict[int, list[str]] = {}
    for place, reason in _extremes(natures):
        reasons.setdefault(place, []).append(reason)
    return [Example(place, tuple(told)) for place, told in reasons.items()]


def _extremes(natures: Natures) -> Iterator[tuple[int, str]]:
    size = np.abs(natures.mean)
    if np.isfinite(size).any():
        order = [int(i) for i in np.argsort(size) if np.isfinite(size[i])]
        yield order[-1], "largest mean"
        yield order[len(order) // 2], "median mean"
        yield order[0], "smallest mean"
    for j in range(len(natures.periods)):
        name = season_name(natures.panel.grid.frequency, natures.periods[j])
        yield from _most(natures.seasons[:, j], f"strongest season of a {name}")
    yield from _most(natures.trend, "strongest trend")
    rare = [one in (Demand.INTERMITTENT, Demand.LUMPY) for one in natures.demand]
    yield from _most(np.where(rare, natures.interval, np.nan), "rarest demand")
    yield from _most(np.where(natures.n_missing > 0, natures.n_missing, np.nan), "most missing")
    if len(set(natures.lengths.tolist())) > 1:
        yield int(natures.lengths.argmin()), "shortest"


def _most(values: Floats, reason: str) -> Iterator[tuple[int, str]]:
    if np.isfinite(values).any():
        yield int(np.nanargmax(values)), reason
