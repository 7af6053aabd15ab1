"""The contract of the object store over the embedded one, plain and encrypted."""

from dataclasses import replace

import pytest

from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import ObjectName
from windvane.objects.records import Encryption
from windvane.objects.store import open_objects
from windvane.sealing import SecretBox
from windvane.testing.objects_contract import ObjectsContract


class OneKey:
    """Wraps every data key under the same key, bound to the object's name."""

    def __init__(self) -> None:
        self._box = SecretBox(b"k" * 32)

    def resolve(self, name: ObjectName, asked: Encryption) -> str | None:
        return None

    def wrap(self, name: ObjectName, asked: Encryption, data_key: bytes) -> Encryption:
        return replace(asked, sealed_key=self._box.seal(data_key, name.arn.encode()))

    def unwrap(self, name: ObjectName, kept: Encryption) -> bytes:
        return self._box.open(kept.sealed_key, name.arn.encode())


class TestEmbeddedObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, tmp_path):
        store = open_objects(tmp_path / "s3")
        yield store
        store.close()


class TestEncryptedObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, tmp_path):
        store = EncryptedStore(open_objects(tmp_path / "s3"), OneKey())
        yield store
        store.close()
