"""IAM and STS as a test needs them: root keys, declared roles, and a store or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from windvane.api.iam.operation import IdentityParts, identity_parts
from windvane.api.keyring import KeyRing
from windvane.api.permission_table import PERMISSIONS
from windvane.api.permissions import Permissions
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.declared import DeclaredRole
from windvane.control.identity.directory import Directory
from windvane.control.identity.key_safe import KeySafe
from windvane.settings import Role
from windvane.store.base import Store
from windvane.wire.call import Caller

SECRET = b"k" * 32


def utc_now() -> datetime:
    return datetime.now(UTC)


def identity_of(
    permanent: Iterable[tuple[str, str, str]],
    declared: Iterable[DeclaredRole] = (),
    store: Store | None = None,
    clock: Callable[[], datetime] = utc_now,
    secret: bytes = SECRET,
) -> IdentityParts:
    """permanent    (account, access key, secret key)
    store        None where nobody is made
    """
    directory, safe = Directory(store, declared), KeySafe(secret)
    ring = KeyRing(permanent, secret, directory, safe)
    return identity_parts(ring, Authorizer(directory, clock), store, safe, clock)


def permit_of(parts: IdentityParts) -> Permissions:
    return Permissions(parts.authorizer, PERMISSIONS, lambda _, written: written, lambda _, __: "")


def roles(*arns: str) -> tuple[Role, ...]:
    """Declared roles that may use every bucket."""
    return tuple(Role(arn) for arn in arns)


def allow_s3(
    caller: Caller, action: str, resource: str, facts: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Every account does what it likes with the buckets that are its own."""
