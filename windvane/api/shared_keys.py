"""The keys that servers of one store have in common: root keys, and the secret that signs tokens of sessions, pages and links.

They stand in the store, sealed under the master key, and in the keys.json of each data folder, where `windvane env` and
`windvane login` find them. `windvane keys` changes them in the store, one change after the other, and every server takes them
over.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
from dataclasses import replace
from pathlib import Path

from windvane.api.key_file import (
    FILE_NAME,
    Change,
    KeyFile,
    UnusableKeys,
    keys_from_json,
    keys_to_json,
    load_or_create_keys,
    read_keys,
    replace_keys,
)
from windvane.audit.files import files_of
from windvane.control.kms.master import MasterKey, MasterKeys
from windvane.sealing import SecretBox, derive_key
from windvane.store.base import Store, Transaction
from windvane.store.server_book import SharedSecret

_LOG = logging.getLogger(__name__)
_NAME = "keys"
_CONTEXT = b"keys of servers"


class SharedKeys:
    """The keys that servers share, of one data folder. Methods may be called from any thread, one at a time.

    audit    folder of the audit log: where there is none, no server has used the data folder yet
    """

    def __init__(
        self, store: Store, masters: MasterKeys, data_dir: Path, account: str, audit: Path
    ) -> None:
        self._store, self._masters = store, masters
        self._data_dir, self._account, self._audit = data_dir, account, audit
        self._agreed: tuple[int, tuple[int, int] | None] | None = None

    def agree(self) -> KeyFile:
        """Bring the data folder and the store to the same keys, and return them.

        raises    UnusableKeys for a data folder that has other keys, UnusableMasterKey if those of the store cannot be opened
        """
        is_there = (self._data_dir / FILE_NAME).exists()
        own = read_keys(self._data_dir, self._account) if is_there else None
        with self._store.transaction() as tx:
            shared = self._shared(tx)
            if own is not None and shared is not None and not _are_of_one(own, shared):
                self._check_may_go()
                own = None
            if shared is None or (own is not None and own.revision > shared.revision):
                known = own or load_or_create_keys(self._data_dir, self._account)
                shared = replace(known, revision=max(known.revision, 1), is_shared=True)
                self._put(tx, shared)
        if shared != own:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_keys(self._data_dir, shared)
        return shared

    def change(self, change: Change) -> tuple[KeyFile, KeyFile] | None:
        """Change the keys of all servers, in the store and in the data folder. Return them as they were and as they are; None
        if no server has brought its keys to the store yet.

        raises    UnusableKeys for a data folder that has other keys, and as `change` does; UnusableMasterKey
        """
        path = self._data_dir / FILE_NAME
        own = read_keys(self._data_dir, self._account) if path.exists() else None
        with self._store.transaction() as tx:
            shared = self._shared(tx)
            if shared is None:
                return None
            if own is not None and not _are_of_one(own, shared):
                raise UnusableKeys(f"{path} has other keys than the servers on this database.")
            before = own if own is not None and own.revision > shared.revision else shared
            revision = before.revision + 1
            changed = replace(change(before), revision=revision, is_shared=True)
            self._put(tx, changed)
        replace_keys(self._data_dir, changed)
        return before, changed

    def look(self) -> None:
        """Follow what was changed in the store or in the data folder; to be asked every second or so.

        raises    as `agree`
        """
        with self._store.snapshot() as tx:
            kept = tx.shared_secret(_NAME)
        seen = (0 if kept is None else kept.revision, self._mark())
        if seen == self._agreed:
            return
        self.agree()
        self._agreed = seen

    def _mark(self) -> tuple[int, int] | None:
        path = self._data_dir / FILE_NAME
        found = path.stat() if path.exists() else None
        return None if found is None else (found.st_ino, found.st_mtime_ns)

    def _check_may_go(self) -> None:
        """Keys that were made before the store's were known may go, unless a server has used them."""
        if not files_of(self._audit):
            return
        raise UnusableKeys(
            f"{self._data_dir / FILE_NAME} has root keys that other servers on the same database do not have. Start with an "
            "empty data folder, or move that file away: a copy of the keys that the others have is made then."
        )

    def _shared(self, tx: Transaction) -> KeyFile | None:
        kept = tx.shared_secret(_NAME)
        if kept is None:
            return None
        master_id, _, text = kept.sealed.partition(":")
        plain = _box(self._masters.find(master_id)).open(base64.b64decode(text), _CONTEXT)
        return replace(keys_from_json(json.loads(plain), self._account), is_shared=True)

    def _put(self, tx: Transaction, keys: KeyFile) -> None:
        master = self._masters.current
        sealed = _box(master).seal(json.dumps(keys_to_json(keys)).encode(), _CONTEXT)
        text = f"{master.id}:{base64.b64encode(sealed).decode()}"
        tx.put_shared_secret(_NAME, SharedSecret(keys.revision, text))


def _are_of_one(one: KeyFile, other: KeyFile) -> bool:
    """Return whether one became the other by changes: the sealing secret stays."""
    return hmac.compare_digest(one.sealing_secret, other.sealing_secret)


def _box(master: MasterKey) -> SecretBox:
    return SecretBox(derive_key(master.secret, "keys of servers"))
