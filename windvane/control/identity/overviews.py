"""What the lists of users and roles show besides what IAM lists: policies and keys of users, and which roles are declared."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from windvane.control.identity.authorizer import Authorizer, denied
from windvane.control.identity.evaluation import Decision
from windvane.domain.identity import AccessKey, KeyStatus, User
from windvane.errors import NotAuthorized
from windvane.store.base import Store
from windvane.store.identity_book import KeyUse
from windvane.wire.call import Caller

_LOOKED_FOR_S = 1.0
"""How long a page looks: whoever looks may have long policies, which are asked for each user."""

_POLICIES = ("iam:ListUserPolicies", "iam:ListAttachedUserPolicies")
_KEYS, _USES = "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"


@dataclass(frozen=True)
class UserOverview:
    """A user in a list; a refusal stands in the place of what the caller may not see.

    n_policies    inline and managed ones
    used          when one of its keys was used last; None if none ever was
    """

    n_policies: int | NotAuthorized
    n_active_keys: int | NotAuthorized
    n_inactive_keys: int | NotAuthorized
    used: datetime | NotAuthorized | None


class IdentityOverviews:
    """Overviews of users, read at once for a whole page of a list."""

    def __init__(self, authorizer: Authorizer, store: Store) -> None:
        self._authorizer = authorizer
        self._store = store

    def declared_arns(self, account: str) -> frozenset[str]:
        """Return the ARNs of the roles that operations cannot change: the default one, and those of the configuration."""
        return frozenset(role.arn for role in self._authorizer.directory.declared_roles(account))

    def users(self, caller: Caller, names: Collection[str]) -> Mapping[str, UserOverview]:
        """Return overviews by name, with what the caller may see of each user, of as many as are found in a second."""
        give_up = time.monotonic() + _LOOKED_FOR_S
        directory = self._authorizer.directory
        directory.refresh()
        found = [
            user for name in names if (user := directory.user(caller.account, name)) is not None
        ]
        keys = self._keys({user.id for user in found})
        with self._store.snapshot() as tx:
            uses = tx.key_uses([key.name for of_user in keys.values() for key in of_user])
        in_time = takewhile(lambda _: time.monotonic() < give_up, found)
        return {user.name: self._overview(caller, user, keys[user.id], uses) for user in in_time}

    def _keys(self, user_ids: Collection[str]) -> dict[str, list[AccessKey]]:
        found: dict[str, list[AccessKey]] = {user_id: [] for user_id in user_ids}
        for key in self._authorizer.directory.known().keys.values():
            if key.user_id in found:
                found[key.user_id].append(key)
        return found

    def _overview(
        self, caller: Caller, user: User, keys: list[AccessKey], uses: Mapping[str, KeyUse]
    ) -> UserOverview:
        no_policies = self._refusal(caller, user, *_POLICIES)
        no_keys = self._refusal(caller, user, _KEYS)
        no_uses = no_keys or self._refusal(caller, user, _USES)
        n_active = sum(key.status is KeyStatus.ACTIVE for key in keys)
        used = [uses[key.name].used for key in keys if key.name in uses]
        return UserOverview(
            no_policies or len(user.inline) + len(user.attached),
            no_keys or n_active,
            no_keys or len(keys) - n_active,
            no_uses or max(used, default=None),
        )

    def _refusal(self, caller: Caller, user: User, *actions: str) -> NotAuthorized | None:
        for action in actions:
            decision = self._authorizer.decide(caller, action, user.arn)
            if decision is not Decision.ALLOWED:
                return denied(caller.credential, action, user.arn, decision)
        return None
