"""Roles as they are made and changed; what they allow at work is in control/roles.py."""

from __future__ import annotations

from dataclasses import replace

from windvane.control.identity.changes import Changes, fresh_id, with_tags
from windvane.control.identity.documents import Use, read_new_policy
from windvane.control.identity.principals import Principals
from windvane.domain.identity import Role
from windvane.errors import IdentityQuota, InUse, InvalidRequest, MalformedPolicy, NameTaken

MOST_ROLES = 1000
SHORTEST_SESSION_S, LONGEST_SESSION_S = 3600, 43_200


class RoleRecords:
    """The operations on roles."""

    def __init__(self, changes: Changes, principals: Principals) -> None:
        self._changes = changes
        self._principals = principals

    def create(self, asked: Role, tags: list[dict[str, str]]) -> Role:
        """Create a role.

        asked     with its id and time still to be given

        raises    MalformedPolicy, InvalidRequest, NameTaken, IdentityQuota
        """
        account, name = asked.account, asked.name
        _check_session(asked.max_session_s)
        role = replace(
            asked,
            id=fresh_id("AROA"),
            created=self._changes.now(),
            tags=with_tags({}, tags),
            trusted_ids=self._trusted_ids(asked.trust),
        )
        declared = self._changes.directory.declared_roles(account)
        if name.lower() in {one.name.lower() for one in declared}:
            raise NameTaken(f"Role with name {name} already exists.")
        with self._changes.transaction() as tx:
            if tx.count_identities(Role, account) >= MOST_ROLES:
                raise IdentityQuota("RolesPerAccount", MOST_ROLES)
            if not tx.add_identity(role):
                raise NameTaken(f"Role with name {name} already exists.")
        return role

    def listed(self, account: str, prefix: str) -> list[Role]:
        """Return those whose path begins with `prefix`, in the order of their names."""
        roles = self._changes.current().roles(account)
        found = [role for role in roles if role.path.startswith(prefix)]
        return sorted(found, key=lambda role: (role.name.lower(), role.arn))

    def update(
        self, account: str, name: str, description: str | None, max_session_s: int | None
    ) -> None:
        """Change the description or the longest session of a role; None leaves it.

        raises    NotFound, Unmodifiable, InvalidRequest
        """
        with self._changes.transaction() as tx:
            role = self._principals.changeable(tx, Role, account, name)
            if description is not None:
                role = replace(role, description=description)
            if max_session_s is not None:
                _check_session(max_session_s)
                role = replace(role, max_session_s=max_session_s)
            tx.update_identity(role)

    def update_trust(self, account: str, name: str, trust: str) -> None:
        """Replace the trust policy of a role.

        raises    MalformedPolicy, PolicyTooLong, NotFound, Unmodifiable
        """
        trusted_ids = self._trusted_ids(trust)
        with self._changes.transaction() as tx:
            role = self._principals.changeable(tx, Role, account, name)
            tx.update_identity(replace(role, trust=trust, trusted_ids=trusted_ids))

    def delete(self, account: str, name: str) -> None:
        """Delete a role that has no policies.

        raises    NotFound, Unmodifiable, InUse
        """
        with self._changes.transaction() as tx:
            role = self._principals.changeable(tx, Role, account, name)
            if role.attached:
                raise InUse("Cannot delete entity, must detach all policies first.")
            if role.inline:
                raise InUse("Cannot delete entity, must delete policies first.")
            tx.remove_identity(role)

    def _trusted_ids(self, trust: str) -> dict[str, str]:
        """Return what the ARNs in a trust policy stand for now.

        raises    MalformedPolicy for an ARN of nobody
        """
        directory, ids = self._changes.current(), {}
        for statement in read_new_policy(trust, Use.TRUST).statements:
            for arn in sorted(statement.principals.arns if statement.principals else ()):
                if (principal := directory.principal(arn)) is None:
                    raise MalformedPolicy(f'Invalid principal in policy: "AWS":"{arn}"')
                ids[arn] = principal.id
        return ids


def _check_session(seconds: int) -> None:
    if not SHORTEST_SESSION_S <= seconds <= LONGEST_SESSION_S:
        raise InvalidRequest(
            f"MaxSessionDuration must be from {SHORTEST_SESSION_S} to {LONGEST_SESSION_S} seconds, not {seconds}."
        )
