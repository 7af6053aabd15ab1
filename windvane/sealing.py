"""Small secrets at rest: authenticated encryption under a key of 256 bits (AES-GCM).

source    NIST SP 800-38D; a random nonce of 96 bits is safe for 2**32 texts under one key
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from windvane.errors import CorruptArtifact

_NONCE_BYTES = 12


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose; keys of other purposes say nothing about it."""
    return hmac.digest(secret, b"windvane " + purpose.encode(), "sha256")


class SecretBox:
    """Encrypts texts under one key, each bound to a context that must be named again to open it."""

    def __init__(self, key: bytes) -> None:
        """Seal under a key.

        key    32 bytes
        """
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return nonce, ciphertext and tag in one piece: 28 bytes longer than `plain`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed under this key and context.

        raises    CorruptArtifact if it was sealed with another key or context, or was changed
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise CorruptArtifact(
                "An encrypted text cannot be read: it was changed, or belongs to another key."
            ) from error
