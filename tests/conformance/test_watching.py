"""The hook: answers pass unchanged, what is wrong with them is written down, and fails the test that asked."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from api.world import _call
from botocore.awsrequest import AWSRequest
from conformance import session
from conformance.clients import Client, client_of
from conformance.notes import Desk, Fact, Notes, ran_in, read_facts
from conformance.watching import watched

pytest_plugins = ["pytester"]

URL = "http://windvane.test/"
TARGET = {"x-amz-target": "SageMaker.ListTags", "user-agent": "Boto3/1 Botocore/1"}
SCOPE = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sagemaker/aws4_request"
ASKED = json.dumps({"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m"})


def answering(body, status=200, chunks=1):
    async def app(scope, receive, send):
        await receive()
        headers = [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"x-amzn-requestid", b"id"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        size = -(-len(body) // chunks)
        for start in range(0, len(body), size):
            more = start + size < len(body)
            part = {"body": body[start : start + size], "more_body": more}
            await send({"type": "http.response.body", **part})

    return app


def ask(app, folder, headers=TARGET):
    request = AWSRequest("POST", URL, headers={**headers, "authorization": SCOPE}, data=ASKED)
    return asyncio.run(_call(watched(app, Notes(folder)), request.prepare()))


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch):
    """These answers are not the service's."""
    monkeypatch.setattr(session, "notes", lambda: None)


@pytest.fixture
def desk(tmp_path):
    opened = Desk(tmp_path / "notes")
    opened.begin("tests/test_a.py::test_b")
    return opened


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_good_answer_passes_and_is_written_down(desk, chunks):
    body = json.dumps({"Tags": [{"Key": "k", "Value": "v"}]}).encode()
    assert ask(answering(body, chunks=chunks), desk.folder)[::2] == (200, body)
    assert desk.new_faults() == []
    assert list(read_facts(desk.folder)) == [
        Fact(
            "tests/test_a.py::test_b",
            "boto3",
            "sagemaker",
            "ListTags",
            ("ResourceArn",),
            ("Tags[].Key", "Tags[].Value"),
        )
    ]


@pytest.mark.parametrize("tree", [{"Tag": []}, {"Tags": [{"Key": 1, "Value": "v"}]}])
def test_a_bad_answer_passes_too_and_is_told_once(desk, tree):
    body = json.dumps(tree).encode()
    for _ in range(2):
        assert ask(answering(body), desk.folder)[::2] == (200, body)
    [fault] = desk.new_faults()
    assert fault.startswith("sagemaker ListTags: ")
    assert desk.new_faults() == []


def test_a_refused_member_is_written_down_by_its_path(desk):
    message = "The member 'inputDataConfig.2.member.kmsKeyId' is not supported by this server."
    body = json.dumps({"__type": "ValidationException", "message": message}).encode()
    ask(answering(body, 400), desk.folder)
    [fact] = read_facts(desk.folder)
    assert (fact.error, fact.refused) == ("ValidationException", ("InputDataConfig[].KmsKeyId",))
    assert (fact.given, fact.answered) == ((), ())


def test_what_a_test_shows_again_is_written_once_and_anew_for_the_next_test(desk):
    app = answering(b'{"Tags":[]}')
    notes = Notes(desk.folder)
    request = AWSRequest("POST", URL, headers={**TARGET, "authorization": SCOPE}, data=ASKED)
    for test in ("one", "two"):
        desk.begin(test)
        for _ in range(2):
            asyncio.run(_call(watched(app, notes), request.prepare()))
    assert [fact.test for fact in read_facts(desk.folder)] == ["one", "two"]
    assert ran_in(desk.folder) >= {"one", "two"}


def test_s3_and_pages_are_not_looked_at(desk):
    s3 = {"authorization": SCOPE.replace("sagemaker", "s3")}
    request = AWSRequest("GET", f"{URL}bucket/key", headers=s3)
    for asked in (request, AWSRequest("GET", f"{URL}metrics")):
        answer = _call(watched(answering(b"not JSON"), Notes(desk.folder)), asked.prepare())
        assert asyncio.run(answer)[2] == b"not JSON"
    assert (desk.new_faults(), list(read_facts(desk.folder))) == ([], [])


@pytest.mark.slow
def test_a_test_with_a_bad_answer_fails(pytester, request, monkeypatch):
    """In a session of its own, with the hooks of this one."""
    root = request.config.rootpath
    monkeypatch.setenv("PYTHONPATH", f"{root / 'tests'}{os.pathsep}{root}")
    pytester.makeconftest((root / "tests" / "conftest.py").read_text())
    pytester.makepyfile(
        """
        from conformance import session

        def test_bad():
            session.notes().complain("", "sagemaker ListTags: the answer has a member X")

        def test_good():
            pass
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*sagemaker ListTags: the answer has a member X*"])


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("Boto3/1.43.1 md/Botocore#1.44.8 ua/2.1 os/linux", Client.BOTO3),
        ("aws-cli/1.46.1 md/Botocore#1.44.8", Client.AWS_CLI),
        ("Boto3/1.43.1 md/Botocore#1.44.8 lib/AWS-SageMaker-Python-SDK#2.257.7", Client.SAGEMAKER_2),
        ("Boto3/1.43.1 md/Botocore#1.44.8 lib/AWS-SageMakerCore#1.0.78", Client.SAGEMAKER_3),
        ("Boto3/1.43.1 lib/AWS-SageMaker-Python-SDK#3.1.0", Client.SAGEMAKER_3),
        ("Python-urllib/3.11", Client.HTTP),
        ("", Client.HTTP),
    ],
)  # fmt: skip
def test_a_client_is_known_by_its_user_agent(agent, client):
    assert client_of(agent) is client
