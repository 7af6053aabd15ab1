"""Application Auto Scaling: the instances of endpoints' variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from windvane.api.answers import present, reason
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.scaling.paging import ScalingPage
from windvane.control.scaling.policies import policy_type
from windvane.domain.alarms import Alarm
from windvane.domain.resource import Resource
from windvane.domain.scaling import (
    DIMENSION,
    METRIC,
    NAMESPACE,
    ActivityStatus,
    Cause,
    ScalableTarget,
    ScalingActivity,
    ScalingPolicy,
    StepScaling,
    service_role_arn,
)
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("application-autoscaling")

R = TypeVar("R", bound=Resource)


@OPERATIONS.serves("RegisterScalableTarget")
def register_scalable_target(parts: Services, call: Call) -> Result:
    target = parts.scaling.targets.register(scope_of(call), call.parameters)
    return {"ScalableTargetARN": target.arn}


@OPERATIONS.serves("DescribeScalableTargets")
def describe_scalable_targets(parts: Services, call: Call) -> Result:
    page = parts.scaling.targets.describe(scope_of(call), call.parameters)
    return _listed("ScalableTargets", page, _target)


@OPERATIONS.serves("DeregisterScalableTarget")
def deregister_scalable_target(parts: Services, call: Call) -> Result:
    parts.scaling.targets.deregister(scope_of(call), call.parameters)
    return {}


@OPERATIONS.serves("PutScalingPolicy")
def put_scaling_policy(parts: Services, call: Call) -> Result:
    """Return the alarms that ask the policy: none ask one that tracks a target, whose metric is measured without them."""
    policy = parts.scaling.policies.put(scope_of(call), call.parameters)
    asking = parts.alarms.asking(scope_of(call), [policy])
    return {"PolicyARN": policy.arn, "Alarms": _alarms(policy, asking)}


@OPERATIONS.serves("DescribeScalingPolicies")
def describe_scaling_policies(parts: Services, call: Call) -> Result:
    page = parts.scaling.policies.describe(scope_of(call), call.parameters)
    asking = parts.alarms.asking(scope_of(call), page.records)
    return _listed("ScalingPolicies", page, lambda policy: _policy(policy, asking))


@OPERATIONS.serves("DeleteScalingPolicy")
def delete_scaling_policy(parts: Services, call: Call) -> Result:
    parts.scaling.policies.delete(scope_of(call), call.parameters)
    return {}


@OPERATIONS.serves("DescribeScalingActivities")
def describe_scaling_activities(parts: Services, call: Call) -> Result:
    page = parts.scaling.activities.describe(scope_of(call), call.parameters)
    return _listed("ScalingActivities", page, _activity)


@OPERATIONS.serves("ListTagsForResource")
def list_tags_for_resource(parts: Services, call: Call) -> Result:
    return {"Tags": parts.scaling.targets.tags(scope_of(call), call.parameters["ResourceARN"])}


@OPERATIONS.serves("TagResource")
def tag_resource(parts: Services, call: Call) -> Result:
    given = call.parameters
    parts.scaling.targets.add_tags(scope_of(call), given["ResourceARN"], given["Tags"])
    return {}


@OPERATIONS.serves("UntagResource")
def untag_resource(parts: Services, call: Call) -> Result:
    given = call.parameters
    parts.scaling.targets.remove_tags(scope_of(call), given["ResourceARN"], given["TagKeys"])
    return {}


def _listed(name: str, page: ScalingPage[R], told: Callable[[R], dict[str, Any]]) -> dict[str, Any]:
    return {name: [told(one) for one in page.records], **present(NextToken=page.next_token)}


def _addressed(resource_id: str) -> dict[str, str]:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource_id,
        "ScalableDimension": DIMENSION,
    }


def _target(target: ScalableTarget) -> dict[str, Any]:
    """Return a scalable target as DescribeScalableTargets answers it.

    source    the role is the one that AWS makes for endpoints, whatever a request says
    """
    return {
        **_addressed(target.resource_id),
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": service_role_arn(target.scope.account),
        "CreationTime": target.created,
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.scale_in,
            "DynamicScalingOutSuspended": target.suspended.scale_out,
            "ScheduledScalingSuspended": target.suspended.scheduled,
        },
        "ScalableTargetARN": target.arn,
    }


Asking = Mapping[str, list[Alarm]]
"""Alarms that ask a policy, by its ARN."""


def _policy(policy: ScalingPolicy, asking: Asking) -> dict[str, Any]:
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.policy_name,
        **_addressed(policy.resource_id),
        "PolicyType": policy_type(policy),
        **(_tracking(policy) if policy.steps is None else _steps(policy.steps)),
        "Alarms": _alarms(policy, asking),
        "CreationTime": policy.created,
    }


def _alarms(policy: ScalingPolicy, asking: Asking) -> list[dict[str, str]]:
    return [{"AlarmName": one.name, "AlarmARN": one.arn} for one in asking.get(policy.arn, ())]


def _tracking(policy: ScalingPolicy) -> dict[str, Any]:
    config = {
        "TargetValue": policy.target_value,
        "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
        **present(
            ScaleOutCooldown=policy.scale_out_cooldown_s,
            ScaleInCooldown=policy.scale_in_cooldown_s,
            DisableScaleIn=policy.disable_scale_in,
        ),
    }
    return {"TargetTrackingScalingPolicyConfiguration": config}


def _steps(steps: StepScaling) -> dict[str, Any]:
    config = {
        "AdjustmentType": steps.adjustment,
        "StepAdjustments": [
            {
                **present(MetricIntervalLowerBound=one.lower, MetricIntervalUpperBound=one.upper),
                "ScalingAdjustment": one.adjustment,
            }
            for one in steps.steps
        ],
        **present(
            MinAdjustmentMagnitude=steps.least_change,
            Cooldown=steps.cooldown_s,
            MetricAggregationType=steps.aggregation,
        ),
    }
    return {"StepScalingPolicyConfiguration": config}


def _activity(activity: ScalingActivity) -> dict[str, Any]:
    return {
        "ActivityId": activity.id,
        **_addressed(activity.resource_id),
        "Description": f"Setting desired instance count to {activity.capacity}.",
        "Cause": _cause(activity),
        "StartTime": activity.created,
        "StatusCode": activity.status,
        "StatusMessage": _status(activity),
        **present(EndTime=activity.ended),
    }


def _cause(activity: ScalingActivity) -> str:
    """Return why the capacity was changed, as AWS words it.

    source    the wording of AWS's own activities; the alarm is one that AWS would have made
    """
    if activity.cause is Cause.BELOW_MINIMUM:
        return f"minimum capacity was set to {activity.capacity}"
    if activity.cause is Cause.ABOVE_MAXIMUM:
        return f"maximum capacity was set to {activity.capacity}"
    if activity.alarm:
        return f"monitor alarm {activity.alarm} in state ALARM triggered policy {activity.policy}"
    side = "High" if activity.cause is Cause.HIGH else "Low"
    return (
        f"monitor alarm TargetTracking-{activity.resource_id}-Alarm{side}-{activity.policy_id} in state ALARM "
        f"triggered policy {activity.policy}"
    )


def _status(activity: ScalingActivity) -> str:
    """Return how far the change has come, as AWS words it.

    source    the wording of AWS's own activities
    """
    count = activity.capacity
    if activity.status is ActivityStatus.FAILED:
        return (
            f"Failed to set desired instance count to {count}. Reason: {reason(activity.failure)}"
        )
    done = f"Successfully set desired instance count to {count}."
    return {
        ActivityStatus.IN_PROGRESS: f"{done} Waiting for change to be fulfilled by sagemaker.",
        ActivityStatus.SUCCESSFUL: f"{done} Change successfully fulfilled by sagemaker.",
        ActivityStatus.OVERRIDDEN: f"{done} It was changed again by somebody else before it was fulfilled.",
    }[activity.status]
