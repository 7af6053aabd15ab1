"""Encryption keys of the key service (KMS) and their aliases: records and the table of states.

Key material is in a record as it is at rest: sealed under the server's master key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from windvane.domain.resource import Kind, Resource
from windvane.names import Scope


class KeyState(StrEnum):
    """KeyState on the wire, as far as it can happen here. A destroyed key's record is gone."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


@dataclass(frozen=True)
class KeyMaterial:
    """One generation of a key's secret.

    id      64 hexadecimal digits, KeyMaterialId on the wire
    sealed  the secret, sealed; base64
    """

    id: str
    sealed: str
    created: datetime
    on_demand: bool = False


@dataclass(frozen=True, kw_only=True)
class Key(Resource):
    """A symmetric key; its name is a UUID.

    materials      oldest first: the last one encrypts, the others still decrypt
    is_managed     made and used by the service itself (`alias/aws/...`), no client's to change
    deletion       when it is destroyed, of a key that is to be
    window_days    that its owner asked to wait until then
    rotation_days  between rotations; 0 for none
    next_rotation  of a key that is rotated
    """

    kind: ClassVar[Kind] = Kind.KEY

    materials: tuple[KeyMaterial, ...]
    status: KeyState = KeyState.ENABLED
    description: str = ""
    is_managed: bool = False
    deletion: datetime | None = None
    window_days: int = 0
    rotation_days: int = 0
    next_rotation: datetime | None = None

    @property
    def arn(self) -> str:
        return key_arn(self.scope, self.name)


@dataclass(frozen=True, kw_only=True)
class KeyAlias(Resource):
    """A name for a key, `alias/...`; it belongs to its key and is deleted with it."""

    kind: ClassVar[Kind] = Kind.KEY_ALIAS

    key_id: str

    @property
    def arn(self) -> str:
        return alias_arn(self.scope, self.name)


def key_arn(scope: Scope, key_id: str) -> str:
    return f"arn:aws:kms:{scope.region}:{scope.account}:key/{key_id}"


def alias_arn(scope: Scope, alias: str) -> str:
    return f"arn:aws:kms:{scope.region}:{scope.account}:{alias}"
