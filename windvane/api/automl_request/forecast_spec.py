"""The problem of a forecasting job, of a request that fulfils the rules (forecast_rules.py)."""

from __future__ import annotations

from collections.abc import Mapping

from windvane.api.automl_request.data_rules import SPECIFICATION
from windvane.api.automl_request.forecast_rules import (
    AGGREGATION,
    CONFIG,
    COUNTRY,
    FILLING,
    SERIES,
)
from windvane.control.members import Request, first
from windvane.domain.forecasting import (
    Aggregation,
    Fill,
    Filling,
    FillMethod,
    ForecastMetric,
    ForecastSpec,
)
from windvane.domain.frequency import Frequency

_QUANTILES = ("p10", "p50", "p90")
"""source    ForecastQuantiles in SageMaker's API reference"""


def forecast_problem(request: Request) -> ForecastSpec:
    """Translate the configuration of a forecasting job. What further columns are is found in the data."""
    config, series = first(request, CONFIG), first(request, SERIES)
    target = series["TargetAttributeName"]
    aggregation = (first(request, AGGREGATION) or {}).get(target)
    objective = first(request, "AutoMLJobObjective.MetricName")
    return ForecastSpec(
        target=target,
        timestamp=series["TimestampAttributeName"],
        item_id=series["ItemIdentifierAttributeName"],
        group_columns=tuple(series.get("GroupingAttributeNames", ())),
        horizon=config["ForecastHorizon"],
        frequency=Frequency.parse(config["ForecastFrequency"]),
        quantiles=tuple(sorted(map(_level, config.get("ForecastQuantiles", _QUANTILES)))),
        objective=ForecastMetric.WQL if objective is None else ForecastMetric(objective),
        aggregation=None if aggregation is None else Aggregation(aggregation),
        filling={name: _filling(told) for name, told in (first(request, FILLING) or {}).items()},
        holiday_country=first(request, COUNTRY),
        feature_specification=first(request, SPECIFICATION) or "",
    )


def _level(name: str) -> float:
    """Return the level of a quantile such as 'p10'."""
    return int(name[1:]) / 100


def _filling(told: Mapping[str, str]) -> Filling:
    middle, future = _fill(told, "middlefill"), _fill(told, "futurefill")
    return Filling(
        middle=Fill() if middle is None else middle,
        back=_fill(told, "backfill"),
        future=Fill() if future is None else future,
    )


def _fill(told: Mapping[str, str], part: str) -> Fill | None:
    if part not in told:
        return None
    return Fill(FillMethod(told[part]), float(told.get(f"{part}_value", 0)))
