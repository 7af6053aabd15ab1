"""What an object store owes about lifecycle rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from windvane.objects.base import ObjectStore
from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule, days_over
from windvane.objects.records import Attributes, Version, Versioning
from windvane.testing.objects_laws.writing import (
    PLAIN,
    keys,
    make_bucket,
    put,
    put_part,
    put_tagged,
)

_MOMENT = timedelta(microseconds=1)


def _rule(objects: ObjectStore, rule: LifecycleRule, versioning: Versioning | None = None) -> None:
    make_bucket(objects)
    if versioning is not None:
        objects.set_versioning("bucket", versioning)
    objects.set_lifecycle("bucket", [rule], "<text/>")


def _sweep_after(objects: ObjectStore, version: Version, days: int) -> None:
    objects.sweep(days_over(version.modified, days) - _MOMENT)


class ExpiryLaws:
    """Rules are kept, and executed when they are due."""

    def test_rules_are_kept_with_their_text(self, objects: ObjectStore) -> None:
        rule = LifecycleRule(
            "rule",
            enabled=True,
            filter=LifecycleFilter("p/", {"a": "b"}, 10, 20),
            expire_date=datetime(2030, 1, 1, tzinfo=UTC),
            noncurrent_days=3,
            noncurrent_kept=2,
            abort_days=1,
        )
        _rule(objects, rule)
        assert objects.lifecycle("bucket") == (rule,)
        assert objects.document("bucket", "lifecycle") == "<text/>"
        objects.set_lifecycle("bucket", [], None)
        assert (objects.lifecycle("bucket"), objects.document("bucket", "lifecycle")) == ((), None)

    def test_objects_expire_at_a_midnight(self, objects: ObjectStore) -> None:
        _rule(objects, LifecycleRule("rule", enabled=True, expire_days=2))
        version = put(objects, "key")
        _sweep_after(objects, version, 2)
        assert keys(objects.list_objects("bucket").objects) == ["key"]
        objects.sweep(days_over(version.modified, 2))
        assert objects.list_versions("bucket").versions == ()

    def test_a_filter_takes_prefix_tags_and_size(self, objects: ObjectStore) -> None:
        chosen = LifecycleFilter("logs/", {"keep": "no"}, 3, 10)
        _rule(objects, LifecycleRule("rule", enabled=True, filter=chosen, expire_days=1))
        goes = Attributes(tags={"keep": "no", "more": "x"})
        put(objects, "logs/goes", b"12345", attributes=goes)
        put(objects, "other/logs/", b"12345", attributes=goes)
        put(objects, "logs/small", b"123", attributes=goes)
        put(objects, "logs/large", b"1234567890", attributes=goes)
        put_tagged(objects, "logs/tagged", {"keep": "yes"})
        objects.sweep(datetime.now(UTC) + timedelta(days=9))
        left = keys(objects.list_objects("bucket").objects)
        assert left == ["logs/large", "logs/small", "logs/tagged", "other/logs/"]

    def test_a_rule_that_is_off_does_nothing(self, objects: ObjectStore) -> None:
        _rule(objects, LifecycleRule("rule", enabled=False, expire_days=1, abort_days=1))
        put(objects, "key")
        objects.create_upload("bucket", "key", PLAIN)
        objects.sweep(datetime.now(UTC) + timedelta(days=9))
        assert len(objects.list_objects("bucket").objects) == 1
        assert len(objects.list_uploads("bucket").uploads) == 1

    def test_a_date_is_a_date(self, objects: ObjectStore) -> None:
        date = datetime(2090, 1, 1, tzinfo=UTC)
        _rule(objects, LifecycleRule("rule", enabled=True, expire_date=date))
        put(objects, "key")
        objects.sweep(date - _MOMENT)
        assert len(objects.list_objects("bucket").objects) == 1
        objects.sweep(date)
        assert objects.list_objects("bucket").objects == ()

    def test_with_versions_an_expired_object_gets_a_marker(self, objects: ObjectStore) -> None:
        _rule(
            objects,
            LifecycleRule("rule", enabled=True, expire_days=1),
            versioning=Versioning.ENABLED,
        )
        put(objects, "key")
        later = datetime.now(UTC) + timedelta(days=9)
        objects.sweep(later)
        found = objects.list_versions("bucket").versions
        assert [one.is_delete_marker for one in found] == [True, False]
        objects.sweep(later)
        assert len(objects.list_versions("bucket").versions) == 2

    def test_replaced_versions_go_but_for_the_newest(self, objects: ObjectStore) -> None:
        rule = LifecycleRule("rule", enabled=True, noncurrent_days=1, noncurrent_kept=2)
        _rule(objects, rule, versioning=Versioning.ENABLED)
        made = [put(objects, "key").version_id for _ in range(5)]
        put(objects, "other")
        objects.sweep(datetime.now(UTC))
        assert len(objects.list_versions("bucket").versions) == 6
        objects.sweep(datetime.now(UTC) + timedelta(days=9))
        left = objects.list_versions("bucket", prefix="key").versions
        assert [one.version_id for one in left] == made[:1:-1]
        assert len(objects.list_versions("bucket").versions) == 4

    def test_lone_markers_go(self, objects: ObjectStore) -> None:
        rule = LifecycleRule("rule", enabled=True, expire_lone_markers=True)
        _rule(objects, rule, versioning=Versioning.ENABLED)
        put(objects, "kept")
        for key in ("kept", "lone"):
            objects.delete("bucket", key)
        objects.sweep(datetime.now(UTC))
        assert keys(objects.list_versions("bucket").versions) == ["kept", "kept"]

    def test_unfinished_uploads_go(self, objects: ObjectStore) -> None:
        _rule(objects, LifecycleRule("rule", enabled=True, abort_days=1))
        upload = objects.create_upload("bucket", "key", PLAIN)
        put_part(objects, upload, 1, b"x")
        objects.sweep(datetime.now(UTC))
        assert objects.list_uploads("bucket").uploads == (upload,)
        objects.sweep(days_over(upload.begun, 1))
        assert objects.list_uploads("bucket").uploads == ()
