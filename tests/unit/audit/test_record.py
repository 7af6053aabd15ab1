"""A request as a record of CloudTrail."""

from __future__ import annotations

import json

import pytest
from unit.audit.records import ACCOUNT, NOW, a_caller, a_record

from windvane.audit.record import event_of
from windvane.audit.redaction import HIDDEN, redacted
from windvane.wire.call import Credential


def test_a_change_is_told_in_full():
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m"
    record = a_record(parameters={"ModelName": "m"}, answered={"ModelArn": arn}, resources=(arn,))
    event = event_of(record, NOW, "event-1")
    assert event == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDA1",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/team/ann",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1234",
            "userName": "ann",
        },
        "eventTime": "2026-11-30T12:00:00Z",
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": "CreateModel",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Boto3/1",
        "requestParameters": {"ModelName": "m"},
        "responseElements": {"ModelArn": arn},
        "requestID": "request-1",
        "eventID": "event-1",
        "readOnly": False,
        "resources": [{"ARN": arn, "accountId": ACCOUNT, "type": "AWS::SageMaker::Model"}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_a_refused_request_says_which_key_it_named_and_why():
    record = a_record(caller=None, error_code="InvalidSignatureException", error_message="no")
    event = event_of(record, NOW, "e")
    assert event["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIA1234"}
    assert (event["errorCode"], event["errorMessage"]) == ("InvalidSignatureException", "no")
    assert event["responseElements"] is None
    assert event["recipientAccountId"] == ""


def test_a_wrong_secret_is_told_to_the_account_whose_key_was_named():
    record = a_record(caller=None, account=ACCOUNT, error_code="InvalidSignatureException")
    assert event_of(record, NOW, "e")["recipientAccountId"] == ACCOUNT


def test_everything_is_no_resource():
    assert event_of(a_record("ListModels", resources=("*",)), NOW, "e")["resources"] == []


def test_a_session_names_the_role_that_it_is_of():
    role = f"arn:aws:iam::{ACCOUNT}:role/path/trainer"
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/run"
    credential = Credential(
        ACCOUNT, "ASIA1", "secret", arn, "AROA1:run", permanent=False, role_arn=role
    )
    caller = a_caller()
    record = a_record(caller=type(caller)(ACCOUNT, "eu-west-1", credential))
    identity = event_of(record, NOW, "e")["userIdentity"]
    assert identity["type"] == "AssumedRole"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["arn"], issuer["userName"], issuer["principalId"]) == (role, "trainer", "AROA1")


def test_the_root_key_is_told_as_root():
    record = a_record(caller=a_caller(f"arn:aws:iam::{ACCOUNT}:root"))
    assert event_of(record, NOW, "e")["userIdentity"]["type"] == "Root"


@pytest.mark.parametrize(
    "name",
    [
        "SecretAccessKey",
        "Password",
        "Plaintext",
        "CiphertextBlob",
        "Body",
        "SSECustomerKey",
        "SessionToken",
    ],
)
def test_secrets_and_bodies_are_hidden_at_every_depth(name):
    found = redacted({name: b"s3cr3t", "Inner": {name: "s3cr3t"}, "List": [{name: "s3cr3t"}]})
    assert "s3cr3t" not in json.dumps(found)
    assert found[name] == found["Inner"][name] == HIDDEN


def test_what_is_large_is_cut_short():
    deep: dict = {}
    inner = deep
    for _ in range(1000):
        inner["a"] = {}
        inner = inner["a"]
    found = redacted(
        {"Text": "x" * 10**6, "Many": [0] * 10**6, "Deep": deep, "Bytes": bytes(10**6)}
    )
    assert len(json.dumps(found)) < 3000


def test_all_parameters_together_are_bounded():
    many = {f"Name{i}": {f"Inner{j}": "x" * 900 for j in range(60)} for i in range(60)}
    assert list(redacted(many)) == ["omitted"]


def test_every_string_fits_into_one_line():
    event = event_of(a_record(user_agent='a\n{"n":1}\u2028\ud800'), NOW, "e")
    assert "\n" not in json.dumps(event)
