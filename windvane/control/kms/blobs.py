"""Ciphertexts of the key service: what they say of themselves, and how they are bound to an encryption context.

    blob = version 1 | key id, 16 bytes | material id, 32 bytes | salt, 16 bytes | nonce, 12 bytes | ciphertext and tag

The head and the encryption context are authenticated: neither can be changed, nor another context be named. Each
ciphertext has a key of its own, derived from the material and the salt, so that random nonces never run out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from windvane.errors import BadCiphertext
from windvane.sealing import derive_key

_VERSION = b"\x01"
_SALT = 16
_HEAD = 1 + 16 + 32 + _SALT
_NONCE = 12
_TAG = 16


@dataclass(frozen=True)
class BlobHead:
    """Which key, and which material of it, a ciphertext needs."""

    key_id: str
    material_id: str


def encrypt(secret: bytes, head: BlobHead, plain: bytes, context: Mapping[str, str]) -> bytes:
    """Return a ciphertext.

    secret    the material's 32 bytes
    """
    raw = _VERSION + UUID(head.key_id).bytes + bytes.fromhex(head.material_id) + os.urandom(_SALT)
    nonce = os.urandom(_NONCE)
    return raw + nonce + _cipher(secret, raw).encrypt(nonce, plain, _bound(raw, context))


def head_of(blob: bytes) -> BlobHead:
    """Return the head of a ciphertext: under which key it was encrypted.

    raises    BadCiphertext if it is no ciphertext of the key service
    """
    if len(blob) < _HEAD + _NONCE + _TAG or blob[:1] != _VERSION:
        raise BadCiphertext("The ciphertext is none of this service's: it has another form.")
    return BlobHead(str(UUID(bytes=blob[1:17])), blob[17:49].hex())


def decrypt(secret: bytes, blob: bytes, context: Mapping[str, str]) -> bytes:
    """Return what was encrypted.

    raises    BadCiphertext if it was changed, or encrypted in another context
    """
    nonce, ciphertext = blob[_HEAD : _HEAD + _NONCE], blob[_HEAD + _NONCE :]
    try:
        return _cipher(secret, blob).decrypt(nonce, ciphertext, _bound(blob[:_HEAD], context))
    except InvalidTag as error:
        raise BadCiphertext(
            "The ciphertext cannot be decrypted: it was changed, or the encryption context is not the one it was "
            "encrypted with."
        ) from error


def _cipher(secret: bytes, blob: bytes) -> AESGCM:
    return AESGCM(derive_key(secret, f"ciphertext {blob[_HEAD - _SALT : _HEAD].hex()}"))


def _bound(head: bytes, context: Mapping[str, str]) -> bytes:
    return head + json.dumps(sorted(context.items()), ensure_ascii=True).encode()
