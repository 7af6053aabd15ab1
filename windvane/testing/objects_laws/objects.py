"""What an object store owes about objects."""

from __future__ import annotations

import pytest

from windvane.objects.base import ObjectStore
from windvane.objects.errors import (
    InvalidKey,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
)
from windvane.objects.records import Attributes, Checksum, ChecksumType
from windvane.testing.objects_laws.writing import (
    LARGE,
    LEAST_PART,
    NASTY_KEYS,
    PLAIN,
    keys,
    make_bucket,
    md5,
    put,
    put_in_parts,
    put_tagged,
    read,
)

_SIZES = (0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 65_536, 65_537, LARGE)


class ObjectLaws:
    """Bytes, attributes, keys, copies, deletions."""

    @pytest.mark.parametrize("size", _SIZES)
    def test_what_was_put_is_read(self, objects: ObjectStore, size: int) -> None:
        make_bucket(objects)
        data = bytes(number % 251 for number in range(size))
        version = put(objects, "key", data)
        assert version == objects.find("bucket", "key")
        assert (version.size, version.etag, version.version_id) == (size, md5(data), "null")
        assert read(objects, "key") == data

    @pytest.mark.parametrize("size", [20, LARGE])
    def test_a_stream_is_sought_in(self, objects: ObjectStore, size: int) -> None:
        make_bucket(objects)
        data = bytes(number % 251 for number in range(size))
        put(objects, "key", data)
        with objects.open(objects.find("bucket", "key")) as stream:
            assert stream.seek(size // 2) == size // 2
            assert stream.read(5) == data[size // 2 : size // 2 + 5]
            stream.seek(-3, 2)
            assert stream.read() == data[-3:]
            assert stream.read() == b""
            stream.seek(0)
            assert stream.read() == data

    def test_bytes_come_in_pieces(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        pieces = [bytes([number]) * number * 999 for number in range(30)]
        with objects.stage() as staged:
            for piece in pieces:
                staged.write(memoryview(piece))
            assert staged.size == sum(map(len, pieces))
            objects.put("bucket", "key", staged, md5(b"".join(pieces)), PLAIN)
        assert read(objects, "key") == b"".join(pieces)

    @pytest.mark.parametrize("size", [20, LARGE])
    def test_a_reader_keeps_what_it_opened(self, objects: ObjectStore, size: int) -> None:
        make_bucket(objects)
        put(objects, "key", b"o" * size)
        old = objects.find("bucket", "key")
        with objects.open(old) as stream:
            assert stream.read(5) == b"ooooo"
            put(objects, "key", b"n" * size)
            assert stream.read() == b"o" * (size - 5)
        assert read(objects, "key") == b"n" * size
        with pytest.raises(NoSuchVersion):
            objects.open(old)

    def test_attributes_are_kept(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        attributes = Attributes(
            headers={"content-type": "text/csv", "cache-control": "no-store"},
            metadata={"who": "é ü", "empty": ""},
            tags={"a": "1", "ключ": "значение"},
            checksum=Checksum("CRC32", "AAAA", ChecksumType.COMPOSITE),
            storage_class="STANDARD_IA",
        )
        version = put(objects, "key", attributes=attributes)
        found = objects.find("bucket", "key")
        assert found == version
        for name in ("headers", "metadata", "tags", "checksum", "storage_class"):
            assert getattr(found.attributes, name) == getattr(attributes, name), name

    def test_tags_are_replaced(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        version = put_tagged(objects, "key", {"a": "1", "b": "2"})
        objects.set_tags(version, {"c": "3"})
        found = objects.find("bucket", "key")
        assert found.attributes.tags == {"c": "3"}
        assert (found.modified, found.etag) == (version.modified, version.etag)
        objects.delete("bucket", "key")
        with pytest.raises(NoSuchVersion):
            objects.set_tags(version, {})

    def test_keys_are_opaque(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for key in NASTY_KEYS:
            put(objects, key, key.encode())
        for key in NASTY_KEYS:
            assert read(objects, key) == key.encode()
        assert keys(objects.list_objects("bucket").objects) == sorted(NASTY_KEYS, key=str.encode)

    @pytest.mark.parametrize("key", ["", "k" * 1025, "ä" * 513, "\ud800"])
    def test_what_no_key_can_be_is_refused(self, objects: ObjectStore, key: str) -> None:
        make_bucket(objects)
        with pytest.raises(InvalidKey):
            put(objects, key)
        with pytest.raises(InvalidKey):
            objects.create_upload("bucket", key, PLAIN)
        with pytest.raises(NoSuchKey):
            objects.find("bucket", key)
        assert objects.list_objects("bucket").objects == ()

    def test_what_is_missing_is_said_to_be(self, objects: ObjectStore) -> None:
        with pytest.raises(NoSuchBucket):
            objects.find("bucket", "key")
        make_bucket(objects)
        with pytest.raises(NoSuchKey):
            objects.find("bucket", "key")
        put(objects, "key")
        for wrong in ("", "1", "null ", "0" * 32, "f" * 32, "x" * 32):
            with pytest.raises(NoSuchVersion):
                objects.find("bucket", "key", wrong)

    def test_a_version_is_found_under_its_own_key_alone(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        make_bucket(objects, "other")
        version = put(objects, "key")
        put(objects, "another")
        objects.delete("bucket", "another")
        for bucket, key in (("bucket", "another"), ("other", "key")):
            with pytest.raises(NoSuchVersion):
                objects.find(bucket, key, version.version_id)

    def test_deleting_removes_and_may_be_repeated(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "key", b"x" * LARGE)
        for _ in range(2):
            assert objects.delete("bucket", "key").marker_id is None
        with pytest.raises(NoSuchKey):
            objects.find("bucket", "key")
        with pytest.raises(NoSuchBucket):
            objects.delete("no-such-bucket", "key")

    @pytest.mark.parametrize("size", [20, LARGE])
    def test_a_copy_outlives_its_source(self, objects: ObjectStore, size: int) -> None:
        make_bucket(objects)
        make_bucket(objects, "other")
        source = put(objects, "key", b"c" * size)
        copy = objects.copy(source, "other", "copy", Attributes(metadata={"is": "new"}))
        assert (copy.size, copy.etag) == (source.size, source.etag)
        assert copy.attributes.metadata == {"is": "new"}
        objects.delete("bucket", "key")
        assert read(objects, "copy", "other") == b"c" * size
        with pytest.raises(NoSuchVersion):
            objects.copy(source, "other", "second", PLAIN)
        objects.delete("other", "copy")

    def test_an_object_is_copied_onto_itself(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        source = put(objects, "key", b"c" * LARGE)
        objects.copy(source, "bucket", "key", Attributes(metadata={"is": "new"}))
        assert read(objects, "key") == b"c" * LARGE
        assert objects.find("bucket", "key").attributes.metadata == {"is": "new"}

    def test_a_copy_has_its_parts(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        source = put_in_parts(objects, "key", [LEAST_PART, b"end"])
        copy = objects.copy(source, "bucket", "copy", PLAIN)
        objects.delete("bucket", "key")
        assert read(objects, "copy") == LEAST_PART + b"end"
        assert [part.size for part in objects.parts(copy)] == [len(LEAST_PART), 3]

    def test_what_is_discarded_is_nowhere(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        with objects.stage() as staged:
            staged.write(b"x" * LARGE)
            staged.discard()
            staged.discard()
        with objects.stage() as staged:
            staged.write(b"x" * LARGE)
        assert objects.list_objects("bucket").objects == ()
