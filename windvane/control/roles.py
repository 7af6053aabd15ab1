"""Roles: what a job or model may read and write. Every account has the default role, which may use every
bucket of the account; others are declared in the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.store.base import Store


class DeclaredRole(Protocol):
    """A role of the configuration: bucket names, or '*' for every bucket of the account."""

    @property
    def arn(self) -> str: ...
    @property
    def read(self) -> tuple[str, ...]: ...
    @property
    def write(self) -> tuple[str, ...]: ...


class Action(StrEnum):
    """What is done with a bucket, in IAM's words."""

    LIST = "s3:ListBucket"
    GET = "s3:GetObject"
    PUT = "s3:PutObject"


def default_role_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role/windvane"


@dataclass(frozen=True)
class Grant:
    """A role that was assumed in an account: what it may do there."""

    role_arn: str
    account: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    store: Store

    def require(self, action: Action, bucket: str) -> None:
        """raises    InvalidRequest if the role may not do this with the bucket"""
        allowed = self.write if action is Action.PUT else self.read
        if bucket not in allowed and "*" not in allowed:
            raise self._denied(action, bucket, "The role's declaration does not name the bucket.")
        with self.store.snapshot() as tx:
            owner = tx.bucket_owner(bucket)
        if owner not in (None, self.account):
            raise self._denied(action, bucket, "The bucket belongs to another account.")

    def _denied(self, action: Action, bucket: str, reason: str) -> InvalidRequest:
        return InvalidRequest(
            f'Access denied: the role "{self.role_arn}" has no "{action}" permission on bucket '
            f'"{bucket}". {reason}'
        )


class Roles:
    """The roles that can be assumed."""

    def __init__(self, declared: Iterable[DeclaredRole], store: Store) -> None:
        self._declared = {role.arn: role for role in declared}
        self._store = store

    def default(self, scope: Scope) -> Grant:
        """What holds where a request names no role: every bucket of the account."""
        return Grant(default_role_arn(scope.account), scope.account, ("*",), ("*",), self._store)

    def assume(self, scope: Scope, arn: str) -> Grant:
        """raises    InvalidRequest if the account has no such role"""
        account = scope.account
        role = self._declared.get(arn)
        if role is not None and arn.split(":")[4] == account:
            return Grant(arn, account, role.read, role.write, self._store)
        if role is None and arn == default_role_arn(account):
            return self.default(scope)
        raise InvalidRequest(
            f"The role {arn} cannot be assumed. Please ensure that the role exists: it must be "
            f"{default_role_arn(account)} or be declared in the server's configuration, section "
            f"[[roles]], for the account {account}."
        )
