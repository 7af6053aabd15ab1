"""A control plane with real keys and permissions, over the real edge: for tests of who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3
from api.identities import SECRET, identity_of, permit_of
from api.world import INPUT, MODEL_DATA, REGION, Clock, World, build_parts, close
from botocore.config import Config
from migrated import migrated_database

from windvane.api.iam.operation import IdentityParts
from windvane.api.identity import identity_operations
from windvane.api.served import operations
from windvane.artifacts.local import LocalArtifacts
from windvane.control.buckets import StoredBuckets
from windvane.control.roles import Roles
from windvane.settings import LimitSettings, Role
from windvane.store.open import FILE_NAME, open_store
from windvane.wire.call import Caller
from windvane.wire.edge import Edge

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT, OTHER_ROOT = (ACCOUNT, "AKIAROOT", "secret"), (OTHER, "AKIAOTHER", "secret")
ROOTS = (ROOT, OTHER_ROOT)


class Accounts:
    """Two accounts with a root key each."""

    def __init__(self, folder: Path, declared: Iterable[Role] = ()) -> None:
        (folder / FILE_NAME).write_bytes(migrated_database())
        self.declared = tuple(declared)
        self.store = open_store("", folder)
        self.clock = Clock()
        artifacts = LocalArtifacts(folder / "s3")
        self.identity = self.server()
        self.ring = self.identity.keyring
        authorizer = self.identity.authorizer
        self.roles = Roles(authorizer, StoredBuckets(self.store, self.clock))
        parts = build_parts(self.store, artifacts, self.clock, LimitSettings(), self.roles)
        served = {**operations(parts), **identity_operations(self.identity)}
        edge = Edge(self.ring, served, {}, None, self.clock, permit=permit_of(self.identity))
        self.world = World(self.store, artifacts, self.clock, edge)
        for uri in (f"{INPUT}a.csv", MODEL_DATA, "s3://scratch/x"):
            self.world.put(uri)

    def close(self) -> None:
        close(self.world)

    def server(
        self,
        permanent: Iterable[tuple[str, str, str]] = ROOTS,
        declared: Iterable[Role] | None = None,
        secret: bytes = SECRET,
    ) -> IdentityParts:
        """Another server over the same store."""
        roles = self.declared if declared is None else tuple(declared)
        return identity_of(permanent, roles, self.store, self.clock, secret)

    def session(self, role: str, keys: Any = None, **changes: Any) -> Any:
        """The keys of a session of a role."""
        sts = self.client("sts", keys)
        answer = sts.assume_role(RoleArn=role, RoleSessionName="visit", **changes)
        return answer["Credentials"]

    def caller(self, keys: Any) -> Caller:
        credential = self.credential(keys)
        assert credential is not None
        return Caller(credential.account, REGION, credential)

    def credential(self, keys: Any) -> Any:
        return self.ring.credential(
            keys["AccessKeyId"], keys.get("SessionToken") or "", self.clock()
        )

    def client(self, service: str = "sagemaker", keys: Any = None) -> Any:
        keys = keys or keys_of(ROOT)
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url="http://windvane.test",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}", self.world._send)
        return client

    def user(self, name: str, *statements: dict[str, Any], account: Any = ROOT) -> Any:
        """The keys of a new user with an inline policy of these statements."""
        iam = self.client("iam", keys_of(account))
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=document(*statements)
            )
        return iam.create_access_key(UserName=name)["AccessKey"]


def keys_of(root: tuple[str, str, str]) -> dict[str, str]:
    return {"AccessKeyId": root[1], "SecretAccessKey": root[2]}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trust(principal: Any, **more: Any) -> str:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})
