"""Versions of the object store against a list in memory, which follows S3's rules as its user guide states them."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from windvane.objects.errors import NoSuchKey
from windvane.objects.records import Attributes, Usage, Versioning
from windvane.objects.store import open_objects

_KEYS = st.sampled_from(["a", "b"])
_ACCOUNT = "111122223333"


@dataclass
class Model:
    """Versions of each key, the newest last, as (version id, content); content None is a delete marker."""

    versioning: Versioning = Versioning.OFF
    versions: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)

    def add(self, key, version_id, content):
        kept = self.versions.setdefault(key, [])
        if version_id == "null":
            kept[:] = [one for one in kept if one[0] != "null"]
        kept.append((version_id, content))

    def remove(self, key, version_id):
        kept = self.versions.get(key, [])
        kept[:] = [one for one in kept if one[0] != version_id]


class Versions(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = open_objects(self.folder)
        self.store.create_bucket("bucket", _ACCOUNT, "us-east-1")
        self.model = Model()

    @rule(versioning=st.sampled_from([Versioning.ENABLED, Versioning.SUSPENDED]))
    def set_versioning(self, versioning):
        self.store.set_versioning("bucket", versioning)
        self.model.versioning = versioning

    @rule(key=_KEYS, size=st.sampled_from([0, 3, 20_000]))
    def put(self, key, size):
        with self.store.stage() as staged:
            staged.write(b"x" * size)
            made = self.store.put("bucket", key, staged, "0" * 32, Attributes())
        assert (made.version_id != "null") == (self.model.versioning is Versioning.ENABLED)
        self.model.add(key, made.version_id, b"x" * size)

    @rule(source=_KEYS, key=_KEYS)
    def copy(self, source, key):
        kept = self.model.versions.get(source, [])
        if kept and kept[-1][1] is not None:
            made = self.store.copy(self.store.find("bucket", source), "bucket", key, Attributes())
            self.model.add(key, made.version_id, kept[-1][1])

    @rule(key=_KEYS)
    def delete(self, key):
        removal = self.store.delete("bucket", key)
        if self.model.versioning is Versioning.OFF:
            self.model.remove(key, "null")
        else:
            assert (removal.marker_id != "null") == (self.model.versioning is Versioning.ENABLED)
            self.model.add(key, removal.marker_id, None)

    @rule(key=_KEYS, place=st.integers(0, 5))
    def delete_version(self, key, place):
        kept = self.model.versions.get(key, [])
        if place < len(kept):
            version_id, content = kept[place]
            removal = self.store.delete("bucket", key, version_id)
            assert (removal.marker_id is not None) == (content is None)
            self.model.remove(key, version_id)

    @invariant()
    def versions_are_those_of_the_model(self):
        for key in ("a", "b"):
            kept = self.model.versions.get(key, [])
            found = [one for one in self.store.list_versions("bucket").versions if one.key == key]
            assert [one.version_id for one in found] == [one for one, _ in reversed(kept)]
            assert [one.is_latest for one in found] == [place == 0 for place in range(len(kept))]
            for version, (_, content) in zip(found, reversed(kept), strict=True):
                assert version.is_delete_marker == (content is None)
                if content is not None:
                    assert self.store.open(version).read() == content

    @invariant()
    def the_newest_is_what_a_reader_finds(self):
        listed = {one.key for one in self.store.list_objects("bucket").objects}
        for key in ("a", "b"):
            kept = self.model.versions.get(key, [])
            is_there = bool(kept) and kept[-1][1] is not None
            assert (key in listed) == is_there
            if is_there:
                assert self.store.find("bucket", key).version_id == kept[-1][0]
                continue
            with pytest.raises(NoSuchKey) as refusal:
                self.store.find("bucket", key)
            assert refusal.value.marker_id == (kept[-1][0] if kept else None)

    @invariant()
    def usage_is_the_sum(self):
        contents = [
            content
            for kept in self.model.versions.values()
            for _, content in kept
            if content is not None
        ]
        assert self.store.usage(_ACCOUNT) == Usage(sum(map(len, contents)), len(contents))

    @invariant()
    def no_file_is_without_a_row(self):
        assert list(self.store.orphans()) == []

    def teardown(self):
        assert list(self.store.damages()) == []
        self.store.close()
        shutil.rmtree(self.folder)


TestVersions = pytest.mark.slow(Versions.TestCase)
TestVersions.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
