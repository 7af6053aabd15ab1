"""How an operation of IAM or STS is declared: as those of SageMaker are (api/operation.py), over other parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from windvane.api.keyring import KeyRing
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.changes import Changes
from windvane.control.identity.key_safe import KeySafe
from windvane.control.identity.managed_policies import ManagedPolicies
from windvane.control.identity.principals import Principals
from windvane.control.identity.role_records import RoleRecords
from windvane.control.identity.sessions import Sessions
from windvane.control.identity.users import Users
from windvane.errors import InvalidRequest
from windvane.store.base import Store
from windvane.wire.call import Call, Handler, Result

T = TypeVar("T")

_PAGE, _LARGEST_PAGE = 100, 1000


@dataclass(frozen=True)
class IdentityParts:
    """The parts that operations of IAM and STS call."""

    keyring: KeyRing
    authorizer: Authorizer
    changes: Changes
    principals: Principals
    users: Users
    roles: RoleRecords
    policies: ManagedPolicies
    sessions: Sessions
    clock: Callable[[], datetime]


def identity_parts(
    keyring: KeyRing,
    authorizer: Authorizer,
    store: Store,
    safe: KeySafe,
    clock: Callable[[], datetime],
) -> IdentityParts:
    changes = Changes(store, authorizer.directory, clock)
    principals = Principals(changes)
    return IdentityParts(
        keyring,
        authorizer,
        changes,
        principals,
        Users(changes, principals, safe),
        RoleRecords(changes, principals),
        ManagedPolicies(changes),
        Sessions(authorizer),
        clock,
    )


Operation = Callable[[IdentityParts, Call], Result]


class OperationTable:
    """The operations of one file.

    refused    operation -> members of its request that cannot be honoured
    """

    def __init__(self, service: str) -> None:
        self.refused: dict[str, tuple[str, ...]] = {}
        self._service = service
        self._operations: dict[str, Operation] = {}

    def serves(self, name: str, *refused: str) -> Callable[[Operation], Operation]:
        """Return the decorator that registers a function for an operation.

        refused    members that cannot be honoured
        """

        def declare(operation: Operation) -> Operation:
            def checked(parts: IdentityParts, call: Call) -> Result:
                _refuse(call, refused)
                return operation(parts, call)

            self._operations[name] = checked if refused else operation
            if refused:
                self.refused[name] = refused
            return operation

        return declare

    def bound_to(self, parts: IdentityParts) -> dict[tuple[str, str], Handler]:
        return {
            (self._service, name): partial(operation, parts)
            for name, operation in self._operations.items()
        }


def _refuse(call: Call, members: Iterable[str]) -> None:
    if given := sorted(call.parameters.keys() & set(members)):
        raise InvalidRequest(f"{call.operation} does not support {', '.join(given)}: leave it out.")


def page_of(
    call: Call,
    member: str,
    items: Iterable[T],
    key: Callable[[T], str],
    told: Callable[[T], Any],
) -> dict[str, Any]:
    """Return one page of a list that has its order already.

    key       of an item, which is the Marker of the page that begins with it
    raises    InvalidRequest for a Marker that is none
    """
    every = list(items)
    keys = [key(item) for item in every]
    marker, size = call.parameters.get("Marker"), page_size(call)
    if marker is not None and marker not in keys:
        raise InvalidRequest(f"Invalid Marker: {marker[:200]}")
    start = keys.index(marker) if marker is not None else 0
    more = {"Marker": keys[start + size]} if start + size < len(keys) else {}
    shown = [told(item) for item in every[start : start + size]]
    return {member: shown, "IsTruncated": bool(more), **more}


def page_size(call: Call, most: int = _LARGEST_PAGE) -> int:
    """Return how many items a page has, however many are asked for."""
    return min(int(call.parameters.get("MaxItems", _PAGE)), most)


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
