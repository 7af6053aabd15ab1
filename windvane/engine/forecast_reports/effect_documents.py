"""What forecasts are made of as files.

analysis.json            what matters in the form of SageMaker Clarify: mean absolute effects of covariates and holidays, which are
                         Shapley values, and the mean forecast without them as the expected value
feature_importance.json  the same numbers alone
decompositions.csv       of each step of the forecasts that are pictured: mean, level, trend, season, effects of covariates
figures.json             what pages draw:
    version, kind        1, "forecast-explanation"
    model, target
    n_series, n_explained, n_forecasts
                         series of the model; those that are explained; forecasts, of all of them from several moments
    is_ahead             whether the pictured forecasts are of what comes, or of the last window of the past
    covariates           what matters most first {"name", "role", "size", "share", "by_value": [{"value", "effect", "n_steps"}]}
    series               {"item", "seconds", "mean", "level", "trend", "season", "effects": name -> numbers}; at most MOST_PICTURED

source    SageMaker developer guide, "Get analysis results"
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from windvane.engine.forecast_reports.effects import ForecastEffects, Moment
from windvane.engine.forecast_reports.times import moment, times_of
from windvane.engine.forecasting.keys import parts_of

VERSION = 1
MOST_PICTURED = 48
_MOST_NUMBERS = 100_000
_DIGITS = 6


def effect_documents(effects: ForecastEffects) -> dict[str, bytes]:
    """Return the content of each file, by its name."""
    sizes = {one.name: one.size for one in effects.covariates}
    of_label = {"expected_value": effects.base, "global_shap_values": sizes}
    analysis = {"version": "1.0", "explanations": {"kernel_shap": {"label0": of_label}}}
    return {
        "figures.json": _json(_figures(effects)),
        "analysis.json": _json(analysis),
        "feature_importance.json": _json({"importance": sizes}),
        "decompositions.csv": _decompositions(effects),
    }


def _figures(effects: ForecastEffects) -> dict[str, Any]:
    spec = effects.forecaster.prepared.spec
    width = 5 + len(effects.covariates)
    most = max(1, min(MOST_PICTURED, _MOST_NUMBERS // (width * spec.horizon)))
    pictured = effects.pictured
    return {
        "version": VERSION,
        "kind": "forecast-explanation",
        "model": effects.name,
        "target": spec.target,
        "n_series": effects.n_series,
        "n_explained": effects.n_explained,
        "n_forecasts": effects.n_forecasts,
        "is_ahead": pictured[0].is_ahead,
        "covariates": [
            {
                "name": one.name,
                "role": one.role,
                "size": _number(one.size),
                "share": _number(one.share),
                "by_value": [
                    {"value": of.value, "effect": _number(of.effect), "n_steps": of.n_steps}
                    for of in one.by_value
                ],
            }
            for one in effects.covariates
        ],
        "series": [one for _, one in zip(range(most), _series(pictured), strict=False)],
    }


def _series(moments: tuple[Moment, ...]) -> Iterator[dict[str, Any]]:
    for one in moments:
        made = one.made_of
        for i, item in enumerate(one.panel.items):
            yield {
                "item": item,
                "seconds": _seconds(one, i),
                "mean": _numbers(made.mean[i]),
                "level": _numbers(made.level[i]),
                "trend": _numbers(made.trend[i]),
                "season": _numbers(made.season[i]),
                "effects": {name: _numbers(values[i]) for name, values in made.parts.items()},
            }


def _decompositions(effects: ForecastEffects) -> bytes:
    """Return the parts of forecasts as CSV, with the columns that an endpoint has for them."""
    spec = effects.forecaster.prepared.spec
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [spec.item_id or "item_id", *spec.group_columns]
    parts = list(effects.moments[0].made_of.parts)
    head = [*names, spec.timestamp, "mean", "level", "trend", "season"]
    writer.writerow([*head, *(f"{name}_effect" for name in parts)])
    for one in effects.pictured:
        made = one.made_of
        columns = [made.mean, made.level, made.trend, made.season, *made.parts.values()]
        for i, item in enumerate(one.panel.items):
            key = parts_of(item, len(names))
            for step, at in enumerate(_seconds(one, i)):
                values = (float(column[i, step]) for column in columns)
                writer.writerow([*key, moment(at), *values])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _seconds(one: Moment, series: int) -> list[int]:
    horizon = one.made_of.mean.shape[1]
    steps = int(one.panel.last[series]) + 1 + np.arange(horizon)
    made: list[int] = times_of(one.panel, series, steps).tolist()
    return made


def _numbers(values: Any) -> list[float]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False).encode()
