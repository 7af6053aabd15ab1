"""What a transaction can do with users, roles, policies and access keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from windvane.domain.identity import Identity

I = TypeVar("I", bound=Identity)  # noqa: E741 - as R is a Resource


@dataclass(frozen=True)
class IdentityChanges:
    """The changes since a revision.

    revision    up to which this tells
    is_whole    `changed` is everything there is: what was known before is to be forgotten
    removed     (kind, account, name in lower case)
    """

    revision: int
    is_whole: bool
    changed: tuple[Identity, ...]
    removed: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class KeyUse:
    """When an access key was used last, and for what."""

    used: datetime
    service: str
    region: str


class IdentityBook(Protocol):
    """Identities are found by kind, account and name, whatever the name's case. Every change gets a revision, higher
    than all before it."""

    def add_identity(self, record: Identity) -> bool:
        """Return whether it was stored; False if the name is taken in its (kind, account)."""

    def update_identity(self, record: Identity) -> None:
        """Replace the record of the same kind, account and name; raises KeyError if there is none."""

    def remove_identity(self, record: Identity) -> None:
        """Remove a user, role, policy or access key.

        raises    KeyError if there never was one
        """

    def identity(self, kind: type[I], account: str, name: str) -> I | None: ...

    def identities(self, kind: type[I], account: str) -> list[I]:
        """Return the identities of a kind in the order of their names in lower case."""

    def count_identities(self, kind: type[Identity], account: str) -> int: ...

    def identity_revision(self) -> int:
        """Return the revision of the last change; 0 if there was none."""

    def identity_changes(self, since: int) -> IdentityChanges:
        """Return the changes in all accounts, after the revision `since`."""

    def note_key_use(self, access_key: str, use: KeyUse) -> None: ...

    def key_use(self, access_key: str) -> KeyUse | None: ...

    def key_uses(self, access_keys: Collection[str]) -> dict[str, KeyUse]:
        """Return the uses of those keys that were used, by key."""

    def forget_key_use(self, access_key: str) -> None: ...
