"""What a transform job keeps of its progress: each kind is asked the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from windvane.artifacts.base import Location, parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.work.tasks.progress import Progress, ProgressInFolder, ProgressInStore
from windvane.work.tasks.transform_source import Item

ITEMS = [Item(parse_location(f"s3://b/{n}"), f"{n}.out") for n in "abc"]


@pytest.fixture(params=["folder", "store"])
def at_attempt(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Progress]:
    """Which claim of the task -> what it finds and keeps."""
    store = LocalArtifacts(tmp_path / "store")
    store.ensure_bucket("internal")

    def made(token: int) -> Progress:
        if request.param == "folder":
            return ProgressInFolder(tmp_path / "objects")
        return ProgressInStore(store, Location("internal", "job"), f"7-{token}")

    return made


def test_a_job_goes_on_where_it_was_and_lists_its_objects_once(
    at_attempt: Callable[[int], Progress],
) -> None:
    first = at_attempt(9)
    assert first.items(lambda: ITEMS) == ITEMS
    assert first.undone(ITEMS) == [0, 1, 2]
    first.done(1)
    again = at_attempt(10)
    assert again.items(list) == ITEMS
    assert again.undone(ITEMS) == [0, 2]
    again.done(2)
    again.done(0)
    assert at_attempt(11).undone(ITEMS) == []


def test_what_was_found_first_counts_though_the_attempt_is_still_at_it(tmp_path: Path) -> None:
    """One that was cut off wrote its list again after the next one had begun."""
    store = LocalArtifacts(tmp_path / "store")
    store.ensure_bucket("internal")
    first, second, third = (
        ProgressInStore(store, Location("internal", "job"), f"7-{token}") for token in (2, 10, 11)
    )
    assert first.items(lambda: ITEMS) == ITEMS
    store.write(Location("internal", "job/items/7-10"), b"[]")
    assert second.items(list) == third.items(list) == ITEMS
