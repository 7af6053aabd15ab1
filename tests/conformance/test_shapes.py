"""The checker itself: what a strict client could not read fails, what it can read passes."""

from __future__ import annotations

import json

import pytest
from conformance.answers import JSON_TYPE, Response, judge
from conformance.asked import Asked
from conformance.samples import sample
from conformance.shapes import all_leaves, faults, leaves

from windvane.wire.model import load_service

JOB = {
    "AutoMLJobName": "churn",
    "AutoMLJobArn": "arn:aws:sagemaker:us-east-1:111122223333:automl-job/churn",
    "InputDataConfig": [{"TargetAttributeName": "y"}],
    "OutputDataConfig": {"S3OutputPath": "s3://b/k"},
    "RoleArn": "arn:aws:iam::111122223333:role/windvane",
    "CreationTime": 1.5,
    "LastModifiedTime": 1,
    "AutoMLJobStatus": "InProgress",
    "AutoMLJobSecondaryStatus": "Starting",
}
SCORE = {"MetricName": "F1", "Value": "Infinity"}
BEST = {
    "CandidateName": "c",
    "FinalAutoMLJobObjectiveMetric": SCORE,
    "ObjectiveStatus": "Succeeded",
    "CandidateSteps": [],
    "CandidateStatus": "Completed",
    "CreationTime": 1,
    "LastModifiedTime": 1,
}


def asked(operation, service="sagemaker"):
    found = load_service(service)
    return Asked(found, found.operation(operation) if operation else None, None)


def response(body, status=200, kind=JSON_TYPE, **headers):
    headers = {"x-amzn-requestid": "id", "content-type": kind, **headers}
    return Response(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_full_answer_has_no_fault_and_its_members_are_told():
    verdict = judge(asked("DescribeAutoMLJob"), response({**JOB, "BestCandidate": BEST}))
    assert verdict.faults == ()
    assert "InputDataConfig[].TargetAttributeName" in verdict.members
    assert "BestCandidate.FinalAutoMLJobObjectiveMetric.Value" in verdict.members


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Novelty": 1}, "the answer has a member Novelty, which DescribeAutoMLJobResponse does"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://b/k", "X": 1}}, "OutputDataConfig has a memb"),
        ({"AutoMLJobName": 1}, "AutoMLJobName is 1, not a string"),
        ({"AutoMLJobName": None}, "the answer lacks AutoMLJobName"),
        ({"AutoMLJobName": "a" * 33}, "more than 32"),
        ({"AutoMLJobName": ""}, "less than 1"),
        ({"AutoMLJobName": "-"}, "not of the pattern"),
        ({"AutoMLJobStatus": "Running"}, "none of Completed, InProgress"),
        ({"CreationTime": "2026-01-01T00:00:00Z"}, "not a timestamp"),
        ({"CreationTime": True}, "not a timestamp"),
        ({"InputDataConfig": {}}, "InputDataConfig is {}, not a list"),
        ({"InputDataConfig": [1]}, "InputDataConfig[] is 1, not a structure"),
        ({"OutputDataConfig": []}, "OutputDataConfig is [], not a structure"),
        ({"GenerateCandidateDefinitionsOnly": "true"}, "not a boolean"),
        ({"BestCandidate": {**BEST, "CandidateSteps": None}}, "BestCandidate lacks CandidateSteps"),
        ({"BestCandidate": {**BEST, "FinalAutoMLJobObjectiveMetric": {**SCORE, "Value": "x"}}}, "not a float"),
        ({"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 1.0}}}, "not a integer"),
        ({"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 0}}}, "less than 1"),
    ],
)  # fmt: skip
def test_what_the_shape_does_not_allow_is_a_fault(changes, told):
    verdict = judge(asked("DescribeAutoMLJob"), response({**JOB, **changes}))
    assert any(told in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(JOB, 202), "the status is 202, not 200"),
        (response(JOB, kind="application/json"), "the content type is application/json"),
        (response(b"{"), "the body cannot be read"),
        (response(JOB, **{"x-amzn-requestid": ""}), "x-amzn-requestid is missing"),
        (
            response({"__type": "ModelError", "message": "m"}, 400),
            "ModelError (400) is no error of",
        ),
        (response({"__type": "ResourceInUse", "message": "m"}, 400), "is no error of Describe"),
        (response({"__type": "ResourceNotFound", "message": ""}, 400), "the error has no message"),
        (response({"message": "m"}, 400), "the error has no code"),
        (response({"__type": "ResourceNotFound", "message": "m", "X": 1}, 400), "a member X"),
        (response({"__type": "ValidationException", "message": "m", "X": 1}, 400), "a member X"),
    ],
)
def test_an_answer_that_a_client_would_misread_is_a_fault(answer, told):
    verdict = judge(asked("DescribeAutoMLJob"), answer)
    assert any(told in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize("code", ["ResourceNotFound", "ValidationException", "ThrottlingException"])
def test_errors_of_the_operation_and_common_ones_are_none(code):
    verdict = judge(asked("DescribeAutoMLJob"), response({"__type": code, "message": "m"}, 400))
    assert (verdict.error, verdict.message, verdict.faults) == (code, "m", ())


def test_an_operation_without_output_has_no_body():
    assert judge(asked("StopAutoMLJob"), response(b"")).faults == ()
    assert judge(asked("StopAutoMLJob"), response({"A": 1})).faults != ()


def test_what_may_be_absent_by_a_difference_is_no_fault_and_the_rest_is():
    verdict = judge(asked("DescribeTrainingJob"), response({}))
    assert "ModelArtifacts" not in " ".join(verdict.faults)
    assert any("lacks TrainingJobName" in fault for fault in verdict.faults)


def test_the_runtimes_errors_are_named_in_a_header_and_have_their_status():
    body = {"message": "m", "OriginalStatusCode": 400}
    named = {"x-amzn-errortype": "ModelError"}
    invoked = asked("InvokeEndpoint", "sagemaker-runtime")
    assert judge(invoked, response(body, 424, "application/json", **named)).faults == ()
    for wrong in (
        response(body, 400, "application/json", **named),
        response(body, 424, "application/json"),
        response({**body, "OriginalStatusCode": "400"}, 424, "application/json", **named),
    ):
        assert judge(invoked, wrong).faults != ()


IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Account>{account}</Account>{more}</GetCallerIdentityResult>"
    "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (IDENTITY.format(account="1", more=""), ""),
        (IDENTITY.format(account="1", more="<X/>"), "the answer has a member X"),
        (IDENTITY.format(account="1", more="<Account/>"), "Account a second time"),
        (IDENTITY.replace("ResponseMetadata", "Other").format(account="1", more=""), "lacks <Resp"),
        (IDENTITY.replace("sts.", "s3.").format(account="1", more=""), "the root is"),
    ],
)
def test_xml_is_held_against_the_shape_too(body, told):
    verdict = judge(asked("GetCallerIdentity", "sts"), response(body.encode(), kind="text/xml"))
    if told:
        assert any(told in fault for fault in verdict.faults), verdict.faults
    else:
        assert (verdict.faults, verdict.members) == ((), ("Account",))


def test_what_is_answered_though_nothing_was_asked_is_a_fault():
    assert judge(asked(""), response({})).faults != ()


@pytest.mark.parametrize("operation", ["GetLogEvents", "FilterLogEvents", "DescribeLogStreams"])
def test_a_made_up_value_of_a_shape_fits_it_and_has_members_of_it(operation):
    shape = load_service("logs").operation(operation).output_shape
    value = {name: sample(member) for name, member in shape.members.items()}
    assert list(faults(value, shape)) == []
    assert set(leaves(value, shape)) <= set(all_leaves(shape))
