"""The sections of the backtest report on all models: the leaderboard by metric and window, and their weights."""

from __future__ import annotations

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecast_reports.backtests import Backtests
from windvane.engine.forecast_reports.pictures import dots_with_errors, lines, lying_bars
from windvane.engine.forecast_reports.times import moment
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.engine.forecasting.stages import ENSEMBLE
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.titles import algorithm_title
from windvane.wording import UNKNOWN, number, share, with_error

_FAR_WORSE = 3.0
"""Models whose loss is so many times the best one are in the table, not in the picture."""

_MOST_LINES = 5


def leaderboard(backtests: Backtests) -> Section:
    """Return the section on all models by metric, and by window."""
    objective = backtests.objective
    others = [one for one in ForecastMetric if one is not objective]
    heads = ("Model", str(objective), *map(str, others), "Coverage", "Fit (s)")
    rows = [
        (
            algorithm_title(one.name),
            _with_error(one, objective),
            *(number(one.metrics.get(str(metric))) for metric in others),
            share(one.coverage),
            number(one.fit_s),
        )
        for one in backtests.outcomes
    ]
    blocks: list[Block] = [
        Text(
            f"Every model, by {objective} over all windows; smaller is better. The score of the {ENSEMBLE} is that of "
            "weights and interval widths which were fitted to other windows than the one they forecast."
            if any(one.name == ENSEMBLE for one in backtests.outcomes)
            else f"Every model, by {objective} over all windows; smaller is better."
        ),
        *_picture(backtests),
        Table(heads, rows, frozenset(range(1, len(heads)))),
        *_by_window(backtests),
    ]
    return Section("Leaderboard", blocks)


def _picture(backtests: Backtests) -> list[Figure]:
    objective = backtests.objective
    known = [one for one in backtests.outcomes if np.isfinite(one.loss(objective))]
    shown = [one for one in known if one.loss(objective) <= _FAR_WORSE * known[0].loss(objective)]
    names = [algorithm_title(one.name) for one in shown]
    called = algorithm_title(backtests.name)
    if called not in names:
        return []
    errors = (_with_error(one, objective) for one in shown)
    rows = list(zip(names, errors, strict=True))
    return [
        Figure(
            f"{objective} of the models",
            dots_with_errors(
                names,
                np.array([one.loss(objective) for one in shown]),
                np.array([one.standard_error or 0.0 for one in shown]),
                names.index(called),
                f"{objective}, with two standard errors",
            ),
            f"A dot for each model, the best on top; that of {called} stands out.",
            Table(
                ("Model", str(objective)),
                rows,
                frozenset({1}),
                _left_out(len(backtests.outcomes) - len(shown)),
            ),
            height=0.9 + 0.24 * len(shown),
        )
    ]


def _left_out(n_models: int) -> str:
    if n_models == 0:
        return ""
    told = "1 far worse one is" if n_models == 1 else f"{n_models} far worse ones are"
    return f"{told} in the table below."


def _by_window(backtests: Backtests) -> list[Block]:
    if len(backtests.windows) < 2:
        return []
    begins = [moment(backtests.first_second(i)) for i in range(len(backtests.windows))]
    heads = ("Model", *(f"{i}: from {begin}" for i, begin in enumerate(begins, start=1)))
    rows = [
        (algorithm_title(one.name), *(number(value) for value in one.windows))
        for one in backtests.outcomes
    ]
    best = list(backtests.outcomes[:_MOST_LINES])
    best += [one for one in backtests.outcomes if one.name == FLOOR.name and one not in best]
    named = [
        (algorithm_title(one.name), np.array([np.nan if v is None else v for v in one.windows]))
        for one in best
    ]
    x = list(range(1, len(begins) + 1))
    return [
        Figure(
            f"{backtests.objective} by window",
            lines(x, named, "window, the earliest first", "objective"),
            f"Lines of the objective in each window, of the {len(named)} best models and the seasonal naive one.",
            Table(heads, rows, frozenset(range(1, len(heads)))),
            height=2.8,
        )
    ]


def weights(backtests: Backtests) -> list[Section]:
    """Return the section on the members of the average; none if there is no average."""
    if not backtests.weights:
        return []
    order = sorted(backtests.weights.items(), key=lambda one: -one[1])
    names = [algorithm_title(name) for name, _ in order]
    rows = [(name, share(weight)) for name, (_, weight) in zip(names, order, strict=True)]
    figure = Figure(
        "Weights of the ensemble",
        lying_bars(names, [100 * weight for _, weight in order], "percent"),
        f"Bars of the weights; {names[0]} has most.",
        Table(("Model", "Weight"), rows, frozenset({1})),
        height=0.9 + 0.26 * len(order),
    )
    text = Text(
        "The forecast is the average of these models by their weights, at every quantile; its intervals are then made wider or "
        "narrower by what was best in the windows. Models without a weight make the average no better."
    )
    return [Section("Weights", [text, figure])]


def _with_error(one: ForecastOutcome, metric: ForecastMetric) -> str:
    value = one.metrics.get(str(metric))
    return UNKNOWN if value is None else with_error(value, one.standard_error)
