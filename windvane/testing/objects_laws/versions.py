"""What an object store owes about versions.

source    "How S3 Versioning works" and "Working with objects in a versioning-suspended bucket" in S3's user guide
"""

from __future__ import annotations

import pytest

from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchKey
from windvane.objects.records import Version, Versioning
from windvane.testing.objects_laws.writing import make_bucket, put, read


def _versions(objects: ObjectStore) -> list[Version]:
    return list(objects.list_versions("bucket").versions)


class VersionLaws:
    """Enabled, suspended, delete markers."""

    def test_versions_are_kept_and_read_by_id(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        made = [put(objects, "key", bytes([number])) for number in range(3)]
        ids = [version.version_id for version in made]
        assert ids == sorted(ids)
        assert len(set(ids)) == 3
        assert "null" not in ids
        listed = _versions(objects)
        assert [version.version_id for version in listed] == ids[::-1]
        assert [version.is_latest for version in listed] == [True, False, False]
        for number, version_id in enumerate(ids):
            with objects.open(objects.find("bucket", "key", version_id)) as stream:
                assert stream.read() == bytes([number])

    def test_deleting_a_key_hides_it(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        version = put(objects, "key")
        removal = objects.delete("bucket", "key")
        assert (removal.version_id, removal.marker_id is not None) == (None, True)
        with pytest.raises(NoSuchKey) as refusal:
            objects.find("bucket", "key")
        assert refusal.value.marker_id == removal.marker_id
        assert objects.find("bucket", "key", removal.marker_id).is_delete_marker
        assert objects.find("bucket", "key", version.version_id).etag == version.etag
        assert objects.list_objects("bucket").objects == ()
        assert [one.is_delete_marker for one in _versions(objects)] == [True, False]

    def test_removing_the_marker_brings_it_back(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        put(objects, "key", b"back")
        marker = objects.delete("bucket", "key").marker_id
        removal = objects.delete("bucket", "key", marker)
        assert (removal.version_id, removal.marker_id) == (marker, marker)
        assert read(objects, "key") == b"back"
        assert objects.find("bucket", "key").is_latest

    def test_removing_the_newest_uncovers_the_one_before(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        put(objects, "key", b"first")
        middle = put(objects, "key", b"second")
        newest = put(objects, "key", b"third")
        objects.delete("bucket", "key", middle.version_id)
        assert read(objects, "key") == b"third"
        objects.delete("bucket", "key", newest.version_id)
        assert read(objects, "key") == b"first"
        assert [one.is_latest for one in _versions(objects)] == [True]

    def test_what_was_there_before_versioning_is_the_null_version(
        self, objects: ObjectStore
    ) -> None:
        make_bucket(objects)
        put(objects, "key", b"before")
        objects.set_versioning("bucket", Versioning.ENABLED)
        put(objects, "key", b"after")
        assert [one.version_id == "null" for one in _versions(objects)] == [False, True]
        with objects.open(objects.find("bucket", "key", "null")) as stream:
            assert stream.read() == b"before"

    def test_a_suspended_bucket_replaces_the_null_version_alone(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "key", b"null, the first")
        objects.set_versioning("bucket", Versioning.ENABLED)
        kept = put(objects, "key", b"kept")
        objects.set_versioning("bucket", Versioning.SUSPENDED)
        put(objects, "key", b"null, the second")
        assert [one.version_id for one in _versions(objects)] == ["null", kept.version_id]
        assert read(objects, "key") == b"null, the second"

    def test_deleting_in_a_suspended_bucket_makes_a_null_marker(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        kept = put(objects, "key")
        objects.set_versioning("bucket", Versioning.SUSPENDED)
        put(objects, "key", b"null")
        for _ in range(2):
            assert objects.delete("bucket", "key").marker_id == "null"
        found = _versions(objects)
        assert [one.version_id for one in found] == ["null", kept.version_id]
        assert found[0].is_delete_marker
        objects.delete("bucket", "key", "null")
        assert objects.find("bucket", "key").version_id == kept.version_id
