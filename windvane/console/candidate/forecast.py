"""How well a forecasting model did in its backtests, from figures.json of its backtest report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.charts.fan import Fan, Forecast, fan_chart
from windvane.console.charts.histogram import histogram_chart
from windvane.console.charts.lines import Line, line_chart
from windvane.console.scores import FormattedScore, format_score, metric_title
from windvane.console.wording import NOTHING, name, number, percent

Document = Mapping[str, Any]

KIND = "forecast"
_NAIVE = "seasonal-naive"
_LISTED, _FANS, _LETTERS = 25, 4, 50
_MOST_MODELS, _MOST_LINES = 50, 5


@dataclass(frozen=True)
class ModelRow:
    """A model among all that were backtested."""

    name: str
    is_shown: bool
    objective: FormattedScore
    others: Sequence[str]
    coverage: str
    weight: str


@dataclass(frozen=True)
class SeriesRow:
    """A series with its scores; `place` counts from 0, the worst first.

    has_fan    whether there is a picture of it
    """

    place: int
    item: str
    loss: str
    naive: str
    mase: str
    share: str
    coverage: str
    has_fan: bool


@dataclass(frozen=True)
class ForecastQuality:
    """The content of the tab "Quality": a backtest report.

    better      how much lower the objective is than that of the seasonal naive forecast, in words
    first       place of the first of the rows;  n_series  that there are rows of
    fans        pictures of series, the one that was asked for first
    """

    model: str
    objective: str
    score: FormattedScore
    better: str
    interval: str
    coverage: str
    horizon: int
    n_windows: int
    n_series: int
    n_listed: int
    metrics: Sequence[str]
    models: Sequence[ModelRow]
    by_window: Chart | None
    weights: Chart | None
    first: int
    step: int
    rows: Sequence[SeriesRow]
    fans: Sequence[Chart]
    charts: Sequence[Chart]
    bias: Sequence[tuple[str, str]]


def forecast_quality_of(figures: Document, first: int, chosen: int | None) -> ForecastQuality:
    """Return what is shown of a backtest report.

    first     place of the first series to list
    chosen    place of the series to picture; None for the worst ones
    """
    models = list(figures["models"][:_MOST_MODELS])
    own = next(one for one in models if one["name"] == figures["model"])
    objective = figures["objective"]
    levels, asked = figures["levels"], figures["asked"]
    names = [quantile_name(level) for level in levels]
    low, high = asked[0], asked[-1]
    first = min(max(first, 0), max(len(figures["series"]) - 1, 0)) // _LISTED * _LISTED
    fans = {one["place"]: one for one in figures["fans"]}
    metrics = [name for name in own["metrics"] if name != objective]
    return ForecastQuality(
        model=figures["model"],
        objective=objective,
        score=format_score(own["metrics"].get(objective), own.get("standard_error")),
        better=_better(own, models, objective),
        interval=f"{names[low]} to {names[high]} ({percent(levels[high] - levels[low])})",
        coverage=percent(own["coverage"]),
        horizon=figures["horizon"],
        n_windows=len(figures["windows"]),
        n_series=figures["n_series"],
        n_listed=len(figures["series"]),
        metrics=metrics,
        models=[_model(one, figures, metrics) for one in models],
        by_window=_by_window(figures, models),
        weights=_weights(models),
        first=first,
        step=_LISTED,
        rows=[
            _row(place, one, place in fans)
            for place, one in enumerate(figures["series"][first : first + _LISTED], start=first)
        ],
        fans=list(_fan_charts(figures, fans, first, chosen, names)),
        charts=list(_charts(figures)),
        bias=[(f"{i}", _signed(one)) for i, one in enumerate(figures["bias"], start=1)],
    )


def quantile_name(level: float) -> str:
    """
    >>> quantile_name(0.1), quantile_name(0.975)
    ('p10', 'p97.5')
    """
    return f"p{round(100 * level, 6):g}"


def _better(own: Document, models: Sequence[Document], objective: str) -> str:
    naive = next((one for one in models if one["name"] == _NAIVE), None)
    ours = own["metrics"].get(objective)
    theirs = None if naive is None else naive["metrics"].get(objective)
    if own["name"] == _NAIVE or ours is None or not theirs:
        return NOTHING
    return f"{percent(abs(1 - ours / theirs))} {'lower' if ours <= theirs else 'higher'}"


def _model(one: Document, figures: Document, metrics: Sequence[str]) -> ModelRow:
    return ModelRow(
        one["name"],
        one["name"] == figures["model"],
        format_score(one["metrics"].get(figures["objective"]), one.get("standard_error")),
        [number(one["metrics"].get(name)) for name in metrics],
        percent(one["coverage"]),
        NOTHING if one["weight"] is None else percent(one["weight"]),
    )


def _by_window(figures: Document, models: Sequence[Document]) -> Chart | None:
    if len(figures["windows"]) < 2:
        return None
    shown = [*models[:_MOST_LINES], *(one for one in models[_MOST_LINES:] if one["name"] == _NAIVE)]
    lines = [
        Line(
            one["name"],
            [(float(i), v) for i, v in enumerate(one["windows"], start=1) if v is not None],
            has_points=True,
        )
        for one in shown
    ]
    title = f"{metric_title(figures['objective'])} by window"
    return line_chart(title, lines, "window, the earliest first", "objective")


def _weights(models: Sequence[Document]) -> Chart | None:
    held = [(one["name"], one["weight"]) for one in models if one["weight"]]
    if not held:
        return None
    held.sort(key=lambda one: -one[1])
    return bar_chart("Weights of the ensemble", held, "Model", "Weight", percent)


def _row(place: int, one: Document, has_fan: bool) -> SeriesRow:
    return SeriesRow(
        place,
        one["item"],
        number(one["loss"]),
        number(one["naive"]),
        number(one["mase"]),
        percent(one["share"]),
        percent(one["coverage"]),
        has_fan,
    )


def _fan_charts(
    figures: Document,
    fans: Mapping[int, Document],
    first: int,
    chosen: int | None,
    names: Sequence[str],
) -> Iterator[Chart]:
    if chosen is not None and chosen in fans:
        places = [chosen]
    else:
        places = sorted(place for place in fans if place >= first)[:_FANS]
    for place in places:
        one, series = fans[place], figures["series"][place]
        item = name(series["item"], _LETTERS)
        title = f"{item}: {metric_title(figures['objective'])} {number(series['loss'])}"
        fan = Fan(
            title,
            one["seconds"],
            one["values"],
            [_forecast(window) for window in one["windows"]],
            None if one["ahead"] is None else _forecast(one["ahead"]),
        )
        yield fan_chart(fan, figures["levels"], names, "")


def _forecast(one: Document) -> Forecast:
    return Forecast(one["seconds"], one["mean"], one["quantiles"])


def _charts(figures: Document) -> Iterator[Chart]:
    """Yield what says whether intervals hold, and what errors look like."""
    levels, coverage = figures["levels"], figures["coverage"]
    exact = Line("exact", [(0.0, 0.0), (1.0, 1.0)], is_dashed=True)
    held = Line("actual", _pairs(levels, coverage["observed"]), has_points=True)
    yield line_chart(
        "Values at or below each quantile",
        [held, exact],
        "level of the quantile",
        "share of values",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        say=percent,
    )
    steps = range(1, figures["horizon"] + 1)
    level = levels[figures["asked"][-1]] - levels[figures["asked"][0]]
    if figures["horizon"] > 1:
        yield line_chart(
            "Interval coverage by step ahead",
            [
                Line("actual", _pairs(steps, coverage["by_step"])),
                Line("nominal", [(1.0, level), (float(figures["horizon"]), level)], is_dashed=True),
            ],
            "step ahead",
            "share within the interval",
            say=percent,
        )
        errors = figures["errors"]
        yield line_chart(
            "Error by step ahead",
            [
                Line("mean absolute residual", _pairs(steps, errors["absolute"])),
                Line("mean residual", _pairs(steps, errors["mean"])),
            ],
            "step ahead",
            "residual, in mean seasonal differences",
        )
    if (found := figures["residuals"]) is not None:
        beyond = (
            f"{found['beyond']:,} residuals lie outside of the picture." if found["beyond"] else ""
        )
        yield histogram_chart(
            "Residuals",
            found["counts"],
            found["edges"],
            "actual minus median, in mean seasonal differences",
            beyond,
        )


def _pairs(x: Sequence[float] | range, y: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(float(a), b) for a, b in zip(x, y, strict=True) if b is not None]


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:+.1f} %".replace("-", "\N{MINUS SIGN}", 1)
