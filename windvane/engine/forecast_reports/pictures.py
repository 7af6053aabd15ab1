"""What the reports on series draw: functions on the axes of a Matplotlib figure.

source    colours: Okabe and Ito 2008, "Color universal design"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.forecasting.panel import Floats
from windvane.engine.reports.colours import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION
from windvane.engine.reports.labels import drawn

Draw = Callable[[Any], None]
Times = NDArray[np.datetime64]

_MOST_POINTS = 800
"""Of a line: a longer one is drawn as the range and the mean of stretches."""

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_PALE, _PALER = 0.45, 0.22
_MOST_MARKED = 60
"""Points of a line that each have a mark."""

_LABEL = 3
"""Letters of the name of a weekday or month."""


@dataclass(frozen=True)
class Fan:
    """A forecast as it is drawn.

    times      (n_steps,)
    middle     (n_steps,) medians
    bands      ends of intervals, (n_steps,) each, the widest first
    """

    times: Times
    middle: Floats
    bands: Sequence[tuple[Floats, Floats]]


def series_line(times: Times, values: Floats, what: str) -> Draw:
    """Return what draws one series; NaN is a gap."""

    def draw(axes: Any) -> None:
        _line(axes, times, values, BLUE)
        axes.set_ylabel(drawn(what, 20))
        _tell_dates(axes)

    return draw


def total_line(times: Times, totals: Floats, counts: Floats, what: str) -> Draw:
    """Return the sum of series, over bars that say how many series there are."""

    def draw(axes: Any) -> None:
        _line(axes, times, totals, BLUE)
        low, high = float(np.nanmin(totals)), float(np.nanmax(totals))
        room = (high - low) or abs(high) or 1.0
        axes.set_ylim(low - 0.35 * room, high + 0.08 * room)
        axes.set_yticks([tick for tick in axes.get_yticks() if low - 0.1 * room <= tick <= high])
        axes.set_ylabel(drawn(what, 20))
        heights = 0.2 * counts / max(float(counts.max()), 1.0)
        axes.fill_between(
            times,
            np.zeros(len(heights)),
            heights,
            transform=axes.get_xaxis_transform(),
            color=GREY,
            alpha=_PALE,
            linewidth=0,
            step="mid",
        )
        _tell_dates(axes)

    return draw


def shares_over_time(times: Times, shares: Sequence[tuple[str, Floats]], what: str) -> Draw:
    """Return stacked shares of series over time.

    shares    name and (n_times,) of each, the lowest first
    """

    def draw(axes: Any) -> None:
        axes.stackplot(
            times,
            [one for _, one in shares],
            labels=[name for name, _ in shares],
            colors=(BLUE, VERMILION, GREY),
            alpha=0.75,
            linewidth=0,
        )
        axes.set_ylabel(what)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, fontsize=7)
        _tell_dates(axes)

    return draw


def profile_band(labels: Sequence[str], middle: Floats, low: Floats, high: Floats) -> Draw:
    """Return the usual course within a cycle, with the range of the middle half of the series, as percent."""

    def draw(axes: Any) -> None:
        at = np.arange(len(labels))
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.fill_between(at, 100 * low, 100 * high, color=BLUE, alpha=_PALER, linewidth=0)
        axes.plot(at, 100 * middle, color=BLUE, marker="o", markersize=3)
        axes.set_ylabel("% of a series' mean")
        step = -(-len(labels) // 12)
        axes.set_xticks(
            at[::step], [one[:_LABEL] if one.isalpha() else one for one in labels[::step]]
        )

    return draw


def stems(values: Floats, noise: float, seasons: Sequence[int]) -> Draw:
    """Return correlations at lags 1, 2, ..., what chance may make of them, and the lags of seasons."""

    def draw(axes: Any) -> None:
        lags = np.arange(1, len(values) + 1)
        for season in seasons:
            axes.axvline(season, color=ORANGE, linestyle="--", linewidth=1)
        axes.axhspan(-noise, noise, color=GREY, alpha=_PALER, linewidth=0)
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.vlines(lags, 0, values, color=BLUE, linewidth=max(0.8, min(3.0, 160 / len(values))))
        axes.set_xlabel("lag in steps")
        axes.set_ylabel("autocorrelation")

    return draw


def points(x: Floats, y: Floats, across: str, up: str, lines: tuple[float, float] | None) -> Draw:
    """Return a point for each series, and lines at an x and a y if there are some; `across` on a scale of powers with them."""

    def draw(axes: Any) -> None:
        if lines is not None:
            axes.set_xscale("log")
            axes.set_yscale("symlog", linthresh=1.0)
            axes.axvline(lines[0], color=ORANGE, linestyle="--", linewidth=1)
            axes.axhline(lines[1], color=ORANGE, linestyle="--", linewidth=1)
        else:
            axes.set_xlim(-0.03, 1.03)
            axes.set_ylim(-0.03, 1.03)
        axes.plot(x, y, ".", color=BLUE, alpha=0.4)
        axes.set_xlabel(across)
        axes.set_ylabel(up)

    return draw


def lying_bars(labels: Sequence[str], lengths: Sequence[float], what: str) -> Draw:
    """Return bars one below the other, for names; to the left where negative."""

    def draw(axes: Any) -> None:
        colours = [BLUE if one >= 0 else VERMILION for one in lengths]
        axes.barh(range(len(lengths)), lengths, height=0.75, color=colours)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(labels)), [drawn(one) for one in labels], fontsize=8)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(what)

    return draw


def fan(times: Times, values: Floats, fans: Sequence[Fan], ahead: Fan | None, what: str) -> Draw:
    """Return a series, what was forecast of its windows of the past, and of what comes.

    fans     of windows;  ahead    of the steps after the last value
    """

    def draw(axes: Any) -> None:
        for one in fans:
            _spread(axes, one, BLUE)
            axes.axvline(one.times[0], color=GREY, linewidth=0.6, linestyle=":")
        if ahead is not None:
            _spread(axes, ahead, ORANGE)
        marker = "." if len(values) <= 3 * _MOST_MARKED else None
        axes.plot(times, values, color=INK, linewidth=1.0, marker=marker, markersize=2.5)
        axes.set_ylabel(drawn(what, 20))
        _tell_dates(axes)

    return draw


def stacked_parts(
    times: Times, level: Floats, mean: Floats, parts: Sequence[tuple[str, Floats]], what: str
) -> Draw:
    """Return what a forecast is made of: parts stacked on its level, up or down, and the mean, which they add up to.

    parts    name and (n_steps,) of each, as many as there are colours at most
    """

    def draw(axes: Any) -> None:
        at = np.arange(len(times))
        up, down = level.copy(), level.copy()
        for (name, values), colour in zip(parts, _COLOURS, strict=False):
            begin = np.where(values > 0, up, down)
            axes.bar(at, values, 0.75, bottom=begin, color=colour, label=drawn(name))
            up, down = up + np.maximum(values, 0), down + np.minimum(values, 0)
        axes.plot(at, level, color=GREY, linestyle="--", linewidth=1, label="level")
        axes.plot(at, mean, color=INK, marker=".", linewidth=1.2, label="forecast (mean)")
        axes.set_ylabel(drawn(what, 20))
        step = -(-len(times) // 6)
        axes.set_xticks(at[::step], [str(one)[:10] for one in times[::step]], fontsize=7)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)

    return draw


def dots_with_errors(
    labels: Sequence[str], values: Floats, errors: Floats, chosen: int, what: str
) -> Draw:
    """Return a line for each name, with its value and two standard errors; one of them stands out."""

    def draw(axes: Any) -> None:
        at = np.arange(len(labels))
        axes.errorbar(values, at, xerr=2 * errors, fmt="o", color=BLUE, capsize=2, markersize=4)
        axes.plot(values[chosen], chosen, "o", color=VERMILION, markersize=7)
        axes.set_yticks(at, [drawn(one) for one in labels], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel(what)

    return draw


def lines(x: Sequence[float], named: Sequence[tuple[str, Floats]], across: str, up: str) -> Draw:
    """Return up to six named lines over the same whole numbers."""

    def draw(axes: Any) -> None:
        for (name, y), colour in zip(named, _COLOURS, strict=False):
            marker = "o" if len(x) <= _MOST_MARKED else None
            axes.plot(x, y, color=colour, marker=marker, markersize=3, label=drawn(name))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        if len(named) > 1:
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)

    return draw


def reliability(levels: Floats, observed: Floats, by_window: Sequence[Floats]) -> Draw:
    """Return the share of values below each quantile against its level: on the diagonal if the quantiles are right."""

    def draw(axes: Any) -> None:
        axes.plot((0, 1), (0, 1), color=GREY, linestyle="--", label="exact")
        for i, one in enumerate(by_window):
            name = "single windows" if i == 0 else None
            axes.plot(levels, one, ".", color=SKY, label=name)
        axes.plot(levels, observed, "o-", color=BLUE, label="all windows")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("level of the quantile")
        axes.set_ylabel("share of values below it")
        axes.legend()

    return draw


def histogram(counts: NDArray[np.int64], edges: Floats, across: str, up: str) -> Draw:
    """Return a histogram with a line at 0.

    counts    (n_bins,);  edges    (n_bins + 1,)
    """

    def draw(axes: Any) -> None:
        axes.stairs(counts, edges, fill=True, color=BLUE)
        axes.axvline(0, color=VERMILION, linestyle="--")
        axes.set_xlabel(across)
        axes.set_ylabel(up)

    return draw


def _spread(axes: Any, one: Fan, colour: str) -> None:
    marker = "." if len(one.times) == 1 else None
    for place, (low, high) in enumerate(one.bands):
        alpha = _PALER if place == 0 else _PALE
        if len(one.times) == 1:
            axes.vlines(one.times, low, high, color=colour, alpha=alpha, linewidth=6)
        else:
            axes.fill_between(one.times, low, high, color=colour, alpha=alpha, linewidth=0)
    axes.plot(one.times, one.middle, color=colour, linewidth=1.4, marker=marker)


def _line(axes: Any, times: Times, values: Floats, colour: str) -> None:
    if len(values) <= _MOST_POINTS:
        marker = "." if len(values) <= _MOST_MARKED else None
        axes.plot(times, values, color=colour, linewidth=1.0, marker=marker)
        return
    begins = np.linspace(0, len(values), _MOST_POINTS // 2 + 1).astype(np.int64)[:-1]
    known = np.isfinite(values)
    counts = np.add.reduceat(known, begins)
    low = np.minimum.reduceat(np.where(known, values, np.inf), begins)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), begins)
    mean = np.add.reduceat(np.where(known, values, 0.0), begins) / np.maximum(counts, 1)
    low, high, mean = (np.where(counts > 0, one, np.nan) for one in (low, high, mean))
    axes.fill_between(times[begins], low, high, color=colour, alpha=_PALER, linewidth=0)
    axes.plot(times[begins], mean, color=colour, linewidth=0.9)


def _tell_dates(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
