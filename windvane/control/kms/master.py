"""The master keys of a server: what key material is sealed under.

They come from DATA_DIR/keyring.json, made at the first start with mode 0600, or, so that the data folder alone does not
suffice to read anything, from the environment (`WINDVANE_MASTER_KEY`). Several may be given while they are exchanged: the
current one seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from windvane.durable import create_file, replace_file
from windvane.errors import WindvaneError

FILE_NAME = "keyring.json"
VARIABLE = "WINDVANE_MASTER_KEY"
_KEY_BYTES = 32


class UnusableMasterKey(WindvaneError):
    """A master key is missing, damaged or malformed; the text says which and what would be right."""


@dataclass(frozen=True)
class MasterKey:
    """A key under which the server seals the material of other keys.

    id    tells which key something was sealed under; says nothing about the secret
    """

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class MasterKeys:
    """The master keys of a server.

    current    seals
    older      open what they sealed
    """

    current: MasterKey
    older: tuple[MasterKey, ...] = ()

    def in_hexadecimal(self) -> tuple[str, ...]:
        """Return the secrets, the current one first: for the configuration of another process."""
        return tuple(key.secret.hex() for key in (self.current, *self.older))

    def find(self, key_id: str) -> MasterKey:
        """Return the master key of an id.

        raises    UnusableMasterKey if there is none of this id
        """
        for key in (self.current, *self.older):
            if key.id == key_id:
                return key
        known = ", ".join(key.id for key in (self.current, *self.older))
        raise UnusableMasterKey(
            f"An encryption key is sealed under the master key {key_id}, which this server does not have (it has: "
            f"{known}). Restore {FILE_NAME} of the data folder from a backup, or give the master key in {VARIABLE}."
        )


def master_key(secret: bytes) -> MasterKey:
    return MasterKey(hashlib.sha256(b"windvane master key " + secret).hexdigest()[:16], secret)


def load_master_keys(data_dir: Path, variable: str) -> MasterKeys:
    """Return those of the environment, if any, and those of the data folder; make one there if there is none at all.

    variable    the value of WINDVANE_MASTER_KEY: 32 bytes in hexadecimal or base64, older ones after commas; "" if unset
    raises      UnusableMasterKey
    """
    given = [_from_text(text.strip()) for text in variable.split(",")] if variable else []
    path = data_dir / FILE_NAME
    if not given and not path.exists():
        write_keyring(path, [master_key(secrets.token_bytes(_KEY_BYTES))], may_replace=False)
    kept = _read(path) if path.exists() else []
    current, *older = [*given, *reversed(kept)]
    return MasterKeys(current, tuple(older))


def write_keyring(path: Path, keys: Sequence[MasterKey], *, may_replace: bool = True) -> None:
    """Write the file, whole or not at all and synced; the last key is the current one."""
    document = {"keys": [{"id": key.id, "secret": key.secret.hex()} for key in keys]}
    write = replace_file if may_replace else create_file
    write(path, json.dumps(document, indent=2))


def _read(path: Path) -> list[MasterKey]:
    if path.stat().st_mode & 0o077:
        raise UnusableMasterKey(
            f"{path} can be read by others than its owner: what it protects may be known to them. Run `chmod 600` on it."
        )
    try:
        entries = json.loads(path.read_text())["keys"]
        keys = [master_key(bytes.fromhex(entry["secret"])) for entry in entries]
        ids = [str(entry["id"]) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if (
        not keys
        or [key.id for key in keys] != ids
        or any(len(key.secret) != _KEY_BYTES for key in keys)
    ):
        raise _damaged(path, "a secret does not belong to its id")
    return keys


def _damaged(path: Path, why: str) -> UnusableMasterKey:
    return UnusableMasterKey(
        f"Cannot read {path}: {why}. Restore it from a backup: without it nothing that was encrypted can be read."
    )


def _from_text(text: str) -> MasterKey:
    decoders = (bytes.fromhex, lambda value: base64.b64decode(value, validate=True))
    for decode in decoders:
        try:
            secret = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(secret) == _KEY_BYTES:
            return master_key(secret)
    raise UnusableMasterKey(
        f"{VARIABLE} is not a key: it must be 32 bytes in hexadecimal (64 digits) or base64 (44 characters). "
        "`openssl rand -hex 32` makes one."
    )
