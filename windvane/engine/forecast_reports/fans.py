"""One series with what was forecast of its windows of the past and of what comes: what a fan chart is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from windvane.engine.forecast_reports.backtests import Backtests
from windvane.engine.forecast_reports.pictures import Fan
from windvane.engine.forecast_reports.times import dates, times_of
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.grid import Seconds
from windvane.engine.forecasting.panel import Floats

_HISTORY_HORIZONS = 2
"""Before the first window, in horizons; at least as many steps as below."""

_LEAST_HISTORY, _MOST_STEPS = 30, 400


@dataclass(frozen=True)
class Ahead:
    """A forecast of one series.

    seconds      (n_steps,) timestamps
    mean         (n_steps,)
    quantiles    (n_steps, n_levels)
    """

    seconds: Seconds
    mean: Floats
    quantiles: Floats

    def drawn(self, levels: Sequence[float]) -> Fan:
        """Return it as it is drawn."""
        n_pairs = len(levels) // 2
        bands = [(self.quantiles[:, i], self.quantiles[:, -1 - i]) for i in range(n_pairs)]
        return Fan(dates(self.seconds), self.quantiles[:, levels.index(0.5)], bands)


@dataclass(frozen=True)
class SeriesFan:
    """The end of a series and its forecasts.

    seconds, values    (n_steps,) the last steps of the series
    windows            forecasts of the past, the earliest first
    ahead              of the steps after the last one; None if it is not known
    """

    item: str
    seconds: Seconds
    values: Floats
    windows: tuple[Ahead, ...]
    ahead: Ahead | None


def fans_of(
    backtests: Backtests, chosen: Sequence[int], forecaster: Forecaster | None
) -> list[SeriesFan]:
    """Return the fans of some series.

    chosen        positions in the panel
    forecaster    what answers; None to leave out what comes
    """
    places = [
        {item: i for i, item in enumerate(window.history.items)} for window in backtests.windows
    ]
    ahead = _ahead(backtests, chosen, forecaster)
    return [
        _fan(backtests, places, i, None if ahead is None else _of_row(ahead, row))
        for row, i in enumerate(chosen)
    ]


def _of_row(forecast: Forecast, row: int) -> Forecast:
    return Forecast(forecast.mean[row], forecast.quantiles[row])


def _ahead(
    backtests: Backtests, chosen: Sequence[int], forecaster: Forecaster | None
) -> Forecast | None:
    """Return the forecasts of what comes; None where covariates that it needs are not there."""
    panel = backtests.prepared.panel.only(np.sort(np.array(chosen, np.int64)))
    lacks = panel.known.shape[1] > 0 and panel.future.shape[1] < backtests.prepared.spec.horizon
    if forecaster is None or lacks or not len(chosen):
        return None
    order = np.argsort(np.argsort(np.array(chosen, np.int64)))
    made = forecaster.forecast(panel)
    return Forecast(made.mean[order], made.quantiles[order])


def _fan(
    backtests: Backtests, places: list[dict[str, int]], series: int, ahead: Forecast | None
) -> SeriesFan:
    panel, horizon = backtests.prepared.panel, backtests.prepared.spec.horizon
    item, last = panel.items[series], int(panel.last[series])
    windows = []
    for at, window, forecast in zip(places, backtests.windows, backtests.forecasts, strict=True):
        row = at.get(item)
        if row is None:
            continue
        steps = int(window.history.last[row]) + 1 + np.arange(horizon)
        is_past = steps <= last
        seconds = times_of(panel, series, steps[is_past])
        windows.append(
            Ahead(seconds, forecast.mean[row][is_past], forecast.quantiles[row][is_past])
        )
    wanted = horizon * len(backtests.windows) + max(_HISTORY_HORIZONS * horizon, _LEAST_HISTORY)
    n_shown = int(min(wanted, _MOST_STEPS, panel.lengths[series]))
    steps = last - n_shown + 1 + np.arange(n_shown)
    end = int(panel.bounds[series + 1])
    begin = times_of(panel, series, steps[:1])[0]
    comes = None
    if ahead is not None:
        seconds = times_of(panel, series, last + 1 + np.arange(horizon))
        comes = Ahead(seconds, ahead.mean, ahead.quantiles)
    return SeriesFan(
        item,
        times_of(panel, series, steps),
        panel.values[end - n_shown : end],
        tuple(one for one in windows if len(one.seconds) and one.seconds[0] >= begin),
        comes,
    )
