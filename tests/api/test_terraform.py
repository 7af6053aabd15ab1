"""What Terraform's AWS provider asks, in its order: apply, refresh, change, destroy.

aws_sagemaker_model, aws_sagemaker_endpoint_configuration and aws_sagemaker_endpoint: every refresh is a Describe and
a ListTags; what is gone is known by the code ValidationException and the beginning of its text.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.accounts import Accounts
from api.alarmed import speaking
from api.world import IMAGE, MODEL_DATA, ROLE, SCOPE, World, refusal

from windvane.domain.deployment import Endpoint, EndpointStatus

TAGS = [{"Key": "team", "Value": "churn"}]
MODEL, CONFIG = "terraform-20261125000000000000000001", "terraform-20261125000000000000000002"
NEXT_CONFIG = "terraform-20261125000000000000000003"
ENDPOINT, VARIANT = "churn", "terraform-20261125000000000000000004"
ADDRESS = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/{VARIANT}",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def model_as_the_provider_sends_it() -> dict[str, Any]:
    container = {
        "Image": IMAGE,
        "Mode": "SingleModel",
        "ModelDataUrl": MODEL_DATA,
        "Environment": {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"},
    }
    return {
        "ModelName": MODEL,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": container,
        "EnableNetworkIsolation": False,
        "Tags": TAGS,
    }


def config_as_the_provider_sends_it(name: str = CONFIG, count: int = 1) -> dict[str, Any]:
    variant = {
        "VariantName": VARIANT,
        "ModelName": MODEL,
        "InitialInstanceCount": count,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": TAGS}


def refreshed(client: Any, described: dict[str, Any], kind: str) -> tuple[dict[str, Any], Any]:
    """What the provider keeps of a resource: the description, and its tags."""
    return described, client.list_tags(ResourceArn=described[f"{kind}Arn"])["Tags"]


def change_status(world: World, status: EndpointStatus) -> None:
    """What hosting does."""
    with world.store.snapshot() as tx:
        endpoint = tx.find(Endpoint, SCOPE, ENDPOINT)
    assert endpoint is not None
    if status is EndpointStatus.DELETING:
        with world.store.transaction() as tx:
            tx.delete(endpoint)
        return
    world.update(
        replace(
            endpoint,
            status=status,
            running=endpoint.desired,
            running_config_name=endpoint.config_name,
        )
    )


@pytest.fixture
def applied(world: World) -> World:
    client = world.client()
    world.put(MODEL_DATA)
    client.create_model(**model_as_the_provider_sends_it())
    client.create_endpoint_config(**config_as_the_provider_sends_it())
    client.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=CONFIG, Tags=TAGS)
    assert client.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Creating"
    change_status(world, EndpointStatus.IN_SERVICE)
    return world


def test_a_refresh_finds_what_was_applied(applied: World) -> None:
    client = applied.client()
    model, tags = refreshed(client, client.describe_model(ModelName=MODEL), "Model")
    sent = model_as_the_provider_sends_it()
    assert {name: model[name] for name in ("ModelName", "ExecutionRoleArn")} == {
        name: sent[name] for name in ("ModelName", "ExecutionRoleArn")
    }
    assert model["PrimaryContainer"] == sent["PrimaryContainer"]
    assert model["EnableNetworkIsolation"] is False
    assert tags == TAGS
    config, tags = refreshed(
        client, client.describe_endpoint_config(EndpointConfigName=CONFIG), "EndpointConfig"
    )
    assert config["ProductionVariants"] == config_as_the_provider_sends_it()["ProductionVariants"]
    assert tags == TAGS
    endpoint, tags = refreshed(client, client.describe_endpoint(EndpointName=ENDPOINT), "Endpoint")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", CONFIG)
    assert tags == TAGS


def test_a_change_of_tags_and_of_the_configuration_is_applied(applied: World) -> None:
    client = applied.client()
    arn = client.describe_endpoint(EndpointName=ENDPOINT)["EndpointArn"]
    client.delete_tags(ResourceArn=arn, TagKeys=["team"])
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "ops"}])
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "ops"}]
    client.create_endpoint_config(**config_as_the_provider_sends_it(NEXT_CONFIG, count=2))
    client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=NEXT_CONFIG)
    change_status(applied, EndpointStatus.IN_SERVICE)
    client.delete_endpoint_config(EndpointConfigName=CONFIG)
    endpoint = client.describe_endpoint(EndpointName=ENDPOINT)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == (
        "InService",
        NEXT_CONFIG,
    )


def test_what_was_destroyed_is_gone_in_the_words_the_provider_knows(applied: World) -> None:
    client = applied.client()
    client.delete_endpoint(EndpointName=ENDPOINT)
    change_status(applied, EndpointStatus.DELETING)
    client.delete_endpoint_config(EndpointConfigName=CONFIG)
    client.delete_model(ModelName=MODEL)
    for operation, parameters, beginning in (
        (client.describe_endpoint, {"EndpointName": ENDPOINT}, "Could not find endpoint "),
        (
            client.describe_endpoint_config,
            {"EndpointConfigName": CONFIG},
            "Could not find endpoint configuration ",
        ),
        (client.describe_model, {"ModelName": MODEL}, "Could not find model "),
        (client.delete_endpoint, {"EndpointName": ENDPOINT}, "Could not find endpoint "),
        (
            client.delete_endpoint_config,
            {"EndpointConfigName": CONFIG},
            "Could not find endpoint configuration ",
        ),
        (client.delete_model, {"ModelName": MODEL}, "Could not find model "),
    ):
        code, text = refusal(operation, **parameters)
        assert code == "ValidationException"
        assert text.startswith(beginning)


def test_a_second_apply_of_the_same_names_is_refused(applied: World) -> None:
    client = applied.client()
    for operation, parameters in (
        (client.create_model, model_as_the_provider_sends_it()),
        (client.create_endpoint_config, config_as_the_provider_sends_it()),
    ):
        code, text = refusal(operation, **parameters)
        assert code == "ValidationException"
        assert text.startswith("Cannot create already existing ")


def test_a_scaling_policy_is_applied_refreshed_and_destroyed(applied: World) -> None:
    """aws_appautoscaling_target, aws_appautoscaling_policy."""
    scaling, address = applied.client(service="application-autoscaling"), ADDRESS
    listed = {
        "ServiceNamespace": "sagemaker",
        "ResourceIds": [address["ResourceId"]],
        "ScalableDimension": address["ScalableDimension"],
    }
    scaling.register_scalable_target(**address, MinCapacity=1, MaxCapacity=3, Tags={"a": "b"})
    [target] = scaling.describe_scalable_targets(**listed)["ScalableTargets"]
    arn = target["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    config = {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "DisableScaleIn": False,
        "ScaleInCooldown": 200,
        "ScaleOutCooldown": 200,
    }
    policy = {
        **address,
        "PolicyName": "requests",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": config,
    }
    scaling.put_scaling_policy(**policy)
    [found] = scaling.describe_scaling_policies(**address, PolicyNames=["requests"])[
        "ScalingPolicies"
    ]
    assert {name: found[name] for name in policy} == policy
    scaling.register_scalable_target(**address, MinCapacity=1, MaxCapacity=4)
    [target] = scaling.describe_scalable_targets(**listed)["ScalableTargets"]
    assert target["MaxCapacity"] == 4
    scaling.delete_scaling_policy(**address, PolicyName="requests")
    scaling.deregister_scalable_target(**address)
    assert scaling.describe_scalable_targets(**listed)["ScalableTargets"] == []


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "query"])
def test_a_step_policy_and_its_alarm_are_applied_refreshed_and_destroyed(
    applied: World, protocol: str
) -> None:
    """aws_appautoscaling_policy, aws_cloudwatch_metric_alarm; older versions of the provider speak `query`."""
    scaling = applied.client(service="application-autoscaling")
    scaling.register_scalable_target(**ADDRESS, MinCapacity=1, MaxCapacity=3)
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Maximum",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    }
    policy = scaling.put_scaling_policy(
        **ADDRESS,
        PolicyName="out",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=steps,
    )["PolicyARN"]
    [found] = scaling.describe_scaling_policies(**ADDRESS, PolicyNames=["out"])["ScalingPolicies"]
    assert found["StepScalingPolicyConfiguration"] == steps
    client = speaking(applied, protocol)
    alarm = {
        "AlarmName": "busy",
        "ActionsEnabled": True,
        "AlarmActions": [policy],
        "AlarmDescription": "",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Dimensions": [
            {"Name": "EndpointName", "Value": ENDPOINT},
            {"Name": "VariantName", "Value": VARIANT},
        ],
        "EvaluationPeriods": 2,
        "MetricName": "Invocations",
        "Namespace": "AWS/SageMaker",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 100.0,
        "TreatMissingData": "missing",
    }
    asked = {"AlarmNames": ["busy"], "AlarmTypes": ["MetricAlarm"]}
    client.put_metric_alarm(**alarm, Tags=TAGS)
    [told] = client.describe_alarms(**asked)["MetricAlarms"]
    assert {name: told.get(name, "") for name in alarm} == alarm
    assert client.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"] == TAGS
    client.put_metric_alarm(**alarm | {"Threshold": 200.0})
    [told] = client.describe_alarms(**asked)["MetricAlarms"]
    assert told["Threshold"] == 200.0
    [found] = scaling.describe_scaling_policies(**ADDRESS, PolicyNames=["out"])["ScalingPolicies"]
    assert [one["AlarmName"] for one in found["Alarms"]] == ["busy"]
    client.delete_alarms(AlarmNames=["busy"])
    assert client.describe_alarms(**asked)["MetricAlarms"] == []
    scaling.delete_scaling_policy(**ADDRESS, PolicyName="out")


TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'


def test_a_role_with_a_policy_is_applied_refreshed_and_destroyed(tmp_path: Path) -> None:
    """aws_iam_role, aws_iam_policy, aws_iam_role_policy_attachment, aws_iam_role_policy."""
    accounts = Accounts(tmp_path)
    iam = accounts.client("iam")
    made = iam.create_role(
        RoleName="jobs", Path="/", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=3600, Tags=TAGS
    )["Role"]  # fmt: skip
    found = iam.get_role(RoleName="jobs")["Role"]
    assert found == made
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert iam.list_role_policies(RoleName="jobs")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="jobs")["AttachedPolicies"] == []
    arn = iam.create_policy(PolicyName="reads", Path="/", PolicyDocument=POLICY, Tags=TAGS)[
        "Policy"
    ]["Arn"]
    told = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=told["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"] == json.loads(POLICY)
    iam.attach_role_policy(RoleName="jobs", PolicyArn=arn)
    iam.put_role_policy(RoleName="jobs", PolicyName="own", PolicyDocument=POLICY)
    assert iam.get_role_policy(RoleName="jobs", PolicyName="own")["PolicyDocument"]
    iam.delete_role_policy(RoleName="jobs", PolicyName="own")
    iam.detach_role_policy(RoleName="jobs", PolicyArn=arn)
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 1
    iam.delete_policy(PolicyArn=arn)
    assert iam.list_instance_profiles_for_role(RoleName="jobs")["InstanceProfiles"] == []
    iam.delete_role(RoleName="jobs")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="jobs")
    accounts.close()


def test_a_user_with_a_key_is_applied_refreshed_and_destroyed(tmp_path: Path) -> None:
    """aws_iam_user, aws_iam_access_key, aws_iam_user_policy."""
    accounts = Accounts(tmp_path)
    iam = accounts.client("iam")
    made = iam.create_user(UserName="ci", Path="/", Tags=TAGS)["User"]
    assert iam.get_user(UserName="ci")["User"] == made
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    [listed] = iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], listed["Status"]) == (key["AccessKeyId"], "Active")
    iam.put_user_policy(UserName="ci", PolicyName="own", PolicyDocument=POLICY)
    assert iam.get_user_policy(UserName="ci", PolicyName="own")["PolicyDocument"]
    iam.delete_user_policy(UserName="ci", PolicyName="own")
    iam.delete_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"])
    assert iam.list_groups_for_user(UserName="ci")["Groups"] == []
    iam.delete_user(UserName="ci")
    accounts.close()
