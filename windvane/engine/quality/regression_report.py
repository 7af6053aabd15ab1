"""What a model insights report says of a regression."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from windvane.engine.quality.curves import Curve
from windvane.engine.quality.intervals import (
    LEVELS,
    Coverage,
    Intervals,
    cross_coverage,
    fit_intervals,
)
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured
from windvane.engine.quality.metrics_table import metrics_section
from windvane.engine.quality.pictures import Axis, draw_bands, draw_histogram, draw_points
from windvane.engine.quality.residuals import histogram, spread_points
from windvane.engine.reports.document import (
    Block,
    Figure,
    Notice,
    Section,
    Severity,
    Table,
    Text,
)
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.wording import count, number, share

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_CHANCE = 3
"""Standard errors by which a coverage may differ from what it should be before it is told."""


def regression_sections(judged: Judged, figures: Mapping[str, Measured]) -> list[Section]:
    """Return the sections of a report on regression.

    figures    those of statistics.json and the engine's
    """
    intervals = fit_intervals(judged.y, judged.predicted)
    return [
        metrics_section(judged, figures, _notices(figures)),
        _actual_section(judged, intervals),
        _residuals_section(judged),
        _intervals_section(judged, intervals),
    ]


def _notices(figures: Mapping[str, Measured]) -> list[Notice]:
    r2 = figures.get("r2")
    if r2 is None or r2.value > 0:
        return []
    return [
        Notice(
            Severity.HIGH,
            "No better than the mean",
            [
                (
                    f"R² is {number(r2.value)}: the mean squared error would be the same or smaller "
                    "if the mean of the target were always predicted."
                )
            ],
        )
    ]


def _actual_section(judged: Judged, intervals: Intervals) -> Section:
    few = spread_points(judged.predicted)
    bins = intervals.bins(judged.predicted)
    ends = np.array([judged.predicted.min(), judged.predicted.max()])
    numbers = Table(
        ("Rows", "Predicted, mean", "Actual, mean", "Actual, median", "Mean absolute error"),
        [_bin_row(judged, np.flatnonzero(bins == place)) for place in range(len(intervals.low))],
        frozenset(range(5)),
        "Rows grouped by prediction into bins of about equal size.",
    )
    draw = draw_points(
        judged.predicted[few],
        judged.y[few],
        Axis("predicted"),
        Axis("actual"),
        Curve(ends, ends),
    )
    alt = (
        f"Actual against predicted values of {count(few.size)} rows, with the line of perfect "
        "predictions."
    )
    title = "Actual vs. predicted"
    return Section(title, [Figure(title, draw, alt, numbers, height=4.8)])


def _bin_row(judged: Judged, rows: Indices) -> tuple[str, ...]:
    y, predicted = judged.y[rows], judged.predicted[rows]
    return (
        count(rows.size),
        number(float(predicted.mean())),
        number(float(y.mean())),
        number(float(np.median(y))),
        number(float(np.abs(y - predicted).mean())),
    )


def _residuals_section(judged: Judged) -> Section:
    residuals = judged.y - judged.predicted
    found = histogram(residuals)
    numbers = Table(
        ("Share of rows below", "Residual"),
        [
            (share(level), number(float(value)))
            for level, value in zip(_QUANTILES, np.quantile(residuals, _QUANTILES), strict=True)
        ],
        frozenset({0, 1}),
        f"{count(found.below + found.above)} rows lie outside the range of the chart.",
    )
    text = Text(
        "A residual is the actual value minus the predicted one. Their mean is "
        f"{number(float(residuals.mean()))}, their median {number(float(np.median(residuals)))}; "
        "for unbiased predictions both are close to 0."
    )
    figure = Figure(
        "Residuals",
        draw_histogram(found.counts, found.edges, "actual minus predicted"),
        "Histogram of the residuals.",
        numbers,
    )
    return Section("Residuals", [text, figure])


def _intervals_section(judged: Judged, intervals: Intervals) -> Section:
    text = Text(
        "The range of residuals among rows with similar predictions. Add its lower and upper "
        "ends to a prediction to get a prediction interval."
    )
    bins = intervals.bins(judged.predicted)
    n_bins = len(intervals.low)
    counts = np.bincount(bins, minlength=n_bins)
    centres = np.bincount(bins, judged.predicted, minlength=n_bins) / counts
    figure = Figure(
        "Prediction intervals",
        draw_bands(
            centres,
            intervals.low,
            intervals.high,
            Axis("predicted"),
            Axis("actual minus predicted"),
        ),
        "Intervals of the residuals against the prediction.",
        _ends(intervals, counts, centres),
    )
    blocks: list[Block] = [text, figure]
    coverage = cross_coverage(judged)
    if coverage is not None:
        blocks += [_coverage_table(judged, coverage), *_coverage_notices(judged, coverage)]
    return Section("Prediction intervals", blocks)


def _ends(intervals: Intervals, counts: Indices, centres: Floats) -> Table:
    return Table(
        ("Rows", "Predicted, mean", *(f"{100 * level:g} % of rows" for level in LEVELS)),
        [
            (
                count(int(n)),
                number(float(centre)),
                *(
                    f"{number(one)} to {number(other)}"
                    for one, other in zip(low, high, strict=True)
                ),
            )
            for n, centre, low, high in zip(
                counts, centres, intervals.low, intervals.high, strict=True
            )
        ],
        frozenset(range(2 + len(LEVELS))),
    )


def _coverage_table(judged: Judged, coverage: Coverage) -> Table:
    return Table(
        ("Nominal coverage", "Actual coverage", "Mean width"),
        [
            (share(level), share(float(held)), number(float(width)))
            for level, held, width in zip(LEVELS, coverage.share, coverage.width, strict=True)
        ],
        frozenset({0, 1, 2}),
        f"Actual coverage is cross-validated: the intervals of each of {judged.parts_are} were "
        "fitted on the others.",
    )


def _coverage_notices(judged: Judged, coverage: Coverage) -> list[Notice]:
    levels = np.array(LEVELS)
    noise = np.sqrt(levels * (1 - levels) / judged.n_rows)
    short = np.flatnonzero(coverage.share < levels - _CHANCE * noise)
    if not short.size:
        return []
    told = ", ".join(
        f"{share(float(coverage.share[place]))} of the rows instead of {share(LEVELS[place])}"
        for place in short
    )
    return [
        Notice(
            Severity.MEDIUM,
            "Prediction intervals are too narrow",
            [f"Fitted on other folds, they cover {told}. The folds seem to differ."],
        )
    ]
