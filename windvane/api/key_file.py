"""keys.json in the data folder: the root keys of the default account, and the secret that signs tokens.

There may be two root keys, so that one can be replaced without a moment in which neither is good.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windvane.durable import create_file, replace_file
from windvane.errors import WindvaneError

FILE_NAME = "keys.json"
_LEAST_SECRET_BYTES = 16
_ALPHABET = string.ascii_uppercase + "234567"


class UnusableKeys(WindvaneError):
    """keys.json in the data folder cannot be read, or not be changed as asked; the text says why."""


@dataclass(frozen=True)
class RootKey:
    """An access key of the account itself, with its secret.

    created    "" for one made before this was kept
    """

    access_key: str
    secret_key: str = field(repr=False)
    created: str = ""


@dataclass(frozen=True)
class KeyFile:
    """The data folder's own keys.

    token_secret     signs page tokens, session tokens and console sessions
    sealing_secret   encrypts secrets of users' keys; stays when the token secret is replaced
    older            root keys that are still good besides the newest one
    revision         grows with each change
    is_shared        whether they are those of all servers of a store (api/shared_keys.py)
    """

    account: str
    access_key: str
    secret_key: str = field(repr=False)
    token_secret: bytes = field(repr=False)
    sealing_secret: bytes = field(repr=False, default=b"")
    older: tuple[RootKey, ...] = ()
    created: str = ""
    revision: int = 0
    is_shared: bool = False

    @property
    def newest(self) -> RootKey:
        return RootKey(self.access_key, self.secret_key, self.created)

    @property
    def root_keys(self) -> tuple[RootKey, ...]:
        """The newest first."""
        return (self.newest, *self.older)


def load_or_create_keys(data_dir: Path, account: str) -> KeyFile:
    """Return the keys in `data_dir`/keys.json, made there (mode 0600) the first time; they are of `account`.

    raises    UnusableKeys for a file that is damaged
    """
    path = data_dir / FILE_NAME
    if not path.exists():
        _create(path)
    return read_keys(data_dir, account)


def read_keys(data_dir: Path, account: str) -> KeyFile:
    """Return the keys that are in `data_dir`/keys.json.

    raises    UnusableKeys for a file that is damaged, or not there
    """
    path = data_dir / FILE_NAME
    try:
        return keys_from_json(json.loads(path.read_text()), account)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableKeys(
            f"Cannot read {path}: {type(error).__name__}: {error}. Restore it from a backup, or "
            "remove it to have new keys made."
        ) from error


Change = Callable[[KeyFile], KeyFile]
"""Keys as they are to be in place of those that are there; its revision is counted by whoever records them."""


def change_keys(data_dir: Path, account: str, change: Change) -> tuple[KeyFile, KeyFile]:
    """Change the keys of a data folder whose server shares them with no other. Return them as they were and as they are.

    raises    UnusableKeys for keys that servers share: a change of their file could come after one of another server's
    """
    with _changing(data_dir):
        keys = load_or_create_keys(data_dir, account)
        check_own(keys, data_dir)
        changed = replace(change(keys), revision=keys.revision + 1)
        _replace(data_dir / FILE_NAME, changed)
    return keys, changed


def check_own(keys: KeyFile, data_dir: Path) -> None:
    """Check that the keys of a data folder are those of its server alone.

    raises    UnusableKeys for keys that servers share
    """
    if keys.is_shared:
        raise UnusableKeys(
            f"The keys in {data_dir / FILE_NAME} are those of all servers on one database: name it, by the server's "
            "configuration file (`--config`)."
        )


def rotated(keys: KeyFile) -> KeyFile:
    """Return the keys with a new root key; the one before stays good until it is retired.

    raises    UnusableKeys if there are two already
    """
    if keys.older:
        raise UnusableKeys(
            f"There are two root keys already: retire {keys.older[0].access_key} first "
            "(`windvane keys retire`)."
        )
    fresh = _fresh_root()
    return replace(
        keys,
        access_key=fresh.access_key,
        secret_key=fresh.secret_key,
        created=fresh.created,
        older=(keys.newest,),
    )


def retired(keys: KeyFile) -> KeyFile:
    """Return the keys without the older root key; with it every session and console session ends that came from it.

    raises    UnusableKeys if there is one key alone
    """
    if not keys.older:
        raise UnusableKeys(
            "There is one root key alone. Make a new one first (`windvane keys rotate`)."
        )
    return replace(keys, older=())


def with_fresh_tokens(keys: KeyFile) -> KeyFile:
    """Return the keys with another secret that signs tokens: every temporary key, console session and page token ends."""
    return replace(keys, token_secret=secrets.token_bytes(32))


def replace_keys(data_dir: Path, keys: KeyFile) -> None:
    """Write other keys in place of those that are there."""
    with _changing(data_dir):
        _replace(data_dir / FILE_NAME, keys)


def keys_from_json(entries: dict[str, Any], account: str) -> KeyFile:
    """Read the keys from the JSON of their file.

    raises    ValueError, KeyError or TypeError for what is none
    """
    token_secret = bytes.fromhex(entries["token_secret"])
    sealing = entries.get("sealing_secret")
    keys = KeyFile(
        account,
        str(entries["access_key"]),
        str(entries["secret_key"]),
        token_secret,
        token_secret if sealing is None else bytes.fromhex(sealing),
        tuple(
            RootKey(str(one["access_key"]), str(one["secret_key"]), str(one["created"]))
            for one in entries.get("older", [])
        ),
        str(entries.get("created", "")),
        int(entries.get("revision", 0)),
        bool(entries.get("shared", False)),
    )
    _check(keys)
    return keys


def _check(keys: KeyFile) -> None:
    """Refuse secrets that are too short.

    raises    ValueError: whoever knew of an empty secret could sign as anybody
    """
    if min(len(keys.token_secret), len(keys.sealing_secret)) < _LEAST_SECRET_BYTES:
        raise ValueError(f"a secret has less than {_LEAST_SECRET_BYTES} bytes")
    if not all(one.access_key and one.secret_key for one in keys.root_keys):
        raise ValueError("a root key is empty")


def keys_to_json(keys: KeyFile) -> dict[str, Any]:
    return {
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "created": keys.created,
        "token_secret": keys.token_secret.hex(),
        "sealing_secret": keys.sealing_secret.hex(),
        "older": [
            {"access_key": one.access_key, "secret_key": one.secret_key, "created": one.created}
            for one in keys.older
        ],
        "revision": keys.revision,
        "shared": keys.is_shared,
    }


def _fresh_root() -> RootKey:
    access_key = "AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
    secret_key = base64.b64encode(secrets.token_bytes(30)).decode()
    return RootKey(access_key, secret_key, datetime.now(UTC).isoformat(timespec="seconds"))


def _create(path: Path) -> None:
    """Make new keys, unless another process was first."""
    root, token_secret = _fresh_root(), secrets.token_bytes(32)
    keys = KeyFile(
        "",
        root.access_key,
        root.secret_key,
        token_secret,
        secrets.token_bytes(32),
        created=root.created,
    )
    create_file(path, json.dumps(keys_to_json(keys), indent=2))


def _replace(path: Path, keys: KeyFile) -> None:
    replace_file(path, json.dumps(keys_to_json(keys), indent=2))


@contextmanager
def _changing(data_dir: Path) -> Iterator[None]:
    """Let one process at a time change the file."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
