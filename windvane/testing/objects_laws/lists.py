"""What an object store owes about lists."""

from __future__ import annotations

import pytest

from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchBucket, NoSuchVersion
from windvane.objects.records import Upload, Version, Versioning
from windvane.testing.objects_laws.writing import PLAIN, keys, make_bucket, put


class ListLaws:
    """Order, prefixes, delimiters, pages."""

    def test_keys_that_share_a_part_are_one_entry(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for key in ("a", "b/1", "b/2", "b/c/3", "b0", "c//d", "/e"):
            put(objects, key)
        page = objects.list_objects("bucket", delimiter="/")
        assert (keys(page.objects), page.prefixes) == (["a", "b0"], ("/", "b/", "c/"))
        page = objects.list_objects("bucket", prefix="b/", delimiter="/")
        assert (keys(page.objects), page.prefixes) == (["b/1", "b/2"], ("b/c/",))
        page = objects.list_objects("bucket", prefix="c/", delimiter="/")
        assert (page.objects, page.prefixes, page.next) == ((), ("c//",), None)
        page = objects.list_objects("bucket", prefix="b", delimiter="/")
        assert (keys(page.objects), page.prefixes) == (["b0"], ("b/",))

    def test_a_prefix_of_nothing_is_nothing(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for key in ("a/1", "b/1"):
            put(objects, key)
        objects.delete("bucket", "a/1")
        assert objects.list_objects("bucket", delimiter="/").prefixes == ("b/",)
        with pytest.raises(NoSuchBucket):
            objects.list_objects("no-such-bucket")

    def test_pages_count_prefixes_and_go_on_after_them(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for folder in "abc":
            for number in range(3):
                put(objects, f"{folder}/{number}")
        put(objects, "b0")
        entries: list[str] = []
        after: str | None = ""
        while after is not None:
            page = objects.list_objects("bucket", delimiter="/", after=after, limit=1)
            entries += [*keys(page.objects), *page.prefixes]
            after = page.next
        assert entries == ["a/", "b/", "b0", "c/"]

    def test_a_full_last_page_is_the_last(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for key in "abcd":
            put(objects, key)
        page = objects.list_objects("bucket", limit=2)
        assert (keys(page.objects), page.next) == (["a", "b"], "b")
        page = objects.list_objects("bucket", after="b", limit=2)
        assert (keys(page.objects), page.next) == (["c", "d"], None)
        assert objects.list_objects("bucket", limit=0).next is None

    def test_order_is_that_of_bytes(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        # UTF-16 would have the first of these after the second.
        for key in ("\uffee", "\U0001f600", "z", "Z", "é"):
            put(objects, key)
        assert keys(objects.list_objects("bucket").objects) == [
            "Z",
            "z",
            "é",
            "\uffee",
            "\U0001f600",
        ]

    def test_versions_are_listed_in_pages_of_any_size(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "b")
        objects.set_versioning("bucket", Versioning.ENABLED)
        for key in ("a", "b", "a", "c/1", "c/2", "b"):
            put(objects, key)
        objects.delete("bucket", "a")
        whole = objects.list_versions("bucket").versions
        assert keys(whole) == ["a", "a", "a", "b", "b", "b", "c/1", "c/2"]
        for limit in (1, 2, 3, 7):
            found: list[Version] = []
            place: tuple[str, str] | None = ("", "")
            while place is not None:
                page = objects.list_versions(
                    "bucket", after_key=place[0], after_version=place[1], limit=limit
                )
                found += page.versions
                place = page.next
            assert tuple(found) == whole
        page = objects.list_versions("bucket", delimiter="/", after_key="b")
        assert (page.versions, page.prefixes) == ((), ("c/",))
        with pytest.raises(NoSuchVersion):
            objects.list_versions("bucket", after_key="a", after_version="wrong")

    def test_uploads_are_listed_in_pages_of_any_size(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        made = [objects.create_upload("bucket", key, PLAIN) for key in ("b", "a", "b", "c/1", "b")]
        expected = [made[1], made[0], made[2], made[4], made[3]]
        for limit in (1, 2, 4, 5):
            found: list[Upload] = []
            place: tuple[str, str] | None = ("", "")
            while place is not None:
                page = objects.list_uploads(
                    "bucket", after_key=place[0], after_upload=place[1], limit=limit
                )
                found += page.uploads
                place = page.next
            assert found == expected
        assert objects.list_uploads("bucket", prefix="c", delimiter="/").prefixes == ("c/",)
