"""InvokeEndpoint through boto3, the real edge and a real model process."""

import pytest
from api.hosted import Service
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    built = Service(tmp_path_factory.mktemp("runtime"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def client(service):
    return service.client()


def refusal(client, **members):
    with pytest.raises(ClientError) as error:
        client.invoke_endpoint(**{"EndpointName": "live", "Body": b"1,2"} | members)
    return error.value.response


def test_an_answer_carries_body_type_variant_and_the_callers_attributes(client):
    answer = client.invoke_endpoint(
        EndpointName="live",
        Body=b"1,2\n",
        ContentType="text/csv",
        Accept="application/json",
        TargetVariant="B",
        CustomAttributes="trace-1",
        InferenceId="id-1",
    )
    assert answer["Body"].read() == b'{"predictions": [{"score": 7.5}]}'
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "B"
    assert answer["CustomAttributes"] == "trace-1"


def test_csv_is_taken_when_nothing_is_said(client):
    assert client.invoke_endpoint(EndpointName="live", Body=b"1,2")["Body"].read() == b"7.5\n"


def test_a_models_refusal_is_a_model_error_with_its_own_status_and_words(client):
    answer = refusal(client, Accept="image/png")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["Error"]["Message"].startswith(
        "Received client error (406) from primary with message \"Accept type 'image/png' is not "
        'supported.". See https://us-east-1.console.aws.amazon.com/cloudwatch/home'
    )
    assert answer["OriginalStatusCode"] == 406
    assert answer["OriginalMessage"] == "Accept type 'image/png' is not supported."
    assert answer["LogStreamArn"] == (
        "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/Endpoints/live"
    )


def test_a_missing_endpoint_is_a_validation_error(client):
    answer = refusal(client, EndpointName="none")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"] == "ValidationError"
    assert answer["Error"]["Message"] == "Endpoint none of account 111122223333 not found."


def test_an_unknown_variant_is_a_validation_error(client):
    answer = refusal(client, TargetVariant="C")
    assert answer["Error"]["Code"] == "ValidationError"
    assert "has no production variant C. It has: A, B." in answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("TargetModel", "m.tar.gz"),
        ("TargetContainerHostname", "first"),
        ("InferenceComponentName", "part"),
        ("EnableExplanations", "`true`"),
        ("SessionId", "NEW_SESSION"),
        ("PrefixAwareId", "a"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(client, member, value):
    answer = refusal(client, **{member: value})
    assert answer["Error"]["Code"] == "ValidationError"
    assert f"The member '{member}' cannot be honoured" in answer["Error"]["Message"]
