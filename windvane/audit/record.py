"""One request as a record of CloudTrail.

source    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from windvane.audit.kinds import is_data_event, is_read, is_refusal
from windvane.audit.redaction import HIDDEN, cut, redacted
from windvane.wire.call import Credential, RequestRecord

EVENT_VERSION = "1.11"
SIGN_IN = "signin"
"""The service of sign-ins to the console; its operation is `ConsoleLogin`."""

DEFAULT_REGION = "us-east-1"
_QUOTING = frozenset({"InvokeEndpoint", "ExplainPrediction", "EvaluatePredictions", "PreviewTable"})
"""Operations that say what is wrong with a row or a table: their words quote cells."""

_SOURCES = {
    "sagemaker-runtime": "sagemaker",
    "application-autoscaling": "autoscaling",
    "cloudwatch": "monitoring",
}
"""source    "Log Application Auto Scaling API calls with AWS CloudTrail", and the same of CloudWatch"""
_RESOURCE_TYPES = {
    ("s3", ""): "AWS::S3::Bucket",
    ("sagemaker", "model"): "AWS::SageMaker::Model",
    ("sagemaker", "endpoint"): "AWS::SageMaker::Endpoint",
    ("sagemaker", "endpoint-config"): "AWS::SageMaker::EndpointConfig",
    ("sagemaker", "automl-job"): "AWS::SageMaker::AutoMLJob",
    ("iam", "role"): "AWS::IAM::Role",
    ("iam", "user"): "AWS::IAM::User",
    ("iam", "policy"): "AWS::IAM::ManagedPolicy",
    ("kms", "key"): "AWS::KMS::Key",
    ("application-autoscaling", "scalable-target"): "AWS::ApplicationAutoScaling::ScalableTarget",
    ("cloudwatch", "alarm"): "AWS::CloudWatch::Alarm",
    ("kms", "alias"): "AWS::KMS::Alias",
}

Event = dict[str, Any]


def event_of(record: RequestRecord, at: datetime, event_id: str) -> Event:
    """Return the record of a request whose answer began at `at` (UTC)."""
    account = record.caller.account if record.caller else record.account
    is_data = is_data_event(record.service, record.operation)
    event: Event = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": _identity(record),
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{_SOURCES.get(record.service, record.service)[:64]}.amazonaws.com",
        "eventName": record.operation or "Unknown",
        "awsRegion": record.caller.region if record.caller else DEFAULT_REGION,
        "sourceIPAddress": record.source_ip or "unknown",
        "userAgent": cut(record.user_agent),
        "requestParameters": redacted(record.parameters) or None,
        "responseElements": _response(record),
        "requestID": record.request_id,
        "eventID": event_id,
        "readOnly": is_read(record.service, record.operation),
        "resources": [_resource(arn) for arn in record.resources[:10] if arn != "*"],
        "eventType": "AwsConsoleSignIn" if record.service == SIGN_IN else "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": account,
        "eventCategory": "Data" if is_data else "Management",
    }
    if record.error_code:
        event |= {"errorCode": record.error_code, "errorMessage": _message(record)}
    return event


def _message(record: RequestRecord) -> str:
    is_quoting = record.operation in _QUOTING and not is_refusal(record.error_code)
    return HIDDEN if is_quoting else cut(record.error_message)


def _response(record: RequestRecord) -> dict[str, str] | None:
    if record.service == SIGN_IN:
        return {"ConsoleLogin": "Failure" if record.error_code else "Success"}
    return {name: cut(arn) for name, arn in record.answered.items()} or None


def _identity(record: RequestRecord) -> dict[str, Any]:
    """Return who calls as far as it was proved; of an unproved one, only the key that it names."""
    if record.caller is None:
        return {"type": "Unknown", "accessKeyId": record.access_key}
    credential = record.caller.credential
    found: dict[str, Any] = {
        "type": _kind(credential),
        "principalId": credential.user_id,
        "arn": credential.principal_arn,
        "accountId": credential.account,
        "accessKeyId": credential.access_key,
    }
    resource = credential.principal_arn.rpartition(":")[2]
    if found["type"] == "IAMUser":
        found["userName"] = resource.rpartition("/")[2]
    elif found["type"] == "AssumedRole" and credential.role_arn:
        issuer = {
            "type": "Role",
            "principalId": credential.user_id.partition(":")[0],
            "arn": credential.role_arn,
            "accountId": credential.account,
            "userName": credential.role_arn.rpartition("/")[2],
        }
        found["sessionContext"] = {"sessionIssuer": issuer}
    return found


def _kind(credential: Credential) -> str:
    resource = credential.principal_arn.rpartition(":")[2]
    if resource == "root":
        return "Root"
    return "IAMUser" if resource.startswith("user/") else "AssumedRole"


def _resource(arn: str) -> dict[str, str]:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {"ARN": cut(arn)}
    service, account, rest = parts[2], parts[4], parts[5]
    found = {"ARN": cut(arn)}
    if account:
        found["accountId"] = account
    kind = rest.partition("/")[0] if "/" in rest else ""
    if service == "s3" and kind:
        found["type"] = "AWS::S3::Object"
    elif (name := _RESOURCE_TYPES.get((service, kind))) is not None:
        found["type"] = name
    return found
