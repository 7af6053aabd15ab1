"""Who acted, in the words of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROOT_KEY = "root key"


def is_root_key(principal_arn: str, access_key: str) -> bool:
    """Return whether a root key acted by itself: it is a session of the default role that has the name of the key. Nobody
    else can have one: the keys of sessions are made after their names.

    >>> is_root_key("arn:aws:sts::111122223333:assumed-role/windvane/AKIA1", "AKIA1")
    True
    >>> is_root_key("arn:aws:sts::111122223333:assumed-role/windvane/root", "ASIA2")
    False
    """
    return bool(access_key) and principal_arn.endswith(f":assumed-role/windvane/{access_key}")


@dataclass(frozen=True)
class Actor:
    """Who acted.

    name      of a user, "root key", or of a role; "" for nobody who was proved
    is_role   a session of a role
    beside    the name of the session, or the key that a request named without proof; "" if there is nothing to add
    """

    name: str
    is_role: bool
    beside: str


def actor_of(identity: Mapping[str, Any]) -> Actor:
    """Return who acted from the userIdentity of an event. The name of a session is whatever its caller chose, so that it never
    stands where the name of a user stands.
    """
    key, arn = str(identity.get("accessKeyId", "")), str(identity.get("arn", ""))
    kind = identity.get("type")
    if kind == "Unknown":
        return Actor("", False, key)
    if kind == "Root" or is_root_key(arn, key):
        return Actor(ROOT_KEY, False, key)
    if kind == "IAMUser":
        return Actor(str(identity.get("userName", "")), False, key)
    role, _, session = arn.partition(":assumed-role/")[2].partition("/")
    return Actor(role, True, session)
