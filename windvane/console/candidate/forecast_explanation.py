"""What the forecasts of a candidate are made of, from figures.json of its explainability report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.stacked import Made, Part, largest_parts, stacked_chart
from windvane.console.wording import number, percent

Document = Mapping[str, Any]

KIND = "forecast-explanation"
_MOST_BARS, _MOST_COVARIATES, _MOST_SERIES = 25, 50, 100


@dataclass(frozen=True)
class ValueRow:
    """The mean effect of a value of a covariate, over the steps that have it."""

    covariate: str
    value: str
    effect: str
    n_steps: str


@dataclass(frozen=True)
class CovariateRow:
    """The importance of a covariate."""

    name: str
    role: str
    size: str
    share: str


@dataclass(frozen=True)
class ForecastExplanation:
    """The content of the tab "Explanation" of a forecasting model.

    importance    None if there are no covariates
    series        items whose forecast can be pictured;  chosen  place of the one that is
    is_ahead      whether the forecast is of what comes; else of a window of the past
    """

    importance: Chart | None
    covariates: Sequence[CovariateRow]
    values: Sequence[ValueRow]
    series: Sequence[str]
    chosen: int
    parts: Chart | None
    is_ahead: bool
    n_series: int
    n_explained: int
    n_forecasts: int


def forecast_explanation_of(figures: Document, chosen: int | None) -> ForecastExplanation:
    """Return what is shown of an explainability report.

    chosen    place of the series to picture; None for the first
    """
    covariates = figures["covariates"][:_MOST_COVARIATES]
    series = figures["series"][:_MOST_SERIES]
    place = chosen if chosen is not None and 0 <= chosen < len(series) else 0
    return ForecastExplanation(
        _importance(covariates),
        [
            CovariateRow(one["name"], one["role"], number(one["size"]), percent(one["share"]))
            for one in covariates
        ],
        [
            ValueRow(one["name"], of["value"], _signed(of["effect"]), f"{of['n_steps']:,}")
            for one in covariates
            for of in one["by_value"]
        ],
        [one["item"] for one in series],
        place,
        _parts(series[place], figures["target"]) if series else None,
        figures["is_ahead"],
        figures["n_series"],
        figures["n_explained"],
        figures["n_forecasts"],
    )


def _importance(covariates: Sequence[Document]) -> Chart | None:
    if not covariates:
        return None
    bars = [(one["name"], one["size"]) for one in covariates[:_MOST_BARS]]
    return bar_chart("Importance of covariates", bars, "covariate", "mean absolute effect")


def _parts(one: Document, target: str) -> Chart:
    named = [Part(name, values) for name, values in one["effects"].items()]
    parts = [Part("trend", one["trend"]), Part("season", one["season"])]
    made = Made(one["seconds"], one["mean"], one["level"], largest_parts(parts, named))
    return stacked_chart(one["item"], made, target)


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value).replace("-", "\N{MINUS SIGN}", 1)
