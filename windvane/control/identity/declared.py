"""Roles that nobody creates: the default one of every account, and those of the configuration."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from windvane.control.identity.documents import VERSION
from windvane.domain.identity import Role
from windvane.errors import InvalidRequest
from windvane.names import default_role, parse_arn

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SAGEMAKER = "sagemaker.amazonaws.com"
CREATED = datetime(2024, 1, 1, tzinfo=UTC)
INLINE_NAME = "configuration"
LONGEST_SESSION_S = 43_200

_READS = ["s3:Get*", "s3:List*", "s3:HeadBucket", "s3:HeadObject"]


class DeclaredRole(Protocol):
    """A role of the configuration: bucket names, or '*' for every bucket of the account."""

    @property
    def arn(self) -> str: ...
    @property
    def read(self) -> tuple[str, ...]: ...
    @property
    def write(self) -> tuple[str, ...]: ...


def role_id(role_arn: str) -> str:
    """Return the identifier of a declared role: the same at every start."""
    digest = hashlib.sha256(role_arn.encode()).digest()
    return "AROA" + base64.b32encode(digest[:11]).decode()[:17]


@lru_cache(maxsize=256)
def default_role_of(account: str) -> Role:
    """May do everything in the account; whoever its own policies let may assume it."""
    return Role(
        account=account,
        name="windvane",
        id=role_id(default_role(account)),
        created=CREATED,
        attached=(ADMINISTRATOR,),
        trust=_trust(account),
        description="The role that every account has.",
        max_session_s=LONGEST_SESSION_S,
        is_declared=True,
    )


def declared_role(declared: DeclaredRole) -> Role:
    """Return a role of the configuration as a record.

    raises    InvalidRequest for an ARN that is none of a role
    """
    arn = parse_arn(declared.arn)
    if (arn.service, arn.kind) != ("iam", "role"):
        raise InvalidRequest(f"'{declared.arn}' is not an ARN of a role.")
    path, _, name = arn.name.rpartition("/")
    return Role(
        account=arn.scope.account,
        name=name,
        id=role_id(declared.arn),
        created=CREATED,
        path=f"/{path}/" if path else "/",
        inline={INLINE_NAME: _document(declared)},
        trust=_trust(arn.scope.account),
        description="Declared in the server's configuration.",
        max_session_s=LONGEST_SESSION_S,
        is_declared=True,
    )


def _trust(account: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{account}:root", "Service": SAGEMAKER}
    return _policy([{"Principal": principal, "Action": "sts:AssumeRole"}])


def _document(declared: DeclaredRole) -> str:
    """Everything of jobs, models, endpoints and logs, of S3 the buckets that are named, and of roles itself."""
    statements: list[dict[str, Any]] = [
        {"Action": ["sagemaker:*", "windvane:*", "logs:*"], "Resource": "*"},
        {"Action": ["iam:GetRole", "iam:ListRoles"], "Resource": "*"},
        {
            "Action": [
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:GenerateDataKey*",
                "kms:CreateGrant",
            ],
            "Resource": "*",
        },
        {"Action": ["iam:PassRole", "sts:AssumeRole"], "Resource": declared.arn},
        {"Action": "s3:ListAllMyBuckets", "Resource": "*"},
    ]
    if declared.read:
        statements.append({"Action": _READS, "Resource": _buckets(declared.read)})
    if declared.write:
        statements.append({"NotAction": _READS, "Resource": _buckets(declared.write)})
    return _policy(statements)


def _buckets(names: Iterable[str]) -> list[str]:
    """A name is literal, but for the one name that means every bucket."""
    arns = []
    for name in names:
        literal = name if name == "*" else name.replace("*", "${*}").replace("?", "${?}")
        arns += [f"arn:aws:s3:::{literal}", f"arn:aws:s3:::{literal}/*"]
    return arns


def _policy(statements: list[dict[str, Any]]) -> str:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": VERSION, "Statement": allowed})
