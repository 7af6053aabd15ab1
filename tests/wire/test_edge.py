"""The edge: a real client over HTTP, and requests that no client would make, in process."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError

from windvane import errors
from windvane.wire.call import Call, RequestRecord
from windvane.wire.edge import Edge, EdgeLimits

CREATED = datetime(2026, 1, 2, 3, 4, 5, 250_000, UTC)
ARN = "arn:aws:sagemaker:us-east-1:111122223333:automl-job/a"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sagemaker:
    """Answers, or raises what `fails_with` holds."""

    def __init__(self) -> None:
        self.fails_with: Exception | None = None
        self.calls: list[Call] = []
        self.seen: list[tuple[str, str, int]] = []
        self.records: list[RequestRecord] = []

    def list_jobs(self, call: Call):
        self.calls.append(call)
        if self.fails_with is not None:
            raise self.fails_with
        summary = {
            "AutoMLJobName": "a",
            "AutoMLJobArn": ARN,
            "AutoMLJobStatus": "Completed",
            "AutoMLJobSecondaryStatus": "Completed",
            "CreationTime": CREATED,
            "LastModifiedTime": CREATED,
        }
        return {"AutoMLJobSummaries": [summary]}

    def stop_job(self, call: Call):
        self.calls.append(call)

    def create_job(self, call: Call):
        return {"AutoMLJobArn": call.parameters["NoSuchParameter"]}

    def describe_job(self, call: Call):
        return {"AutoMLJobNaem": "a"}

    def who(self, call: Call):
        if self.fails_with is not None:
            raise self.fails_with
        return {"Account": call.caller.account, "Arn": call.caller.credential.principal_arn}

    async def invoke(self, call: Call):
        self.calls.append(call)
        if self.fails_with is not None:
            raise self.fails_with
        return {"Body": call.parameters["Body"][::-1], "ContentType": "text/csv"}

    def on_request(self, record: RequestRecord) -> None:
        assert 0 <= record.seconds < 60
        self.records.append(record)
        self.seen.append((record.service, record.operation, record.status))


async def s3(record, scope, receive, send) -> None:
    await receive()
    if scope["path"].endswith("/broken"):
        raise RuntimeError("secret detail")
    await send({"type": "http.response.start", "status": 204, "headers": [(b"x-bucket", b"yes")]})
    await send({"type": "http.response.body", "body": b""})
    if scope["path"].endswith("/breaks-off"):
        raise RuntimeError("secret detail")


@pytest.fixture
def backend() -> Sagemaker:
    return Sagemaker()


@pytest.fixture
def edge(backend, keyring):
    built = Edge(
        keyring,
        {
            ("sagemaker", "ListAutoMLJobs"): backend.list_jobs,
            ("sagemaker", "StopAutoMLJob"): backend.stop_job,
            ("sagemaker", "CreateAutoMLJob"): backend.create_job,
            ("sagemaker", "DescribeAutoMLJob"): backend.describe_job,
            ("sts", "GetCallerIdentity"): backend.who,
            ("logs", "DescribeLogStreams"): backend.who,
        },
        {("sagemaker-runtime", "InvokeEndpoint"): backend.invoke},
        s3,
        utc_now,
        on_request=backend.on_request,
    )
    yield built
    built.close()


class Switch:
    """One server for all tests, in front of each test's own edge."""

    edge: Edge

    async def __call__(self, scope, receive, send) -> None:
        await self.edge(scope, receive, send)


@pytest.fixture(scope="module")
def server():
    switch = Switch()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = uvicorn.Server(uvicorn.Config(switch, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield switch, f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join()


@pytest.fixture
def url(server, edge) -> str:
    switch, address = server
    switch.edge = edge
    return address


@pytest.fixture
def client(url, permanent) -> Callable[..., object]:
    def made(service: str, **changed: object) -> object:
        keys = {
            "aws_access_key_id": permanent.access_key,
            "aws_secret_access_key": permanent.secret_key,
        }
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            service, endpoint_url=url, region_name="eu-west-1", config=config, **keys | changed
        )

    return made


def refused(call: Callable[[], object]) -> dict:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response


def test_boto3_gets_its_answer(client, backend):
    answer = client("sagemaker").list_auto_ml_jobs(MaxResults=3)
    assert answer["AutoMLJobSummaries"][0]["CreationTime"] == CREATED
    assert backend.calls[0].parameters == {"MaxResults": 3}
    assert (backend.calls[0].caller.account, backend.calls[0].caller.region) == (
        "111122223333",
        "eu-west-1",
    )
    metadata = answer["ResponseMetadata"]
    assert metadata["RequestId"] == backend.calls[0].request_id
    assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert metadata["HTTPHeaders"]["date"]
    assert backend.seen == [("sagemaker", "ListAutoMLJobs", 200)]


def test_an_operation_without_output_answers_with_nothing(client):
    answer = client("sagemaker").stop_auto_ml_job(AutoMLJobName="a")
    assert answer.keys() == {"ResponseMetadata"}


def test_invoke_endpoint_runs_on_the_event_loop(client):
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"\x80\x01")
    assert answer["Body"].read() == b"\x01\x80"
    assert answer["ContentType"] == "text/csv"


def test_a_body_of_the_largest_size_is_taken(client):
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"x" * 6_291_456)
    assert len(answer["Body"].read()) == 6_291_456


def test_a_larger_body_is_a_validation_error(client):
    response = refused(
        lambda: client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"x" * 6_291_457)
    )
    assert response["Error"] == {
        "Code": "ValidationError",
        "Message": "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        "Member must have length less than or equal to 6291456",
    }


def test_sts_answers_in_xml(client):
    assert client("sts").get_caller_identity()["Account"] == "111122223333"


def test_a_session_token_is_accepted(client, temporary):
    keys = {
        "aws_access_key_id": temporary.access_key,
        "aws_secret_access_key": temporary.secret_key,
        "aws_session_token": temporary.session_token,
    }
    assert client("sts", **keys).get_caller_identity()["Arn"].endswith("/t")


def test_a_request_leaves_a_record(client, backend, permanent):
    client("sagemaker").list_auto_ml_jobs()
    (record,) = backend.records
    assert (record.source_ip, record.access_key) == ("127.0.0.1", permanent.access_key)
    assert record.user_agent.startswith("Boto3/")
    assert record.caller.account == permanent.account
    assert (record.operation, record.error_code) == ("ListAutoMLJobs", "")


def test_a_refused_request_leaves_a_record_of_what_it_claims(client, backend, permanent):
    refused(client("sts", aws_secret_access_key="wrong").get_caller_identity)
    (record,) = backend.records
    assert record.caller is None
    assert (record.access_key, record.error_code) == (permanent.access_key, "SignatureDoesNotMatch")


def test_a_request_that_came_no_further_names_its_operation(edge, sign, backend, permanent):
    asked(edge, sign(headers=target("ListAutoMLJobs"), key=replace(permanent, secret_key="x")))
    asked(edge, sign(headers=target("NoSuchOperation"), key=replace(permanent, secret_key="x")))
    assert [record.operation for record in backend.records] == ["ListAutoMLJobs", ""]
    assert {record.account for record in backend.records} == {permanent.account}


def test_an_address_is_the_peers_and_no_headers(edge, sign, backend):
    asked(edge, sign(headers={**target("ListAutoMLJobs"), "x-forwarded-for": "203.0.113.9"}))
    assert [record.source_ip for record in backend.records] == [""]


def test_s3_goes_to_its_gateway(client, backend):
    client("s3").delete_object(Bucket="endpoints", Key="e/invocations")
    assert backend.seen == [("s3", "DELETE", 204)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIANOBODY"}, "UnrecognizedClientException"),
        ({"aws_session_token": "nonsense"}, "UnrecognizedClientException"),
    ],
)
def test_a_wrong_key_is_told_as_aws_tells_it(client, changed, code):
    response = refused(client("sagemaker", **changed).list_auto_ml_jobs)
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_sts_has_its_own_words_for_an_unknown_key(client):
    response = refused(client("sts", aws_access_key_id="AKIANOBODY").get_caller_identity)
    assert response["Error"]["Code"] == "InvalidClientTokenId"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_operation_that_is_not_served_is_named(client, backend):
    response = refused(lambda: client("sagemaker").describe_domain(DomainId="d-1"))
    assert response["Error"] == {
        "Code": "UnknownOperationException",
        "Message": "The operation DescribeDomain of sagemaker is not served here.",
    }
    assert backend.seen == [("sagemaker", "DescribeDomain", 400)]


def test_pipelines_are_refused_by_name(client):
    pipeline = {"PipelineName": "p", "ClientRequestToken": "t" * 32}
    response = refused(
        lambda: client("sagemaker").create_pipeline(
            **pipeline, PipelineDefinition="{}", RoleArn="arn:aws:iam::000000000000:role/windvane"
        )
    )
    assert response["Error"]["Code"] == "UnknownOperationException"
    assert "CreatePipeline" in response["Error"]["Message"]
    response = refused(lambda: client("sagemaker").start_pipeline_execution(**pipeline))
    assert response["Error"]["Code"] == "UnknownOperationException"
    assert "StartPipelineExecution" in response["Error"]["Message"]


def test_all_faults_of_a_request_arrive_at_once(client):
    response = refused(lambda: client("sagemaker").list_auto_ml_jobs(MaxResults=101, SortBy="Size"))
    assert response["Error"]["Code"] == "ValidationException"
    assert response["Error"]["Message"].startswith("2 validation errors detected: ")


MODEL_FAULT = errors.ModelFault(
    'Received client error (415) from primary with message "no".',
    status=415,
    message="no",
    log_group="/aws/sagemaker/Endpoints/e",
)


def test_a_model_error_carries_its_members(client, backend):
    backend.fails_with = MODEL_FAULT
    runtime = client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(EndpointName="e", Body=b"")
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (415, "no")
    assert response["LogStreamArn"] == "/aws/sagemaker/Endpoints/e"
    assert response["Error"]["Message"] == str(MODEL_FAULT)


RUNTIME_FAULTS = [
    (errors.EndpointMissing("e", "1"), 400, "ValidationError"),
    (errors.ModelNotReady("not yet"), 429, "ModelNotReadyException"),
    (errors.Throttled("Rate exceeded"), 429, "ThrottlingException"),
    (RuntimeError("secret detail"), 500, "InternalFailure"),
]


@pytest.mark.parametrize(("error", "status", "code"), RUNTIME_FAULTS)
def test_the_runtime_has_its_codes(client, backend, error, status, code):
    backend.fails_with = error
    response = refused(
        lambda: client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"")
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["Error"]["Code"] == code
    assert "secret" not in str(response)


CONTROL_FAULTS = [
    (errors.InvalidRequest("no"), "ValidationException", 400),
    (errors.DoesNotExist("endpoint", "arn"), "ValidationException", 400),
    (errors.NotFound("no"), "ResourceNotFound", 400),
    (errors.NameTaken("no"), "ResourceInUse", 400),
    (errors.LimitExceeded("jobs", 1, 1, 1, "Jobs"), "ResourceLimitExceeded", 400),
    (errors.AccessDenied("no"), "AccessDeniedException", 400),
    (errors.Throttled("no"), "ThrottlingException", 400),
    (errors.Expired("no"), "ExpiredTokenException", 400),
    (errors.StoreUnusable("busy"), "ServiceUnavailable", 503),
    (errors.CorruptArtifact("secret"), "InternalFailure", 500),
    (errors.RejectColumn("secret"), "InternalFailure", 500),
    (KeyError("secret"), "InternalFailure", 500),
]


@pytest.mark.parametrize(("error", "code", "status"), CONTROL_FAULTS)
def test_the_control_plane_has_its_codes(client, backend, error, code, status):
    backend.fails_with = error
    response = refused(client("sagemaker").list_auto_ml_jobs)
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert "secret" not in str(response)


def test_modelled_errors_are_classes_of_the_client(client, backend):
    backend.fails_with = errors.NotFound("Amazon SageMaker can't find an AutoML job called a.")
    sagemaker = client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound) as caught:
        sagemaker.list_auto_ml_jobs()
    assert caught.value.response["Message"] == str(backend.fails_with)


def test_logs_has_its_own_code_for_what_is_missing(client, backend):
    backend.fails_with = errors.NotFound("The specified log group does not exist.")
    logs = client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.describe_log_streams(logGroupName="g")


def test_an_error_in_xml_may_hold_any_text(client, backend):
    backend.fails_with = errors.AccessDenied("<&\x00>")
    response = refused(client("sts").get_caller_identity)
    assert response["Error"]["Message"] == "<&?>"
    assert response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("describe_auto_ml_job", {"AutoMLJobName": "a"}),
        (
            "create_auto_ml_job",
            {
                "AutoMLJobName": "a",
                "InputDataConfig": [{"TargetAttributeName": "y"}],
                "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
                "RoleArn": "arn:aws:iam::111122223333:role/windvane",
            },
        ),
    ],
)
def test_a_fault_of_a_handler_is_logged_and_not_told(client, caplog, method, arguments):
    response = refused(lambda: getattr(client("sagemaker"), method)(**arguments))
    assert response["Error"]["Code"] == "InternalFailure"
    record = next(r for r in caplog.records if r.name == "windvane.wire.edge")
    assert response["ResponseMetadata"]["RequestId"] in record.getMessage()
    assert record.exc_info is not None


# In process: what no client sends.


def asked(edge: Edge, request, chunks=None, *, has_end=True):
    """Status, headers and body of the answer to a request of the wire."""
    pending = [{"type": "http.request", "body": c, "more_body": True} for c in chunks or []]
    pending.append({"type": "http.request", "body": request.body if chunks is None else b""})
    sent = []

    if not has_end:
        pending.pop()

    async def receive():
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in request.headers],
    }
    asyncio.run(edge(scope, receive, send))
    head, *bodies = sent
    headers = {n.decode(): v.decode() for n, v in head["headers"]}
    return head["status"], headers, b"".join(m.get("body", b"") for m in bodies)


def target(operation: str) -> dict[str, str]:
    return {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}


def code_of(answer) -> str:
    return json.loads(answer[2])["__type"]


def test_a_body_in_many_chunks_is_one_body(edge, sign, backend):
    request = sign(headers=target("ListAutoMLJobs"), body=b'{"MaxResults": 7}')
    assert asked(edge, request, [b'{"MaxRes', b"ults", b'": 7}'])[0] == 200
    assert backend.calls[0].parameters == {"MaxResults": 7}


def test_a_control_request_of_more_than_a_mebibyte_is_too_large(edge, sign):
    answer = asked(edge, sign(headers=target("ListAutoMLJobs"), body=b" " * (1 << 20) + b"{}"))
    assert (answer[0], code_of(answer)) == (413, "RequestEntityTooLargeException")


def test_an_endless_body_is_not_read_to_its_end(edge, sign):
    chunks = [b"x" * (1 << 19)] * 1000
    assert asked(edge, sign(headers=target("ListAutoMLJobs")), chunks)[0] == 413


@pytest.mark.parametrize("name", ["NoSuchOperation", "", "Create.AutoMLJob", "é", "x" * 10_000])
def test_an_operation_that_no_model_has_is_unknown(edge, sign, name, backend):
    answer = asked(edge, sign(headers=target(name)))
    assert answer[0] == 400
    assert code_of(answer) in {"UnknownOperationException", "SerializationException"}
    assert backend.seen == [("sagemaker", "", 400)]


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/", "sagemaker"),
        ("POST", "/", "sagemaker"),
        ("POST", "/endpoints/e", "sagemaker"),
        ("GET", "/endpoints/e/invocations", "sagemaker"),
        ("POST", "/", "dynamodb"),
    ],
)
def test_a_request_that_names_no_operation_is_unknown(edge, sign, method, path, service):
    answer = asked(edge, sign(method, path, service=service))
    assert (answer[0], code_of(answer)) == (400, "UnknownOperationException")


def test_a_target_of_another_service_is_unknown(edge, sign):
    headers = {"X-Amz-Target": "Logs_20140328.DescribeLogStreams"}
    assert code_of(asked(edge, sign(headers=headers))) == "UnknownOperationException"


def test_an_unsigned_request_lacks_its_token(edge, sign):
    request = sign(headers=target("ListAutoMLJobs"))
    headers = tuple((n, v) for n, v in request.headers if n != "authorization")
    unsigned = type(request)("POST", "/", "", headers, b"{}")
    answer = asked(edge, unsigned)
    assert (answer[0], code_of(answer)) == (400, "MissingAuthenticationTokenException")


def test_an_unsigned_request_of_nobody_goes_to_s3(edge, sign):
    request = sign("GET", "/bucket/key")
    unsigned = type(request)("GET", "/bucket/key", "", (("host", "h"),), b"")
    assert asked(edge, unsigned)[0] == 204


def test_a_presigned_request_is_routed_by_its_scope(edge, sign):
    params = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    answer = asked(edge, sign("GET", params=params, service="sts", presigned=True))
    assert answer[0] == 200
    assert b"<Account>111122223333</Account>" in answer[2]


def test_a_broken_body_is_told_in_the_answer(edge, sign):
    answer = asked(edge, sign(headers=target("ListAutoMLJobs"), body=b"{"))
    assert (answer[0], code_of(answer)) == (400, "SerializationException")


def test_an_error_carries_request_id_and_content_type(edge, sign):
    _, headers, body = asked(edge, sign(headers=target("CreateApp")))
    assert headers["x-amzn-requestid"]
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert json.loads(body)["message"] == json.loads(body)["Message"]


def test_a_gateway_that_breaks_is_answered_in_the_words_of_s3(edge, sign):
    status, _, body = asked(edge, sign("GET", "/b/broken", service="s3"))
    assert status == 500
    assert b"<Code>InternalError</Code>" in body
    assert b"secret" not in body


def test_an_answer_that_has_begun_is_broken_off(edge, sign):
    with pytest.raises(RuntimeError):
        asked(edge, sign("GET", "/b/breaks-off", service="s3"))


@pytest.mark.parametrize("chunks", [[], [b"{"]])
def test_a_body_that_does_not_end_is_not_waited_for(keyring, sign, backend, chunks):
    edge = Edge(
        keyring, {("sagemaker", "ListAutoMLJobs"): backend.list_jobs}, {}, None, utc_now,
        limits=EdgeLimits(body_s=0.05),
    )  # fmt: skip
    request = sign(headers=target("ListAutoMLJobs"), body=b"{}")
    answer = asked(edge, request, chunks, has_end=False)
    edge.close()
    assert (answer[0], code_of(answer)) == (408, "RequestTimeoutException")
    assert answer[1]["connection"] == "close"
    assert b"within 0.05 s" in answer[2]


def test_too_much_at_once_is_throttled(keyring, sign, backend):
    started, release = threading.Event(), threading.Event()

    def slow(call: Call):
        started.set()
        release.wait(240)
        return {"AutoMLJobSummaries": []}

    edge = Edge(
        keyring, {("sagemaker", "ListAutoMLJobs"): slow}, {}, None, utc_now,
        limits=EdgeLimits(threads=1, waiting=0),
    )  # fmt: skip
    request = sign(headers=target("ListAutoMLJobs"), body=b"{}")
    first = threading.Thread(target=asked, args=(edge, request))
    first.start()
    started.wait(240)
    answer = asked(edge, request)
    release.set()
    first.join()
    edge.close()
    assert (answer[0], code_of(answer)) == (400, "ThrottlingException")


def test_a_handler_for_an_operation_of_no_model_is_refused_at_the_start(keyring):
    with pytest.raises(errors.UnknownOperation, match="CreateAutoMLJbo"):
        Edge(keyring, {("sagemaker", "CreateAutoMLJbo"): lambda _: None}, {}, None, utc_now)
