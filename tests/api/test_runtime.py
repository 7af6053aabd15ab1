"""InvokeEndpoint through boto3, the real edge and a real model process."""

import asyncio
import io
import sys
import tarfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from api import world as worlds
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from windvane.api.runtime import runtime_operations
from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Variant
from windvane.serving.router import Router
from windvane.store.open import open_store
from windvane.wire.edge import Edge
from windvane.work.hosting import Hosting

FAKE = Path(__file__).parents[1] / "unit" / "serving" / "fake_instance.py"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def model_data():
    files = {
        "transformers/version": "7.5",
        "transformers/manifest.json": "",
        "model/manifest.json": "",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return archive.getvalue()


def an_endpoint():
    containers = (Container("image", "s3://b/m.tar.gz"),)
    variants = [Variant(name, "m", 1, 1.0) for name in ("A", "B")]
    return Endpoint(
        scope=worlds.SCOPE,
        name="live",
        created=NOW,
        modified=NOW,
        config_name="c",
        generation=1,
        desired=tuple(Deployed(variant, containers) for variant in variants),
    )


class Service:
    """Edge, router and hosting on an event loop in a thread of its own."""

    def __init__(self, folder):
        self._store = open_store("", folder)
        self._store.migrate()
        artifacts = LocalArtifacts(folder / "s3")
        artifacts.ensure_bucket("b")
        artifacts.write(parse_location("s3://b/m.tar.gz"), model_data())
        with self._store.transaction() as tx:
            tx.insert(an_endpoint())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        router = Router()
        program = (sys.executable, str(FAKE))
        self._hosting = Hosting(self._store, artifacts, folder, router, program=program)
        self._run(self._start())
        self._edge = Edge(
            worlds.Keys(), {}, runtime_operations(router), None, lambda: datetime.now(UTC)
        )

    async def _start(self):
        self._hosting.start()
        async with asyncio.timeout(30):
            while self._status() is not EndpointStatus.IN_SERVICE:
                await asyncio.sleep(0.02)

    def _status(self):
        with self._store.snapshot() as tx:
            return tx.find(Endpoint, worlds.SCOPE, "live").status

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def send(self, request, **_):
        status, headers, body = self._run(worlds._call(self._edge, request))
        return AWSResponse(request.url, status, headers, worlds._Raw(body))

    def close(self):
        self._hosting.stop()
        self._run(asyncio.sleep(0.05))
        self._edge.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._store.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    built = Service(tmp_path_factory.mktemp("runtime"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def client(service):
    client = boto3.client(
        "sagemaker-runtime",
        region_name=worlds.REGION,
        endpoint_url="http://windvane.test",
        aws_access_key_id=worlds.ACCOUNT,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send.sagemaker-runtime", service.send)
    return client


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
