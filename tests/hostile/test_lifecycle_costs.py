"""Attacks by lifecycle rules: a thousand of them, which S3 allows, cost each object at each sweep, and each request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from costs import least_cpu_s

from windvane.objects.errors import NoSuchUpload
from windvane.objects.expiry import due
from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule
from windvane.objects.records import Attributes, Version
from windvane.objects.rule_index import RuleIndex
from windvane.objects.store import EmbeddedObjects, open_objects

ACCOUNT = "111122223333"
N_RULES, N_OBJECTS = 1000, 200
KEY = "k" * 900
FILTERS: dict[str, Callable[[int], LifecycleFilter]] = {
    "prefixes": lambda n: LifecycleFilter(f"{n:04}/"),
    "one prefix": lambda n: LifecycleFilter("k"),
    "prefixes of prefixes": lambda n: LifecycleFilter("k" * (n % 900)),
    "sizes": lambda n: LifecycleFilter("", {}, 0, 100 + n),
    "tags": lambda n: LifecycleFilter("", {"a": "b", f"tag {n}": "x"}),
}


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[EmbeddedObjects]:
    opened = open_objects(tmp_path / "s3")
    opened.create_bucket("bucket", ACCOUNT, "us-east-1")
    yield opened
    opened.close()


def rules(filters: Callable[[int], LifecycleFilter]) -> list[LifecycleRule]:
    return [
        LifecycleRule(f"rule {n}", enabled=True, filter=filters(n), expire_days=5000 + n)
        for n in range(N_RULES)
    ]


def put(objects: EmbeddedObjects, key: str) -> Version:
    with objects.stage() as staged:
        staged.write(b"x" * 50)
        return objects.put("bucket", key, staged, "e", Attributes(tags={"a": "b"}))


@pytest.mark.parametrize("filters", FILTERS)
def test_an_object_is_not_compared_with_each_of_a_thousand_rules(filters: str) -> None:
    """Each object cost 1.7 ms at every sweep, in the one interpreter that answers all accounts."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    attributes = Attributes(tags={"a": "b", "tag 1": "x"})
    versions = [
        Version("bucket", f"{KEY}{n:04}", "null", True, False, 50, "", now, attributes, 50, 0, n)
        for n in range(N_OBJECTS)
    ]
    index = RuleIndex(rules(FILTERS[filters]))
    assert least_cpu_s(lambda: list(due(versions, index, now))) < 0.0005 * N_OBJECTS


def test_a_request_does_not_read_a_thousand_rules(objects: EmbeddedObjects) -> None:
    """Each GET and PUT of an object of the bucket read all of them anew, which took 5 ms."""
    version = put(objects, "key")
    objects.set_lifecycle("bucket", rules(FILTERS["prefixes"]), "text")
    objects.expiry_of(version)
    assert least_cpu_s(lambda: objects.expiry_of(version), times=20) < 0.001
    objects.set_lifecycle("bucket", [LifecycleRule("r", enabled=True, expire_days=1)], "text")
    found = objects.expiry_of(version)
    assert found is not None
    assert found[1].name == "r"


def test_uploads_are_read_once_for_all_rules(
    objects: EmbeddedObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand rules that abort uploads read all uploads of the bucket a thousand times, at each sweep."""
    upload = objects.create_upload("bucket", "kkk", Attributes())
    aborting = [
        LifecycleRule(f"{n}", enabled=True, filter=LifecycleFilter("k"), abort_days=1 + n)
        for n in range(N_RULES)
    ]
    objects.set_lifecycle("bucket", aborting, "text")
    asked: list[str] = []
    list_uploads = objects.list_uploads

    def counted(bucket: str, *, after_key: str = "", after_upload: str = "", **prefix: str):
        asked.append(bucket)
        return list_uploads(bucket, after_key=after_key, after_upload=after_upload, **prefix)

    monkeypatch.setattr(objects, "list_uploads", counted)
    objects.sweep(datetime.now(UTC) + timedelta(days=3))
    assert asked == ["bucket"]
    with pytest.raises(NoSuchUpload):
        objects.upload("bucket", "kkk", upload.upload_id)


def test_the_newest_version_is_none_that_was_replaced() -> None:
    """A list of versions that goes on from a null version which somebody deleted meanwhile begins the key again: its newest
    version, taken for one that had been replaced, was put behind a delete marker by a rule for old versions."""
    written = datetime(2026, 1, 1, tzinfo=UTC)
    newest, older = (
        Version("bucket", "k", name, is_latest, False, 1, "", written, Attributes(), 1, 0, n)
        for n, (name, is_latest) in enumerate((("b", True), ("a", False)))
    )
    index = RuleIndex([LifecycleRule("old", enabled=True, noncurrent_days=1)])
    listed = [newest, older, newest, older]
    assert list(due(listed, index, written + timedelta(days=9))) == [older, older]


def test_a_sweep_ends_with_the_rules_that_it_began_with(objects: EmbeddedObjects) -> None:
    """Who took a rule back saw its objects go for as long as the sweep lasted, a quarter of an hour for a million; those that
    were written after it, too."""
    for n in range(450):
        put(objects, f"{n:03}")
    past = datetime(2026, 1, 1, tzinfo=UTC)
    rule = LifecycleRule("all", enabled=True, expire_date=past)
    objects.set_lifecycle("bucket", [rule], "{}")
    remove = objects._remove_due

    def taken_back(*asked: Any) -> bool:
        removed = remove(*asked)
        objects.set_lifecycle("bucket", (), None)
        return removed

    objects._remove_due = taken_back  # type: ignore[method-assign]
    objects.sweep(datetime.now(UTC))
    assert len(objects.list_objects("bucket").objects) == 250


def test_an_object_that_got_other_tags_meanwhile_stays(objects: EmbeddedObjects) -> None:
    """It was found by its tags, and went whatever it had by then."""
    version = put(objects, "k")
    tagged = LifecycleFilter("", {"a": "b"})
    past = datetime(2026, 1, 1, tzinfo=UTC)
    rule = LifecycleRule("all", enabled=True, filter=tagged, expire_date=past)
    objects.set_lifecycle("bucket", [rule], "{}")
    remove = objects._remove_due

    def tagged_anew(*asked: Any) -> bool:
        objects.set_tags(version, {"keep": "it"})
        return remove(*asked)

    objects._remove_due = tagged_anew  # type: ignore[method-assign]
    objects.sweep(datetime.now(UTC))
    assert objects.find("bucket", "k").attributes.tags == {"keep": "it"}
