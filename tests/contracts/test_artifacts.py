"""The artifacts contract over a local folder, the embedded object store, and an S3 store."""

import itertools
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from s3.served import ServedStore

from windvane.artifacts.base import Location
from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.cached import ObjectCache
from windvane.artifacts.embedded import EmbeddedFolder, open_embedded
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import Reach
from windvane.artifacts.s3 import S3Artifacts
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.errors import AccessDenied
from windvane.names import PageTokens
from windvane.store.open import open_store
from windvane.testing.artifacts_contract import CONTRACT, HOSTILE_KEYS

_numbers = itertools.count()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    store = ServedStore(tmp_path_factory.mktemp("s3"))
    yield store
    store.stop()


class Reached(BrokeredArtifacts):
    """Through a broker; its owner makes the buckets."""

    def __init__(self, channel, own, folder):
        super().__init__(channel, folder)
        self._own = own

    def ensure_bucket(self, bucket):
        self._own.ensure_bucket(bucket)
        super().ensure_bucket(bucket)

    def folders(self, prefix):
        """Not for a task."""
        with pytest.raises(AccessDenied):
            super().folders(prefix)
        return self._own.folders(prefix)


@pytest.fixture
def brokered(tmp_path_factory, tmp_path):
    own = LocalArtifacts(tmp_path_factory.mktemp("artifacts"))
    ours, theirs = socket.socketpair()
    everything = Reach(
        write=(*(Location(f"bucket-{n}", "") for n in range(200)), Location("no-such-bucket", ""))
    )
    thread = threading.Thread(target=Broker(theirs, own, everything, tmp_path).serve)
    thread.start()
    with ours:
        yield Reached(ours, own, tmp_path)
    thread.join()


@pytest.fixture
def embedded(tmp_path_factory):
    """The embedded object store."""
    folder = tmp_path_factory.mktemp("objects")
    store = open_store("", tmp_path_factory.mktemp("store"))
    store.migrate()
    masters = MasterKeys(master_key(b"m" * 32))
    keys = new_key_service(store, masters, PageTokens(b"k" * 32), lambda: datetime.now(UTC))
    keys.start()
    place = EmbeddedFolder(folder, "111122223333", "us-east-1")
    return open_embedded(place, keys.data_keys)


@pytest.fixture(params=["local", "objects", "s3", "brokered", "cached"])
def artifacts(request, tmp_path_factory):
    if request.param == "brokered":
        return request.getfixturevalue("brokered")
    if request.param == "local":
        return LocalArtifacts(tmp_path_factory.mktemp("artifacts"))
    if request.param == "cached":
        cache = ObjectCache(tmp_path_factory.mktemp("cached") / "cache", 1 << 30)
        return cache.over(LocalArtifacts(tmp_path_factory.mktemp("artifacts")))
    if request.param == "objects":
        return request.getfixturevalue("embedded")
    return S3Artifacts(request.getfixturevalue("served").connection)


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_artifacts_keep_their_contract(clause, artifacts, tmp_path):
    bucket = f"bucket-{next(_numbers)}"
    artifacts.ensure_bucket(bucket)
    clause(artifacts, bucket, tmp_path)


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        ({"secret_key": "wrong"}, lambda one, place: one.info(place)),
        ({"secret_key": "wrong"}, lambda one, place: one.read(place)),
        ({"secret_key": "wrong"}, lambda one, place: list(one.list(place))),
        ({"access_key": "unknown"}, lambda one, place: one.open(place)),
        ({"access_key": "unknown"}, lambda one, place: one.delete(place)),
        ({"access_key": ""}, lambda one, place: one.bucket_exists(place.bucket)),
        ({"access_key": ""}, lambda one, place: one.ensure_bucket(place.bucket)),
    ],
)
def test_what_a_store_does_not_allow_is_told_with_the_place(served, keys, asked):
    place = Location(f"bucket-{next(_numbers)}", "table.csv")
    own = S3Artifacts(served.connection)
    own.ensure_bucket(place.bucket)
    own.write(place, b"a,b")
    with pytest.raises(AccessDenied, match=f"does not allow s3://{place.bucket}"):
        asked(S3Artifacts(replace(served.connection, **keys)), place)
    assert own.read(place) == b"a,b"


def test_hostile_keys_stay_inside_a_local_folder(tmp_path):
    artifacts = LocalArtifacts(tmp_path / "root")
    artifacts.ensure_bucket("bucket")
    for key in HOSTILE_KEYS:
        artifacts.write(Location("bucket", key), key.encode())
    assert sorted(info.location.key for info in artifacts.list(Location("bucket", ""))) == sorted(
        HOSTILE_KEYS
    )
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
