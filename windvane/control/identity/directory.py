"""Everything about identities that a request needs, in memory: nothing on the way of a request asks the database. Tags, and
versions of policies that are not the default one, are left out: no permission depends on them, and they are longer than all
the rest.

What this process changes is known at once (`refresh` follows each change); what another server changes, as soon as it
is looked for (`refresh` again, by a clock).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from windvane.control.identity.declared import DeclaredRole, declared_role, default_role_of
from windvane.control.identity.service_policies import SERVICE_POLICIES
from windvane.domain.identity import (
    AccessKey,
    Identity,
    IdentityKind,
    ManagedPolicy,
    Principal,
    Role,
    User,
)
from windvane.names import default_role
from windvane.store.base import Store

_ACCOUNT = re.compile(r"[0-9]{12}")

_Name = tuple[str, str]
"""Account, and name in lower case."""


@dataclass(frozen=True)
class Known:
    """All identities at one revision."""

    revision: int = -1
    users: Mapping[_Name, User] = field(default_factory=dict)
    roles: Mapping[_Name, Role] = field(default_factory=dict)
    policies: Mapping[str, ManagedPolicy] = field(default_factory=dict)
    keys: Mapping[str, AccessKey] = field(default_factory=dict)


class Directory:
    """Users, roles, policies and access keys of all accounts, those of the configuration included."""

    def __init__(self, store: Store | None, declared: Iterable[DeclaredRole] = ()) -> None:
        """Keep the declared roles, and the identities of a store once they were read.

        store     None where there is nothing but what is declared

        raises    InvalidRequest for a declared role whose ARN is none
        """
        self._store = store
        self._declared = {one.arn: declared_role(one) for one in declared}
        self._known = Known()
        self._refreshing = threading.Lock()

    def known(self) -> Known:
        if self._known.revision < 0 and self._store is not None:
            self.refresh()
        return self._known

    def refresh(self) -> None:
        """Learn what has changed in the store."""
        if self._store is None:
            return
        with self._refreshing:
            before = self._known
            with self._store.snapshot() as tx:
                if tx.identity_revision() == before.revision:
                    return
                changes = tx.identity_changes(max(before.revision, 0))
            tables = _Tables(Known() if changes.is_whole else before)
            for kind, account, name in changes.removed:
                tables.remove(kind, account, name)
            for record in changes.changed:
                tables.add(record)
            self._known = tables.as_of(changes.revision)

    def role(self, arn: str) -> Role | None:
        """Return the role of this ARN, letter by letter."""
        if (declared := self._declared.get(arn)) is not None:
            return declared
        parts = arn.split(":")
        if len(parts) != 6 or not parts[5].startswith("role/"):
            return None
        account, name = parts[4], parts[5].rpartition("/")[2]
        if arn == default_role(account) and _ACCOUNT.fullmatch(account):
            return default_role_of(account)
        found = self.known().roles.get((account, name.lower()))
        return found if found is not None and found.arn == arn else None

    def user(self, account: str, name: str) -> User | None:
        """Return the user of this name, letter by letter."""
        found = self.known().users.get((account, name.lower()))
        return found if found is not None and found.name == name else None

    def principal(self, arn: str) -> Principal | None:
        parts = arn.split(":")
        if len(parts) == 6 and parts[5].startswith("user/"):
            found = self.user(parts[4], parts[5].rpartition("/")[2])
            return found if found is not None and found.arn == arn else None
        return self.role(arn)

    def key(self, access_key: str) -> AccessKey | None:
        return self.known().keys.get(access_key)

    def policy(self, arn: str) -> ManagedPolicy | None:
        return SERVICE_POLICIES.get(arn) or self.known().policies.get(arn)

    def declared_roles(self, account: str) -> list[Role]:
        """Return the account's default role, and those of the configuration."""
        of_account = [role for role in self._declared.values() if role.account == account]
        return [default_role_of(account), *of_account]

    def roles(self, account: str) -> list[Role]:
        """Return every one of the account; the default one first."""
        stored = [role for (owner, _), role in self.known().roles.items() if owner == account]
        return [*self.declared_roles(account), *stored]


class _Tables:
    """Known identities on their way from one revision to the next."""

    def __init__(self, before: Known) -> None:
        self._users, self._roles = dict(before.users), dict(before.roles)
        self._policies, self._keys = dict(before.policies), dict(before.keys)
        self._arns = {(one.account, one.name.lower()): arn for arn, one in self._policies.items()}
        """Of policies."""

    def add(self, record: Identity) -> None:
        name = record.account, record.name.lower()
        if isinstance(record, User):
            self._users[name] = replace(record, tags={})
        elif isinstance(record, Role):
            self._roles[name] = replace(record, tags={})
        elif isinstance(record, AccessKey):
            self._keys[record.name] = record
        elif isinstance(record, ManagedPolicy):
            self.remove(IdentityKind.POLICY, *name)
            default = tuple(one for one in record.versions if one.id == record.default_version)
            self._policies[record.arn] = replace(record, tags={}, versions=default)
            self._arns[name] = record.arn

    def remove(self, kind: str, account: str, name: str) -> None:
        if kind == IdentityKind.USER:
            self._users.pop((account, name), None)
        elif kind == IdentityKind.ROLE:
            self._roles.pop((account, name), None)
        elif kind == IdentityKind.ACCESS_KEY:
            self._keys.pop(name.upper(), None)
        elif (arn := self._arns.pop((account, name), None)) is not None:
            del self._policies[arn]

    def as_of(self, revision: int) -> Known:
        return Known(revision, self._users, self._roles, self._policies, self._keys)
