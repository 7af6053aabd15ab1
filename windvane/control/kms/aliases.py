"""Aliases: names for keys, which can be moved from one key to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from windvane.control.kms.keys import KeyPage, own_key, page
from windvane.control.kms.lookup import check_not_pending, find_key, named
from windvane.control.members import Request
from windvane.domain.keys import KeyAlias, alias_arn
from windvane.errors import AccessDenied, InvalidRequest, KeyMissing, LimitExceeded, NameTaken
from windvane.names import PageTokens, Scope
from windvane.store.base import Store, Transaction

MOST_ALIASES = 50
"""Of one key.

source    "Resource quotas" in KMS's developer guide
"""

_PREFIX, _RESERVED = "alias/", "alias/aws/"


class Aliases:
    """The operations on aliases. Two aliases of an account cannot differ in the case of letters alone."""

    def __init__(self, store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._clock = store, tokens, clock

    def create(self, scope: Scope, alias: str, key_id: str) -> None:
        """Create an alias of a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied, NameTaken, LimitExceeded, InvalidRequest
        """
        _check_name(alias)
        with self._store.transaction() as tx:
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            check_not_pending(key)
            if not tx.insert(named(key, alias, self._clock())):
                raise NameTaken(f"An alias with the name {alias_arn(scope, alias)} already exists")
            _check_number(tx, key.arn)

    def update(self, scope: Scope, alias: str, key_id: str) -> None:
        """Let the alias name another key.

        raises    KeyMissing, KeyInvalidState, AccessDenied, LimitExceeded
        """
        with self._store.transaction() as tx:
            found = _find(tx, scope, alias)
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            check_not_pending(key)
            moved = replace(found, key_id=key.name, parent=key.arn, modified=self._clock())
            tx.update(moved)
            _check_number(tx, key.arn)

    def delete(self, scope: Scope, alias: str) -> None:
        """Delete an alias.

        raises    KeyMissing, AccessDenied
        """
        with self._store.transaction() as tx:
            tx.delete(_find(tx, scope, alias))

    def list(self, scope: Scope, request: Request) -> KeyPage:
        """Return all of an account, or those of one key.

        raises    KeyMissing, AccessDenied; InvalidRequest for a marker that is not this list's
        """
        if "KeyId" not in request:
            return page(self._store, self._tokens, "ListAliases", KeyAlias, scope, request)
        with self._store.snapshot() as tx:
            key = find_key(tx, scope, request["KeyId"], by_alias=False)
            return KeyPage(tuple(tx.children(KeyAlias, key.arn)), "")


def _find(tx: Transaction, scope: Scope, alias: str) -> KeyAlias:
    found = tx.find(KeyAlias, scope, alias)
    if found is None or found.name != alias:
        raise KeyMissing(f"Alias {alias_arn(scope, alias)} is not found.")
    if alias.startswith(_RESERVED):
        raise AccessDenied(f"The alias {alias} is managed by the service and cannot be changed.")
    return found


def _check_name(alias: str) -> None:
    if not alias.startswith(_PREFIX) or alias == _PREFIX:
        raise InvalidRequest(
            f"AliasName is '{alias}'; it must begin with 'alias/' and have a name after it."
        )
    if alias.lower().startswith(_RESERVED):  # in any spelling it would keep the service's own away
        raise InvalidRequest(
            f"AliasName is '{alias}'; 'alias/aws/' is reserved for the service's own keys."
        )


def _check_number(tx: Transaction, key_arn: str) -> None:
    if (used := len(tx.children(KeyAlias, key_arn))) > MOST_ALIASES:
        raise LimitExceeded("aliases of a key", MOST_ALIASES, used - 1, 1, "Aliases")
