"""The data keys of objects, wrapped by keys of KMS or, for AES256, by a key that is the server's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from windvane.control.kms.blobs import BlobHead, decrypt, encrypt, head_of
from windvane.control.kms.ciphers import Ciphers
from windvane.control.kms.lookup import (
    MANAGED,
    check_usable,
    ensure_managed,
    find_key,
    new_key,
    scope_named,
)
from windvane.control.kms.master import MasterKeys
from windvane.control.kms.materials import Materials
from windvane.domain.keys import Key
from windvane.errors import BadCiphertext, CorruptArtifact, InvalidRequest
from windvane.names import Scope, is_server
from windvane.objects.encryption import Algorithm, ObjectName, context_of, marked_as_managed
from windvane.objects.records import Encryption
from windvane.store.base import Query, Store, Transaction

_S3 = "alias/aws/s3"
_ARN = "aws:s3:arn"

SERVER_SCOPE = Scope("server", "all")
"""Where the key for AES256 stands: in no account, so that no client can name it."""


class StoredDataKeys:
    """The DataKeys of a server. The key for AES256 is kept in memory: it is never disabled."""

    def __init__(
        self, store: Store, materials: Materials, ciphers: Ciphers, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._materials = store, materials
        self._ciphers, self._clock = ciphers, clock
        self._server_key: tuple[Key, Mapping[str, bytes]] | None = None

    def resolve(self, name: ObjectName, asked: Encryption) -> str | None:
        if asked.algorithm == Algorithm.S3:
            return None
        key = self._key(name, asked)
        return None if key.is_managed else key.arn

    def wrap(self, name: ObjectName, asked: Encryption, data_key: bytes) -> Encryption:
        if asked.algorithm == Algorithm.S3:
            return Encryption(str(Algorithm.S3), None, self._sealed(name, data_key))
        key = self._key(name, asked)
        made = self._ciphers.encrypt_with(key, data_key, _context(name, asked))
        kept = Encryption(str(Algorithm.KMS), key.arn, made.blob, asked.parameters)
        return marked_as_managed(kept) if key.is_managed else kept

    def unwrap(self, name: ObjectName, kept: Encryption) -> bytes:
        try:
            if kept.algorithm == Algorithm.S3:
                return self._opened(name, kept.sealed_key)
            scope = scope_named(kept.key_id or "", Scope(name.account, name.region))
            key = self._ciphers.find(scope, kept.key_id or "")
            return self._ciphers.open(scope, kept.sealed_key, _context(name, kept), key).plain
        except BadCiphertext as error:
            raise CorruptArtifact(
                f"The data key of s3://{name.bucket}/{name.key} cannot be opened: it was changed, or belongs to another "
                "object."
            ) from error

    def ensure_server_key(self) -> None:
        """Make the key for AES256 unless it is there; to be called at the start."""
        with self._store.transaction() as tx:
            if _server_key(tx) is None:
                tx.insert(
                    new_key(SERVER_SCOPE, self._materials, self._clock(), "AES256", managed=True)
                )

    def _key(self, name: ObjectName, asked: Encryption) -> Key:
        """Return the key that is meant, which can be used now. In a bucket of the server's own that is the key of whichever
        account's job it keeps something for."""
        if asked.algorithm != Algorithm.KMS:
            raise InvalidRequest(
                f"The encryption '{asked.algorithm}' is not served. Supported values: {', '.join(Algorithm)}."
            )
        scope = Scope(name.account, name.region)
        written = asked.key_id or _S3
        if (alias := written.rpartition(":")[2]) in MANAGED:
            ensure_managed(self._store, self._materials, scope, alias, self._clock())
        if written.startswith("arn:"):
            named = scope_named(written, scope)
            scope = named if is_server(scope.account) else Scope(scope.account, named.region)
        with self._store.snapshot() as tx:
            key = find_key(tx, scope, written)
        check_usable(key)
        return key

    def _sealed(self, name: ObjectName, data_key: bytes) -> bytes:
        key, secrets = self._server()
        material = key.materials[-1].id
        head = BlobHead(key.name, material)
        return encrypt(secrets[material], head, data_key, {_ARN: name.arn})

    def _opened(self, name: ObjectName, blob: bytes) -> bytes:
        _, secrets = self._server()
        secret = secrets.get(head_of(blob).material_id)
        if secret is None:
            raise BadCiphertext("It was encrypted under a key that this server does not have.")
        return decrypt(secret, blob, {_ARN: name.arn})

    def _server(self) -> tuple[Key, Mapping[str, bytes]]:
        if self._server_key is None:
            with self._store.snapshot() as tx:
                key = _server_key(tx)
            if key is None:
                raise CorruptArtifact("The server's key for AES256 is missing from its database.")
            opened = {one.id: self._materials.secret(key, one) for one in key.materials}
            self._server_key = key, opened
        return self._server_key


def stored_data_keys(
    store: Store, masters: MasterKeys, clock: Callable[[], datetime]
) -> StoredDataKeys:
    """Return those of a server, for another of its processes.

    store    opened by this process
    """
    materials = Materials(masters)
    return StoredDataKeys(store, materials, Ciphers(store, materials), clock)


def _server_key(tx: Transaction) -> Key | None:
    found = tx.page(Key, Query(scope=SERVER_SCOPE, descending=False, limit=1))
    return next(iter(found.records), None)


def _context(name: ObjectName, encryption: Encryption) -> dict[str, str]:
    return {**context_of(encryption), _ARN: name.arn}
