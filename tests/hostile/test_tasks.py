"""A task that runs whatever it likes: it has what its job was admitted with, and nothing else.

On the old code it had the keys of the S3 store, the database's descriptor, and everybody's files.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hostile.hostile_task import KNOWN
from unit.work.world import make_job

from windvane.artifacts.base import Location, ObjectInfo
from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import Reach
from windvane.domain.datasource import DataSource
from windvane.domain.job import AutoMLJob
from windvane.domain.jobspec import Channel, DataSpec, OutputSpec
from windvane.domain.task import Task, TaskKind
from windvane.errors import AccessDenied
from windvane.executor.base import End, Ended, News, Said, Work
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.process.confinement import Part
from windvane.process.frames import pack
from windvane.process.sandbox import sandbox_of
from windvane.store.open import open_store
from windvane.work.exchange import InFolder
from windvane.work.reach import reach_of
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.order import TaskOrder, work_of
from windvane.work.workers.roles import LIBRARY
from windvane.work.workers.starting import TaskPlaces
from windvane.work.workspace import workspace_of

SECRET = "S3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3cr"


def digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def job_of(account: str = "000000000000") -> AutoMLJob:
    made = make_job(name="churn")
    channel = Channel(source=DataSource("s3://data/train/"))
    spec = replace(
        made.spec,
        data=DataSpec(channels=(channel,)),
        output=OutputSpec(uri="s3://results/jobs"),
    )
    return replace(made, spec=spec, scope=replace(made.scope, account=account))


@contextmanager
def executor_of(
    library: str, place_of: Callable[[Work], WorkPlace]
) -> Iterator[ForkServerExecutor]:
    """An executor whose tasks do what a module of these tests says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ":".join(map(str, Path(__file__).parents[1:3])))
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        executor = ForkServerExecutor(OwnProcess([LIBRARY, library]), place_of)
    try:
        yield executor
    finally:
        executor.close()


def finished(news: list[News]) -> dict[str, Any]:
    """Return the result of the only task, which has told nothing else."""
    [ended] = news
    assert isinstance(ended, Ended)
    assert ended.end is End.FINISHED, ended.text
    return dict(ended.result)


def test_a_task_that_runs_code_finds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    sandbox, _ = sandbox_of(folder)
    if not sandbox.parts & {Part.LANDLOCK, Part.MOUNTS} or Part.SECCOMP not in sandbox.parts:
        pytest.skip("this machine has too little of a sandbox")
    artifacts = LocalArtifacts(folder / "objects")
    for bucket in ("data", "results", "other"):
        artifacts.ensure_bucket(bucket)
    artifacts.write(Location("data", "train/rows.csv"), b"a,y")
    artifacts.write(Location("data", "other"), b"beside")
    artifacts.write(Location("other", "secret"), b"theirs")
    store = open_store("", folder)
    store.migrate()
    job = job_of()
    workspace = workspace_of(folder, job)
    other = folder / "work/other/data"
    for path in (workspace.folder / "told.json", other, folder / "keys.json"):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("content of work/own/data")
    config = WorkConfig(folder, "run", datetime.now(UTC), 1, 4000, sandbox=sandbox)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
        executor_of("hostile.hostile_task", TaskPlaces(config, store).place_of) as executor,
    ):
        local.bind(str(folder / "socket"))
        local.listen()
        told = {
            "secret": [str(folder / "keys.json"), str(folder / "windvane.db"), str(other)],
            "folder": str(folder),
            "port": server.getsockname()[1],
            "socket": str(folder / "socket"),
            "parent": os.getpid(),
            "sibling": executor.forks.pid,
            "own": str(workspace.folder / "own"),
            "digest": digest(SECRET),
            "known": digest(KNOWN),
        }
        (workspace.folder / "own").write_text("content of work/own/data")
        (workspace.folder / "told.json").write_text(json.dumps(told))
        now = datetime.now(UTC)
        task = Task(id=1, job_arn=job.arn, kind=TaskKind.ANALYZE, key="a", payload={}, created=now)
        order = TaskOrder(job, task, InFolder(workspace.folder), time.time() + 60, config.figures)
        executor.submit(work_of(order, 2000))
        found = finished(executor.poll(60))
    assert found.pop("own file") == "content of work/own/data"
    assert found.pop("the input") == "a,y"
    assert {name: got for name, got in found.items() if got} == {}
    assert artifacts.read(Location("results", "jobs/churn/made")) == b"made"
    store.close()


def work_with(payload: dict[str, Any], kind: TaskKind, folder: Path) -> Work:
    """Return the work of a task with a payload."""
    job, now = job_of(), datetime.now(UTC)
    task = Task(id=1, job_arn=job.arn, kind=kind, key="a", payload=payload, created=now)
    return work_of(TaskOrder(job, task, InFolder(folder), time.time() + 60, {}), 4000)


class Remembering:
    """Has tasks of hostile.remembering_task done, one after the other, as forks of one process."""

    def __init__(self, executor: ForkServerExecutor, places: list[WorkPlace]) -> None:
        self._executor, self._places = executor, places

    def news(self, place: WorkPlace, payload: dict[str, Any], kind: TaskKind) -> list[News]:
        """Return all that is heard of a task in a place."""
        self._places[:] = [place]
        self._executor.submit(work_with(payload, kind, place.folder))
        news: list[News] = []
        while not news or isinstance(news[-1], Said):
            news += self._executor.poll(60)
        return news


@pytest.fixture(scope="module")
def remembering() -> Iterator[Remembering]:
    places: list[WorkPlace] = []
    with executor_of("hostile.remembering_task", lambda _: places[0]) as executor:
        yield Remembering(executor, places)


def test_no_task_finds_what_another_was_told_or_said(
    remembering: Remembering, tmp_path: Path
) -> None:
    """Both are forks of one process, which had read the order and the result of the first, and never wiped its memory."""
    secret = [SECRET[20:] + SECRET[:20], "another"]
    ours, theirs = socket.socketpair()

    def done(end: socket.socket, payload: dict[str, object]) -> dict[str, object]:
        place = WorkPlace(tmp_path, passed_socket=end)
        return finished(remembering.news(place, payload, TaskKind.ANALYZE))

    with ours:
        assert done(theirs, {"told": secret}) == {"said": secret * 1000}
        assert done(ours.dup(), {"digest": digest(secret[0])}) == {"found": ""}


def test_what_a_task_says_is_heard_but_not_without_end(
    remembering: Remembering, tmp_path: Path
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def heard(says: list[object], rests_s: float) -> list[object]:
            place = WorkPlace(tmp_path, passed_socket=theirs.dup())
            payload = {"says": says, "rests_s": rests_s}
            news = remembering.news(place, payload, TaskKind.TRAIN)
            finished(news[-1:])
            return [one.said for one in news if isinstance(one, Said)]

        assert heard([{"n_folds": 3}, {"n_folds": 5}], 0.5) == [{"n_folds": 3}, {"n_folds": 5}]
        assert heard([["no object"], "x" * 900, "x" * 1100], 0.5) == []
        assert len(heard([{"n": n} for n in range(40)], 0.02)) <= 10
        assert heard([], 0.0) == []


def test_all_that_a_server_keeps_of_a_job_is_its_owners_alone(tmp_path: Path) -> None:
    """Attack 14: files in work/ are 0644."""
    artifacts = LocalArtifacts(tmp_path / "objects")
    for bucket in ("data", "results"):
        artifacts.ensure_bucket(bucket)
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(600))
    artifacts.write(Location("data", "train/rows.csv"), f"a,b,y\n{rows}".encode())
    store = open_store("", tmp_path)
    store.migrate()
    job = job_of()
    config = WorkConfig(tmp_path, "run", datetime.now(UTC), 1, 4000)
    now = datetime.now(UTC)
    task = Task(id=1, job_arn=job.arn, kind=TaskKind.ANALYZE, key="a", payload={}, created=now)
    folder = workspace_of(tmp_path, job).folder
    order = TaskOrder(job, task, InFolder(folder), time.time() + 60, config.figures)
    executor = ForkServerExecutor(OwnProcess([LIBRARY]), TaskPlaces(config, store).place_of)
    executor.submit(work_of(order, 2000))
    finished(executor.poll(60))
    executor.close()
    store.close()
    made = [tmp_path / "work", *(tmp_path / "work").rglob("*")]
    assert len(made) > 5
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_bucket_that_changes_hands_under_a_task_is_none_of_its(tmp_path: Path) -> None:
    """Whose the buckets are was asked when a task began: whoever deleted one meanwhile read and wrote that of the next
    account to create it, for as long as the task ran."""
    ours = {"data", "out"}
    made = job_of()
    job = replace(made, spec=replace(made.spec, output=OutputSpec(uri="s3://out/jobs")))
    artifacts = LocalArtifacts(tmp_path / "objects")
    everything = (lambda _: True,) * 2
    reach = reach_of(job, TaskKind.ANALYZE, artifacts, ours.__contains__, *everything)
    source, result = Location("data", "train/a"), Location("out", f"jobs/{job.name}/x")
    assert reach.may_read(source)
    assert reach.may_list(source)
    assert reach.may_write(result)
    ours.clear()
    assert not reach.may_read(source)
    assert not reach.may_list(source)
    assert not reach.may_write(result)
    assert not reach.may_read(result)


def test_a_manifest_of_many_buckets_is_asked_about_object_by_object(tmp_path: Path) -> None:
    """A manifest that was replaced once its job was admitted named a hundred thousand buckets: a worker asked whose each of
    them is before its task began, for seconds in which it brought nobody's job forward."""
    artifacts = LocalArtifacts(tmp_path / "objects")
    artifacts.ensure_bucket("data")
    named = [f"bucket-{number}/rows" for number in range(1000)]
    manifest = json.dumps([{"prefix": "s3://"}, *named])
    artifacts.write(Location("data", "manifest"), manifest.encode())
    job = job_of()
    channel = Channel(source=DataSource("s3://data/manifest", is_manifest=True))
    job = replace(job, spec=replace(job.spec, data=DataSpec(channels=(channel,))))
    asked: list[str] = []

    def permits(bucket: str) -> bool:
        asked.append(bucket)
        return bucket in ("data", "bucket-7")

    everything = (lambda _: True,) * 2
    reach = reach_of(job, TaskKind.ANALYZE, artifacts, permits, *everything)
    assert set(asked) == {"data"}
    assert reach.may_read(Location("bucket-7", "rows"))
    assert reach.may_ask_for("bucket-7")
    assert not reach.may_read(Location("bucket-8", "rows"))
    assert not reach.may_ask_for("bucket-8")


def test_a_manifest_that_no_longer_can_be_looked_at_ends_no_worker(tmp_path: Path) -> None:
    """In an external store a manifest was written anew under a key of its owner's, once its job was admitted: each worker
    that was to begin the job ended, three for each job."""

    class Locked(LocalArtifacts):
        def info(self, location: Location) -> ObjectInfo | None:
            raise ClientError({"Error": {"Code": "400", "Message": "Bad Request"}}, "HeadObject")

    artifacts = Locked(tmp_path / "objects")
    job = job_of()
    channel = Channel(source=DataSource("s3://data/manifest", is_manifest=True))
    job = replace(job, spec=replace(job.spec, data=DataSpec(channels=(channel,))))

    def role(location: Location) -> bool:
        return artifacts.info(location) is not None

    everything = (lambda _: True,) * 2
    for may_read in (role, everything[0]):
        reach = reach_of(job, TaskKind.ANALYZE, artifacts, everything[0], may_read, everything[1])
        assert reach.objects == {Location("data", "manifest")}
    ours, theirs = socket.socketpair()
    asked = Reach(objects=reach.objects, role=role)
    broker = Broker(theirs, artifacts, asked, tmp_path)
    threading.Thread(target=broker.serve, daemon=True).start()
    with ours, pytest.raises(OSError, match="Bad Request"):
        BrokeredArtifacts(ours, tmp_path).info(Location("data", "manifest"))


def test_a_listing_does_not_go_on_in_a_bucket_that_has_changed_hands(tmp_path: Path) -> None:
    """A listing that was begun was paged on by the bucket's name: of the next account to create the bucket, too."""
    own = LocalArtifacts(tmp_path / "objects")
    own.ensure_bucket("data")
    for number in range(1100):
        own.write(Location("data", f"in/{number:04}"), b"")
    ours = {"data"}
    reach = Reach(read=(Location("data", "in/"),), permits=ours.__contains__)
    mine, theirs = socket.socketpair()
    thread = threading.Thread(target=Broker(theirs, own, reach, tmp_path).serve)
    thread.start()
    try:
        told = BrokeredArtifacts(mine, tmp_path).list(Location("data", "in/"))
        assert len([next(told) for _ in range(1000)]) == 1000
        ours.clear()
        with pytest.raises(AccessDenied, match="is not of this job"):
            next(told)
        with pytest.raises(
            OSError, match="gone"
        ):  # the listing is over: there is none to page on in
            BrokeredArtifacts(mine, tmp_path)._ask("page", handle=1)
    finally:
        mine.close()
        thread.join()


def test_an_input_below_the_output_is_read_by_the_roles_leave() -> None:
    """Whatever lay below the output was read, though the role may only write there."""
    reach = Reach(
        read=(Location("data", ""),),
        write=(Location("data", ""),),
        role=lambda location: location.key.startswith("in/"),
    )
    assert reach.may_read(Location("data", "in/rows"))
    assert not reach.may_read(Location("data", "secret"))
    assert Reach(write=(Location("data", ""),)).may_read(Location("data", "made/by/itself"))


@pytest.fixture
def brokered(tmp_path: Path) -> Iterator[socket.socket]:
    own = LocalArtifacts(tmp_path / "objects")
    own.ensure_bucket("data")
    own.write(Location("data", "in/rows"), b"rows")
    reach = Reach(read=(Location("data", "in/"),), write=(Location("data", "out/"),))
    ours, theirs = socket.socketpair()
    (tmp_path / "task").mkdir()
    broker = Broker(theirs, own, reach, tmp_path / "task")
    thread = threading.Thread(target=broker.serve)
    thread.start()
    ours.settimeout(10)
    yield ours
    ours.close()
    thread.join(240)
    assert not thread.is_alive()


OPEN = {"do": "open", "bucket": "data", "key": "in/rows", "start": 0}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(pack({"do": "format"}), id="an unknown request"),
        pytest.param(
            pack({"do": "info", "bucket": ["data"], "key": "in/rows"}), id="a bucket of lists"
        ),
        pytest.param(pack({"do": "read", "handle": 99, "size": 1}), id="an unknown handle"),
        pytest.param(
            pack(OPEN) + pack({"do": "read", "handle": 1, "size": 1 << 30}), id="a huge read"
        ),
        pytest.param(pack(OPEN) + pack({"do": "page", "handle": 1}), id="a page of an object"),
        pytest.param(pack({**OPEN, "start": -1}), id="a place before the beginning"),
        pytest.param(pack(OPEN) * 100, id="too many open objects"),
        pytest.param(pack({"do": "upload", "bucket": "data", "key": "out/x"}), id="no file"),
        pytest.param(pack({"do": "info", "key": "k" * 100_000}), id="a huge request"),
        pytest.param(b"\xff" * 64, id="no frame"),
        pytest.param(pack(OPEN, b"a body"), id="a body"),
        pytest.param(b"\0\0\0\2\0\0\0\0[]", id="no object"),
    ],
)
def test_a_request_that_is_none_ends_the_connection(
    brokered: socket.socket, request_: bytes
) -> None:
    with suppress(ConnectionError):
        brokered.sendall(request_)
        while brokered.recv(1 << 16):
            pass


def hollow(at: Path) -> None:
    """Of a terabyte it would be uploaded for hours, by a worker that has given its task up long since."""
    at.touch()
    os.truncate(at, 64 << 20)


FILES: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda at, theirs: at.symlink_to(theirs),
    "another name": lambda at, theirs: at.hardlink_to(theirs),
    "a pipe": lambda at, _: os.mkfifo(at),
    "a folder": lambda at, _: at.mkdir(),
    "a hole": lambda at, _: hollow(at),
    "none": lambda *_: None,
}
"""What a task may put in the place of a file that is to come or go."""


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("do", ["upload", "write", "download"])
def test_what_is_no_file_of_the_task_neither_comes_nor_goes(
    brokered: socket.socket, tmp_path: Path, do: str, kind: str
) -> None:
    """The broker opens it with the rights of the server."""
    theirs, here = tmp_path / "theirs", tmp_path / "task" / "here"
    theirs.write_bytes(b"theirs")
    FILES[kind](here, theirs)
    key = "in/rows" if do == "download" else "out/stolen"
    brokered.sendall(pack({"do": do, "bucket": "data", "key": key, "file": "here"}))
    assert b"error" in brokered.recv(1 << 16)
    assert theirs.read_bytes() == b"theirs"
    assert not (tmp_path / "objects" / "data" / "out" / "stolen").exists()


@pytest.mark.parametrize("path", ["../theirs", "{}/theirs", "link/theirs", "task/../../theirs"])
def test_no_path_leads_out_of_the_folder_of_the_task(
    brokered: socket.socket, tmp_path: Path, path: str
) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "task" / "link").symlink_to(tmp_path)
    named = path.format(tmp_path)
    brokered.sendall(pack({"do": "upload", "bucket": "data", "key": "out/stolen", "file": named}))
    assert b"error" in brokered.recv(1 << 16)
    assert not (tmp_path / "objects" / "data" / "out" / "stolen").exists()


def test_descriptors_that_nobody_asked_for_are_closed(brokered: socket.socket) -> None:
    read_end, write_end = os.pipe()
    frame = pack({"do": "info", "bucket": "data", "key": "in/rows"})
    socket.send_fds(brokered, [frame], [write_end])
    os.close(write_end)
    assert b"size" in brokered.recv(1 << 16)
    os.set_blocking(read_end, False)
    assert os.read(read_end, 1) == b"", "another holds the end that was sent"
    os.close(read_end)


def test_a_broker_ends_with_its_task_though_the_task_left_its_end_on_the_way(
    tmp_path: Path,
) -> None:
    """An answer that nobody reads, and behind it the task's own end of the channel as a descriptor: the broker waited for
    ever, and its thread, 64 open objects and as many descriptors stayed with the worker, until it had none left."""
    own = LocalArtifacts(tmp_path / "objects")
    own.ensure_bucket("data")
    own.write(Location("data", "in/rows"), b"r" * (1 << 21))
    ours, theirs = socket.socketpair()
    broker = Broker(ours, own, Reach(read=(Location("data", "in/"),)), tmp_path)
    thread = threading.Thread(target=broker.serve, daemon=True)
    thread.start()
    with theirs:
        theirs.sendall(pack(OPEN))
        theirs.recv(100)
        theirs.sendall(pack({"do": "read", "handle": 1, "size": 1 << 20}))
        select.select([theirs], [], [], 10)  # it answers, and has no room for all of it
        socket.send_fds(theirs, [b"-"], [theirs.fileno()])
    broker.end()
    thread.join(240)
    assert not thread.is_alive()


def test_the_broker_of_a_task_is_ended_with_it(remembering: Remembering, tmp_path: Path) -> None:
    over: list[str] = []
    ours, theirs = socket.socketpair()
    place = WorkPlace(tmp_path, passed_socket=theirs, over=lambda: over.append("over"))
    with ours:
        finished(remembering.news(place, {"says": []}, TaskKind.ANALYZE))
    assert over == ["over"]


def test_descriptors_without_a_request_do_not_gather(brokered: socket.socket) -> None:
    """A server has one table of files for all that it does."""
    n_before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    frame = pack({"do": "info", "bucket": "data", "key": "k" * 1000})
    with Path("/dev/null").open("rb") as file:
        for byte in frame[:200]:
            socket.send_fds(brokered, [bytes([byte])], [file.fileno()] * 4)
    brokered.sendall(frame[200:])
    assert brokered.recv(1 << 16)
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) <= n_before
