"""The explainability report of a forecasting job: which covariates matter, what their values add, what forecasts are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from windvane.engine.forecast_reports.effects import CovariateEffect, ForecastEffects, Moment
from windvane.engine.forecast_reports.pictures import lying_bars, stacked_parts
from windvane.engine.forecast_reports.times import dates, moment, times_of
from windvane.engine.forecasting.panel import Floats
from windvane.engine.reports.document import Block, Figure, Report, Section, Table, Text
from windvane.engine.reports.labels import seen
from windvane.engine.reports.names import names_of_candidate
from windvane.titles import algorithm_title
from windvane.wording import counted, number, share, signed

_MOST_BARS, _MOST_BY_VALUE, _MOST_SERIES = 25, 12, 4
_MOST_PARTS = 6
"""That have a colour each in a picture: trend, season and covariates."""

_NAME = 60

Part = tuple[str, Floats]


def effect_report(effects: ForecastEffects, candidate: str = "", api_name: str = "") -> Report:
    """Return the report on what a model's forecasts are made of.

    candidate     what people call it; "" for what they call the model
    api_name      the name that the API has for it; "" without a server
    """
    spec = effects.forecaster.prepared.spec
    most = effects.covariates[0] if effects.covariates else None
    facts = (
        *names_of_candidate(candidate or algorithm_title(effects.name), api_name),
        ("Covariates", f"{len(effects.covariates):,}"),
        ("Matters most", "no covariate" if most is None else seen(most.name, _NAME)),
        ("Series explained", f"{effects.n_explained:,} of {effects.n_series:,}"),
        ("Forecasts explained", f"{effects.n_forecasts:,}"),
    )
    return Report(
        "Explanation",
        f"The forecasts of '{seen(spec.target, _NAME)}' decomposed into level, trend and season of each series and the "
        "effects of covariates.",
        facts,
        (
            _covariates(effects),
            *_values(effects.covariates[:_MOST_BY_VALUE]),
            _forecasts(effects),
            _method(effects),
        ),
    )


def _covariates(effects: ForecastEffects) -> Section:
    title = "Covariates"
    if not effects.covariates:
        return Section(
            title, [Text("The model has neither covariates nor a calendar of holidays.")]
        )
    shown = effects.covariates[:_MOST_BARS]
    rows = [
        (seen(one.name, _NAME), one.role, number(one.size), share(one.share))
        for one in effects.covariates
    ]
    table = Table(
        ("Covariate", "Values", "Mean absolute effect", "Share of the forecast"),
        rows,
        frozenset({2, 3}),
    )
    figure = Figure(
        "Mean absolute effect of each covariate",
        lying_bars([one.name for one in shown], [one.size for one in shown], "units of the target"),
        f"Bars of the mean absolute effects; {seen(shown[0].name, _NAME)} has the largest.",
        table,
        height=0.9 + 0.26 * len(shown),
    )
    text = Text(
        "The effect of a covariate is what its value adds to the mean of a forecast compared with its usual value, in units of "
        "the target. The mean of its absolute values, over series and steps, says how much the forecasts depend on it. This is "
        "what the model has learned, not necessarily a causal effect."
    )
    return Section(title, [text, figure])


def _values(covariates: Sequence[CovariateEffect]) -> Iterator[Section]:
    rows = [
        (seen(one.name, _NAME), seen(of.value, _NAME), signed(of.effect), f"{of.n_steps:,}")
        for one in covariates
        for of in one.by_value
    ]
    if not rows:
        return
    table = Table(("Covariate", "Value", "Mean effect", "Steps"), rows, frozenset({2, 3}))
    text = Text(
        "The mean effect over the steps that have a value. Numeric covariates with many values are divided into thirds; of a covariate that is known "
        "for the past alone, the last value before the forecast counts."
    )
    yield Section("Effects by value", [text, table])


def _forecasts(effects: ForecastEffects) -> Section:
    pictured = effects.pictured
    what = "of the future" if pictured[0].is_ahead else "of the last backtest window"
    text = Text(
        f"Forecasts {what}, in {counted(effects.forecaster.prepared.spec.horizon, 'step')}. The columns begin at the level of the "
        "series, the mean of the last season before the forecast: parts that raise the forecast are above it, parts that lower it "
        "below. Together they make the mean, the line."
    )
    figures: list[Block] = []
    for one in pictured:
        rest = _MOST_SERIES - len(figures)
        figures += [_figure(effects, one, i) for i in range(min(rest, one.panel.n_series))]
    return Section("Decomposition of forecasts", [text, *figures])


def _figure(effects: ForecastEffects, one: Moment, i: int) -> Figure:
    made, item = one.made_of, seen(one.panel.items[i], _NAME)
    horizon = made.mean.shape[1]
    seconds = times_of(one.panel, i, int(one.panel.last[i]) + 1 + np.arange(horizon))
    named = [(name, values[i]) for name, values in made.parts.items()]
    parts = [("trend", made.trend[i]), ("season", made.season[i]), *_largest(named)]
    heads = ("Time", "Mean", "Level", *(seen(name, _NAME) for name, _ in parts))
    columns = [made.mean[i], made.level[i], *(values for _, values in parts)]
    rows = [
        (moment(at), *(number(float(column[step])) for column in columns))
        for step, at in enumerate(seconds.tolist())
    ]
    return Figure(
        item,
        stacked_parts(
            dates(seconds),
            made.level[i],
            made.mean[i],
            parts,
            effects.forecaster.prepared.spec.target,
        ),
        f"Columns of {len(parts)} parts of {horizon} steps, on the level, and a line of the mean.",
        Table(heads, rows, frozenset(range(1, len(heads)))),
        height=2.6,
    )


def _largest(parts: Sequence[Part]) -> list[Part]:
    """Return the parts of the largest effects, and the sum of the others if there are more than colours."""
    most = _MOST_PARTS - 2
    ranked = sorted(parts, key=lambda one: -float(np.abs(one[1]).sum()))
    if len(ranked) <= most:
        return ranked
    rest = ranked[most - 1 :]
    others = np.sum([values for _, values in rest], axis=0)
    return [*ranked[: most - 1], (f"{len(rest)} others", others)]


def _method(effects: ForecastEffects) -> Section:
    n_ahead = sum(one.panel.n_series for one in effects.moments if one.is_ahead)
    return Section(
        "Method",
        [
            Text(
                f"Explained are {counted(n_ahead, 'future forecast')} and "
                f"{counted(effects.n_forecasts - n_ahead, 'forecast')} of backtest windows, of "
                f"{counted(effects.n_explained, 'series', 'series')}. All members of an ensemble are asked together."
            ),
            Text(
                "Effects are Shapley values: covariates and holidays are replaced by what is usual (the median of a covariate in its "
                "series, the most common text, no holiday) and put back in different orders; each has the mean of the differences "
                "that it makes. Level, trend and season are those of the forecast without them."
            ),
        ],
    )
