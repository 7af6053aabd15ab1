"""What an object store owes about buckets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from windvane.errors import InvalidRequest
from windvane.objects.base import ObjectStore
from windvane.objects.errors import BucketNotEmpty, BucketTaken, NoSuchBucket, NoSuchUpload
from windvane.objects.records import Usage, Versioning
from windvane.testing.objects_laws.writing import (
    LEAST_PART,
    OTHER,
    OWNER,
    PLAIN,
    REGION,
    make_bucket,
    put,
    put_part,
)


class BucketLaws:
    """Buckets, their documents, and what an account uses."""

    def test_a_bucket_belongs_to_who_made_it(self, objects: ObjectStore) -> None:
        made = objects.create_bucket("bucket", OWNER, REGION)
        assert objects.bucket("bucket") == made
        assert (made.account, made.region, made.versioning) == (OWNER, REGION, Versioning.OFF)
        assert objects.owner("bucket") == OWNER
        assert objects.owner("no-such-bucket") is None

    def test_to_an_account_buckets_of_others_are_not_there(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        version = put(objects, "key")
        others, own = objects.of(OTHER), objects.of(OWNER)
        assert own.find("bucket", "key") == version
        assert others.owner("bucket") == OWNER
        with pytest.raises(BucketTaken):
            others.create_bucket("bucket", OTHER, REGION)
        calls: tuple[Callable[[], object], ...] = (
            lambda: others.bucket("bucket"),
            lambda: others.delete_bucket("bucket"),
            lambda: others.set_versioning("bucket", Versioning.ENABLED),
            lambda: others.document("bucket", "tagging"),
            lambda: others.set_document("bucket", "tagging", "x"),
            lambda: others.lifecycle("bucket"),
            lambda: others.set_lifecycle("bucket", (), None),
            lambda: put(others, "key"),
            lambda: others.find("bucket", "key"),
            lambda: others.copy(version, "bucket", "key", version.attributes),
            lambda: others.delete("bucket", "key"),
            lambda: others.list_objects("bucket"),
            lambda: others.list_versions("bucket"),
            lambda: others.list_uploads("bucket"),
            lambda: others.create_upload("bucket", "key", version.attributes),
        )
        for call in calls:
            with pytest.raises(NoSuchBucket):
                call()
        assert own.find("bucket", "key") == version
        assert own.document("bucket", "tagging") is None

    @pytest.mark.parametrize("account", [OWNER, OTHER])
    def test_a_name_is_taken_once_and_the_owner_is_told(
        self, objects: ObjectStore, account: str
    ) -> None:
        make_bucket(objects)
        with pytest.raises(BucketTaken) as refusal:
            objects.create_bucket("bucket", account, REGION)
        assert refusal.value.owner == OWNER
        assert objects.owner("bucket") == OWNER

    def test_buckets_are_listed_by_account_in_pages(self, objects: ObjectStore) -> None:
        names = [f"b-{number:02}" for number in range(7)]
        for name in (*names, "a", "c"):
            make_bucket(objects, name)
        make_bucket(objects, "b-other", OTHER)
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            page = objects.list_buckets(OWNER, prefix="b-", after=after, limit=3)
            assert len(page.buckets) <= 3
            found += [bucket.name for bucket in page.buckets]
            after = page.next
        assert found == names
        assert [one.name for one in objects.list_buckets(OTHER).buckets] == ["b-other"]
        assert objects.list_buckets(OWNER, region="eu-west-1").buckets == ()

    def test_a_bucket_goes_when_nothing_is_in_it(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        put(objects, "key")
        with pytest.raises(BucketNotEmpty):
            objects.delete_bucket("bucket")
        objects.delete("bucket", "key")
        objects.delete_bucket("bucket")
        for asked in (objects.bucket, objects.delete_bucket, objects.list_objects):
            with pytest.raises(NoSuchBucket):
                asked("bucket")
        with pytest.raises(NoSuchBucket):
            put(objects, "key")

    def test_a_delete_marker_is_something(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_versioning("bucket", Versioning.ENABLED)
        objects.delete("bucket", "never-there")
        with pytest.raises(BucketNotEmpty):
            objects.delete_bucket("bucket")

    def test_a_bucket_takes_its_uploads_and_documents_along(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        put_part(objects, upload, 1, LEAST_PART)
        objects.set_document("bucket", "cors", "<x/>")
        objects.delete_bucket("bucket")
        make_bucket(objects, account=OTHER)
        assert objects.document("bucket", "cors") is None
        assert objects.list_uploads("bucket").uploads == ()
        with pytest.raises(NoSuchUpload):
            put_part(objects, upload, 2, b"x")
        assert objects.usage(OWNER) == Usage(0, 0)

    def test_documents_are_kept_by_name(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        objects.set_document("bucket", "policy", "{}")
        objects.set_document("bucket", "policy", '{"a": "ä"}')
        objects.set_document("bucket", "cors", "<x/>")
        assert objects.document("bucket", "policy") == '{"a": "ä"}'
        objects.set_document("bucket", "cors", None)
        assert objects.document("bucket", "cors") is None
        with pytest.raises(NoSuchBucket):
            objects.document("none", "cors")
        with pytest.raises(NoSuchBucket):
            objects.set_document("none", "cors", "")

    def test_versioning_is_never_off_again(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        for versioning in (Versioning.OFF, Versioning.ENABLED, Versioning.SUSPENDED):
            objects.set_versioning("bucket", versioning)
            assert objects.bucket("bucket").versioning is versioning
        with pytest.raises(InvalidRequest):
            objects.set_versioning("bucket", Versioning.OFF)

    def test_what_an_account_uses_is_counted(self, objects: ObjectStore) -> None:
        assert objects.usage(OWNER) == Usage(0, 0)
        make_bucket(objects)
        make_bucket(objects, "other", OTHER)
        put(objects, "one", b"12345")
        put(objects, "one", b"123")
        assert objects.usage(OWNER) == Usage(3, 1)
        objects.set_versioning("bucket", Versioning.ENABLED)
        put(objects, "one", b"12")
        objects.copy(objects.find("bucket", "one"), "other", "copy", PLAIN)
        objects.delete("bucket", "one")
        assert objects.usage(OWNER) == Usage(5, 2)
        assert objects.usage(OTHER) == Usage(2, 1)
        objects.delete("bucket", "one", "null")
        assert objects.usage(OWNER) == Usage(2, 1)

    def test_parts_count_while_they_are_kept(self, objects: ObjectStore) -> None:
        make_bucket(objects)
        upload = objects.create_upload("bucket", "key", PLAIN)
        put_part(objects, upload, 1, b"123456")
        put_part(objects, upload, 1, b"123")
        put_part(objects, upload, 2, b"12")
        assert objects.usage(OWNER) == Usage(5, 0)
        objects.abort_upload(upload)
        assert objects.usage(OWNER) == Usage(0, 0)
