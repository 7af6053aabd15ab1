"""Automatic scaling of endpoints: scalable targets, the policies they follow, and what was done for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from windvane.domain.resource import Resource, ScalingKind
from windvane.names import Scope, derived_suffix
from windvane.notes.note import Note

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"

SERVICE_PRINCIPAL = "application-autoscaling.amazonaws.com"
SERVICE_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
"""source    "Service-linked roles for Application Auto Scaling" """


def service_role_arn(account: str) -> str:
    """Return the ARN of the role that AWS makes in an account for the scaling of endpoints."""
    return (
        f"arn:aws:iam::{account}:role/aws-service-role/sagemaker.{SERVICE_PRINCIPAL}/{SERVICE_ROLE}"
    )


RESOURCE_ID = re.compile(r"endpoint/([A-Za-z0-9-]+)/variant/([A-Za-z0-9-]+)", re.ASCII)
"""Of a variant: its endpoint, its name."""

METRIC = "SageMakerVariantInvocationsPerInstance"

DEFAULT_COOLDOWN_S = 300
"""source    "Define cooldown periods" in Application Auto Scaling's user guide, for variants of SageMaker"""


@dataclass(frozen=True)
class Suspended:
    """The parts of a target's scaling that stand still until they are resumed."""

    scale_in: bool = False
    scale_out: bool = False
    scheduled: bool = False


@dataclass(frozen=True, kw_only=True)
class ScalableTarget(Resource):
    """A variant whose instances are counted up and down; it belongs to its endpoint. Its name is `target_name`'s.

    endpoint      name of the endpoint, as it was registered
    scaled_out    when the last scale-out of a policy was fulfilled; None if there was none
    scaled_out_to instances that it came to
    scaled_out_from
                  instances that it was counted from, if it was in steps; else 0
    scaled_in     when the last scale-in of a policy was fulfilled
    failed        when a scaling failed last
    """

    kind: ClassVar[ScalingKind] = ScalingKind.SCALABLE_TARGET

    endpoint: str
    variant: str
    min_capacity: int
    max_capacity: int
    suspended: Suspended = Suspended()
    scaled_out: datetime | None = None
    scaled_out_to: int = 0
    scaled_in: datetime | None = None
    failed: datetime | None = None
    scaled_out_from: int = 0

    @property
    def resource_id(self) -> str:
        return resource_id(self.endpoint, self.variant)

    @property
    def arn(self) -> str:
        return target_arn(self.scope, self.name)


class Adjustment(StrEnum):
    """The meaning of the numbers of steps: AdjustmentType on the wire."""

    CHANGE = "ChangeInCapacity"
    PERCENT = "PercentChangeInCapacity"
    EXACT = "ExactCapacity"


class Aggregation(StrEnum):
    """The summary of an alarm's values that picks the step: MetricAggregationType on the wire."""

    AVERAGE = "Average"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"


@dataclass(frozen=True)
class Step:
    """One step: how much is changed if a metric is so far from the threshold of its alarm.

    lower, upper    bounds of the metric less the threshold; None for no bound
    adjustment      instances, or per cent of those that there are
    """

    lower: float | None
    upper: float | None
    adjustment: int


@dataclass(frozen=True)
class StepScaling:
    """The configuration of a policy that scales in steps whenever an alarm calls it.

    least_change    instances by which a change of some per cent changes at least; None if the request left it open
    cooldown_s      seconds; None likewise
    """

    adjustment: Adjustment
    steps: tuple[Step, ...]
    least_change: int | None = None
    cooldown_s: int | None = None
    aggregation: Aggregation | None = None


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy(Resource):
    """Target tracking on the requests that an instance has a minute, or steps that alarms ask for; it belongs to its target.

    policy_name       as it was given: names differ by case, unlike those of records
    id                unique among all policies ever
    target_value      requests a minute for each instance; 0 of a policy in steps
    cooldowns         seconds; None if the request left them open
    steps             None of target tracking
    """

    kind: ClassVar[ScalingKind] = ScalingKind.SCALING_POLICY

    policy_name: str
    id: str
    resource_id: str
    target_value: float
    scale_out_cooldown_s: int | None = None
    scale_in_cooldown_s: int | None = None
    disable_scale_in: bool | None = None
    steps: StepScaling | None = None

    @property
    def arn(self) -> str:
        return (
            f"arn:aws:autoscaling:{self.scope.region}:{self.scope.account}:scalingPolicy:{self.id}:"
            f"resource/{NAMESPACE}/{self.resource_id}:policyName/{self.policy_name}"
        )


class Cause(StrEnum):
    """Why the number of instances is changed."""

    BELOW_MINIMUM = "below-minimum"
    ABOVE_MAXIMUM = "above-maximum"
    HIGH = "high"
    LOW = "low"


class ActivityStatus(StrEnum):
    """StatusCode on the wire, as far as it can happen here."""

    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    OVERRIDDEN = "Overridden"
    FAILED = "Failed"


@dataclass(frozen=True, kw_only=True)
class ScalingActivity(Resource):
    """One change of a variant's instances; it belongs to the endpoint. Its name is `activity_name`'s.

    capacity    instances that were asked for
    policy      name of the policy that asked for them, and its id; "" for none
    ended       None while it is in progress
    alarm       name of the alarm that asked a policy in steps; "" otherwise
    before      instances that a policy in steps counted from; 0 if none asked
    """

    kind: ClassVar[ScalingKind] = ScalingKind.SCALING_ACTIVITY

    id: str
    endpoint: str
    variant: str
    capacity: int
    cause: Cause
    policy: str = ""
    policy_id: str = ""
    status: ActivityStatus = ActivityStatus.IN_PROGRESS
    ended: datetime | None = None
    failure: Note | None = None
    alarm: str = ""
    before: int = 0

    @property
    def resource_id(self) -> str:
        return resource_id(self.endpoint, self.variant)


def resource_id(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"


def target_name(scope: Scope, endpoint: str, variant: str) -> str:
    """Return the name of a variant's target: the same whenever it is registered, whatever the case of the endpoint's name."""
    return derived_suffix(scope.account, scope.region, endpoint.lower(), variant, n_hex=36)


def target_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:application-autoscaling:{scope.region}:{scope.account}:scalable-target/{name}"


def policy_name(target: ScalableTarget, name: str) -> str:
    """Return the name of the record of a target's policy."""
    return derived_suffix(target.name, name, n_hex=36)


def activities_of(variant: str) -> str:
    """Return what the names of the activities of a variant have in common."""
    return f"/{variant}/"


def activity_name(variant: str, activity_id: str) -> str:
    return f"{activities_of(variant)}{activity_id}"
