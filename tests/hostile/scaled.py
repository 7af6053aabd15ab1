"""A target of autoscaling, its policy and an alarm that the house has, and requests about them that are served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.alarmed import HIGH
from api.scaled import DIMENSION, TRACKING
from api.world import SCOPE
from hostile.asking import NOW

from windvane.domain.alarms import Actions, Alarm, Comparison, Metric, Rule, Watched
from windvane.domain.resource import Resource
from windvane.domain.scaling import ScalableTarget, ScalingPolicy, policy_name, target_name
from windvane.names import arn

_ENDPOINT, _VARIANT, _POLICY = "live", "AllTraffic", "track"

_TARGET = ScalableTarget(
    scope=SCOPE,
    name=target_name(SCOPE, _ENDPOINT, _VARIANT),
    created=NOW,
    modified=NOW,
    parent=arn(SCOPE, "endpoint", _ENDPOINT),
    endpoint=_ENDPOINT,
    variant=_VARIANT,
    min_capacity=1,
    max_capacity=2,
)
_TRACK = ScalingPolicy(
    scope=SCOPE,
    name=policy_name(_TARGET, _POLICY),
    created=NOW,
    modified=NOW,
    parent=_TARGET.arn,
    policy_name=_POLICY,
    id="0e1f2a3b-0000-4000-8000-000000000001",
    resource_id=_TARGET.resource_id,
    target_value=60.0,
)
_GONE = replace(_TARGET, endpoint="nope", name=target_name(SCOPE, "nope", _VARIANT))
_HIGH = Alarm(
    scope=SCOPE,
    name=HIGH["AlarmName"],
    created=NOW,
    modified=NOW,
    watched=Watched(_ENDPOINT, _VARIANT, Metric.INVOCATIONS, "Sum", 60),
    rule=Rule(Comparison.GREATER, 100.0, 1),
    actions=Actions(),
    configured=NOW,
    changed=NOW,
    turned=NOW,
)

RECORDS: list[Resource] = [_TARGET, _TRACK, _HIGH]

POLICY_NAMES = [_POLICY, "nope"]

NAMED: dict[str, list[Any]] = {
    "ServiceNamespace": ["sagemaker", "ecs"],
    "ResourceId": [_TARGET.resource_id, _GONE.resource_id, "endpoint/live"],
    "ResourceIds": [[_TARGET.resource_id], [_GONE.resource_id]],
    "ScalableDimension": [DIMENSION, "ecs:service:DesiredCount"],
    "ResourceARN": [_TARGET.arn, _GONE.arn, f"{_TARGET.arn}0", _HIGH.arn],
    "AlarmName": [_HIGH.name, "new", "nope"],
    "AlarmNames": [[_HIGH.name], ["nope"], [_HIGH.name, "nope"]],
    "AlarmActions": [[_TRACK.arn], [_TARGET.arn], []],
    "MetricName": [*Metric, "CPUUtilization"],
    "Namespace": ["AWS/SageMaker", "AWS/EC2"],
}

_ADDRESS = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": _TARGET.resource_id,
    "ScalableDimension": DIMENSION,
}
_ADDRESSED = {"ServiceNamespace": "sagemaker"}

TEMPLATES: dict[str, list[dict[str, Any]]] = {
    "RegisterScalableTarget": [
        {**_ADDRESS, "MinCapacity": 1, "MaxCapacity": 3},
        {**_ADDRESS, "SuspendedState": {"DynamicScalingInSuspended": True}},
    ],
    "DeregisterScalableTarget": [_ADDRESS],
    "PutScalingPolicy": [{**_ADDRESS, **TRACKING}],
    "DeleteScalingPolicy": [{**_ADDRESS, "PolicyName": _POLICY}],
    "DescribeScalableTargets": [_ADDRESSED],
    "DescribeScalingPolicies": [_ADDRESSED],
    "DescribeScalingActivities": [_ADDRESSED],
    "PutMetricAlarm": [
        HIGH,
        {**HIGH, "AlarmName": "new", "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching"},
    ],
    "DescribeAlarms": [{"AlarmNames": [_HIGH.name]}, {"StateValue": "INSUFFICIENT_DATA"}],
    "DeleteAlarms": [{"AlarmNames": [_HIGH.name]}],
    "SetAlarmState": [
        {"AlarmName": _HIGH.name, "StateValue": "ALARM", "StateReason": "tried"},
    ],
    "EnableAlarmActions": [{"AlarmNames": [_HIGH.name]}],
    "DisableAlarmActions": [{"AlarmNames": [_HIGH.name]}],
    "ListTagsForResource": [{"ResourceARN": _TARGET.arn}],
    "TagResource": [{"ResourceARN": _TARGET.arn, "Tags": {"team": "a"}}],
    "UntagResource": [{"ResourceARN": _TARGET.arn, "TagKeys": ["team"]}],
}
