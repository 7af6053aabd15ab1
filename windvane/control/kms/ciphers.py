"""Encrypt, Decrypt and data keys: what keys are for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from windvane.control.kms import blobs
from windvane.control.kms.keys import own_key
from windvane.control.kms.lookup import check_usable, find_key, scope_named
from windvane.control.kms.materials import Materials
from windvane.domain.keys import Key
from windvane.errors import AccessDenied, BadCiphertext, IncorrectKey, InvalidRequest, KeyMissing
from windvane.names import Scope
from windvane.store.base import Store

LONGEST_CONTEXT = 8192
"""Bytes, as JSON.

source    "Encryption context" in KMS's developer guide
"""

NO_CONTEXT: Mapping[str, str] = {}


@dataclass(frozen=True)
class Encrypted:
    """A ciphertext, and the key and material it was made with."""

    key: Key
    blob: bytes

    @property
    def material_id(self) -> str:
        return blobs.head_of(self.blob).material_id


@dataclass(frozen=True)
class Decrypted:
    """The plaintext of a ciphertext, and the key and material that opened it."""

    key: Key
    plain: bytes = field(repr=False)
    material_id: str


class Ciphers:
    """The cryptographic operations. A key's state is looked at anew at every call."""

    def __init__(self, store: Store, materials: Materials) -> None:
        self._store, self._materials = store, materials

    def encrypt(
        self, scope: Scope, key_id: str, plain: bytes, context: Mapping[str, str] = NO_CONTEXT
    ) -> Encrypted:
        """Encrypt bytes under a key.

        raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied, InvalidRequest
        """
        return self.encrypt_with(own_key(self.find(scope, key_id)), plain, context)

    def encrypt_with(
        self, key: Key, plain: bytes, context: Mapping[str, str] = NO_CONTEXT
    ) -> Encrypted:
        """Return the same under a key that was found, which may be the service's own.

        raises    KeyDisabled, KeyInvalidState, InvalidRequest
        """
        check_usable(key)
        _check_context(context)
        material = key.materials[-1]
        head = blobs.BlobHead(key.name, material.id)
        secret = self._materials.secret(key, material)
        return Encrypted(key, blobs.encrypt(secret, head, plain, context))

    def decrypt(
        self,
        scope: Scope,
        blob: bytes,
        context: Mapping[str, str] = NO_CONTEXT,
        key_id: str | None = None,
    ) -> Decrypted:
        """Decrypt a ciphertext of Encrypt or GenerateDataKey.

        key_id    that it must have been encrypted under, if any

        raises    BadCiphertext, IncorrectKey, KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied
        """
        named = None if key_id is None else own_key(self.find(scope, key_id))
        opened = self.open(scope, blob, context, named)
        own_key(opened.key)
        return opened

    def open(
        self,
        scope: Scope,
        blob: bytes,
        context: Mapping[str, str] = NO_CONTEXT,
        named: Key | None = None,
    ) -> Decrypted:
        """Return the same where the key may be the service's own.

        raises    BadCiphertext, IncorrectKey, KeyDisabled, KeyInvalidState, AccessDenied
        """
        head = blobs.head_of(blob)
        if named is not None and named.name != head.key_id:
            raise IncorrectKey(
                f"The key ID in the request does not identify a key that can decrypt this ciphertext: it is not {named.arn}."
            )
        try:
            key = self.find(scope, head.key_id)
        except KeyMissing as error:
            raise AccessDenied(
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or "
                "you are not allowed to access."
            ) from error
        check_usable(key)
        material = next((one for one in key.materials if one.id == head.material_id), None)
        if material is None:
            raise BadCiphertext(f"The ciphertext names a material that {key.arn} does not have.")
        plain = blobs.decrypt(self._materials.secret(key, material), blob, context)
        return Decrypted(key, plain, material.id)

    def data_key(
        self,
        scope: Scope,
        key_id: str,
        n_bytes: int,
        context: Mapping[str, str] = NO_CONTEXT,
    ) -> tuple[Encrypted, bytes]:
        """Return a new random key, encrypted and plain.

        raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied, InvalidRequest
        """
        plain = secrets.token_bytes(n_bytes)
        return self.encrypt(scope, key_id, plain, context), plain

    def check(self, arn: str) -> None:
        """Check that a key can be used now.

        raises    KeyMissing, KeyDisabled, KeyInvalidState if the key cannot be used now
        """
        check_usable(self.find(scope_named(arn, Scope("", "")), arn))

    def find(self, scope: Scope, key_id: str) -> Key:
        """Return the key of an id, ARN or alias.

        raises    KeyMissing, AccessDenied
        """
        with self._store.snapshot() as tx:
            return find_key(tx, scope, key_id)


def _check_context(context: Mapping[str, str]) -> None:
    if (size := len(json.dumps(dict(context)))) > LONGEST_CONTEXT:
        raise InvalidRequest(
            f"The encryption context has {size} bytes as JSON; it must have {LONGEST_CONTEXT} at most."
        )
