"""Users, roles, managed policies and access keys of an account.

Names are unique per (kind, account), whatever their case; a record that is deleted and made again under the same name
gets another id, and nothing that was granted to the first one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class IdentityKind(StrEnum):
    USER = "user"
    ROLE = "role"
    POLICY = "policy"
    ACCESS_KEY = "access-key"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The fields that all kinds of identities have.

    id    unique for ever, such as AIDA..., AROA..., ANPA... or AKIA...
    """

    kind: ClassVar[IdentityKind]

    account: str
    name: str
    id: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class Principal(Identity):
    """A user or a role.

    path       begins and ends with /
    inline     names of policies -> documents, as they were written
    attached   ARNs of managed policies
    """

    path: str = "/"
    inline: dict[str, str] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"


@dataclass(frozen=True, kw_only=True)
class User(Principal):
    kind = IdentityKind.USER


@dataclass(frozen=True, kw_only=True)
class Role(Principal):
    """A role of IAM.

    trust           document that says who may assume it
    trusted_ids     ids that the ARNs in it had when it was written: who has the same name later is somebody else
    max_session_s   that a session may last
    is_declared     by the configuration, or the account's default role: not to be changed by operations
    """

    kind = IdentityKind.ROLE

    trust: str
    trusted_ids: dict[str, str] = field(default_factory=dict)
    description: str = ""
    max_session_s: int = 3600
    is_declared: bool = False


@dataclass(frozen=True)
class PolicyVersion:
    """A version of a managed policy.

    id    such as v1; numbers are never used again
    """

    id: str
    document: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class ManagedPolicy(Identity):
    """A managed policy of IAM.

    account    "aws" for the service's own
    """

    kind = IdentityKind.POLICY

    path: str = "/"
    description: str = ""
    updated: datetime
    versions: tuple[PolicyVersion, ...]
    default_version: str = "v1"
    n_versions: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"

    @property
    def document(self) -> str:
        """The document of the default version."""
        return next(v.document for v in self.versions if v.id == self.default_version)


class KeyStatus(StrEnum):
    ACTIVE = "Active"
    INACTIVE = "Inactive"


@dataclass(frozen=True, kw_only=True)
class AccessKey(Identity):
    """An access key of a user; its name is its id.

    sealed_secret    base64 of the encrypted secret
    """

    kind = IdentityKind.ACCESS_KEY

    user_id: str
    user_name: str
    sealed_secret: str = field(repr=False)
    status: KeyStatus = KeyStatus.ACTIVE
