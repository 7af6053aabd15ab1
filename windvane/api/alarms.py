"""CloudWatch: alarms on the metrics of endpoints."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import present
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.domain.alarms import (
    ENDPOINT_DIMENSION,
    NAMESPACE,
    STATISTICS,
    VARIANT_DIMENSION,
    Alarm,
)
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("cloudwatch")


@OPERATIONS.serves("PutMetricAlarm")
def put_metric_alarm(parts: Services, call: Call) -> Result:
    parts.alarms.put(scope_of(call), call.parameters)
    return None


@OPERATIONS.serves("DescribeAlarms")
def describe_alarms(parts: Services, call: Call) -> Result:
    page = parts.alarms.describe(scope_of(call), call.parameters)
    return {
        "MetricAlarms": [_alarm(one) for one in page.records],
        "CompositeAlarms": [],
        **present(NextToken=page.next_token),
    }


@OPERATIONS.serves("DeleteAlarms")
def delete_alarms(parts: Services, call: Call) -> Result:
    parts.alarms.delete(scope_of(call), call.parameters)
    return None


@OPERATIONS.serves("SetAlarmState")
def set_alarm_state(parts: Services, call: Call) -> Result:
    parts.alarms.set_state(scope_of(call), call.parameters)
    return None


@OPERATIONS.serves("EnableAlarmActions")
def enable_alarm_actions(parts: Services, call: Call) -> Result:
    parts.alarms.switch(scope_of(call), call.parameters, on=True)
    return None


@OPERATIONS.serves("DisableAlarmActions")
def disable_alarm_actions(parts: Services, call: Call) -> Result:
    parts.alarms.switch(scope_of(call), call.parameters, on=False)
    return None


@OPERATIONS.serves("ListTagsForResource")
def list_tags_for_resource(parts: Services, call: Call) -> Result:
    tags = parts.alarms.tags(scope_of(call), call.parameters["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@OPERATIONS.serves("TagResource")
def tag_resource(parts: Services, call: Call) -> Result:
    tags = {one["Key"]: one["Value"] for one in call.parameters["Tags"]}
    parts.alarms.add_tags(scope_of(call), call.parameters["ResourceARN"], tags)
    return {}


@OPERATIONS.serves("UntagResource")
def untag_resource(parts: Services, call: Call) -> Result:
    given = call.parameters
    parts.alarms.remove_tags(scope_of(call), given["ResourceARN"], given["TagKeys"])
    return {}


def _alarm(alarm: Alarm) -> dict[str, Any]:
    watched, rule = alarm.watched, alarm.rule
    is_total = watched.statistic in STATISTICS[watched.metric]
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "ActionsEnabled": alarm.is_enabled,
        "AlarmActions": list(alarm.actions.alarm),
        "OKActions": list(alarm.actions.ok),
        "InsufficientDataActions": list(alarm.actions.unknown),
        "StateValue": alarm.state,
        "StateReason": alarm.state_reason,
        "StateUpdatedTimestamp": alarm.changed,
        "StateTransitionedTimestamp": alarm.turned,
        "Namespace": NAMESPACE,
        "MetricName": watched.metric,
        "Dimensions": [
            {"Name": ENDPOINT_DIMENSION, "Value": watched.endpoint},
            {"Name": VARIANT_DIMENSION, "Value": watched.variant},
        ],
        ("Statistic" if is_total else "ExtendedStatistic"): watched.statistic,
        "Period": watched.period_s,
        "EvaluationPeriods": rule.periods,
        "Threshold": rule.threshold,
        "ComparisonOperator": rule.comparison,
        **present(
            AlarmDescription=alarm.description,
            StateReasonData=alarm.state_data,
            DatapointsToAlarm=rule.to_alarm,
            TreatMissingData=rule.missing,
            Unit=alarm.unit,
        ),
    }
