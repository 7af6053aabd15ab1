"""The power goes off before each step that the disk takes: nothing that was acknowledged is lost, no row names a missing file.

What it shows: the order in which the store writes, syncs, commits and removes is right, for every step of every operation.
What it does not: that the file system and the disk do what a sync promises, and SQLite what COMMIT promises.
"""

import hashlib
import shutil

import pytest
from unit.objects.power import ForgettingDisk, LyingDisk, PowerCutDisk

from windvane.objects.records import Attributes, NamedPart, Versioning
from windvane.objects.store import INDEX_NAME, open_objects

_PLAIN = Attributes()
_LARGE = 40_000


def md5(data):
    return hashlib.md5(data).hexdigest()


class Story:
    """Operations on one store, what was acknowledged of them, and a cut before each step."""

    def __init__(self, folder, kind):
        self.folder = folder
        self.disk = kind(folder / "s3" / "data")
        self.store = open_objects(folder / "s3", disk=self.disk)
        self.store.create_bucket("b", "111122223333", "us-east-1")
        self.acknowledged = {}
        self.pending = set()
        self.n_cuts = 0
        self.faults = []
        self.disk.before_step = self.cut

    def cut(self):
        self.n_cuts += 1
        target = self.folder / "cut"
        self.disk.left_after_cut(self.disk.root, target)
        left = self.folder / "left"
        left.mkdir()
        target.rename(left / "data")
        self.store._index.copy_to(left / INDEX_NAME)
        self.look_at(left)
        shutil.rmtree(left)

    def look_at(self, left):
        store = open_objects(left)
        self.faults += [damage.reason for damage in store.damages()]
        if not self.faults:
            found = {one.key: store.open(one).read() for one in store.list_objects("b").objects}
            for key, data in self.acknowledged.items():
                if key not in self.pending and found.get(key) != data:
                    self.faults.append(f"{key} is lost")
        store.sweep(store._clock())
        self.faults += [f"{name} was not swept" for name in store.orphans()]
        store.close()

    def put(self, key, data):
        self.pending = {key}
        with self.store.stage() as staged:
            staged.write(data)
            self.store.put("b", key, staged, md5(data), _PLAIN)
        self.acknowledged[key] = data
        self.pending = set()

    def delete(self, key):
        self.pending = {key}
        self.store.delete("b", key)
        self.acknowledged.pop(key, None)
        self.pending = set()

    def put_in_parts(self, key, parts):
        upload = self.store.create_upload("b", key, _PLAIN)
        self.pending = {key}
        for number, data in parts:
            with self.store.stage_part(upload) as staged:
                staged.write(data)
                self.store.put_part(upload, number, staged, md5(data))
        number, data = parts[-1]
        self.store.complete_upload(upload, [NamedPart(number, md5(data))], _PLAIN)
        self.acknowledged[key] = data
        self.pending = set()

    def copy(self, source, key):
        self.pending = {key}
        self.store.copy(self.store.find("b", source), "b", key, _PLAIN)
        self.acknowledged[key] = self.acknowledged[source]
        self.pending = set()

    def tell(self):
        self.put("small", b"1")
        self.put("large", b"2" * _LARGE)
        self.put("large", b"3" * _LARGE)
        self.copy("large", "copy")
        self.delete("large")
        self.put_in_parts("parts", [(1, b"4" * 10), (1, b"5" * 10), (2, b"6" * _LARGE)])
        self.copy("parts", "copy")
        self.delete("parts")
        with self.store.stage() as staged:
            staged.write(b"7" * _LARGE)
        upload = self.store.create_upload("b", "aborted", _PLAIN)
        with self.store.stage_part(upload) as staged:
            staged.write(b"8")
            self.store.put_part(upload, 1, staged, md5(b"8"))
        self.store.abort_upload(upload)
        self.store.set_versioning("b", Versioning.ENABLED)
        self.put("copy", b"9" * _LARGE)
        self.delete("copy")
        self.cut()
        self.store.close()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_wherever_the_power_goes(tmp_path):
    story = Story(tmp_path, PowerCutDisk)
    story.tell()
    assert story.faults == []
    assert story.n_cuts > 40


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LyingDisk, ForgettingDisk])
def test_a_disk_that_does_not_sync_is_found_out(tmp_path, kind):
    story = Story(tmp_path, kind)
    story.tell()
    assert story.faults
