"""Every operation of IAM and STS that is served."""

from __future__ import annotations

from windvane.api import sts
from windvane.api.iam import inline, keys, policies, roles, simulation, users
from windvane.api.iam.operation import IdentityParts
from windvane.wire.call import Handler

_TABLES = (
    sts.OPERATIONS,
    users.OPERATIONS,
    keys.OPERATIONS,
    roles.OPERATIONS,
    inline.OPERATIONS,
    policies.OPERATIONS,
    simulation.OPERATIONS,
)


def refused_members() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (service, operation) of IAM -> members of its request that cannot be honoured."""
    return {("iam", name): members for table in _TABLES for name, members in table.refused.items()}


def identity_operations(parts: IdentityParts) -> dict[tuple[str, str], Handler]:
    """Return (service, operation) -> handler, as the wire wants it."""
    return {key: handler for table in _TABLES for key, handler in table.bound_to(parts).items()}
