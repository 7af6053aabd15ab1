"""The key service put together: keys, aliases, ciphers, over one store and the master keys of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from windvane.control.kms.aliases import Aliases
from windvane.control.kms.ciphers import Ciphers
from windvane.control.kms.keys import Keys
from windvane.control.kms.master import MasterKeys
from windvane.control.kms.materials import Materials
from windvane.control.kms.object_keys import StoredDataKeys
from windvane.control.kms.sweep import destroy_due_keys, reseal_keys, rotate_due_keys
from windvane.domain.keys import Key, KeyState
from windvane.names import PageTokens
from windvane.store.base import Store


@dataclass(frozen=True)
class KeyService:
    """The parts that operations of KMS call, and what is due without a call."""

    keys: Keys
    aliases: Aliases
    ciphers: Ciphers
    data_keys: StoredDataKeys
    _store: Store
    _materials: Materials
    _clock: Callable[[], datetime]

    def start(self) -> None:
        """Make sure that every key can be opened, and bring its material under the current master key; make the key
        for AES256 if there is none. To be called at the start.

        raises    UnusableMasterKey, CorruptArtifact
        """
        with self._store.snapshot() as tx:
            self._materials.check(tx.every(Key, list(KeyState)))
        reseal_keys(self._store, self._materials)
        self.data_keys.ensure_server_key()

    def sweep(self) -> None:
        """Destroy and rotate what is due; to be called every minute or so."""
        now = self._clock()
        destroy_due_keys(self._store, now)
        rotate_due_keys(self._store, self._materials, now)


def new_key_service(
    store: Store, masters: MasterKeys, tokens: PageTokens, clock: Callable[[], datetime]
) -> KeyService:
    materials = Materials(masters)
    ciphers = Ciphers(store, materials)
    return KeyService(
        Keys(store, materials, tokens, clock),
        Aliases(store, tokens, clock),
        ciphers,
        StoredDataKeys(store, materials, ciphers, clock),
        store,
        materials,
        clock,
    )
