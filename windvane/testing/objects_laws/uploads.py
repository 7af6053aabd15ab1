"""What an object store owes about uploads in parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windvane.errors import InvalidRequest
from windvane.objects.base import ObjectStore
from windvane.objects.errors import (
    InvalidPart,
    InvalidPartOrder,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    PartTooSmall,
)
from windvane.objects.records import Attributes, Checksum, NamedPart, Usage
from windvane.testing.objects_laws.writing import (
    LEAST_PART,
    OWNER,
    PLAIN,
    make_bucket,
    md5,
    named,
    put_in_parts,
    put_part,
    read,
)


class UploadLaws:
    """Parts, their order, completion, abortion."""

    def test_an_object_is_made_of_its_parts_in_order(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        assert objects.upload("bucket", "key", upload.upload_id) == upload
        second = put_part(objects, upload, 7, b"end")
        first = put_part(objects, upload, 2, LEAST_PART)
        with pytest.raises(NoSuchKey):
            objects.find("bucket", "key")
        version = objects.complete_upload(upload, named([first, second]), PLAIN)
        assert version.size == len(LEAST_PART) + 3
        joined = bytes.fromhex(md5(LEAST_PART)) + bytes.fromhex(md5(b"end"))
        assert version.etag == f"{md5(joined)}-2"
        assert (version.n_parts, objects.find("bucket", "key")) == (2, version)
        assert read(objects, "key") == LEAST_PART + b"end"
        assert [part.number for part in objects.parts(version)] == [2, 7]
        assert objects.list_uploads("bucket").uploads == ()
        assert objects.usage(OWNER) == Usage(version.size, 1)

    def test_ranges_cross_parts(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        version = put_in_parts(objects, "key", [LEAST_PART, b"middle" * 10**6, b"end"])
        whole = LEAST_PART + b"middle" * 10**6 + b"end"
        with objects.open(version) as stream:
            for start in (0, len(LEAST_PART) - 2, len(LEAST_PART), len(whole) - 5):
                stream.seek(start)
                assert stream.read(9) == whole[start : start + 9]

    def test_a_reader_of_parts_keeps_what_it_opened(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        version = put_in_parts(objects, "key", [LEAST_PART, b"end"])
        with objects.open(version) as stream:
            assert stream.read(1) == b"p"
            objects.delete("bucket", "key")
            assert stream.read() == LEAST_PART[1:] + b"end"

    def test_a_part_sent_again_takes_the_place_of_the_first(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        old = put_part(objects, upload, 1, b"old")
        new = put_part(objects, upload, 1, b"new!")
        assert objects.list_parts(upload).parts == (new,)
        with pytest.raises(InvalidPart):
            objects.complete_upload(upload, named([old]), PLAIN)
        objects.complete_upload(upload, named([new]), PLAIN)
        assert read(objects, "key") == b"new!"

    def test_parts_that_are_not_named_are_dropped(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        parts = [put_part(objects, upload, number, bytes([number])) for number in (1, 2, 3)]
        objects.complete_upload(upload, named(parts[1:2]), PLAIN)
        assert read(objects, "key") == b"\x02"
        assert objects.usage(OWNER) == Usage(1, 1)

    def test_wrong_lists_of_parts_are_refused_and_change_nothing(
        self, objects: ObjectStore
    ) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        first, second = (put_part(objects, upload, number, b"small") for number in (1, 2))
        wrong: list[tuple[list[NamedPart], type[Exception]]] = [
            (named([second, first]), InvalidPartOrder),
            (named([first, first]), InvalidPartOrder),
            ([*named([first]), NamedPart(3, md5(b"small"))], InvalidPart),
            ([NamedPart(1, md5(b"other"))], InvalidPart),
            ([replace(named([first])[0], checksum=Checksum("CRC32", "AAAA"))], InvalidPart),
            (named([first, second]), PartTooSmall),
            ([], InvalidRequest),
        ]
        for parts, error in wrong:
            with pytest.raises(error):
                objects.complete_upload(upload, parts, PLAIN)
        assert len(objects.list_parts(upload).parts) == 2
        assert objects.usage(OWNER) == Usage(10, 0)

    def test_completing_again_gives_the_same_answer(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        part = put_part(objects, upload, 1, b"x")
        version = objects.complete_upload(upload, named([part]), PLAIN)
        assert objects.complete_upload(upload, named([part]), PLAIN) == version
        for parts in ([NamedPart(1, md5(b"other"))], [NamedPart(2, part.etag)]):
            with pytest.raises(NoSuchUpload):
                objects.complete_upload(upload, parts, PLAIN)
        objects.delete("bucket", "key")
        with pytest.raises(NoSuchUpload):
            objects.complete_upload(upload, named([part]), PLAIN)

    def test_attributes_may_be_known_at_the_end_only(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", Attributes(metadata={"a": "b"}))
        checksum = Checksum("CRC64NVME", "AAAAAAAAAAA=")
        with objects.stage_part(upload) as staged:
            staged.write(b"x")
            objects.put_part(upload, 1, staged, md5(b"x"), checksum=checksum)
        assert objects.list_parts(upload).parts[0].checksum == checksum
        done = replace(upload.attributes, checksum=checksum)
        objects.complete_upload(upload, [NamedPart(1, md5(b"x"), checksum)], done)
        found = objects.find("bucket", "key").attributes
        assert (found.checksum, found.metadata) == (checksum, {"a": "b"})

    def test_what_was_aborted_is_over(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        with objects.stage_part(upload) as late:
            late.write(b"late")
            objects.abort_upload(upload)
            with pytest.raises(NoSuchUpload):
                objects.put_part(upload, 1, late, md5(b"late"))
        for asked in (objects.abort_upload, objects.list_parts, objects.stage_part):
            with pytest.raises(NoSuchUpload):
                asked(upload)
        with pytest.raises(NoSuchUpload):
            objects.upload("bucket", "key", upload.upload_id)

    def test_an_upload_is_known_by_bucket_key_and_id(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        make_bucket(objects, "other")
        upload = objects.create_upload("bucket", "key", PLAIN)
        for wrong in (
            replace(upload, key="other"),
            replace(upload, bucket="other"),
            replace(upload, upload_id=upload.upload_id[:-1] + "g"),
            replace(upload, upload_id=""),
        ):
            with pytest.raises(NoSuchUpload):
                objects.list_parts(wrong)
        with pytest.raises(NoSuchBucket):
            objects.upload("no-such-bucket", "key", upload.upload_id)

    @pytest.mark.parametrize("number", [0, -1, 10_001])
    def test_numbers_of_parts_have_bounds(self, objects: ObjectStore, number: int) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        with pytest.raises(InvalidRequest):
            put_part(objects, upload, number, b"x")

    def test_parts_are_listed_in_pages(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        for number in (5, 1, 9):
            put_part(objects, upload, number, b"x")
        page = objects.list_parts(upload, limit=2)
        assert ([part.number for part in page.parts], page.next) == ([1, 5], 5)
        page = objects.list_parts(upload, after=5, limit=2)
        assert ([part.number for part in page.parts], page.next) == ([9], None)
