"""Alarms on what is not measured, that call what they may not, and that are not there.

source    codes: the errors of CloudWatch's service model
"""

from __future__ import annotations

from hostile.asking import ACCOUNT, OTHER_ACCOUNT, REGION, Ask, json_body
from hostile.case import Case
from hostile.signing import Sent

_PREFIX = "GraniteServiceVersion20100801"
_FOREIGN = (
    f"arn:aws:autoscaling:{REGION}:{OTHER_ACCOUNT}:scalingPolicy:0ec5{'a' * 32}:"
    "resource/sagemaker/endpoint/live/variant/AllTraffic:policyName/p"
)
_ALARM = {
    "AlarmName": "high",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Dimensions": [
        {"Name": "EndpointName", "Value": "live"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def _alarms(operation: str, **members: object) -> Ask:
    headers = (
        ("x-amz-target", f"{_PREFIX}.{operation}"),
        ("content-type", "application/x-amz-json-1.0"),
    )
    sent = Sent("POST", "/", "", headers, json_body(members))
    return Ask("cloudwatch", sent, scope="monitoring")


def _refused(name: str, ask: Ask, code: str, text: str) -> Case:
    return Case(name, ask, 404 if code == "ResourceNotFound" else 400, code, text)


CASES = [
    _refused(
        "an alarm on another service",
        _alarms("PutMetricAlarm", **{**_ALARM, "Namespace": "AWS/EC2"}),
        "ValidationError",
        "Namespace must be AWS/SageMaker: this server has metrics of endpoints, and no others.",
    ),
    _refused(
        "an alarm that calls another account's policy",
        _alarms("PutMetricAlarm", **_ALARM, AlarmActions=[_FOREIGN]),
        "ValidationError",
        f"There is no scaling policy {_FOREIGN} in this account and region.",
    ),
    _refused(
        "no alarm to delete",
        _alarms("DeleteAlarms", AlarmNames=["'; DROP TABLE resources; --"]),
        "ResourceNotFound",
        f"There is no alarm arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:'; DROP TABLE resources; --.",
    ),
    _refused(
        "no alarm to set",
        _alarms("SetAlarmState", AlarmName="none", StateValue="ALARM", StateReason="a test"),
        "ResourceNotFound",
        f"There is no alarm arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:none.",
    ),
    _refused(
        "a state that there is not",
        _alarms("SetAlarmState", AlarmName="none", StateValue="FIRE", StateReason="a test"),
        "ValidationError",
        "1 validation error detected: Value 'FIRE' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [OK, ALARM, INSUFFICIENT_DATA]",
    ),
    _refused(
        "a token that was made up",
        _alarms("DescribeAlarms", NextToken="x"),
        "InvalidNextToken",
        "Invalid NextToken: it was not issued by this service.",
    ),
    _refused(
        "no names to enable",
        _alarms("EnableAlarmActions"),
        "ValidationError",
        "1 validation error detected: Value null at 'alarmNames' failed to satisfy constraint: Member must not be null",
    ),
    _refused(
        "no names to disable",
        _alarms("DisableAlarmActions", AlarmNames="high"),
        "MalformedInput",
        "STRING_VALUE can not be converted to a list at 'alarmNames'",
    ),
]
