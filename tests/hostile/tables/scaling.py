"""Targets and policies of autoscaling that are not there, of what cannot be scaled, and of names that are none.

source    codes: the errors of Application Auto Scaling's service model
"""

from __future__ import annotations

from hostile.asking import ACCOUNT, OTHER_ACCOUNT, REGION, Ask, json_body, of_json
from hostile.case import Case

_PREFIX = "AnyScaleFrontendService"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/nowhere/variant/AllTraffic",
    "ScalableDimension": _DIMENSION,
}
_FOREIGN = (
    f"arn:aws:application-autoscaling:{REGION}:{OTHER_ACCOUNT}:scalable-target/0ec5{'a' * 32}"
)


def _scaling(operation: str, **members: object) -> Ask:
    return of_json("application-autoscaling", _PREFIX, operation, json_body(members))


def _refused(name: str, ask: Ask, code: str, text: str) -> Case:
    return Case(name, ask, 400, code, text)


_UNSUPPORTED = (
    "Unsupported service namespace, resource type or scalable dimension. Here they are 'sagemaker', "
    f"endpoint/NAME/variant/VARIANT and '{_DIMENSION}'."
)
_NAMED = (
    "service namespace: sagemaker, resource ID: endpoint/nowhere/variant/AllTraffic, "
    f"scalable dimension: {_DIMENSION}"
)
_TRACKED = {
    "TargetValue": 10.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}

CASES = [
    _refused(
        "a target of an endpoint that is not there",
        _scaling("RegisterScalableTarget", **_TARGET, MinCapacity=1, MaxCapacity=2),
        "ValidationException",
        f'Could not find endpoint "arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/nowhere".',
    ),
    _refused(
        "a resource that is SQL",
        _scaling(
            "RegisterScalableTarget",
            **{**_TARGET, "ResourceId": "endpoint/'; DROP TABLE resources; --/variant/A"},
            MinCapacity=1,
            MaxCapacity=2,
        ),
        "ValidationException",
        _UNSUPPORTED,
    ),
    _refused(
        "no target to deregister",
        _scaling("DeregisterScalableTarget", **_TARGET),
        "ObjectNotFoundException",
        f"No scalable target found for {_NAMED}",
    ),
    _refused(
        "a policy without a target",
        _scaling(
            "PutScalingPolicy",
            PolicyName="p",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=_TRACKED,
            **_TARGET,
        ),
        "ObjectNotFoundException",
        f"No scalable target registered for {_NAMED}",
    ),
    _refused(
        "no policy to delete",
        _scaling("DeleteScalingPolicy", PolicyName="p", **_TARGET),
        "ObjectNotFoundException",
        f"No scalable target found for {_NAMED}",
    ),
    _refused(
        "targets of another service",
        _scaling("DescribeScalableTargets", ServiceNamespace="dynamodb"),
        "ValidationException",
        _UNSUPPORTED,
    ),
    _refused(
        "a token that was made up",
        _scaling("DescribeScalingPolicies", ServiceNamespace="sagemaker", NextToken="x"),
        "InvalidNextTokenException",
        "Invalid NextToken: it was not issued by this service.",
    ),
    _refused(
        "a page of no activities",
        _scaling("DescribeScalingActivities", ServiceNamespace="sagemaker", MaxResults=0),
        "ValidationException",
        "MaxResults is 0; it must be between 1 and 50.",
    ),
    *(
        _refused(
            f"{operation} of another account's target",
            _scaling(operation, ResourceARN=_FOREIGN, **members),
            "ResourceNotFoundException",
            f"No scalable target found for ARN: {_FOREIGN}",
        )
        for operation, members in (
            ("TagResource", {"Tags": {"a": "b"}}),
            ("UntagResource", {"TagKeys": ["a"]}),
            ("ListTagsForResource", {}),
        )
    ),
]
