"""The sections of the backtest report on a model's errors: do its intervals hold, and what do its residuals look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import quantile_name
from windvane.engine.forecast_reports.backtests import Backtests
from windvane.engine.forecast_reports.pictures import histogram, lines, reliability
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.panel import Floats
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.wording import number, share, signed

_BINS, _TAIL = 40, 0.01
_MOST_ROWS = 48


def coverage(backtests: Backtests) -> Section:
    """Return the section on how many values lie below each quantile, and between them."""
    levels = np.array(backtests.levels)
    observed = backtests.below()
    n_windows = len(backtests.windows)
    by_window = (
        [backtests.below(slice(i, i + 1)) for i in range(n_windows)] if n_windows > 1 else []
    )
    rows = [
        (quantile_name(level), share(level), share(found), *(share(one[j]) for one in by_window))
        for j, (level, found) in enumerate(zip(levels.tolist(), observed.tolist(), strict=True))
    ]
    heads = (
        "Quantile",
        "Level",
        "All windows",
        *(f"Window {i + 1}" for i in range(len(by_window))),
    )
    blocks: list[Block] = [
        Text(
            "The true value should lie at or below each quantile as often as its level says. Where values repeat, such as zeros, more "
            "than that lie at the lower quantiles, and nothing is wrong."
        ),
        Figure(
            "Values below each quantile",
            reliability(levels, observed, by_window),
            "The share of values below each quantile against its level, with the diagonal.",
            Table(heads, rows, frozenset(range(1, len(heads)))),
            width=4.6,
            height=3.4,
        ),
        _intervals(backtests),
    ]
    steps = backtests.coverage_by_step
    if len(steps) > 1:
        blocks.append(_coverage_by_step(backtests, steps))
    return Section("Interval coverage", blocks)


def _intervals(backtests: Backtests) -> Table:
    """Return how often values lie between pairs of quantiles, and how wide these are."""
    levels = backtests.levels
    rows = []
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        widths = np.concatenate(
            [
                (f.quantiles[:, :, high] - f.quantiles[:, :, low]).ravel()
                for f in backtests.forecasts
            ]
        )
        within = [
            (t.actual >= f.quantiles[:, :, low]) & (t.actual <= f.quantiles[:, :, high])
            for f, t in zip(backtests.forecasts, backtests.truths, strict=True)
        ]
        known = [np.isfinite(one.actual) for one in backtests.truths]
        n_known = sum(int(one.sum()) for one in known)
        held = sum(int(one.sum()) for one in within) / n_known if n_known else float("nan")
        rows.append(
            (
                f"{quantile_name(levels[low])} to {quantile_name(levels[high])}",
                share(levels[high] - levels[low]),
                share(held),
                number(float(np.median(widths))),
            )
        )
    return Table(
        ("Interval", "Level", "Actual coverage", "Median width"), rows, frozenset({1, 2, 3})
    )


def _coverage_by_step(backtests: Backtests, steps: Floats) -> Figure:
    low, high = (backtests.levels[i] for i in backtests.outermost)
    x = list(range(1, len(steps) + 1))
    level = np.full(len(steps), high - low)
    rows = [(f"{x[i]}", share(steps[i])) for i in _picked(len(steps))]
    return Figure(
        "Coverage by step ahead",
        lines(x, [("actual", steps), ("level", level)], "step ahead", "share within the interval"),
        f"Lines of the share of values within the interval at each of {len(steps)} steps, and of its level.",
        Table(("Step ahead", "Actual coverage"), rows, frozenset({0, 1})),
        height=2.4,
    )


@dataclass(frozen=True)
class ResidualBins:
    """A histogram of residuals, without the tails.

    counts    (n_bins,);  edges    (n_bins + 1,)
    n_beyond  outside of it
    """

    counts: NDArray[np.int64]
    edges: Floats
    n_beyond: int


def residual_bins(residuals: Floats) -> ResidualBins | None:
    """Return the histogram of residuals; None if none is known."""
    known = residuals[np.isfinite(residuals)]
    if not len(known):
        return None
    low, high = np.quantile(known, (_TAIL, 1 - _TAIL))
    reach = max(abs(float(low)), abs(float(high)), 1e-9)
    counts, edges = np.histogram(known, _BINS, (-reach, reach))
    return ResidualBins(counts.astype(np.int64), edges, int(len(known) - counts.sum()))


def error_by_step(backtests: Backtests) -> tuple[Floats, Floats]:
    """Return (horizon,) mean absolute residuals and mean residuals of each step ahead, in mean seasonal changes."""
    residuals = backtests.residuals
    return mean_of_known(np.abs(residuals), 0), mean_of_known(residuals, 0)


def residuals(backtests: Backtests) -> Section:
    """Return the section on residuals."""
    found = residual_bins(backtests.residuals)
    if found is None:
        return Section(
            "Residuals", [Text("Every series is constant: there is nothing to scale residuals by.")]
        )
    blocks: list[Block] = [
        Text(
            "A residual is the value that came less the median forecast, in mean absolute seasonal differences of its series, so "
            "that large and small series can be compared: 1 is the usual error of the seasonal naive forecast."
        ),
        _histogram(backtests, found),
    ]
    if backtests.prepared.spec.horizon > 1:
        blocks.append(_error_by_step(backtests))
    rows = [(f"{i}", signed(100 * bias) + " %") for i, bias in enumerate(backtests.bias, start=1)]
    blocks.append(
        Table(
            ("Window", "Bias"),
            rows,
            frozenset({0, 1}),
            "The sum of all residuals as a share of the sum of all values: above 0, forecasts were too low.",
        )
    )
    return Section("Residuals", blocks)


def _histogram(backtests: Backtests, found: ResidualBins) -> Figure:
    known = backtests.residuals[np.isfinite(backtests.residuals)]
    quartiles = np.quantile(known, (0.05, 0.25, 0.5, 0.75, 0.95))
    names = ("5 %", "First quartile", "Median", "Third quartile", "95 %")
    rows = [(name, number(float(q))) for name, q in zip(names, quartiles, strict=True)]
    beyond = f"{found.n_beyond:,} residuals lie outside of the picture." if found.n_beyond else ""
    return Figure(
        "Distribution of residuals",
        histogram(found.counts, found.edges, "residual in mean seasonal differences", "forecasts"),
        f"Histogram of {len(known):,} residuals, with a line at 0.",
        Table(("Of residuals", "Value"), rows, frozenset({1}), beyond),
        height=2.6,
    )


def _error_by_step(backtests: Backtests) -> Figure:
    size, bias = error_by_step(backtests)
    x = list(range(1, len(size) + 1))
    rows = [(f"{x[i]}", number(float(size[i])), number(float(bias[i]))) for i in _picked(len(size))]
    return Figure(
        "Error by step ahead",
        lines(x, [("absolute", size), ("mean", bias)], "step ahead", "residual"),
        f"Lines of the mean absolute and the mean residual at each of {len(size)} steps.",
        Table(
            ("Step ahead", "Mean absolute residual", "Mean residual"), rows, frozenset({0, 1, 2})
        ),
        height=2.4,
    )


def _picked(n: int) -> list[int]:
    """Return all places, or some spread over them if there are many."""
    return [int(i) for i in np.unique(np.linspace(0, n - 1, min(n, _MOST_ROWS)).round())]
