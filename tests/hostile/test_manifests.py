"""A manifest of 16 MB named four million objects: to read it took the server a gigabyte and a minute, for each request."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from windvane.artifacts.base import Location, ObjectInfo
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.mapped import BucketMap
from windvane.control.inputs import (
    MAX_MANIFEST_BYTES,
    MOST_NAMED,
    manifest_locations,
    specification_at,
)
from windvane.control.objects import Objects
from windvane.errors import InvalidRequest, TooLarge
from windvane.wire.call import Caller, Credential

PLACE = Location("data", "manifest")
CALLER = Caller("111122223333", "us-east-1", Credential("111122223333", "key", "secret", "", ""))
HEAD = b'[{"prefix":"s3://data/in/"}'


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    made = LocalArtifacts(tmp_path)
    made.ensure_bucket("data")
    return made


@pytest.mark.parametrize("item", [b',"a"', b",0", b",[]", b",{}"])
def test_a_manifest_of_millions_of_objects_is_refused_before_it_is_read(
    artifacts: LocalArtifacts, item: bytes
) -> None:
    artifacts.write(PLACE, HEAD + item * ((MAX_MANIFEST_BYTES - 100) // len(item)) + b"]")
    before_kb, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(InvalidRequest, match=f"more than {MOST_NAMED} objects"):
        manifest_locations(artifacts, PLACE)
    assert time.thread_time() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 100_000


def test_as_many_as_may_be_are_read_and_one_more_is_not(artifacts: LocalArtifacts) -> None:
    artifacts.write(PLACE, HEAD + b',"a,b"' * MOST_NAMED + b"]")
    assert len(manifest_locations(artifacts, PLACE)) == MOST_NAMED
    artifacts.write(PLACE, HEAD + b',"a,b"' * (MOST_NAMED + 1) + b"]")
    with pytest.raises(InvalidRequest, match="more than"):
        manifest_locations(artifacts, PLACE)


class Replaced(LocalArtifacts):
    """An object becomes a large one between the look at its size and the read."""

    def info(self, location: Location) -> ObjectInfo | None:
        found = super().info(location)
        return None if found is None else replace(found, size=10)


@pytest.mark.parametrize("read", [manifest_locations, lambda a, at: specification_at(a, at, {})])
def test_an_object_that_is_replaced_by_a_larger_one_is_not_read_whole(
    read: Callable[[LocalArtifacts, Location], object], tmp_path: Path
) -> None:
    """The server had all of it in memory, and 50 GB are more than it has."""
    artifacts = Replaced(tmp_path)
    artifacts.ensure_bucket("data")
    artifacts.write(PLACE, HEAD)
    with next(tmp_path.glob("data/*")).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidRequest, match="at most"):
        read(artifacts, PLACE)
    objects = Objects(artifacts, None, BucketMap(), lambda *_: None)
    with pytest.raises(TooLarge, match="larger than what is shown"):
        objects.read(CALLER, str(PLACE), 1000)
