"""An endpoint is scaled out under load and in after it by a policy of Application Auto Scaling, and no request fails."""

import pytest
from journeys.commands import version_1
from journeys.deploying import Deploying
from journeys.load import Load

ENDPOINT, STEPPED = "scaled", "stepped"
ADDRESS = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
A_MINUTE_EACH = 600


def test_out_under_load_and_in_after_it_without_a_failed_request(server, packed, tmp_path):
    deploying = Deploying(server, packed)
    others = deploying.model_processes()
    deploying.create_config(ENDPOINT, deploying.whole())
    deploying.create(ENDPOINT, ENDPOINT)
    scaling = server.client("application-autoscaling")
    scaling.register_scalable_target(**ADDRESS, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **ADDRESS,
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": A_MINUTE_EACH,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleOutCooldown": 1,
            "ScaleInCooldown": 1,
        },
    )

    def instances():
        told = deploying.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        return told["ProductionVariants"][0]["CurrentInstanceCount"]

    failures = []
    for rate, wanted in ((50, 3), (2, 1)):
        with Load(server, ENDPOINT, packed.row, rate, threads=8).running() as load:
            load.wait_for(lambda n=wanted: instances() == n)
            load.wait_for(lambda n=wanted: len(deploying.model_processes() - others) == n)
        failures += load.failures
    assert failures == []

    aws = version_1(server, tmp_path)
    told = aws(
        "application-autoscaling",
        "describe-scaling-activities",
        *("--service-namespace", "sagemaker", "--resource-id", ADDRESS["ResourceId"]),
        *("--query", "ScalingActivities[].[StatusCode, Cause]", "--output", "text"),
    )
    activities = [one.split("\t") for one in reversed(told.strip().splitlines())]
    assert {status for status, _ in activities} <= {"Successful", "InProgress"}
    assert all(cause.endswith("triggered policy requests") for _, cause in activities)
    is_out = ["-AlarmHigh-" in cause for _, cause in activities]
    assert is_out == sorted(is_out, reverse=True), "out, and only then in"
    assert 0 < sum(is_out) < len(is_out)
    trail = server.client("cloudtrail")
    updates = {
        "AttributeKey": "EventName",
        "AttributeValue": "UpdateEndpointWeightsAndCapacities",
    }
    events = [
        event
        for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=[updates])
        for event in page["Events"]
        if f'"{ENDPOINT}"' in event["CloudTrailEvent"]
    ]
    assert len(events) == len(activities)
    assert all("ForApplicationAutoScaling_" in one["CloudTrailEvent"] for one in events)
    deploying.delete(ENDPOINT)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


@pytest.mark.long
def test_steps_out_under_load_and_in_after_it_without_a_failed_request(server, packed):
    """Alarms look at whole ten seconds."""
    deploying = Deploying(server, packed)
    deploying.create_config(STEPPED, deploying.whole())
    deploying.create(STEPPED, STEPPED)
    scaling, alarms = server.client("application-autoscaling"), server.client("cloudwatch")
    address = {**ADDRESS, "ResourceId": f"endpoint/{STEPPED}/variant/AllTraffic"}
    scaling.register_scalable_target(**address, MinCapacity=1, MaxCapacity=3)
    for name, comparison, threshold, step in (
        ("out", "GreaterThanThreshold", 200, {"MetricIntervalLowerBound": 0.0, "by": 1}),
        ("in", "LessThanThreshold", 60, {"MetricIntervalUpperBound": 0.0, "by": -1}),
    ):
        step["ScalingAdjustment"] = step.pop("by")
        policy = scaling.put_scaling_policy(
            **address,
            PolicyName=name,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ChangeInCapacity",
                "StepAdjustments": [step],
                "Cooldown": 1,
            },
        )
        alarms.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[
                {"Name": "EndpointName", "Value": STEPPED},
                {"Name": "VariantName", "Value": "AllTraffic"},
            ],
            Statistic="Sum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator=comparison,
            AlarmActions=[policy["PolicyARN"]],
        )

    def instances():
        told = deploying.sagemaker.describe_endpoint(EndpointName=STEPPED)
        return told["ProductionVariants"][0]["CurrentInstanceCount"]

    failures = []
    for rate, wanted in ((50, 3), (2, 1)):
        with Load(server, STEPPED, packed.row, rate, threads=8).running() as load:
            load.wait_for(lambda n=wanted: instances() == n)
        failures += load.failures
    assert failures == []
    told = scaling.describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=address["ResourceId"]
    )["ScalingActivities"]
    causes = [one["Cause"] for one in reversed(told)]
    out = "monitor alarm out in state ALARM triggered policy out"
    assert causes == [out, out, *["monitor alarm in in state ALARM triggered policy in"] * 2]
    states = {
        one["AlarmName"]: one["StateValue"] for one in alarms.describe_alarms()["MetricAlarms"]
    }
    assert states == {"out": "OK", "in": "ALARM"}
    deploying.delete(STEPPED)
