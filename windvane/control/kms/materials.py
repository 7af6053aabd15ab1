"""Key material: made, sealed for the store, opened for use."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from windvane.control.kms.master import MasterKey, MasterKeys
from windvane.domain.keys import Key, KeyMaterial
from windvane.sealing import SecretBox, derive_key

MATERIAL_BYTES = 32


class Materials:
    """Seals and opens under the master keys. A sealed text is `MASTER KEY ID:BASE64`, bound to the ARN of its key and to
    the material's id, so that one cannot stand in for another."""

    def __init__(self, masters: MasterKeys) -> None:
        self._masters = masters

    def new(self, arn: str, now: datetime, *, on_demand: bool = False) -> KeyMaterial:
        secret = secrets.token_bytes(MATERIAL_BYTES)
        material_id = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
        return KeyMaterial(material_id, self._seal(secret, arn, material_id), now, on_demand)

    def secret(self, key: Key, material: KeyMaterial) -> bytes:
        """Return 32 bytes.

        raises    UnusableMasterKey if it was sealed under a master key that is not at hand; CorruptArtifact if the
                  record was changed
        """
        master_id, _, text = material.sealed.partition(":")
        box = _box(self._masters.find(master_id))
        return box.open(base64.b64decode(text), _context(key.arn, material.id))

    def is_current(self, key: Key) -> bool:
        """Return whether all of it is sealed under the current master key."""
        prefix = f"{self._masters.current.id}:"
        return all(material.sealed.startswith(prefix) for material in key.materials)

    def check(self, keys: Iterable[Key]) -> None:
        """Check that the material of keys can be opened.

        raises    UnusableMasterKey, CorruptArtifact if anything could not be opened when it is needed
        """
        for key in keys:
            for material in key.materials:
                self.secret(key, material)

    def resealed(self, key: Key) -> Key:
        """Return the key with all of its material sealed under the current master key."""
        materials = tuple(
            replace(material, sealed=self._seal(self.secret(key, material), key.arn, material.id))
            for material in key.materials
        )
        return replace(key, materials=materials)

    def _seal(self, secret: bytes, arn: str, material_id: str) -> str:
        current = self._masters.current
        sealed = _box(current).seal(secret, _context(arn, material_id))
        return f"{current.id}:{base64.b64encode(sealed).decode()}"


def _box(master: MasterKey) -> SecretBox:
    return SecretBox(derive_key(master.secret, "key material"))


def _context(arn: str, material_id: str) -> bytes:
    return f"{arn} {material_id}".encode()
