"""Application Auto Scaling: targets, policies and tags, and who may have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import Accounts, allow, deny
from api.scaled import ADDRESS, DIMENSION, METRIC, NAMESPACE, RESOURCE, ROLE, TRACKING, Scaled
from api.test_endpoints import endpoint_of, in_service
from api.world import ACCOUNT, IMAGE, OTHER_ACCOUNT, REGION, close, refusal, variant

MISSING = f"service namespace: sagemaker, resource ID: {RESOURCE}, scalable dimension: {DIMENSION}"


@pytest.fixture
def scaled(tmp_path: Path) -> Iterator[Scaled]:
    made = Scaled(tmp_path)
    yield made
    close(made.world)


def test_a_target_is_registered_described_and_deregistered(scaled: Scaled) -> None:
    arn = scaled.register(1, 4, Tags={"team": "churn"})
    assert arn.startswith(f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/")
    told = {
        **ADDRESS,
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "RoleARN": ROLE,
        "CreationTime": scaled.world.clock.now,
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
        "ScalableTargetARN": arn,
    }
    assert scaled.targets(ResourceIds=[RESOURCE], ScalableDimension=DIMENSION) == [told]
    assert scaled.targets() == [told]
    assert scaled.targets(ResourceIds=["endpoint/e/variant/B"]) == []
    scaled.client.deregister_scalable_target(**ADDRESS)
    assert scaled.targets() == []
    assert refusal(scaled.client.deregister_scalable_target, **ADDRESS) == (
        "ObjectNotFoundException",
        f"No scalable target found for {MISSING}",
    )


def test_registering_again_changes_what_is_given_alone(scaled: Scaled) -> None:
    arn = scaled.register(1, 4)
    suspended = {"DynamicScalingInSuspended": True}
    again = {**ADDRESS, "MaxCapacity": 6, "SuspendedState": suspended, "RoleARN": "arn:aws:iam::x"}
    assert scaled.client.register_scalable_target(**again)["ScalableTargetARN"] == arn
    scaled.client.register_scalable_target(
        **ADDRESS, SuspendedState={"DynamicScalingOutSuspended": True}
    )
    [target] = scaled.targets()
    assert (target["MinCapacity"], target["MaxCapacity"], target["RoleARN"]) == (1, 6, ROLE)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": True,
        "ScheduledScalingSuspended": False,
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ServiceNamespace": "ecs"}, "Unsupported service namespace, resource type or"),
        ({"ResourceId": "table/t"}, "Unsupported service namespace, resource type or"),
        ({"ResourceId": "endpoint/e/variant/A/x"}, "Unsupported service namespace, resource type"),
        (
            {"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"},
            "Unsupported service namespace, resource type or scalable dimension",
        ),
        ({"ResourceId": "endpoint/gone/variant/A"}, 'Could not find endpoint "arn:aws:sagemaker:'),
        ({"ResourceId": "endpoint/e/variant/X"}, 'The variant name(s) "X" is/are not present'),
        ({"ResourceId": "endpoint/e/variant/S"}, "is serverless and has no instances"),
        ({"MinCapacity": 0}, "MinCapacity is 0; a variant has at least one instance"),
        ({"MinCapacity": 5}, "Maximum capacity cannot be less than minimum capacity"),
        ({"Tags": {"aws:x": "y"}}, "The tag key 'aws:x' starts with 'aws:'"),
    ],
)
def test_what_cannot_be_scaled_is_refused(
    scaled: Scaled, changes: dict[str, Any], told: str
) -> None:
    given = {**ADDRESS, "MinCapacity": 1, "MaxCapacity": 4, **changes}
    code, message = refusal(scaled.client.register_scalable_target, **given)
    assert code == "ValidationException"
    assert told in message
    assert scaled.targets() == []


def test_both_capacities_are_needed_the_first_time_and_tags_only_then(scaled: Scaled) -> None:
    code, message = refusal(scaled.client.register_scalable_target, **ADDRESS)
    assert (code, message.startswith("MinCapacity and MaxCapacity must be given")) == (
        "ValidationException",
        True,
    )
    scaled.register()
    code, message = refusal(
        scaled.client.register_scalable_target, **ADDRESS, Tags={"team": "churn"}
    )
    assert (code, "TagResource" in message) == ("ValidationException", True)


def test_a_policy_is_put_described_changed_and_deleted(scaled: Scaled) -> None:
    assert refusal(scaled.client.put_scaling_policy, **ADDRESS, **TRACKING) == (
        "ObjectNotFoundException",
        f"No scalable target registered for {MISSING}",
    )
    scaled.register()
    answer = scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)
    arn = answer["PolicyARN"]
    assert arn.startswith(f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:")
    assert arn.endswith(f":resource/sagemaker/{RESOURCE}:policyName/track")
    assert answer["Alarms"] == []
    [told] = scaled.policies(
        ResourceId=RESOURCE, ScalableDimension=DIMENSION, PolicyNames=["track"]
    )
    assert told == {
        "PolicyARN": arn,
        "CreationTime": scaled.world.clock.now,
        "Alarms": [],
        **ADDRESS,
        **TRACKING,
    }
    config = {
        "TargetValue": 5.5,
        "PredefinedMetricSpecification": METRIC,
        "ScaleOutCooldown": 0,
        "ScaleInCooldown": 7,
        "DisableScaleIn": False,
    }
    changed = {"PolicyName": "track", "TargetTrackingScalingPolicyConfiguration": config}
    assert scaled.client.put_scaling_policy(**ADDRESS, **changed)["PolicyARN"] == arn
    [told] = scaled.policies()
    assert told["TargetTrackingScalingPolicyConfiguration"] == config
    assert scaled.policies(PolicyNames=["Track"]) == []
    scaled.client.delete_scaling_policy(**ADDRESS, PolicyName="track")
    assert scaled.policies() == []
    assert refusal(scaled.client.delete_scaling_policy, **ADDRESS, PolicyName="track") == (
        "ObjectNotFoundException",
        f"No scaling policy found for {MISSING}, policy name: track",
    )


def tracking(**changes: Any) -> dict[str, Any]:
    key = "TargetTrackingScalingPolicyConfiguration"
    return {**TRACKING, key: {**TRACKING[key], **changes}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {
                "PolicyName": "steps",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "StepAdjustments": [{"ScalingAdjustment": 1}],
                },
            },
            "A step must have MetricIntervalLowerBound, MetricIntervalUpperBound, or both.",
        ),
        (
            {
                "PolicyName": "predicted",
                "PredictiveScalingPolicyConfiguration": {
                    "MetricSpecifications": [{"TargetValue": 1.0}]
                },
            },
            "'predictiveScalingPolicyConfiguration' is not supported by this server",
        ),
        (
            tracking(
                CustomizedMetricSpecification={
                    "MetricName": "CPUUtilization",
                    "Namespace": "/aws/sagemaker/Endpoints",
                    "Statistic": "Average",
                }
            ),
            "Customized metrics cannot be published to this server",
        ),
        (
            tracking(PredefinedMetricSpecification={**METRIC, "ResourceLabel": "app/x"}),
            "predefinedMetricSpecification.resourceLabel' is not supported by this server",
        ),
        (
            tracking(
                PredefinedMetricSpecification={
                    "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
                }
            ),
            "choose one of: SageMakerVariantInvocationsPerInstance",
        ),
        (tracking(TargetValue=0.0), "TargetValue is 0; it must be above 0"),
        (tracking(ScaleInCooldown=-1), "ScaleInCooldown is -1; it must be 0 or more seconds"),
        ({"PolicyName": "p"}, "PolicyType and TargetTrackingScalingPolicyConfiguration must be"),
        (
            {**TRACKING, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}},
            "must have a PredefinedMetricSpecification",
        ),
    ],
)
def test_policies_that_cannot_be_honoured_are_refused_with_the_reason(
    scaled: Scaled, given: dict[str, Any], told: str
) -> None:
    scaled.register()
    code, message = refusal(scaled.client.put_scaling_policy, **ADDRESS, **given)
    assert code == "ValidationException"
    assert told in message
    assert scaled.policies() == []


def test_a_target_has_fifty_policies_at_most_and_they_go_with_it(scaled: Scaled) -> None:
    scaled.register()
    for n in range(50):
        scaled.client.put_scaling_policy(**ADDRESS, **{**TRACKING, "PolicyName": f"p{n}"})
    code, _ = refusal(scaled.client.put_scaling_policy, **ADDRESS, **TRACKING)
    assert code == "LimitExceededException"
    first = scaled.client.describe_scaling_policies(**NAMESPACE, ResourceId=RESOURCE, MaxResults=10)
    pages = scaled.client.get_paginator("describe_scaling_policies")
    for filters in ({"ResourceId": RESOURCE}, {}):
        told = [p["ScalingPolicies"] for p in pages.paginate(**NAMESPACE, **filters)]
        assert [len(page) for page in told] == [10] * 5
        names = [one["PolicyName"] for page in told for one in page]
        assert names == [f"p{n}" for n in range(50)]
    code, _ = refusal(
        scaled.client.describe_scaling_policies, **NAMESPACE, NextToken=first["NextToken"]
    )
    assert code == "InvalidNextTokenException"
    code, _ = refusal(scaled.client.describe_scaling_policies, **NAMESPACE, MaxResults=11)
    assert code == "ValidationException"
    scaled.client.deregister_scalable_target(**ADDRESS)
    scaled.register()
    assert scaled.policies() == []


def test_tags_of_a_target(scaled: Scaled) -> None:
    arn = scaled.register(Tags={"team": "churn"})
    scaled.client.tag_resource(ResourceARN=arn, Tags={"Team": "", "team": "ops"})
    tags = scaled.client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == {"Team": "", "team": "ops"}
    scaled.client.untag_resource(ResourceARN=arn, TagKeys=["Team", "gone"])
    assert scaled.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "ops"}
    many = {str(n): "" for n in range(50)}
    code, _ = refusal(scaled.client.tag_resource, ResourceARN=arn, Tags=many)
    assert code == "TooManyTagsException"
    code, _ = refusal(scaled.client.tag_resource, ResourceARN=arn, Tags={"AWS:x": ""})
    assert code == "ValidationException"
    scaled.client.deregister_scalable_target(**ADDRESS)
    for call, more in (
        (scaled.client.list_tags_for_resource, {}),
        (scaled.client.tag_resource, {"Tags": {}}),
        (scaled.client.untag_resource, {"TagKeys": []}),
    ):
        code, _ = refusal(call, ResourceARN=arn, **more)
        assert code == "ResourceNotFoundException"
    scaled.register()
    assert scaled.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}


def test_lists_of_other_services_are_refused(scaled: Scaled) -> None:
    for name in ("scalable_targets", "scaling_policies", "scaling_activities"):
        code, _ = refusal(getattr(scaled.client, f"describe_{name}"), ServiceNamespace="ecs")
        assert code == "ValidationException"


def test_no_account_learns_of_another_ones_targets(scaled: Scaled) -> None:
    arn = scaled.register()
    scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)
    scaled.register(2, 4)
    scaled.autoscaler.look()
    for account, region in ((OTHER_ACCOUNT, REGION), (ACCOUNT, "eu-west-1")):
        other = scaled.world.client(account, region, "application-autoscaling")
        assert other.describe_scalable_targets(**NAMESPACE)["ScalableTargets"] == []
        found = other.describe_scalable_targets(**NAMESPACE, ResourceIds=[RESOURCE])
        assert found["ScalableTargets"] == []
        assert other.describe_scaling_policies(**NAMESPACE)["ScalingPolicies"] == []
        assert (
            other.describe_scaling_activities(**NAMESPACE, ResourceId=RESOURCE)["ScalingActivities"]
            == []
        )
        code, _ = refusal(other.list_tags_for_resource, ResourceARN=arn)
        assert code == "ResourceNotFoundException"
        code, _ = refusal(other.deregister_scalable_target, **ADDRESS)
        assert code == "ObjectNotFoundException"
        code, _ = refusal(other.put_scaling_policy, **ADDRESS, **TRACKING)
        assert code == "ObjectNotFoundException"
        code, message = refusal(
            other.register_scalable_target, **ADDRESS, MinCapacity=1, MaxCapacity=2
        )
        assert (code, message.startswith("Could not find endpoint")) == (
            "ValidationException",
            True,
        )


def test_whoever_registers_a_target_must_be_allowed_to_scale_the_endpoint(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    world = accounts.world
    root = accounts.client()
    root.create_model(
        ModelName="m",
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/windvane",
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": "s3://results/model.tar.gz",
        },
    )
    root.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant("A")])
    root.create_endpoint(EndpointName="e", EndpointConfigName="c")
    in_service(world)
    given = {**ADDRESS, "MinCapacity": 1, "MaxCapacity": 2}
    scaling = allow("application-autoscaling:*")
    endpoint = allow(
        ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"],
        endpoint_of(world).arn,
    )
    register = [
        accounts.client("application-autoscaling", accounts.user(name, *statements))
        for name, statements in (
            ("ann", (scaling,)),
            ("bob", (endpoint,)),
            ("cem", (scaling, endpoint, deny("application-autoscaling:TagResource"))),
        )
    ]
    for client, missing in zip(
        register,
        ("sagemaker:DescribeEndpoint", "application-autoscaling:RegisterScalableTarget", ""),
        strict=True,
    ):
        if missing:
            code, message = refusal(client.register_scalable_target, **given)
            assert (code, missing in message) == ("AccessDeniedException", True)
    code, _ = refusal(register[2].register_scalable_target, **given, Tags={"a": "b"})
    assert code == "AccessDeniedException"
    register[2].register_scalable_target(**given)
    code, _ = refusal(register[0].put_scaling_policy, **ADDRESS, **TRACKING)
    assert code == "AccessDeniedException"
    register[2].put_scaling_policy(**ADDRESS, **TRACKING)
    code, _ = refusal(register[1].describe_scalable_targets, **NAMESPACE)
    assert code == "AccessDeniedException"
    accounts.close()


def test_policies_may_ask_for_the_namespace_and_the_dimension(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    for name, key, value in (
        ("ann", "service-namespace", "sagemaker"),
        ("bob", "scalable-dimension", "ecs:service:DesiredCount"),
    ):
        asked = {"StringEquals": {f"application-autoscaling:{key}": value}}
        user = accounts.user(name, {**allow("application-autoscaling:*"), "Condition": asked})
        client = accounts.client("application-autoscaling", user)
        given = {**NAMESPACE, "ScalableDimension": DIMENSION}
        if name == "ann":
            assert client.describe_scalable_targets(**given)["ScalableTargets"] == []
        else:
            code, _ = refusal(client.describe_scalable_targets, **given)
            assert code == "AccessDeniedException"
    accounts.close()
