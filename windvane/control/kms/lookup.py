"""Which key is meant by what a client writes: a key id, a key ARN, an alias or an alias ARN; and keys that the service
makes itself the first time they are named (`alias/aws/s3`)."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import uuid4

from windvane.control.kms.materials import Materials
from windvane.domain.keys import Key, KeyAlias, KeyState, alias_arn, key_arn
from windvane.errors import AccessDenied, KeyDisabled, KeyInvalidState, KeyMissing
from windvane.names import Scope
from windvane.store.base import Store, Transaction

MANAGED = {
    "alias/aws/s3": "Default key that protects my S3 objects when no other key is defined",
    "alias/aws/sagemaker": "Default key that protects my SageMaker data when no other key is defined",
}
"""Aliases of keys that the service makes when they are first needed, and the keys' descriptions."""

MOST_KEYS = 10_000
"""Of an account, in all regions, those that the service makes among them: any name may be a region's, and keys of all of them
are looked through for what is due. AWS: 100,000 in a region."""

_KEY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ARN = re.compile(r"arn:aws:kms:([a-z0-9-]+):([0-9]{12}):(key/(.+)|alias/.+)")


def find_key(tx: Transaction, scope: Scope, written: str, *, by_alias: bool = True) -> Key:
    """Return the key of `scope` that is meant.

    by_alias    whether an alias may name it
    raises      KeyMissing; AccessDenied for an ARN of another account
    """
    local = _local_part(scope, written)
    if local.startswith("alias/"):
        if not by_alias:
            raise KeyMissing(f"Invalid keyId {written}")
        alias = tx.find(KeyAlias, scope, local)
        if alias is None or alias.name != local:
            raise KeyMissing(f"Alias {alias_arn(scope, local)} is not found.")
        local = alias.key_id
    if not _KEY_ID.fullmatch(local):
        raise KeyMissing(f"Invalid keyId '{written}'")
    key = tx.find(Key, scope, local)
    if key is None:
        raise KeyMissing(f"Key '{key_arn(scope, local)}' does not exist")
    return key


def _local_part(scope: Scope, written: str) -> str:
    """Return the key id or alias of what may be an ARN."""
    if not written.startswith("arn:"):
        return written
    match = _ARN.fullmatch(written)
    if match is None:
        raise KeyMissing(f"Invalid arn {written[:200]}")
    region, account, resource, key_id = match.groups()
    if account != scope.account:
        raise AccessDenied(
            f"The key {written} is another account's, and none of its keys is shared with account {scope.account}."
        )
    if region != scope.region:
        raise KeyMissing(f"Invalid arn {region}")
    return key_id or resource


def scope_named(written: str, otherwise: Scope) -> Scope:
    """Return the account and region that an ARN names; `otherwise` for what is no ARN."""
    match = _ARN.fullmatch(written)
    return Scope(match[2], match[1]) if match else otherwise


def check_usable(key: Key) -> None:
    """Check that a key may encrypt and decrypt.

    raises    KeyDisabled, KeyInvalidState if the key may not encrypt or decrypt now
    """
    if key.status is KeyState.DISABLED:
        raise KeyDisabled(key.arn)
    check_not_pending(key)


def check_not_pending(key: Key) -> None:
    """Check that a key is not pending deletion.

    raises    KeyInvalidState
    """
    if key.status is KeyState.PENDING_DELETION:
        raise KeyInvalidState(f"{key.arn} is pending deletion.")


def new_key(
    scope: Scope,
    materials: Materials,
    now: datetime,
    description: str = "",
    *,
    managed: bool = False,
) -> Key:
    key_id = str(uuid4())
    return Key(
        scope=scope,
        name=key_id,
        created=now,
        modified=now,
        materials=(materials.new(key_arn(scope, key_id), now),),
        description=description,
        is_managed=managed,
    )


def number_of_keys(tx: Transaction, account: str) -> int:
    """Return how many keys an account has, in all regions."""
    return tx.count(Key, list(KeyState), account=account)


def ensure_managed(
    store: Store, materials: Materials, scope: Scope, alias: str, now: datetime
) -> None:
    """Make the key of one of MANAGED unless it is there, or its account has as many keys as it may have."""
    with store.snapshot() as tx:
        if tx.find(KeyAlias, scope, alias) is not None:
            return
        if number_of_keys(tx, scope.account) >= MOST_KEYS:
            return
    key = new_key(scope, materials, now, MANAGED[alias], managed=True)
    with store.transaction() as tx:
        if tx.find(KeyAlias, scope, alias) is None:
            tx.insert(key)
            tx.insert(named(key, alias, now))


def named(key: Key, alias: str, now: datetime) -> KeyAlias:
    """Return a new alias of a key."""
    return KeyAlias(
        scope=key.scope, name=alias, created=now, modified=now, parent=key.arn, key_id=key.name
    )
