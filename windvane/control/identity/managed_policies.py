"""Managed policies of an account, and their versions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from windvane.control.identity.changes import Changes, fresh_id, with_tags
from windvane.control.identity.documents import Use, read_new_policy
from windvane.control.identity.principals import find_policy
from windvane.control.identity.service_policies import SERVICE_POLICIES
from windvane.domain.identity import ManagedPolicy, PolicyVersion, Principal
from windvane.errors import (
    AccessDenied,
    IdentityQuota,
    InUse,
    InvalidRequest,
    NameTaken,
    NotFound,
)
from windvane.store.base import Transaction

MOST_POLICIES, MOST_VERSIONS = 1500, 5


class ManagedPolicies:
    """The operations on managed policies."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def create(
        self,
        account: str,
        name: str,
        path: str,
        text: str,
        description: str,
        tags: list[dict[str, str]],
    ) -> ManagedPolicy:
        """Create a managed policy.

        raises    MalformedPolicy, PolicyTooLong, NameTaken, IdentityQuota
        """
        read_new_policy(text, Use.MANAGED)
        now = self._changes.now()
        policy = ManagedPolicy(
            account=account,
            name=name,
            id=fresh_id("ANPA"),
            created=now,
            updated=now,
            path=path,
            description=description,
            versions=(PolicyVersion("v1", text, now),),
            tags=with_tags({}, tags),
        )
        with self._changes.transaction() as tx:
            if tx.count_identities(ManagedPolicy, account) >= MOST_POLICIES:
                raise IdentityQuota("PoliciesPerAccount", MOST_POLICIES)
            if not tx.add_identity(policy):
                raise NameTaken(
                    f"A policy called {name} already exists. Duplicate names are not allowed."
                )
        return policy

    def find(self, account: str, arn: str) -> ManagedPolicy:
        """Return a managed policy, the service's own included.

        raises    NotFound
        """
        with self._changes.snapshot() as tx:
            return _found(tx, account, arn)

    def listed(self, account: str, *, own: bool, service: bool) -> list[ManagedPolicy]:
        """Return the account's own, the service's, or both; in the order of their names."""
        known = self._changes.current().known().policies.values()
        found = [policy for policy in known if own and policy.account == account]
        found += [policy for policy in SERVICE_POLICIES.values() if service]
        return sorted(found, key=lambda policy: (policy.name.lower(), policy.arn))

    def attached_to(self, account: str, arn: str) -> list[Principal]:
        """Users and roles of the account that have the policy."""
        directory = self._changes.current()
        users = [user for user in directory.known().users.values() if user.account == account]
        principals: list[Principal] = [*users, *directory.roles(account)]
        return [principal for principal in principals if arn in principal.attached]

    def attachments(self, account: str) -> Counter[str]:
        """Return how many users and roles of the account have each policy, by its ARN."""
        directory = self._changes.current()
        users = [user for user in directory.known().users.values() if user.account == account]
        return Counter(arn for one in (*users, *directory.roles(account)) for arn in one.attached)

    def delete(self, account: str, arn: str) -> None:
        """Delete a managed policy that is attached to nobody.

        raises    NotFound, InUse, AccessDenied
        """
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            if self.attached_to(account, arn):
                raise InUse("Cannot delete a policy attached to entities.")
            if len(policy.versions) > 1:
                raise InUse(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                    "versions. The default version is deleted with the policy."
                )
            tx.remove_identity(policy)

    def add_version(self, account: str, arn: str, text: str, *, is_default: bool) -> PolicyVersion:
        """Add a version to a managed policy.

        raises    MalformedPolicy, PolicyTooLong, NotFound, IdentityQuota, AccessDenied
        """
        read_new_policy(text, Use.MANAGED)
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            if len(policy.versions) >= MOST_VERSIONS:
                raise IdentityQuota("VersionsPerPolicy", MOST_VERSIONS)
            number, now = policy.n_versions + 1, self._changes.now()
            version = PolicyVersion(f"v{number}", text, now)
            changed = replace(
                policy, versions=(*policy.versions, version), n_versions=number, updated=now
            )
            if is_default:
                changed = replace(changed, default_version=version.id)
            tx.update_identity(changed)
        return version

    def set_default(self, account: str, arn: str, version: str) -> None:
        """Make a version of a managed policy its default.

        raises    NotFound, AccessDenied
        """
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            version_of(policy, version)
            now = self._changes.now()
            tx.update_identity(replace(policy, default_version=version, updated=now))

    def delete_version(self, account: str, arn: str, version: str) -> None:
        """Delete a version of a managed policy.

        raises    NotFound, InUse, AccessDenied
        """
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            version_of(policy, version)
            if version == policy.default_version:
                raise InUse("Cannot delete the default version of a policy.")
            kept = tuple(one for one in policy.versions if one.id != version)
            tx.update_identity(replace(policy, versions=kept))

    def tag(self, account: str, arn: str, given: list[dict[str, str]]) -> None:
        """Add tags to a managed policy.

        raises    NotFound, IdentityQuota, AccessDenied
        """
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            tx.update_identity(replace(policy, tags=with_tags(policy.tags, given)))

    def untag(self, account: str, arn: str, keys: list[str]) -> None:
        """Remove tags of a managed policy.

        raises    NotFound, AccessDenied
        """
        gone = {key.lower() for key in keys}
        with self._changes.transaction() as tx:
            policy = _changeable(tx, account, arn)
            tags = {key: value for key, value in policy.tags.items() if key.lower() not in gone}
            tx.update_identity(replace(policy, tags=tags))


def version_of(policy: ManagedPolicy, version: str) -> PolicyVersion:
    """Return a version of a policy.

    raises    NotFound
    """
    for one in policy.versions:
        if one.id == version:
            return one
    raise NotFound(f"Policy {policy.arn} version {version} does not exist or is not attachable.")


def _found(tx: Transaction, account: str, arn: str) -> ManagedPolicy:
    if not arn.startswith("arn:aws:iam::"):
        raise InvalidRequest(f"ARN {arn[:200]} is not valid.")
    try:
        return find_policy(tx, account, arn)
    except NotFound as error:
        raise NotFound(f"Policy {arn} was not found.") from error


def _changeable(tx: Transaction, account: str, arn: str) -> ManagedPolicy:
    policy = _found(tx, account, arn)
    if policy.account != account:
        raise AccessDenied(f"The policy {arn} is the service's own: no account may change it.")
    return policy
