"""A manifest of 16 MB named four million objects: to read it took the server a gigabyte and a minute, for each request."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.control.inputs import MAX_MANIFEST_BYTES, MOST_NAMED, manifest_locations
from windvane.errors import InvalidRequest

PLACE = Location("data", "manifest")
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
