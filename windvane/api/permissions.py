"""What a caller needs to be allowed for each operation: the action, and the resources that the request names.

The rows stand in permission_table.py. An operation without a row is refused: none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from windvane.control.identity.authorizer import Authorizer, denied
from windvane.control.identity.directory import Directory
from windvane.control.identity.evaluation import Decision
from windvane.control.kms.lookup import find_key
from windvane.domain.deployment import EndpointConfig
from windvane.errors import AccessDenied, CallerFault, NotAuthorized
from windvane.names import Scope
from windvane.store.base import Store
from windvane.wire.call import Call, RequestRecord

KeyArn = Callable[[Scope, str], str]
"""The ARN of the KMS key that a key id, an alias or an ARN means; as written if there is none."""


def stored_key_arn(store: Store) -> KeyArn:
    """Looks keys up in the store."""

    def key_arn(scope: Scope, written: str) -> str:
        try:
            with store.snapshot() as tx:
                return find_key(tx, scope, written).arn
        except CallerFault:
            is_arn = written.startswith("arn:")
            return written if is_arn else f"arn:aws:kms:{scope.region}:{scope.account}:{written}"

    return key_arn


VolumeKey = Callable[[Scope, str], str]
"""The ARN of the KMS key of the volumes of an endpoint configuration; "" if it names none."""


def stored_volume_key(store: Store) -> VolumeKey:
    """Looks endpoint configurations up in the store."""

    def volume_key(scope: Scope, name: str) -> str:
        with store.snapshot() as tx:
            config = tx.find(EndpointConfig, scope, name)
        return "" if config is None else config.volume_key

    return volume_key


@dataclass(frozen=True)
class Lookups:
    """Queries with which a row finds the ARN of what a request names."""

    directory: Directory
    key_arn: KeyArn
    volume_key: VolumeKey


ResourcesOf = Callable[[Call, Lookups], tuple[str, ...]]
FactsOf = Callable[[Call, Lookups], Mapping[str, str]]


def anything(_: Call, __: Lookups) -> tuple[str, ...]:
    """Return the resources of an operation that names no resource."""
    return ("*",)


def no_facts(_: Call, __: Lookups) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Permission:
    """The permission that an operation needs: its action, on which resources, under which facts.

    facts        of the request, for conditions
    is_decided_by_operation
                 the operation itself asks whether the caller may: a role's trust policy counts besides
    also         further permissions that are needed
    """

    action: str
    resources: ResourcesOf = anything
    facts: FactsOf = no_facts
    is_decided_by_operation: bool = False
    also: tuple[Permission, ...] = ()


Rows = Mapping[tuple[str, str], Permission]


class Permissions:
    """The wire's Permit: one question for each resource that a request names."""

    def __init__(
        self, authorize: Authorizer, rows: Rows, key_arn: KeyArn, volume_key: VolumeKey
    ) -> None:
        self._authorize = authorize
        self._rows = rows
        self._lookups = Lookups(authorize.directory, key_arn, volume_key)

    def is_quick(self, call: Call) -> bool:
        """Return whether the caller's policies are in memory and short, so that deciding takes a few milliseconds at
        most."""
        return self._authorize.is_quick(call.caller)

    def refusal(self, call: Call) -> NotAuthorized | None:
        """Return why the caller may not do what a call asks for; None if nothing of that is known before it is tried.
        Of an operation whose parameters are left out: whether there is anything that it may be done to.

        Pages ask it many times while they are drawn, so of policies that take long nothing is known."""
        row = self._rows.get((call.service, call.operation))
        if row is None or row.is_decided_by_operation or not self.is_quick(call):
            return None
        caller, credential = call.caller, call.caller.credential
        if not call.parameters and row.resources is not anything:
            found = self._authorize.decide_for_any(caller, row.action)
            is_possible = found is Decision.ALLOWED
            return None if is_possible else denied(credential, row.action, "*", found)
        facts = row.facts(call, self._lookups)
        for resource in row.resources(call, self._lookups):
            decision = self._authorize.decide(caller, row.action, resource, facts)
            if decision is not Decision.ALLOWED:
                return denied(credential, row.action, resource, decision)
        return None

    def __call__(self, call: Call, record: RequestRecord) -> None:
        row = self._rows.get((call.service, call.operation))
        if row is None:
            raise AccessDenied(
                f"Nobody is authorized to perform: {call.service}:{call.operation}: the operation has no permission."
            )
        record.parameters = call.parameters
        record.resources = resources = row.resources(call, self._lookups)
        if row.is_decided_by_operation:
            return
        facts = row.facts(call, self._lookups)
        for resource in resources:
            self._authorize(call.caller, row.action, resource, facts)
        for further in row.also:
            others = further.resources(call, self._lookups)
            record.resources = (*record.resources, *others)
            for resource in others:
                self._authorize(call.caller, further.action, resource, facts)
