"""STS, IAM and sessions that end, as clients of every service see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from api.identities import identity_of
from api.world import World, refusal
from botocore.config import Config
from migrated import migrated_database
from s3.gateways import external_gateway

from windvane.api.identity import identity_operations
from windvane.store.open import FILE_NAME, open_store
from windvane.wire.edge import Edge

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/windvane"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def parts(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(migrated_database())
    store = open_store("", tmp_path)
    yield identity_of([(ACCOUNT, "AKIA1", "secret")], store=store)
    store.close()


@pytest.fixture
def ring(parts):
    return parts.keyring


@pytest.fixture
def client(parts, ring):
    gateway = external_gateway("http://127.0.0.1:1", ring, now)

    async def never(call):
        raise AssertionError

    edge = Edge(
        ring,
        {
            **identity_operations(parts),
            ("sagemaker", "ListModels"): lambda call: {"Models": []},
        },
        {("sagemaker-runtime", "InvokeEndpoint"): never},
        gateway,
        now,
    )
    world = World(None, None, None, edge)

    def made(service, keys=None):
        keys = keys or {"AccessKeyId": "AKIA1", "SecretAccessKey": "secret", "SessionToken": None}
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url="http://windvane.test",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}", world._send)
        return client

    yield made
    edge.close()


def keys_of(ring, lifetime):
    keys = ring.issue(ROLE, "visit", lifetime, now(), ring.credential("AKIA1", "", now()))
    return {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.session_token,
    }


CALLS = {
    "sagemaker": lambda client: (client.list_models, {}),
    "sts": lambda client: (client.get_caller_identity, {}),
    "iam": lambda client: (client.get_role, {"RoleName": "windvane"}),
}
ENDED = "The security token included in the request is expired"


@pytest.mark.parametrize(
    ("service", "call", "code", "text"),
    [
        ("sagemaker", CALLS["sagemaker"], "ExpiredTokenException", ENDED),
        (
            "sagemaker-runtime",
            lambda client: (client.invoke_endpoint, {"EndpointName": "e", "Body": b""}),
            "ExpiredTokenException",
            ENDED,
        ),
        ("sts", CALLS["sts"], "ExpiredToken", ENDED),
        ("iam", CALLS["iam"], "ExpiredToken", ENDED),
        (
            "s3",
            lambda client: (client.list_objects_v2, {"Bucket": "b"}),
            "ExpiredToken",
            "The provided token has expired.",
        ),
    ],
)
def test_every_service_tells_that_a_session_is_over(client, ring, service, call, code, text):
    operation, parameters = call(client(service, keys_of(ring, timedelta(seconds=-1))))
    assert refusal(operation, **parameters) == (code, text)


@pytest.mark.parametrize("service", CALLS)
def test_until_then_its_keys_are_good(client, ring, service):
    operation, parameters = CALLS[service](client(service, keys_of(ring, timedelta(hours=1))))
    assert operation(**parameters)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_keys_of_a_session_token_are_the_callers(client):
    keys = client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    assert keys["Expiration"] > now()
    before = client("sts").get_caller_identity()
    after = client("sts", keys).get_caller_identity()
    assert {name: after[name] for name in ("Arn", "Account", "UserId")} == {
        name: before[name] for name in ("Arn", "Account", "UserId")
    }


def test_roles_and_users_are_told_as_aws_does(client):
    iam = client("iam")
    roles = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    assert [role["Arn"] for role in roles] == [ROLE]
    role = iam.get_role(RoleName="windvane")["Role"]
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {
        "AWS": f"arn:aws:iam::{ACCOUNT}:root",
        "Service": "sagemaker.amazonaws.com",
    }
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="nobody")
    assert refusal(iam.get_user) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )


def test_what_needs_no_signature_on_aws_is_refused_by_name(client):
    sts = client("sts")
    web = {"RoleArn": ROLE, "RoleSessionName": "visit", "WebIdentityToken": "t" * 4}
    assert refusal(sts.assume_role_with_web_identity, **web) == (
        "UnknownOperationException",
        "The operation AssumeRoleWithWebIdentity of sts is not served here.",
    )
    saml = {"RoleArn": ROLE, "PrincipalArn": ROLE, "SAMLAssertion": "t" * 4}
    assert refusal(sts.assume_role_with_saml, **saml)[0] == "UnknownOperationException"


def test_what_a_session_cannot_have_is_refused(client):
    asked = {"RoleArn": ROLE, "RoleSessionName": "visit", "SourceIdentity": "me"}
    code, text = refusal(client("sts").assume_role, **asked)
    assert code == "ValidationError"
    assert "does not support SourceIdentity: leave it out" in text
