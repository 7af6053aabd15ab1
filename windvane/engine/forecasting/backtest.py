"""Rolling-origin backtests: what is known at several moments of the past, and what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.metrics import Truth, seasonal_scale
from windvane.engine.forecasting.panel import Floats, Panel

MOST_WINDOWS = 5
_KEPT_SHARE = 0.6
"""Of the values of a usual series, those before the first window, at least."""

_LEAST_HISTORY = 4
"""Values of a series before a window, at least: with fewer nothing can be learned of it."""


@dataclass(frozen=True)
class Window:
    """One moment of the past.

    back      steps before the end of each series
    history   the series as they were known then, with the covariates of the steps that followed
    actual    (n_series, horizon) the values that followed; NaN where one is missing
    """

    back: int
    history: Panel
    actual: Floats

    def truth(self, task: ForecastTask, asked: Sequence[float]) -> Truth:
        """Return what forecasts of this window are compared with."""
        scale = seasonal_scale(self.history, task.season)
        return Truth(self.actual, scale, task.levels, tuple(task.levels.index(q) for q in asked))


def windows_of(panel: Panel, horizon: int, season: int, most: int = MOST_WINDOWS) -> list[Window]:
    """Return the windows for a panel, the earliest first: they follow each other, end with the series, and leave most series
    enough to learn from. There is one window at least, of fewer steps than the horizon if series are that short.

    most    windows wanted
    """
    usual = float(np.median(panel.lengths))
    needed = max(_LEAST_HISTORY, min(2 * season, 3 * horizon), horizon, _KEPT_SHARE * usual)
    n_windows = int(np.clip((usual - needed) // horizon, 1, most))
    backs = [horizon * k for k in range(n_windows, 0, -1)]
    windows = [_window(panel, back, horizon) for back in backs]
    return [one for one in windows if one.history.n_series] or [_shortest(panel, horizon)]


def _window(panel: Panel, back: int, horizon: int) -> Window:
    """Leave out series that had too few values before it."""
    chosen = np.flatnonzero(panel.lengths >= back + _LEAST_HISTORY)
    kept = panel.only(chosen)
    history = kept.before(back, horizon) if len(chosen) else kept
    begin = kept.bounds[1:] - back
    place = begin[:, None] + np.arange(min(horizon, back))
    actual = np.full((len(chosen), horizon), np.nan)
    actual[:, : place.shape[1]] = kept.values[place]
    if history.future.shape[1] < horizon:
        history = history.with_future(_padded(history.future, horizon))
    return Window(back, history, actual)


def _shortest(panel: Panel, horizon: int) -> Window:
    """Return the window of series too short for a window of the whole horizon: their last values, as many as leave one to learn from."""
    back = max(1, int(panel.lengths.max()) // 2)
    chosen = np.flatnonzero(panel.lengths > back)
    if len(chosen) == 0:
        return Window(0, panel, np.full((panel.n_series, horizon), np.nan))
    kept = panel.only(chosen)
    history = kept.before(back, horizon)
    place = (kept.bounds[1:] - back)[:, None] + np.arange(min(back, horizon))
    actual = np.full((len(chosen), horizon), np.nan)
    actual[:, : place.shape[1]] = kept.values[place]
    return Window(back, history.with_future(_padded(history.future, horizon)), actual)


def _padded(future: Floats, horizon: int) -> Floats:
    """Covariates of the whole horizon; the last ones known stand for those after them."""
    n_series, n_ahead, n_covariates = future.shape
    if n_ahead == 0:
        return np.full((n_series, horizon, n_covariates), np.nan)
    return np.concatenate([future, np.repeat(future[:, -1:], horizon - n_ahead, axis=1)], axis=1)
