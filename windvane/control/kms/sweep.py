"""What time makes due for keys: destroyed when their waiting period is over, rotated when their period is."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from windvane.control.kms.materials import Materials
from windvane.domain.keys import Key, KeyState
from windvane.store.base import Store

_LOG = logging.getLogger(__name__)


def destroy_due_keys(store: Store, now: datetime) -> int:
    """Remove keys whose waiting period is over, with their material, aliases and tags; return how many.

    What was encrypted under them can never be read again.
    """
    with store.snapshot() as tx:
        due = [key for key in tx.every(Key, [KeyState.PENDING_DELETION]) if _is_due(key, now)]
    for key in due:
        with store.transaction() as tx:
            current = tx.find(Key, key.scope, key.name)
            if current is not None and _is_due(current, now):
                tx.delete(current)
                _LOG.info("%s is destroyed.", key.arn)
    return len(due)


def rotate_due_keys(store: Store, materials: Materials, now: datetime) -> int:
    """Give new material to enabled keys whose rotation is due; return how many."""
    with store.snapshot() as tx:
        due = [key for key in tx.every(Key, [KeyState.ENABLED]) if _is_old(key, now)]
    for key in due:
        with store.transaction() as tx:
            current = tx.find(Key, key.scope, key.name)
            if current is not None and _is_old(current, now):
                tx.update(_rotated(current, materials, now))
                _LOG.info("%s has new material.", key.arn)
    return len(due)


def reseal_keys(store: Store, materials: Materials) -> int:
    """Bring the material of every key under the current master key; return how many keys were changed."""
    changed = 0
    with store.transaction() as tx:
        for key in tx.every(Key, list(KeyState)):
            if not materials.is_current(key):
                tx.update(materials.resealed(key))
                changed += 1
    return changed


def _is_due(key: Key, now: datetime) -> bool:
    is_pending = key.status is KeyState.PENDING_DELETION
    return is_pending and key.deletion is not None and key.deletion <= now


def _is_old(key: Key, now: datetime) -> bool:
    is_enabled = key.status is KeyState.ENABLED
    return is_enabled and key.next_rotation is not None and key.next_rotation <= now


def _rotated(key: Key, materials: Materials, now: datetime) -> Key:
    """The next rotation is counted from now: a server that stood still for years rotates once."""
    return replace(
        key,
        materials=(*key.materials, materials.new(key.arn, now)),
        next_rotation=now + timedelta(days=key.rotation_days),
        modified=now,
    )
