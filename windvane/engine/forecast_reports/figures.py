"""figures.json: what the pictures of a backtest report are drawn from, for whoever draws them again. A number that is not known is
null; times are seconds since 1970-01-01T00:00:00.

    version, kind     1, "forecast"
    model             that the report is on
    objective         that models are compared by;  "horizon", "frequency"
    levels            of the quantiles, rising, with the median;  "asked": indices of those that were asked for
    n_series          that were backtested
    models            best first {"name", "metrics", "standard_error", "windows", "coverage", "fit_s", "weight"}
    windows           first time of each {"from"}
    coverage          {"observed": share of values that are not above each quantile, "by_window": the same of each window,
                      "by_step": share between the outermost quantiles at each step ahead}
    residuals         actual less median, in mean seasonal differences {"edges", "counts", "beyond"}; null if none is known
    errors            by step ahead, likewise {"absolute", "mean"};  "bias" of each window
    series            the worst first {"item", "loss", "naive", "mase", "share", "coverage"}; at most MOST_SERIES
    fans              of some of these, by their place in "series" {"place", "seconds", "values",
                      "windows": [{"seconds", "mean", "quantiles": a list for each step}], "ahead": the same or null}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from windvane.engine.forecast_reports.backtests import Backtests
from windvane.engine.forecast_reports.error_sections import error_by_step, residual_bins
from windvane.engine.forecast_reports.fans import Ahead, SeriesFan, fans_of
from windvane.engine.forecasting.forecaster import Forecaster

VERSION = 1
MOST_SERIES = 1_000
_MOST_FANS, _MOST_NUMBERS = 200, 120_000
_DIGITS = 6


def figures_json(backtests: Backtests, forecaster: Forecaster | None) -> dict[str, Any]:
    """Return the document.

    forecaster    what answers; None to leave out what comes
    """
    spec = backtests.prepared.spec
    found = residual_bins(backtests.residuals)
    absolute, mean = error_by_step(backtests)
    n_windows = len(backtests.windows)
    return {
        "version": VERSION,
        "kind": "forecast",
        "model": backtests.name,
        "objective": str(spec.objective),
        "horizon": spec.horizon,
        "frequency": str(backtests.prepared.panel.grid.frequency),
        "levels": list(backtests.levels),
        "asked": list(backtests.truths[0].asked),
        "n_series": len(backtests.scores),
        "models": [
            {**one.to_json(), "weight": backtests.weights.get(one.name)}
            for one in backtests.outcomes
        ],
        "windows": [{"from": backtests.first_second(i)} for i in range(n_windows)],
        "coverage": {
            "observed": _numbers(backtests.below()),
            "by_window": [_numbers(backtests.below(slice(i, i + 1))) for i in range(n_windows)],
            "by_step": _numbers(backtests.coverage_by_step),
        },
        "residuals": None
        if found is None
        else {
            "edges": _numbers(found.edges),
            "counts": found.counts.tolist(),
            "beyond": found.n_beyond,
        },
        "errors": {"absolute": _numbers(absolute), "mean": _numbers(mean)},
        "bias": _numbers(backtests.bias),
        "series": [
            {
                "item": one.item,
                "loss": _number(one.loss),
                "naive": _number(one.naive),
                "mase": _number(one.mase),
                "share": _number(one.share),
                "coverage": _number(one.coverage),
            }
            for one in backtests.scores[:MOST_SERIES]
        ],
        "fans": _fans(backtests, forecaster),
    }


def _fans(backtests: Backtests, forecaster: Forecaster | None) -> list[Mapping[str, Any]]:
    places = _places(backtests)
    chosen = [backtests.scores[place].series for place in places]
    made = fans_of(backtests, chosen, forecaster)
    return [_fan(place, one) for place, one in zip(places, made, strict=True)]


def _places(backtests: Backtests) -> list[int]:
    """Return which of the listed series have a fan: all of few, else half of them the worst, and the others spread over the rest."""
    n_listed = min(len(backtests.scores), MOST_SERIES)
    width = len(backtests.levels) + 1
    each = (len(backtests.windows) + 1) * backtests.prepared.spec.horizon * (width + 1) + 400
    n_fans = int(min(n_listed, _MOST_FANS, max(1, _MOST_NUMBERS // each)))
    n_worst = n_listed if n_fans == n_listed else -(-n_fans // 2)
    spread = np.linspace(n_worst, n_listed - 1, n_fans - n_worst).round().astype(int).tolist()
    return sorted({*range(n_worst), *spread})


def _fan(place: int, one: SeriesFan) -> dict[str, Any]:
    return {
        "place": place,
        "seconds": one.seconds.tolist(),
        "values": _numbers(one.values),
        "windows": [_ahead(window) for window in one.windows],
        "ahead": None if one.ahead is None else _ahead(one.ahead),
    }


def _ahead(one: Ahead) -> dict[str, Any]:
    return {
        "seconds": one.seconds.tolist(),
        "mean": _numbers(one.mean),
        "quantiles": [_numbers(row) for row in one.quantiles],
    }


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
