"""Secrets of users' access keys at rest: encrypted, each bound to its key and account."""

from __future__ import annotations

import base64
import binascii
import logging

from windvane.errors import CorruptArtifact
from windvane.sealing import SecretBox, derive_key

_LOG = logging.getLogger(__name__)


class KeySafe:
    """Seals and opens under a key that is derived from a secret of the data folder."""

    def __init__(self, secret: bytes) -> None:
        self._box = SecretBox(derive_key(secret, "access keys of users"))

    def seal(self, secret_key: str, account: str, access_key: str) -> str:
        sealed = self._box.seal(secret_key.encode(), _context(account, access_key))
        return base64.b64encode(sealed).decode()

    def open(self, account: str, access_key: str, sealed_secret: str) -> str | None:
        """Decrypt a secret; None for one that was sealed under another secret: the key is nobody's here, and the log
        says so."""
        try:
            sealed = base64.b64decode(sealed_secret, validate=True)
            return self._box.open(sealed, _context(account, access_key)).decode()
        except (CorruptArtifact, binascii.Error, ValueError):
            _LOG.error(
                "The secret of the access key %s cannot be opened: servers that share a database must share keys.json.",
                access_key,
            )
            return None


def _context(account: str, access_key: str) -> bytes:
    return f"{account} {access_key}".encode()
