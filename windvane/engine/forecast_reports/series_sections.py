"""The sections of the data exploration report of series that have pictures."""

from __future__ import annotations

from collections import Counter

import numpy as np

from windvane.engine.forecast_reports.covariates import Relation, relations_of
from windvane.engine.forecast_reports.examples import Example, examples_of
from windvane.engine.forecast_reports.nature import RARE, UNEVEN, Demand, Natures
from windvane.engine.forecast_reports.pictures import (
    lying_bars,
    points,
    profile_band,
    series_line,
    shares_over_time,
    stems,
    total_line,
)
from windvane.engine.forecast_reports.seasons import Profile, autocorrelation, profiles_of
from windvane.engine.forecast_reports.times import dates, moment, season_name, times_of
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.engine.reports.labels import seen
from windvane.wording import UNKNOWN, number, percent, share

_MOST_ROWS = 20
_STRETCHES = 120
"""Of time, in which missing steps are counted."""

_MEANINGS = {
    Demand.SMOOTH: "Few zeros, and values of about the same size.",
    Demand.ERRATIC: "Few zeros, but values of very different size.",
    Demand.INTERMITTENT: "Many zeros between values of about the same size.",
    Demand.LUMPY: "Many zeros between values of very different size.",
    Demand.NONE: "Nothing but zeros, or no values.",
}


def all_together(prepared: PreparedSeries) -> Section | None:
    """Return the section on the sum of all series; None if there is but one."""
    panel = prepared.panel
    if panel.n_series < 2:
        return None
    first = int(panel.first.min())
    at = np.arange(len(panel.values)) - panel.bounds[panel.series] + panel.first[panel.series]
    counts = np.bincount(at - first)
    sums = np.bincount(at - first, panel.filled)
    steps = first + np.arange(len(counts))
    earliest = int(panel.first.argmin())
    seconds = times_of(panel, earliest, steps)
    totals = np.where(counts > 0, sums, np.nan)
    picked = np.unique(np.linspace(0, len(steps) - 1, _MOST_ROWS).round().astype(int)).tolist()
    rows = [(moment(int(seconds[i])), number(totals[i]), f"{counts[i]:,}") for i in picked]
    figure = Figure(
        f"Sum of {prepared.spec.target} over all series",
        total_line(dates(seconds), totals, counts.astype(np.float64), prepared.spec.target),
        f"Line of the sum of all series from {rows[0][0]} to {rows[-1][0]}, over the number of series.",
        Table(("Time", "Sum", "Series"), rows, frozenset({1, 2}), "Times spread over the whole."),
    )
    text = Text(
        "The grey area at the foot says how many series there are: where it changes, the sum changes for that reason too. "
        "Missing values are bridged here."
    )
    return Section("All series together", [text, figure])


def examples(prepared: PreparedSeries, natures: Natures) -> Section:
    """Return the section with pictures of single series."""
    shown = examples_of(natures)
    text = (
        "Series that differ most from others, and the usual one."
        if prepared.panel.n_series > 1
        else "The only series."
    )
    return Section("Series", [Text(text), *(_example(prepared, natures, one) for one in shown)])


def _example(prepared: PreparedSeries, natures: Natures, one: Example) -> Figure:
    panel, i = prepared.panel, int(natures.chosen[one.place])
    steps = panel.first[i] + np.arange(panel.lengths[i])
    seconds = times_of(panel, i, steps)
    values = panel.values[panel.bounds[i] : panel.bounds[i + 1]]
    frequency, at = panel.grid.frequency, one.place
    rows = [
        ("Steps", f"{len(values):,}"),
        ("From", moment(int(seconds[0]))),
        ("To", moment(int(seconds[-1]))),
        ("Missing values", f"{natures.n_missing[at]:,}"),
        ("Zeros", f"{natures.n_zero[at]:,}"),
        ("Mean", number(natures.mean[at])),
        ("Smallest", number(natures.low[at])),
        ("Largest", number(natures.high[at])),
        ("Strength of the trend", _strength(natures.trend[at])),
        *(
            (f"Strength of the season of a {season_name(frequency, period)}", _strength(strength))
            for period, strength in zip(natures.periods, natures.seasons[at], strict=True)
        ),
        ("Demand pattern", natures.demand[at]),
    ]
    reasons = ", ".join(one.reasons) if panel.n_series > 1 else ""
    return Figure(
        f"{seen(panel.items[i], 60)} ({reasons})" if reasons else seen(panel.items[i], 60),
        series_line(dates(seconds), values, prepared.spec.target),
        f"Line of {len(values):,} steps from {rows[1][1]} to {rows[2][1]}, between {rows[6][1]} and {rows[7][1]}.",
        Table(("Property", "Value"), rows, frozenset({1})),
        height=2.0,
    )


def seasons(prepared: PreparedSeries, natures: Natures) -> Section:
    """Return the section on what repeats within a day, a week and a year."""
    panel, frequency = prepared.panel, prepared.panel.grid.frequency
    blocks: list[Block] = []
    rows = [
        (
            f"{season_name(frequency, period)} ({period:,} steps)",
            f"{int(np.isfinite(natures.seasons[:, j]).sum()):,}",
            *(_strength(one) for one in _quartiles(natures.seasons[:, j])),
        )
        for j, period in enumerate(natures.periods)
    ]
    if rows:
        blocks.append(
            Table(
                ("Season", "Series long enough", "First quartile", "Median", "Third quartile"),
                rows,
                frozenset({1, 2, 3, 4}),
                "Seasonal strength of the series: the share of the variance without trend that the season explains, 0 to 1. "
                "A longer season includes the shorter ones.",
            )
        )
    else:
        blocks.append(Text(f"Values at the frequency {frequency} have no season."))
    blocks += [_profile(one) for one in profiles_of(natures.sample)]
    found = autocorrelation(panel, natures.chosen)
    if found is not None:
        wanted = [p for p in natures.periods if p <= len(found.values)]
        lags = sorted({1, 2, 3, *wanted, *(2 * p for p in wanted if 2 * p <= len(found.values))})
        told = [
            (f"{lag:,}", f"{found.values[lag - 1]:.3f}") for lag in lags if lag <= len(found.values)
        ]
        blocks.append(
            Figure(
                "Autocorrelation",
                stems(found.values, found.noise, wanted),
                f"Autocorrelation up to {len(found.values)} steps, on average over {found.n_series:,} series.",
                Table(
                    ("Lag in steps", "Autocorrelation"),
                    told,
                    frozenset({0, 1}),
                    "Mean over series. Within the grey band a single series of the usual length may be without memory. "
                    "Dashed lines are seasons.",
                ),
                height=2.6,
            )
        )
    return Section("Seasons", blocks)


def _profile(one: Profile) -> Figure:
    rows = [
        (label, _percent(m), _percent(a), _percent(b))
        for label, m, a, b in zip(one.labels, one.middle, one.low, one.high, strict=True)
        if np.isfinite(m)
    ]
    return Figure(
        f"Course of a {one.cycle}",
        profile_band(one.labels, one.middle, one.low, one.high),
        f"Usual deviation from the mean of the same {one.cycle}, over {len(rows)} positions.",
        Table(
            ("Position", "Median", "First quartile", "Third quartile"),
            rows,
            frozenset({1, 2, 3}),
            f"Deviation from the mean of the same {one.cycle}, as a share of a series' mean size: median and quartiles of "
            f"{one.n_series:,} series with whole cycles.",
        ),
        height=2.6,
    )


def strengths(natures: Natures) -> Section | None:
    """Return the section on trend against season, a point for each series; None where neither can be told of two."""
    known = np.flatnonzero(np.isfinite(natures.trend))
    if len(known) < 2:
        return None
    told = [f"{one:.2f}" for one in _quartiles(natures.trend)]
    rows = [("Trend", *told)]
    blocks: list[Block] = []
    if natures.periods:
        j = int(np.isfinite(natures.seasons).sum(axis=0).argmax())
        both = np.isfinite(natures.trend) & np.isfinite(natures.seasons[:, j])
        name = season_name(natures.panel.grid.frequency, natures.periods[j])
        if both.sum() > 1:
            rows.append(
                (
                    f"Season of a {name}",
                    *(_strength(one) for one in _quartiles(natures.seasons[:, j])),
                )
            )
            blocks.append(
                Figure(
                    "Trend and season of each series",
                    points(
                        natures.trend[both],
                        natures.seasons[both, j],
                        "strength of the trend",
                        f"strength of the season of a {name}",
                        None,
                    ),
                    f"A point for each of {int(both.sum()):,} series: strength of trend against that of its season.",
                    Table(
                        ("Strength", "First quartile", "Median", "Third quartile"),
                        rows,
                        frozenset({1, 2, 3}),
                    ),
                    height=3.4,
                )
            )
    if not blocks:
        blocks.append(
            Table(
                ("Strength", "First quartile", "Median", "Third quartile"),
                rows,
                frozenset({1, 2, 3}),
            )
        )
    text = Text(
        "Strengths are from 0 (noise) to 1 (nothing else). Series with little of both are hard to forecast better than by their mean."
    )
    return Section("Trend and season", [text, *blocks])


def demand(natures: Natures) -> Section | None:
    """Return the section on zeros; None where there are none, or values are negative."""
    if not natures.n_zero.any() or np.nanmin(natures.low) < 0:
        return None
    patterns = Counter(natures.demand)
    n = len(natures.chosen)
    rows = [
        (one, f"{patterns[one]:,}", percent(patterns[one], n), _MEANINGS[one])
        for one in Demand
        if patterns[one]
    ]
    table = Table(("Pattern", "Series", "Share", "Meaning"), rows, frozenset({1, 2}))
    known = np.isfinite(natures.interval) & np.isfinite(natures.variation)
    blocks: list[Block] = [
        Text(
            "How often demand occurs, and how much its size varies. Intermittent and lumpy series need models of their own "
            "(croston, sba, tsb, adida), and a median forecast of 0 may be right for them."
        ),
        table,
    ]
    has_rare = patterns[Demand.INTERMITTENT] + patterns[Demand.LUMPY] > 0
    if has_rare and known.sum() > 1:
        blocks.append(
            Figure(
                "Demand patterns",
                points(
                    natures.interval[known],
                    natures.variation[known],
                    "steps per demand (ADI)",
                    "variation of sizes (CV²)",
                    (RARE, UNEVEN),
                ),
                f"A point for each of {int(known.sum()):,} series; dashed lines divide the patterns.",
                Table(
                    ("Measure", "First quartile", "Median", "Third quartile"),
                    [
                        ("Steps per demand (ADI)", *map(number, _quartiles(natures.interval))),
                        ("Variation of sizes (CV²)", *map(number, _quartiles(natures.variation))),
                    ],
                    frozenset({1, 2, 3}),
                    f"Lines at {RARE} and {UNEVEN} (Syntetos, Boylan and Croston 2005).",
                ),
                height=3.4,
            )
        )
    return Section("Zeros and demand patterns", blocks)


def missing(prepared: PreparedSeries) -> Section:
    """Return the section on steps without a value, and on series that begin late or end early."""
    panel = prepared.panel
    n_missing = np.bincount(panel.series, np.isnan(panel.values), panel.n_series).astype(np.int64)
    total = int(n_missing.sum())
    if total == 0 and (panel.lengths == panel.lengths[0]).all():
        return Section("Missing steps", [Text("None: every series has a value at every step.")])
    blocks: list[Block] = [_presence(panel)]
    if total == 0:
        blocks.insert(
            0, Text("No step is missing within a series; series begin or end at different times.")
        )
        return Section("Missing steps", blocks)
    worst = [
        int(i)
        for i in np.argsort(-n_missing / panel.lengths, kind="stable")[:_MOST_ROWS]
        if n_missing[i]
    ]
    rows = [
        (
            seen(panel.items[i], 60),
            f"{n_missing[i]:,}",
            percent(n_missing[i], panel.lengths[i]),
            f"{_longest_gap(panel, i):,}",
        )
        for i in worst
    ]
    blocks.append(
        Table(
            ("Series", "Missing", "Share", "Longest gap in steps"),
            rows,
            frozenset({1, 2, 3}),
            f"The {len(rows)} series with the largest share of missing steps, of {int((n_missing > 0).sum()):,} with any.",
        )
    )
    return Section("Missing steps", blocks)


def _presence(panel: Panel) -> Figure:
    """Return the shares of series that have a value, miss one, or are not there, over time."""
    first, last = int(panel.first.min()), int(panel.last.max())
    at = (
        np.arange(len(panel.values))
        - panel.bounds[panel.series]
        + panel.first[panel.series]
        - first
    )
    n_steps = last - first + 1
    width = -(-n_steps // _STRETCHES)
    stretch, n_stretches = at // width, -(-n_steps // width)
    is_known = np.isfinite(panel.values)
    sizes = np.full(n_stretches, width)
    sizes[-1] = n_steps - width * (n_stretches - 1)
    known = np.bincount(stretch, is_known, n_stretches) / sizes / panel.n_series
    absent = np.bincount(stretch, ~is_known, n_stretches) / sizes / panel.n_series
    rest = np.maximum(1 - known - absent, 0.0)
    seconds = times_of(panel, int(panel.first.argmin()), first + width * np.arange(n_stretches))
    picked = np.unique(np.linspace(0, n_stretches - 1, _MOST_ROWS).round().astype(int)).tolist()
    rows = [
        (moment(int(seconds[i])), share(known[i]), share(absent[i]), share(rest[i])) for i in picked
    ]
    parts = [("with a value", known), ("missing", absent), ("not begun, or ended", rest)]
    return Figure(
        "Series over time",
        shares_over_time(dates(seconds), parts, "share of series"),
        "Stacked shares of the series that have a value, miss one, or are not there, over time.",
        Table(
            ("From", "With a value", "Missing", "Not begun, or ended"), rows, frozenset({1, 2, 3})
        ),
        height=2.8,
    )


def _longest_gap(panel: Panel, series: int) -> int:
    missing = np.isnan(panel.values[panel.bounds[series] : panel.bounds[series + 1]])
    at = np.flatnonzero(~missing)
    return int(np.diff(np.concatenate([[-1], at, [len(missing)]])).max()) - 1


def covariates(prepared: PreparedSeries, natures: Natures) -> Section | None:
    """Return the section on covariates; None if there are none."""
    if not (prepared.known or prepared.past):
        return None
    found = relations_of(natures.sample, prepared.known, prepared.past)
    shown = found[:_MOST_ROWS]
    figure = Figure(
        "Correlation of covariates with the target",
        lying_bars(
            [one.title for one in shown],
            [float(np.nan_to_num(one.changes)) for one in shown],
            "correlation of changes since the season before",
        ),
        "Bars of the correlation of each covariate's changes with those of the target.",
        Table(
            (
                "Covariate",
                "Known ahead",
                "Values",
                "Changes",
                "Strongest lag",
                "Changes at that lag",
                "Pairs",
            ),
            [_told(one) for one in shown],
            frozenset({2, 3, 4, 5, 6}),
            "Correlations within series, pooled over all of them. A lag of 2 means that the target follows the covariate by two "
            "steps.",
        ),
        height=1.2 + 0.3 * len(shown),
    )
    text = Text(
        "Changes are differences to the value a season before, so that a common trend or season does not look like an effect. A "
        "covariate without correlation may still help in a model that combines several."
    )
    return Section("Covariates", [text, figure])


def _told(one: Relation) -> tuple[str, ...]:
    r = [
        "–" if np.isnan(value) else f"{value:+.2f}"
        for value in (one.as_is, one.changes, one.at_lag)
    ]
    known = "yes" if one.is_known else "no"
    return (seen(one.title, 60), known, r[0], r[1], f"{one.lag:+d}", r[2], f"{one.n_pairs:,}")


def _quartiles(values: Floats) -> list[float]:
    known = values[np.isfinite(values)]
    return (
        [float(one) for one in np.quantile(known, (0.25, 0.5, 0.75))]
        if len(known)
        else [np.nan] * 3
    )


def _strength(value: float) -> str:
    return UNKNOWN if np.isnan(value) else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:+.1f} %"
