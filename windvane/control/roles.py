"""Roles: what a job or model may read and write. Every account has the default role, which may use every
bucket of the account; others are declared in the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from windvane.artifacts.mapped import BucketMap
from windvane.control.buckets import BucketOwners
from windvane.errors import AccessDenied, InvalidRequest
from windvane.names import Scope, default_role
from windvane.wire.call import Caller


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


@dataclass(frozen=True)
class Grant:
    """A role that was assumed in an account: what it may do there."""

    role_arn: str
    account: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    owners: BucketOwners
    mapped: BucketMap

    def allows(self, action: Action, bucket: str) -> bool:
        """Whether the role's declaration names the bucket for this."""
        allowed = self.write if action is Action.PUT else self.read
        return bucket in allowed or "*" in allowed

    def require(self, action: Action, bucket: str) -> None:
        """raises    InvalidRequest if the role may not do this with the bucket"""
        if (source := self.mapped.find(bucket)) is not None:
            if action is Action.PUT:
                raise self._denied(
                    action, bucket, f"The bucket is only read: it stands for {source}."
                )
            if not source.is_open_to(self.account):
                raise self._denied(action, bucket, "The bucket is declared for other accounts.")
            if not source.accounts or self.allows(action, bucket):
                return
        if not self.allows(action, bucket):
            raise self._denied(action, bucket, "The role's declaration does not name the bucket.")
        if self.owners.owner(bucket) not in (None, self.account):
            raise self._denied(action, bucket, "The bucket belongs to another account.")

    def _denied(self, action: Action, bucket: str, reason: str) -> InvalidRequest:
        return InvalidRequest(
            f'Access denied: the role "{self.role_arn}" has no "{action}" permission on bucket '
            f'"{bucket}". {reason}'
        )


class Roles:
    """The roles that can be assumed."""

    def __init__(
        self,
        declared: Iterable[DeclaredRole],
        owners: BucketOwners,
        mapped: BucketMap | None = None,
    ) -> None:
        """mapped    the buckets that are read from elsewhere"""
        self._declared = {role.arn: role for role in declared}
        self._owners = owners
        self._mapped = mapped or BucketMap()

    def default(self, scope: Scope) -> Grant:
        """The default role of the account: every bucket of it."""
        arn = default_role(scope.account)
        return Grant(arn, scope.account, ("*",), ("*",), self._owners, self._mapped)

    def assume(self, scope: Scope, arn: str) -> Grant:
        """raises    InvalidRequest if the account has no such role"""
        account = scope.account
        role = self._declared.get(arn)
        if role is not None and arn.split(":")[4] == account:
            return Grant(arn, account, role.read, role.write, self._owners, self._mapped)
        if role is None and arn == default_role(account):
            return self.default(scope)
        raise InvalidRequest(
            f"The role {arn} cannot be assumed. Please ensure that the role exists: it must be "
            f"{default_role(account)} or be declared in the server's configuration, section "
            f"[[roles]], for the account {account}."
        )

    def of_caller(self, caller: Caller) -> Grant:
        """What holds where a request names no role: what the caller may do, and no more.

        raises    AccessDenied if the caller's role is no more
        """
        arn = caller.credential.role_arn
        if arn != default_role(caller.account) and arn not in self._declared:
            raise AccessDenied(f"The role of {caller.credential.principal_arn} is no more.")
        return self.assume(Scope(caller.account, caller.region), arn)

    def passed(self, caller: Caller, arn: str) -> Grant:
        """The role that a caller hands to a job or model; a session of the default role may hand on any of the account.

        raises    AccessDenied if the caller may not; InvalidRequest if the account has no such role
        """
        if caller.credential.role_arn not in (default_role(caller.account), arn):
            raise AccessDenied(
                f"User: {caller.credential.principal_arn} is not authorized to perform: iam:PassRole on resource: "
                f"{arn} because no identity-based policy allows the iam:PassRole action"
            )
        return self.assume(Scope(caller.account, caller.region), arn)
