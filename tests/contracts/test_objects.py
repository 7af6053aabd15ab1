"""The contract of the object store over the embedded one."""

import pytest

from windvane.objects.store import open_objects
from windvane.testing.objects_contract import ObjectsContract


class TestEmbeddedObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, tmp_path):
        store = open_objects(tmp_path / "s3")
        yield store
        store.close()
