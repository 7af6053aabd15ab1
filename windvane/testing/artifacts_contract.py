"""What any kind of Artifacts owes, as tests: call each with a fresh one and a bucket that exists in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from windvane.artifacts.base import Artifacts, Location

HOSTILE_KEYS = (
    "a b",
    "ä/ü",
    "x%2Fy",
    "q?r#s",
    "../up",
    "dot/./dot",
    "plus+plus",
    "quote'\"",
    "emoji-⛵",
)


def what_was_written_is_read(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    location = Location(bucket, "one/two")
    artifacts.write(location, b"first")
    artifacts.write(location, b"second")
    assert artifacts.read(location) == b"second"
    with artifacts.open(location) as stream:
        assert stream.read(3) == b"sec"
    with artifacts.open(location, start=2) as stream:
        assert stream.read() == b"cond"
    artifacts.write(location, b"")
    with artifacts.open(location) as stream:
        assert stream.read() == b""


def files_travel_whole(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    content = bytes(range(256)) * 40_000
    (folder / "up").write_bytes(content)
    artifacts.upload(Location(bucket, "big"), folder / "up")
    artifacts.download(Location(bucket, "big"), folder / "down")
    assert (folder / "down").read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == ["down", "up"]


def a_listing_is_by_plain_prefix_in_key_order(
    artifacts: Artifacts, bucket: str, folder: Path
) -> None:
    for key in ("p/b", "p/a", "p-side", "other"):
        artifacts.write(Location(bucket, key), key.encode())
    listed = list(artifacts.list(Location(bucket, "p")))
    assert [info.location.key for info in listed] == ["p-side", "p/a", "p/b"]
    assert [info.size for info in listed] == [6, 3, 3]
    assert list(artifacts.list(Location("no-such-bucket", ""))) == []


def folders_go_to_the_next_slash(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    for key in ("p/b/1", "p/b/2/3", "p/a", "p-side/x", "other", "p/c/4"):
        artifacts.write(Location(bucket, key), b"")
    assert list(artifacts.folders(Location(bucket, "p/"))) == [
        Location(bucket, "p/b/"),
        Location(bucket, "p/c/"),
    ]
    assert [one.key for one in artifacts.folders(Location(bucket, ""))] == ["p-side/", "p/"]
    assert list(artifacts.folders(Location("no-such-bucket", ""))) == []


def what_is_missing_is_said_to_be(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    missing = Location(bucket, "missing")
    assert artifacts.info(missing) is None
    with pytest.raises(FileNotFoundError):
        artifacts.read(missing)
    with pytest.raises(FileNotFoundError):
        artifacts.download(missing, folder / "never")
    assert not list(folder.iterdir())
    artifacts.delete(missing)


def what_no_object_can_be_called_is_not_there(
    artifacts: Artifacts, bucket: str, folder: Path
) -> None:
    for key in ("", ".", "../up", "a/./b", "a\\..\\b", "k" * 1025, "k/" * 600, "\U0001f926" * 300):
        assert artifacts.info(Location(bucket, key)) is None, key


def deleting_removes(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    location = Location(bucket, "gone")
    artifacts.write(location, b"x")
    artifacts.delete(location)
    assert artifacts.info(location) is None


def an_entity_tag_changes_with_the_content(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    location = Location(bucket, "tagged")
    artifacts.write(location, b"one")
    before = artifacts.info(location)
    artifacts.write(location, b"other")
    after = artifacts.info(location)
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def buckets_are_made_once(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    assert artifacts.bucket_exists(bucket)
    artifacts.ensure_bucket(bucket)
    assert not artifacts.bucket_exists("no-such-bucket")


def an_empty_object_is_one(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    location = Location(bucket, "empty")
    artifacts.write(location, b"")
    info = artifacts.info(location)
    assert info is not None
    assert info.size == 0
    assert [one.location for one in artifacts.list(location)] == [location]


def writing_into_no_bucket_is_said_to_be(artifacts: Artifacts, bucket: str, folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        artifacts.write(Location("no-such-bucket", "key"), b"x")
    assert not artifacts.bucket_exists("no-such-bucket")


CONTRACT: tuple[Callable[[Artifacts, str, Path], None], ...] = (
    what_was_written_is_read,
    files_travel_whole,
    a_listing_is_by_plain_prefix_in_key_order,
    folders_go_to_the_next_slash,
    what_is_missing_is_said_to_be,
    what_no_object_can_be_called_is_not_there,
    deleting_removes,
    an_entity_tag_changes_with_the_content,
    buckets_are_made_once,
    an_empty_object_is_one,
    writing_into_no_bucket_is_said_to_be,
)
