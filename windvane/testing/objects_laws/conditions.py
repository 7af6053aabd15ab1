"""What an object store owes about conditional writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchKey, NoSuchVersion, PreconditionFailed
from windvane.objects.records import Condition, Deletion, Versioning
from windvane.testing.objects_laws.writing import (
    PLAIN,
    make_bucket,
    md5,
    named,
    put,
    put_part,
    read,
)

_NONE = Condition(if_none_match="*")


class ConditionLaws:
    """If-Match and If-None-Match, decided where the write happens."""

    def test_one_of_many_creates(self, objects: ObjectStore) -> None:
        make_bucket(objects)

        def create(number: int) -> bool:
            try:
                put(objects, "key", str(number).encode(), condition=_NONE)
            except PreconditionFailed:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            made = list(pool.map(create, range(12)))
        assert made.count(True) == 1
        assert read(objects, "key") == str(made.index(True)).encode()

    def test_no_update_is_lost(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "key", b"0")

        def increment(_: int) -> None:
            while True:
                found = objects.find("bucket", "key")
                try:
                    with objects.open(found) as stream:
                        text = str(int(stream.read()) + 1).encode()
                    put(objects, "key", text, condition=Condition(if_match=found.etag))
                except (NoSuchVersion, PreconditionFailed):
                    continue
                return

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(increment, range(20)))
        assert read(objects, "key") == b"20"

    def test_a_delete_marker_is_no_object(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        put(objects, "key")
        objects.delete("bucket", "key")
        with pytest.raises(NoSuchKey):
            put(objects, "key", condition=Condition(if_match="*"))
        put(objects, "key", condition=_NONE)

    def test_what_does_not_match_changes_nothing(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "key", b"old")
        before = objects.usage("111122223333")
        wrong = Condition(if_match=md5(b"other"))
        same = Condition(if_none_match=md5(b"old"))
        for condition in (wrong, same, _NONE):
            with pytest.raises(PreconditionFailed):
                put(objects, "key", b"new", condition=condition)
            with pytest.raises(PreconditionFailed):
                objects.copy(
                    objects.find("bucket", "key"), "bucket", "key", PLAIN, condition=condition
                )
        with pytest.raises(PreconditionFailed):
            objects.delete("bucket", "key", condition=wrong)
        assert read(objects, "key") == b"old"
        assert objects.usage("111122223333") == before
        objects.delete("bucket", "key", condition=Condition(if_match=md5(b"old")))

    def test_an_upload_that_comes_second_stays(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        part = put_part(objects, upload, 1, b"late")
        put(objects, "key", b"early")
        with pytest.raises(PreconditionFailed):
            objects.complete_upload(upload, named([part]), PLAIN, condition=_NONE)
        assert read(objects, "key") == b"early"
        objects.complete_upload(upload, named([part]), PLAIN)
        assert read(objects, "key") == b"late"

    def test_each_of_many_deletions_is_answered(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for key in ("a", "b", "c"):
            put(objects, key)
        answers = objects.delete_many(
            "bucket",
            [
                Deletion("a"),
                Deletion("missing"),
                Deletion("b", condition=Condition(if_match="0")),
                Deletion(""),
                Deletion("c", "null"),
            ],
        )
        assert [answer.key for answer in answers] == ["a", "missing", "b", "", "c"]
        assert [answer.fault is None for answer in answers] == [True, True, False, False, True]
        assert answers[4].version_id == "null"
        assert [one.key for one in objects.list_objects("bucket").objects] == ["b"]
