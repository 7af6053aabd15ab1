"""What users and roles have in common: inline policies, managed ones that are attached, tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from windvane.control.identity.changes import Changes, with_tags
from windvane.control.identity.documents import Use, check_room, length_of, read_policy
from windvane.control.identity.service_policies import SERVICE_POLICIES
from windvane.domain.identity import ManagedPolicy, Principal, Role, User
from windvane.errors import IdentityQuota, InvalidRequest, NotFound, PolicyTooLong, Unmodifiable
from windvane.store.base import Transaction

P = TypeVar("P", bound=Principal)

MOST_ATTACHED = 10
"""source    "IAM and AWS STS quotas" in IAM's user guide, as all other numbers here"""


class Principals:
    """The operations that users and roles have in common; `kind` says which."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def find(self, kind: type[P], account: str, name: str) -> P:
        """Return a user or role, declared ones included.

        raises    NotFound
        """
        for role in self._changes.directory.declared_roles(account):
            if isinstance(role, kind) and role.name == name:
                return role
        with self._changes.snapshot() as tx:
            return _stored(tx, kind, account, name)

    def put_inline(self, kind: type[P], account: str, name: str, policy: str, text: str) -> None:
        """Add or replace an inline policy.

        raises    MalformedPolicy, PolicyTooLong, NotFound, Unmodifiable
        """
        use = Use.USER if kind is User else Use.ROLE
        read_policy(text, use)
        with self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            inline = {**principal.inline, policy: text}
            if (total := sum(map(length_of, inline.values()))) > use.most:
                raise PolicyTooLong(use.most, total)
            check_room("".join(inline.values()), use)
            tx.update_identity(replace(principal, inline=inline))

    def delete_inline(self, kind: type[P], account: str, name: str, policy: str) -> None:
        """Delete an inline policy.

        raises    NotFound, Unmodifiable
        """
        with self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            if policy not in principal.inline:
                raise missing_inline(kind, policy)
            inline = {key: text for key, text in principal.inline.items() if key != policy}
            tx.update_identity(replace(principal, inline=inline))

    def inline(self, kind: type[P], account: str, name: str, policy: str) -> str:
        """Return the document of an inline policy.

        raises    NotFound
        """
        text = self.find(kind, account, name).inline.get(policy)
        if text is None:
            raise missing_inline(kind, policy)
        return text

    def attach(self, kind: type[P], account: str, name: str, policy: str) -> None:
        """Attach a managed policy.

        raises    NotFound, IdentityQuota, Unmodifiable
        """
        with self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            find_policy(tx, account, policy)
            if policy in principal.attached:
                return
            if len(principal.attached) >= MOST_ATTACHED:
                quota = "PoliciesPerUser" if kind is User else "PoliciesPerRole"
                raise IdentityQuota(quota, MOST_ATTACHED)
            tx.update_identity(replace(principal, attached=(*principal.attached, policy)))

    def detach(self, kind: type[P], account: str, name: str, policy: str) -> None:
        """Detach a managed policy.

        raises    NotFound, Unmodifiable
        """
        with self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            if policy not in principal.attached:
                raise NotFound(f"Policy {policy} was not found.")
            attached = tuple(arn for arn in principal.attached if arn != policy)
            tx.update_identity(replace(principal, attached=attached))

    def tag(self, kind: type[P], account: str, name: str, given: list[dict[str, str]]) -> None:
        """Add tags to a user or role.

        raises    NotFound, IdentityQuota; InvalidRequest for a role that is declared
        """
        with _refused_as_invalid(), self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            tx.update_identity(replace(principal, tags=with_tags(principal.tags, given)))

    def untag(self, kind: type[P], account: str, name: str, keys: list[str]) -> None:
        """Remove tags of a user or role.

        raises    NotFound; InvalidRequest for a role that is declared
        """
        gone = {key.lower() for key in keys}
        with _refused_as_invalid(), self._changes.transaction() as tx:
            principal = self.changeable(tx, kind, account, name)
            tags = {key: value for key, value in principal.tags.items() if key.lower() not in gone}
            tx.update_identity(replace(principal, tags=tags))

    def changeable(self, tx: Transaction, kind: type[P], account: str, name: str) -> P:
        """Return a user or role that operations may change.

        raises    NotFound; Unmodifiable for a role that is declared
        """
        if kind is Role:
            refuse_declared(self._changes, account, name)
        return _stored(tx, kind, account, name)


def _stored(tx: Transaction, kind: type[P], account: str, name: str) -> P:
    """Return a user or role of the store.

    raises    NotFound
    """
    found = tx.identity(kind, account, name)
    if found is None or found.name != name:
        raise missing(kind, name)
    return found


@contextmanager
def _refused_as_invalid() -> Iterator[None]:
    """The operations on tags have no error of their own for what cannot be changed."""
    try:
        yield
    except Unmodifiable as error:
        raise InvalidRequest(str(error)) from error


def refuse_declared(changes: Changes, account: str, name: str) -> None:
    """Refuse to change a role that the configuration declares.

    raises    Unmodifiable
    """
    for role in changes.directory.declared_roles(account):
        if role.name == name:
            raise Unmodifiable(
                f"Cannot change the role {role.arn}: it is the account's default role, or declared in the server's "
                "configuration, section [[roles]]."
            )


def find_policy(tx: Transaction, account: str, arn: str) -> ManagedPolicy:
    """Return a managed policy that an account can attach.

    raises    NotFound for one that is not there, or another account's
    """
    if (own := SERVICE_POLICIES.get(arn)) is not None:
        return own
    found = tx.identity(ManagedPolicy, account, arn.rpartition("/")[2])
    if found is None or found.arn != arn:
        raise NotFound(f"Policy {arn} does not exist or is not attachable.")
    return found


def missing(kind: type[Principal], name: str) -> NotFound:
    return NotFound(f"The {kind.kind} with name {name} cannot be found.")


def missing_inline(kind: type[Principal], policy: str) -> NotFound:
    return NotFound(f"The {kind.kind} policy with name {policy} cannot be found.")
