"""What a task that is somebody else's by now does to where the tasks of jobs exchange data: nothing to other jobs, nothing to
what other tasks of its own have published, and no more than its share."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from windvane.artifacts.base import Location
from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import ExchangeReach, Reach
from windvane.automl import names
from windvane.errors import AccessDenied
from windvane.testing.exchange_contract import read, write
from windvane.work.exchange import ArtifactExchange, edition

ROOT = Location("internal", "server/job")
MOST_BYTES = 3 << 20


@pytest.fixture
def own(tmp_path: Path) -> LocalArtifacts:
    """What the server has, of every account."""
    made = LocalArtifacts(tmp_path / "objects")
    for bucket in ("internal", "data"):
        made.ensure_bucket(bucket)
    made.write(edition(ROOT, names.outcome(1), "1-1"), b"published")
    made.write(Location("internal", "server/other/analysis/9-1"), b"another job's")
    made.write(Location("internal", "server/job-2/analysis/9-1"), b"another job's")
    made.write(Location("internal", "else"), b"another server's")
    return made


@pytest.fixture
def told(own: LocalArtifacts, tmp_path: Path) -> Iterator[BrokeredArtifacts]:
    """What a task has, whose account may use no bucket at all."""
    (tmp_path / "task").mkdir()
    reach = Reach(
        read=(Location("internal", "server/other/"),),
        write=(Location("internal", "else"), Location("internal", "server/")),
        permits=lambda _: False,
        exchange=ExchangeReach(ROOT, "2-1", MOST_BYTES),
    )
    ours, theirs = socket.socketpair()
    nobodys = LocalArtifacts(tmp_path / "nobodys")
    broker = Broker(theirs, nobodys, reach, tmp_path / "task", own)
    thread = threading.Thread(target=broker.serve)
    thread.start()
    with ours:
        yield BrokeredArtifacts(ours, tmp_path / "task")
    thread.join()


@pytest.mark.parametrize(
    "key",
    [
        "server/other/analysis/9-1",
        "server/job-2/analysis/9-1",
        "server/job/../other/analysis/9-1",
        "server/job",
        "server/",
        "else",
        "",
    ],
)
def test_nothing_outside_of_its_job_is_read_listed_or_written(
    told: BrokeredArtifacts, own: LocalArtifacts, key: str
) -> None:
    place = Location("internal", key)
    before = [(one.location, one.etag) for one in own.list(Location("internal", ""))]
    for attempt in (
        lambda: told.read(place),
        lambda: told.info(place),
        lambda: list(told.list(place)),
        lambda: told.write(place, b"x"),
        lambda: told.write(Location("internal", f"{key}/2-1"), b"x"),
        lambda: told.delete(place),
    ):
        try:
            found = attempt()
        except (AccessDenied, FileNotFoundError):
            continue
        assert not found, f"{key} gave {found!r}"
    after = [(one.location, one.etag) for one in own.list(Location("internal", ""))]
    assert after == before


@pytest.mark.parametrize(
    "key",
    [
        "candidates/1/outcome/1-1",
        "candidates/1/outcome/2-10",
        "candidates/1/outcome/2-1/1-1",
        "candidates/../analysis/2-1",
        "candidates//outcome/2-1",
        "a/b/c/d/e/2-1",
        "/2-1",
        "2-1",
        "candidates/1/\u00e4/2-1",
    ],
)
def test_a_task_takes_the_place_of_nothing_that_another_has_published(
    told: BrokeredArtifacts, own: LocalArtifacts, key: str
) -> None:
    """What ends well last counts, so it would decide what other tasks learn from."""
    place = ROOT / key
    with pytest.raises(AccessDenied):
        told.write(place, b"forged")
    with pytest.raises(AccessDenied):
        told.delete(place)
    assert own.read(edition(ROOT, names.outcome(1), "1-1")) == b"published"


def test_a_task_leaves_no_more_than_its_share(
    told: BrokeredArtifacts, own: LocalArtifacts, tmp_path: Path
) -> None:
    for number in range(2):
        told.write(edition(ROOT, names.outcome(number), "2-1"), bytes(1 << 20))
    (tmp_path / "task/large").write_bytes(bytes(range(256)) * (1 << 13))
    with pytest.raises(AccessDenied, match="more data for other tasks"):
        told.upload(edition(ROOT, names.outcome(3), "2-1"), tmp_path / "task/large")
    assert own.info(edition(ROOT, names.outcome(3), "2-1")) is None


def test_many_small_objects_are_many(told: BrokeredArtifacts) -> None:
    def fill() -> None:
        for number in range(MOST_BYTES >> 10):
            told.write(edition(ROOT, names.outcome(number), "2-1"), b"")

    with pytest.raises(AccessDenied, match="more data for other tasks"):
        fill()


def test_a_task_exchanges_data_though_its_role_may_do_nothing(
    told: BrokeredArtifacts, own: LocalArtifacts, tmp_path: Path
) -> None:
    folder = tmp_path / "task"
    write(folder, {"candidates/2/outcome.json": b"{}"})
    ArtifactExchange(told, ROOT, folder, "2-1", ["1-1"]).publish([names.outcome(2)])
    (tmp_path / "later").mkdir()
    later = ArtifactExchange(own, ROOT, tmp_path / "later", "3-1", ["1-1", "2-1"])
    later.fetch([names.outcome(2)])
    assert read(tmp_path / "later") == {"candidates/2/outcome.json": b"{}"}
