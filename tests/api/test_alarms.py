"""Alarms of CloudWatch through its clients, in each protocol that they speak."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.alarmed import DIMENSIONS, HIGH, STEPS, Alarmed, speaking
from api.scaled import ADDRESS, TRACKING
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, close, refusal

from windvane.control.alarms import service

PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")


@pytest.fixture
def alarmed(tmp_path: Path) -> Iterator[Alarmed]:
    made = Alarmed(tmp_path)
    made.register()
    yield made
    close(made.world)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alarmed]:
    """One for all that is refused and leaves nothing behind."""
    made = Alarmed(tmp_path_factory.mktemp("refused"))
    yield made
    close(made.world)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_alarm_is_put_described_changed_and_deleted(alarmed: Alarmed, protocol: str) -> None:
    client = speaking(alarmed.world, protocol)
    policy = alarmed.policy()
    given = {
        **HIGH,
        "AlarmDescription": "too much",
        "AlarmActions": [policy],
        "OKActions": [policy],
        "InsufficientDataActions": [policy],
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
        "Unit": "None",
    }
    client.put_metric_alarm(**given, Tags=[{"Key": "team", "Value": "churn"}])
    now = alarmed.world.clock.now
    [told] = client.describe_alarms()["MetricAlarms"]
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:high"
    assert told == {
        **given,
        "AlarmArn": arn,
        "ActionsEnabled": True,
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "AlarmConfigurationUpdatedTimestamp": now,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "team", "Value": "churn"}
    ]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": ""}])
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": ""}]
    later = alarmed.world.clock.advance(5)
    latency = {**HIGH, "MetricName": "ModelLatency", "ExtendedStatistic": "p99.9"}
    del latency["Statistic"]
    client.put_metric_alarm(**latency)
    [told] = client.describe_alarms()["MetricAlarms"]
    assert told["ExtendedStatistic"] == "p99.9"
    assert told["AlarmActions"] == []
    assert told["AlarmConfigurationUpdatedTimestamp"] == later
    assert told["StateUpdatedTimestamp"] == now
    client.disable_alarm_actions(AlarmNames=["high", "nobody's"])
    assert not alarmed.told()["ActionsEnabled"]
    client.enable_alarm_actions(AlarmNames=["high"])
    assert alarmed.told()["ActionsEnabled"]
    code, message = refusal(client.delete_alarms, AlarmNames=["high", "low"])
    assert (code, message) == (
        "ResourceNotFound",
        f"There is no alarm arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:low.",
    )
    client.delete_alarms(AlarmNames=["high"])
    assert client.describe_alarms()["MetricAlarms"] == []


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_errors_are_exceptions_that_clients_can_catch(alarmed: Alarmed, protocol: str) -> None:
    client = speaking(alarmed.world, protocol)
    state = {"StateValue": "OK", "StateReason": "a test"}
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.set_alarm_state(AlarmName="nobody's", **state)
    client.put_metric_alarm(**HIGH)
    with pytest.raises(client.exceptions.InvalidFormatFault):
        client.set_alarm_state(AlarmName="high", **state, StateReasonData="no JSON")
    with pytest.raises(client.exceptions.InvalidNextToken):
        client.describe_alarms(NextToken="x")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(ResourceARN="arn:aws:cloudwatch:us-east-1:1:alarm:x")
    code, message = refusal(client.put_metric_alarm, **{**HIGH, "Period": 61})
    assert (code, message.startswith("Period is 61; it must be 10, 20, 30")) == (
        "ValidationError",
        True,
    )
    code, message = refusal(client.put_dashboard, DashboardName="d", DashboardBody="{}")
    assert (code, "PutDashboard of cloudwatch is not served" in message) == (
        "UnknownOperationException",
        True,
    )


def changed(**changes: Any) -> dict[str, Any]:
    given = {**HIGH, **changes}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (changed(Namespace="AWS/EC2"), "Namespace must be AWS/SageMaker"),
        (changed(MetricName="CPUUtilization"), "has no metric CPUUtilization here; it has Invoc"),
        (changed(Dimensions=DIMENSIONS[:1]), "Dimensions must be EndpointName and VariantName"),
        (changed(Dimensions=DIMENSIONS * 2), "Dimensions must be EndpointName and VariantName"),
        (changed(Dimensions=None), "Dimensions must be given"),
        (changed(Period=None, Threshold=None), "Period, Threshold must be given"),
        (changed(Statistic=None), "Either Statistic or ExtendedStatistic must be given"),
        (changed(ExtendedStatistic="p95"), "Either Statistic or ExtendedStatistic must be given"),
        (changed(Statistic=None, ExtendedStatistic="p95"), "Invocations has the statistics"),
        (
            changed(MetricName="InvocationsPerInstance", Statistic="Average"),
            "InvocationsPerInstance has the statistics Sum, not Average",
        ),
        (
            changed(MetricName="ModelLatency", Statistic=None, ExtendedStatistic="tm90"),
            "ExtendedStatistic must be a percentile",
        ),
        (changed(Unit="Count"), "Invocations is in the unit None, not Count"),
        (changed(Period=45), "Period is 45"),
        (changed(Period=7200), "Period is 7200"),
        (changed(EvaluationPeriods=61), "EvaluationPeriods times Period is 3660 seconds"),
        (changed(DatapointsToAlarm=2), "DatapointsToAlarm must be at most EvaluationPeriods"),
        (
            changed(Threshold=float("nan")),
            "'threshold' failed to satisfy constraint: Member must be a finite number",
        ),
        (
            changed(Threshold=float("inf")),
            "'threshold' failed to satisfy constraint: Member must be a finite number",
        ),
        (changed(TreatMissingData="guess"), "TreatMissingData is 'guess'"),
        (
            changed(AlarmActions=["arn:aws:sns:us-east-1:111122223333:topic"]),
            "'arn:aws:sns:us-east-1:111122223333:topic' in AlarmActions is no scaling policy",
        ),
        (
            changed(AlarmActions=["arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:x"]),
            "There is no scaling policy arn:aws:autoscaling",
        ),
        (changed(AlarmName="a\nb"), "AlarmName must not contain control characters"),
        (
            changed(ComparisonOperator="GreaterThanUpperThreshold"),
            "is not supported by this server",
        ),
        (changed(EvaluateLowSampleCountPercentile="ignore"), "is not supported by this server"),
        (changed(EvaluationInterval=10), "'evaluationInterval' is not supported by this server"),
        (changed(Metrics=[{"Id": "a"}]), "'metrics' is not supported by this server"),
        (changed(Tags=[{"Key": "aws:a", "Value": ""}]), "starts with 'aws:'"),
    ],
)
def test_what_an_alarm_cannot_be_is_refused_with_the_reason(
    unchanged: Alarmed, given: dict[str, Any], told: str
) -> None:
    code, message = refusal(unchanged.alarms.put_metric_alarm, **given)
    assert code == "ValidationError"
    assert told in message
    assert unchanged.alarms.describe_alarms()["MetricAlarms"] == []


def test_an_alarm_asks_policies_of_its_account_that_are_in_steps(alarmed: Alarmed) -> None:
    tracking = alarmed.client.put_scaling_policy(**ADDRESS, **TRACKING)["PolicyARN"]
    code, message = refusal(alarmed.alarms.put_metric_alarm, **HIGH, AlarmActions=[tracking])
    assert (code, "track tracks a target, which needs no alarm" in message) == (
        "ValidationError",
        True,
    )
    steps = alarmed.policy()
    other = alarmed.world.client(OTHER_ACCOUNT, service="cloudwatch")
    code, message = refusal(other.put_metric_alarm, **HIGH, AlarmActions=[steps])
    assert (code, "There is no scaling policy" in message) == ("ValidationError", True)
    code, message = refusal(alarmed.alarms.put_metric_alarm, **HIGH, AlarmActions=[steps] * 2)
    assert (code, message) == ("ValidationError", "AlarmActions names an action twice.")


def test_alarms_are_found_by_names_states_and_actions_and_have_pages(alarmed: Alarmed) -> None:
    policy = alarmed.policy()
    for name in ("b-1", "a-1", "a-2"):
        actions = [policy] if name == "b-1" else []
        alarmed.alarms.put_metric_alarm(**{**HIGH, "AlarmName": name}, AlarmActions=actions)
    alarmed.alarms.set_alarm_state(AlarmName="a-2", StateValue="OK", StateReason="a test")

    def found(**filters: Any) -> list[str]:
        pages = alarmed.alarms.get_paginator("describe_alarms")
        each = pages.paginate(**filters, PaginationConfig={"PageSize": 2})
        return [one["AlarmName"] for page in each for one in page["MetricAlarms"]]

    assert found() == ["a-1", "a-2", "b-1"]
    assert found(AlarmNamePrefix="a-") == ["a-1", "a-2"]
    assert found(AlarmNames=["b-1", "c"]) == ["b-1"]
    assert found(StateValue="OK") == ["a-2"]
    assert found(ActionPrefix="arn:aws:autoscaling") == ["b-1"]
    assert found(AlarmTypes=["CompositeAlarm"]) == []
    assert found(AlarmTypes=["MetricAlarm"]) == ["a-1", "a-2", "b-1"]
    code, _ = refusal(alarmed.alarms.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")
    assert code == "ValidationError"
    code, _ = refusal(alarmed.alarms.describe_alarms, ChildrenOfAlarmName="a")
    assert code == "ValidationError"
    assert (
        alarmed.world.client(region="us-west-2", service="cloudwatch").describe_alarms()[
            "MetricAlarms"
        ]
        == []
    )


def test_names_differ_by_more_than_case(alarmed: Alarmed) -> None:
    alarmed.alarms.put_metric_alarm(**HIGH)
    code, message = refusal(alarmed.alarms.put_metric_alarm, **{**HIGH, "AlarmName": "High"})
    assert (code, "There is an alarm 'high'" in message) == ("ValidationError", True)
    code, _ = refusal(alarmed.alarms.delete_alarms, AlarmNames=["HIGH"])
    assert code == "ResourceNotFound"


def test_an_account_has_so_many_alarms_at_most(
    alarmed: Alarmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_ALARMS", 1)
    alarmed.alarms.put_metric_alarm(**HIGH)
    alarmed.alarms.put_metric_alarm(**HIGH)
    elsewhere = alarmed.world.client(region="eu-west-1", service="cloudwatch")
    with pytest.raises(elsewhere.exceptions.LimitExceededFault):
        elsewhere.put_metric_alarm(**HIGH)


def test_policies_tell_the_alarms_that_ask_them(alarmed: Alarmed) -> None:
    arn = alarmed.policy()
    alarmed.alarms.put_metric_alarm(**HIGH, AlarmActions=[arn])
    answer = alarmed.client.put_scaling_policy(**ADDRESS, **STEPS)
    named = [{"AlarmName": "high", "AlarmARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:high"}]
    assert (answer["PolicyARN"], answer["Alarms"]) == (arn, named)
    [told] = alarmed.policies()
    assert told == {
        "PolicyARN": arn,
        "CreationTime": alarmed.world.clock.now,
        "Alarms": named,
        **ADDRESS,
        **STEPS,
    }
    code, message = refusal(
        alarmed.client.put_scaling_policy, **ADDRESS, **{**TRACKING, "PolicyName": "out"}
    )
    assert (code, "is of the type StepScaling: delete it" in message) == (
        "ValidationException",
        True,
    )
