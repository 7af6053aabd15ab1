"""What PutMetricAlarm must fulfil beyond the service model, and how it is read.

source    PutMetricAlarm in CloudWatch's API reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from windvane.control.members import Request, Unserved
from windvane.control.rules import TAG_RULES, Rule, refused
from windvane.domain import alarms
from windvane.domain.alarms import (
    ENDPOINT_DIMENSION,
    MOST_VALUE,
    NAMESPACE,
    PERCENTILE,
    STATISTICS,
    UNITS,
    VARIANT_DIMENSION,
    Actions,
    Comparison,
    Metric,
    Missing,
    Watched,
)

REMEMBERED_S = 3600
"""For which a server knows the requests of an endpoint."""

_NEEDED = (
    "MetricName",
    "Namespace",
    "Dimensions",
    "Period",
    "EvaluationPeriods",
    "Threshold",
    "ComparisonOperator",
)
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_SHORT_PERIODS = (10, 20, 30)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def of_a_variant(request: Request) -> Iterator[str]:
    """Yield what is wrong with how a request names a metric."""
    if "Namespace" in request and request["Namespace"] != NAMESPACE:
        yield f"Namespace must be {NAMESPACE}: this server has metrics of endpoints, and no others."
    if (name := request.get("MetricName")) is not None and name not in set(Metric):
        yield f"{NAMESPACE} has no metric {name} here; it has {', '.join(Metric)}."
    if "Dimensions" in request:
        yield from _dimensions(request["Dimensions"])


def _dimensions(given: list[Request]) -> Iterator[str]:
    if sorted(one["Name"] for one in given) != [ENDPOINT_DIMENSION, VARIANT_DIMENSION]:
        yield (
            f"Dimensions must be {ENDPOINT_DIMENSION} and {VARIANT_DIMENSION}, each once: metrics are those of "
            "a variant."
        )


def of_a_statistic(metric: str, statistic: str) -> Iterator[str]:
    """Yield why a metric has no such statistic; nothing for a metric that there is not."""
    if metric not in set(Metric):
        return
    known = STATISTICS[Metric(metric)]
    is_latency = Metric(metric) is Metric.LATENCY
    if statistic not in known and not (is_latency and PERCENTILE.fullmatch(statistic)):
        more = " and percentiles such as p95" if is_latency else ""
        yield f"{metric} has the statistics {', '.join(known)}{more}, not {statistic[:64]}."


def of_a_period(period_s: int) -> Iterator[str]:
    if period_s not in _SHORT_PERIODS and (period_s % 60 or period_s > REMEMBERED_S):
        yield (
            f"Period is {period_s}; it must be 10, 20, 30, or a multiple of 60 up to {REMEMBERED_S} seconds: so long "
            "figures are kept."
        )


def of_a_unit(metric: str, unit: str | None) -> Iterator[str]:
    if unit is not None and metric in set(Metric) and unit != UNITS[Metric(metric)]:
        yield f"{metric} is in the unit {UNITS[Metric(metric)]}, not {unit}."


def _whole(request: Request) -> Iterator[str]:
    if missing := [name for name in _NEEDED if name not in request]:
        yield f"{', '.join(missing)} must be given."
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        yield "Either Statistic or ExtendedStatistic must be given."
    if _CONTROL.search(request["AlarmName"]):
        yield "AlarmName must not contain control characters."


def _measured(request: Request) -> Iterator[str]:
    metric = request.get("MetricName", "")
    yield from of_a_variant(request)
    if (statistic := statistic_of(request)) is not None:
        yield from of_a_statistic(metric, statistic)
    if "ExtendedStatistic" in request and not PERCENTILE.fullmatch(request["ExtendedStatistic"]):
        yield "ExtendedStatistic must be a percentile such as p95 or p99.9."
    if "Period" in request:
        yield from of_a_period(request["Period"])
    yield from of_a_unit(metric, request.get("Unit"))


def _decided(request: Request) -> Iterator[str]:
    if abs(request.get("Threshold", 0.0)) > MOST_VALUE:
        yield f"Threshold is {request['Threshold']:g}; it must be from -2^360 to 2^360."
    period_s, periods = request.get("Period", 60), request.get("EvaluationPeriods", 1)
    if period_s * periods > REMEMBERED_S:
        yield (
            f"EvaluationPeriods times Period is {period_s * periods} seconds; it can be {REMEMBERED_S} at most: so "
            "long figures are kept."
        )
    if request.get("DatapointsToAlarm", 1) > periods:
        yield f"DatapointsToAlarm must be at most EvaluationPeriods, which is {periods}."
    if (missing := request.get("TreatMissingData")) is not None and missing not in set(Missing):
        yield f"TreatMissingData is '{missing[:64]}'; it must be one of {', '.join(Missing)}."


def _acting(request: Request) -> Iterator[str]:
    for name in _ACTIONS:
        given = request.get(name, [])
        if len(set(given)) < len(given):
            yield f"{name} names an action twice."
        for one in given:
            if not one.startswith("arn:aws:autoscaling:") or ":scalingPolicy:" not in one:
                yield (
                    f"'{one[:200]}' in {name} is no scaling policy: alarms here ask policies of Application Auto Scaling "
                    "of the type StepScaling, and nothing else."
                )


PUT_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("ComparisonOperator", tuple(Comparison)),
        Unserved("Metrics"),
        Unserved("ThresholdMetricId"),
        Unserved("EvaluateLowSampleCountPercentile", ("evaluate",)),
        Unserved("EvaluationWindow"),
        Unserved("WarmUpConfiguration"),
        Unserved("EvaluationCriteria"),
        Unserved("EvaluationInterval"),
        Unserved("ActionConfiguration"),
    ),
    *TAG_RULES,
    _whole,
    _measured,
    _decided,
    _acting,
)


def statistic_of(request: Request) -> str | None:
    """Return the statistic of a request, of either kind."""
    statistic: str | None = request.get("Statistic", request.get("ExtendedStatistic"))
    return statistic


def watched_of(request: Request) -> Watched:
    """Return what a request that was checked looks at."""
    named = {one["Name"]: one["Value"] for one in request["Dimensions"]}
    return Watched(
        named[ENDPOINT_DIMENSION],
        named[VARIANT_DIMENSION],
        Metric(request["MetricName"]),
        statistic_of(request) or "",
        request["Period"],
    )


def rule_of(request: Request) -> alarms.Rule:
    missing = request.get("TreatMissingData")
    return alarms.Rule(
        Comparison(request["ComparisonOperator"]),
        float(request["Threshold"]),
        request["EvaluationPeriods"],
        request.get("DatapointsToAlarm"),
        None if missing is None else Missing(missing),
    )


def actions_of(request: Request) -> Actions:
    alarm, ok, unknown = (tuple(request.get(name, ())) for name in _ACTIONS)
    return Actions(alarm, ok, unknown)
