"""Alarms of CloudWatch: a metric of an endpoint, a threshold, and what is to be done when it is crossed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from windvane.domain.resource import Resource, ScalingKind
from windvane.names import Scope

NAMESPACE = "AWS/SageMaker"
ENDPOINT_DIMENSION, VARIANT_DIMENSION = "EndpointName", "VariantName"

PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,2})?|100)")
"""A statistic as requests write it, such as p95 or p99.9."""


MOST_VALUE = 2.0**360
"""Of a metric, and as much below zero: values and thresholds within it can be compared and averaged.

source    "Values must be in the range of -2^360 to 2^360", MetricDatum in CloudWatch's API reference
"""


class Metric(StrEnum):
    """Metrics of a variant, by their names on the wire.

    source    "SageMaker AI endpoint invocation metrics", its developer guide
    """

    INVOCATIONS = "Invocations"
    PER_INSTANCE = "InvocationsPerInstance"
    CLIENT_ERRORS = "Invocation4XXErrors"
    SERVER_ERRORS = "Invocation5XXErrors"
    MODEL_ERRORS = "InvocationModelErrors"
    LATENCY = "ModelLatency"


_TOTALS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")

STATISTICS: dict[Metric, tuple[str, ...]] = {
    metric: ("Sum",) if metric is Metric.PER_INSTANCE else _TOTALS for metric in Metric
}
"""The statistics of a metric, percentiles aside, which only a latency has."""

UNITS: dict[Metric, str] = {
    metric: "Microseconds" if metric is Metric.LATENCY else "None" for metric in Metric
}


class AlarmState(StrEnum):
    """StateValue on the wire."""

    OK = "OK"
    ALARM = "ALARM"
    UNKNOWN = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """The treatment of periods without a value: TreatMissingData on the wire."""

    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"
    IGNORE = "ignore"
    MISSING = "missing"


class Comparison(StrEnum):
    """When a value is beyond the threshold: ComparisonOperator on the wire."""

    GREATER = "GreaterThanThreshold"
    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"

    def holds(self, value: float, threshold: float) -> bool:
        match self:
            case Comparison.GREATER:
                return value > threshold
            case Comparison.GREATER_OR_EQUAL:
                return value >= threshold
            case Comparison.LESS:
                return value < threshold
            case Comparison.LESS_OR_EQUAL:
                return value <= threshold


@dataclass(frozen=True)
class Watched:
    """The metric and statistic that an alarm watches.

    statistic    one of STATISTICS, or a percentile
    period_s     of one value, in seconds
    """

    endpoint: str
    variant: str
    metric: Metric
    statistic: str
    period_s: int


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off.

    periods     the newest ones, which are looked at
    to_alarm    that have to be beyond the threshold; None if the request left it open: all
    missing     None likewise
    """

    comparison: Comparison
    threshold: float
    periods: int
    to_alarm: int | None = None
    missing: Missing | None = None

    @property
    def breaching_to_alarm(self) -> int:
        return self.periods if self.to_alarm is None else self.to_alarm


@dataclass(frozen=True)
class Actions:
    """ARNs of policies that are asked once an alarm comes to a state; in ALARM, again and again."""

    alarm: tuple[str, ...] = ()
    ok: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def of(self, state: AlarmState) -> tuple[str, ...]:
        return {
            AlarmState.ALARM: self.alarm,
            AlarmState.OK: self.ok,
            AlarmState.UNKNOWN: self.unknown,
        }[state]

    @property
    def every(self) -> tuple[str, ...]:
        return (*self.alarm, *self.ok, *self.unknown)


@dataclass(frozen=True, kw_only=True)
class Alarm(Resource):
    """An alarm. Its name is the one that was given.

    description   None if the request left it open, and so for `unit`
    is_enabled    whether actions are done
    state_data    JSON of what the state was decided by; "" if nobody said
    changed       when the state or its reason was set last
    turned        when the state became another one
    configured    when the alarm was put last
    is_acted      whether the actions of the state were done once
    """

    kind: ClassVar[ScalingKind] = ScalingKind.ALARM

    watched: Watched
    rule: Rule
    actions: Actions
    configured: datetime
    changed: datetime
    turned: datetime
    description: str | None = None
    unit: str | None = None
    is_enabled: bool = True
    state: AlarmState = AlarmState.UNKNOWN
    state_reason: str = "Unchecked: Initial alarm creation"
    state_data: str = ""
    is_acted: bool = True

    @property
    def arn(self) -> str:
        return alarm_arn(self.scope, self.name)


def alarm_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:cloudwatch:{scope.region}:{scope.account}:alarm:{name}"
