"""The backtest report of a forecasting job: how well a model forecast moments of the past, series by series."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from windvane.domain.forecasting import quantile_name
from windvane.engine.forecast_reports.backtests import Backtests, SeriesScore
from windvane.engine.forecast_reports.board_sections import leaderboard, weights
from windvane.engine.forecast_reports.error_sections import coverage, residuals
from windvane.engine.forecast_reports.fans import SeriesFan, fans_of
from windvane.engine.forecast_reports.pictures import fan
from windvane.engine.forecast_reports.times import dates, moment, step_name
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.reports.document import (
    Block,
    Figure,
    Notice,
    Report,
    Section,
    Severity,
    Table,
    Text,
)
from windvane.engine.reports.labels import seen
from windvane.engine.reports.names import names_of_candidate
from windvane.titles import algorithm_title
from windvane.wording import UNKNOWN, counted, number, share, with_error

_WORST, _USUAL = 6, 3
_MOST_ROWS = 50
_FAR_OFF = 0.05
"""By which the coverage of an interval may differ from its level before the report warns of it."""

_CHANCE = 3
"""Standard errors, as well."""

_BIASED = 0.1
"""Of the sum of all values, by which forecasts may be off in one direction."""

_DEPENDENT_STEPS = 4
"""Neighbouring steps of a series that count for one, about: their errors go together."""


def backtest_report(
    backtests: Backtests, forecaster: Forecaster | None, candidate: str = "", api_name: str = ""
) -> Report:
    """Return the report on a model.

    forecaster    what answers, for the forecasts of what comes in the pictures; None to leave them out
    candidate     what people call it; "" for what they call the model
    api_name      the name that the API has for it; "" without a server
    """
    called = candidate or algorithm_title(backtests.name)
    spec, outcome = backtests.prepared.spec, backtests.outcome
    loss = outcome.metrics[str(spec.objective)]
    n_windows = len(backtests.windows)
    facts = (
        *names_of_candidate(called, api_name),
        (
            str(spec.objective),
            UNKNOWN if loss is None else with_error(loss, outcome.standard_error),
        ),
        ("Compared with seasonal naive", _compared(backtests)),
        (_interval_name(backtests), f"covers {share(outcome.coverage)} of the values"),
        ("Series", f"{len(backtests.scores):,}"),
        ("Windows", f"{n_windows} of {counted(spec.horizon, 'step')}"),
    )
    return Report(
        "Backtests",
        f"How well {called} forecasts '{spec.target}': it was given the series as they were at "
        f"{counted(n_windows, 'point')} in the past, and its forecasts of the {spec.horizon} steps of "
        f"{step_name(backtests.prepared.panel.grid.frequency)} that followed are compared with the actual values.",
        facts,
        (
            _overview(backtests),
            leaderboard(backtests),
            *weights(backtests),
            _series(backtests, forecaster),
            coverage(backtests),
            residuals(backtests),
        ),
    )


def _compared(backtests: Backtests) -> str:
    naive = next((one for one in backtests.outcomes if one.name == FLOOR.name), None)
    objective = backtests.objective
    if naive is None or backtests.name == FLOOR.name or not naive.loss(objective):
        return UNKNOWN
    ratio = backtests.outcome.loss(objective) / naive.loss(objective)
    if not np.isfinite(ratio):
        return UNKNOWN
    return f"{100 * abs(1 - ratio):.1f} % {'lower' if ratio <= 1 else 'higher'}"


def _interval_name(backtests: Backtests) -> str:
    low, high = (backtests.levels[i] for i in backtests.outermost)
    return f"Interval {quantile_name(low)} to {quantile_name(high)} ({share(high - low)})"


def _overview(backtests: Backtests) -> Section:
    found = list(_notices(backtests))
    if not found:
        return Section("Findings", [Text("Nothing speaks against the scores and intervals.")])
    return Section("Findings", found)


def _notices(backtests: Backtests) -> Iterator[Notice]:
    outcome, objective = backtests.outcome, backtests.objective
    naive = next((one for one in backtests.outcomes if one.name == FLOOR.name), None)
    if naive is not None and naive.name != backtests.name:
        ours, theirs = outcome.loss(objective), naive.loss(objective)
        if np.isfinite(theirs) and ours >= theirs:
            yield Notice(
                Severity.HIGH,
                "No better than the seasonal naive forecast",
                [
                    (
                        f"Its {objective} is {number(ours)}, that of repeating the last season {number(theirs)}. The series may be "
                        "as good as unpredictable, or what moves them is not among the columns."
                    )
                ],
            )
    if len(backtests.windows) == 1:
        yield Notice(
            Severity.MEDIUM,
            "Scores rest on a single window",
            [
                (
                    "The series are too short for more. How much scores vary over time is not known; a shorter horizon or more "
                    "history gives more windows."
                )
            ],
        )
    yield from _interval_notices(backtests)
    if (worst := max(backtests.bias, key=abs)) and abs(worst) >= _BIASED:
        direction = "below" if worst > 0 else "above"
        yield Notice(
            Severity.LOW,
            "Forecasts of a window are biased",
            [
                (
                    f"In window {backtests.bias.index(worst) + 1}, medians are {share(abs(worst))} {direction} the actual values, in sum. "
                    "A change of level, or an event, that the past does not show has this effect."
                )
            ],
        )


def _interval_notices(backtests: Backtests) -> Iterator[Notice]:
    low, high = (backtests.levels[i] for i in backtests.outermost)
    observed, level = backtests.outcome.coverage, high - low
    if observed is None or level <= 0:
        return
    n = sum(int(np.isfinite(one.actual).sum()) for one in backtests.truths) / _DEPENDENT_STEPS
    noise = float(np.sqrt(level * (1 - level) / max(n, 1)))
    if abs(observed - level) <= max(_FAR_OFF, _CHANCE * noise):
        return
    is_narrow = observed < level
    yield Notice(
        Severity.MEDIUM if is_narrow else Severity.LOW,
        f"Intervals are too {'narrow' if is_narrow else 'wide'}",
        [
            (
                f"Between {quantile_name(low)} and {quantile_name(high)} lie {share(observed)} of the values instead of "
                f"{share(level)}."
            ),
            "Windows seem to differ from each other, or values repeat (such as zeros), which count as within."
            if not is_narrow
            else "Windows seem to differ from each other; expect surprises outside the interval as often in the future.",
        ],
    )


def _series(backtests: Backtests, forecaster: Forecaster | None) -> Section:
    scores = backtests.scores
    shown = shown_series(scores)
    rows = [_row(place, one) for place, one in enumerate(scores[:_MOST_ROWS], start=1)]
    table = Table(
        (
            "Rank",
            "Series",
            str(backtests.objective),
            "Seasonal naive",
            "MASE",
            "Share of all loss",
            "Coverage",
        ),
        rows,
        frozenset({0, 2, 3, 4, 5, 6}),
        f"The {len(rows)} worst of {len(scores):,} series, by the objective over all windows."
        if len(rows) < len(scores)
        else "All series, the worst first, by the objective over all windows.",
    )
    fans = fans_of(backtests, [one.series for one, _ in shown], forecaster)
    figures: list[Block] = [
        _figure(backtests, one, reason, drawn)
        for (one, reason), drawn in zip(shown, fans, strict=True)
    ]
    low, high = (backtests.levels[i] for i in backtests.outermost)
    text = Text(
        f"Dots are values. Blue is what was forecast at the dotted line: the median, and the interval from {quantile_name(low)} "
        f"to {quantile_name(high)}. Orange is the forecast of the future."
        if fans and fans[0].ahead is not None
        else f"Dots are values. Blue is what was forecast at the dotted line: the median, and the interval from "
        f"{quantile_name(low)} to {quantile_name(high)}."
    )
    return Section("Worst series first", [table, text, *figures])


def shown_series(scores: tuple[SeriesScore, ...]) -> list[tuple[SeriesScore, str]]:
    """Return the series that are pictured, and why: the worst, usual ones, and the best."""
    known = [one for one in scores if np.isfinite(one.loss)] or list(scores)
    worst = [(one, f"rank {i + 1} of the worst") for i, one in enumerate(known[:_WORST])]
    rest = known[_WORST:]
    middle = len(rest) // 2
    usual = [(one, "usual loss") for one in rest[middle : middle + _USUAL]]
    best = [(rest[-1], "lowest loss")] if len(rest) > middle + _USUAL else []
    return [*worst, *usual, *best]


def _row(rank: int, one: SeriesScore) -> tuple[str, ...]:
    return (
        f"{rank:,}",
        seen(one.item, 60),
        number(one.loss),
        number(one.naive),
        number(one.mase),
        share(one.share),
        share(one.coverage),
    )


def _figure(backtests: Backtests, score: SeriesScore, reason: str, shown: SeriesFan) -> Figure:
    spec, levels = backtests.prepared.spec, backtests.levels
    heads = ("Time", "Actual", "Mean", *(quantile_name(level) for level in levels))
    came = dict(zip(shown.seconds.tolist(), shown.values.tolist(), strict=True))
    parts = [*shown.windows, *([] if shown.ahead is None else [shown.ahead])]
    rows = [
        (moment(second), number(came.get(second)), number(mean), *map(number, quantiles))
        for one in parts
        for second, mean, quantiles in zip(
            one.seconds.tolist(), one.mean.tolist(), one.quantiles.tolist(), strict=True
        )
    ]
    return Figure(
        f"{seen(score.item, 60)}: {spec.objective} {number(score.loss)} ({reason})",
        fan(
            dates(shown.seconds),
            shown.values,
            [one.drawn(levels) for one in shown.windows],
            None if shown.ahead is None else shown.ahead.drawn(levels),
            spec.target,
        ),
        f"Line of the last {len(shown.values)} values with forecasts of {len(shown.windows)} windows.",
        Table(heads, rows, frozenset(range(1, len(heads)))),
        height=2.4,
    )
