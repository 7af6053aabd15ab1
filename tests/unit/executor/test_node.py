"""The process of ours on a node, spoken to over its socket: whose work it does, and when it ends it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from windvane.executor.base import End, Ended, News, Said, Work
from windvane.executor.forks import WorkPlace
from windvane.executor.news_json import news_from_text, work_to_text
from windvane.executor.node import NodeServer
from windvane.executor.ray_start import Room
from windvane.process.frames import FrameBuffer, pack
from windvane.process.parent_death import command
from windvane.testing.executor_contract import work

WAIT_S = 240.0


class Line:
    """A connection to the node."""

    def __init__(self, path: Path) -> None:
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.settimeout(WAIT_S)
        self.channel.connect(str(path))
        self._frames = FrameBuffer()

    def asks(self, header: dict[str, Any]) -> dict[str, Any]:
        self.channel.sendall(pack(header))
        return self.hears()

    def hears(self) -> dict[str, Any]:
        while (frame := self._frames.next_frame()) is None:
            data = self.channel.recv(1 << 16)
            assert data, "the node has closed the connection"
            self._frames.feed(data)
        return frame[0]

    def news(self) -> News | None:
        return news_from_text("a", self.hears()["news"])


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[[], Line]]:
    """Connects to a node."""
    path = tmp_path / "node.sock"
    module, libraries = "windvane.executor.node", "windvane.testing.executor_contract"
    program = [sys.executable, "-m", module, str(path), str(tmp_path / "work"), libraries]
    with subprocess.Popen(command(program)) as process:
        until = time.monotonic() + WAIT_S
        while not path.exists():
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        made: list[Line] = []

        def connect() -> Line:
            made.append(Line(path))
            return made[-1]

        yield connect
        for line in made:
            line.channel.close()
        process.terminate()
        assert process.wait(WAIT_S) == 0


def beat(line: Line, owner: str, for_s: float) -> float:
    """Say that an owner is there for so long; returns what time it is there."""
    return float(line.asks({"owner": owner, "until": time.time() + for_s})["now"])


def test_work_of_an_owner_who_was_heard_is_done(node: Callable[[], Line]) -> None:
    assert abs(beat(node(), "me", 60.0) - time.time()) < WAIT_S
    line = node()
    told = line.asks({"owner": "me", "work": work_to_text(work("answer", question=1))})
    ended = news_from_text("a", told["news"])
    assert isinstance(ended, Ended)
    assert (ended.end, dict(ended.result)) == (End.FINISHED, {"answer": 1})
    assert ended.peak_memory_mb is None or ended.peak_memory_mb > 0


def test_a_node_tells_of_itself(node: Callable[[], Line]) -> None:
    assert node().asks({"ask": "about"}) == {"about": "{}"}


def test_work_waits_until_its_owner_is_heard(node: Callable[[], Line]) -> None:
    pulse, line = node(), node()
    beat(pulse, "me", -1.0)
    line.channel.sendall(pack({"owner": "me", "work": work_to_text(work("answer", question=1))}))
    line.channel.settimeout(1.0)
    with pytest.raises(TimeoutError):
        line.hears()
    line.channel.settimeout(WAIT_S)
    beat(pulse, "me", 60.0)
    ended = line.news()
    assert isinstance(ended, Ended)
    assert ended.end is End.FINISHED


def test_work_of_an_owner_who_is_not_heard_in_time_is_ended(node: Callable[[], Line]) -> None:
    """He may have given it to another node meanwhile, as this one may have been cut off: nobody is heard."""
    beat(node(), "me", 3.0)
    line = node()
    line.channel.sendall(pack({"owner": "me", "work": work_to_text(work("count", to=600))}))
    ended = line.news()
    while not isinstance(ended, Ended):
        ended = line.news()
    assert ended.end is End.KILLED


def test_work_of_an_owner_who_is_silent_while_others_are_heard_is_left_behind(
    node: Callable[[], Line],
) -> None:
    """It is he who is cut off."""
    pulse = node()
    beat(pulse, "them", 60.0)
    beat(pulse, "me", 7.0)
    line, said = begun(node, "me", "say_pid")
    await_left(pulse, "them", ["its-key"])
    assert line.channel.recv(1) == b""
    other = node()
    other.channel.sendall(pack({"takes_over": "its-key", "owner": "them"}))
    assert other.news() == said
    other.channel.sendall(pack({"stop": True}))
    await_end_of(said.said["pid"])


def begun(node: Callable[[], Line], owner: str, kind: str, **payload: int) -> tuple[Line, Said]:
    """Give some work, and wait until it says something."""
    line = node()
    told = line.asks({"owner": owner, "work": work_to_text(work(kind, "its-key", **payload))})
    said = news_from_text("a", told["news"])
    assert isinstance(said, Said)
    return line, said


def left(line: Line, owner: str) -> list[str]:
    """Say that an owner is there; returns what it may take over."""
    return list(line.asks({"owner": owner, "until": time.time() + 60.0})["left"])


def await_left(line: Line, owner: str, keys: list[str]) -> None:
    until = time.monotonic() + WAIT_S
    while left(line, owner) != keys:
        assert time.monotonic() < until
        time.sleep(0.05)


def await_end_of(pid: int) -> None:
    until = time.monotonic() + WAIT_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_work_ends_if_its_connection_says_so(node: Callable[[], Line]) -> None:
    pulse = node()
    beat(pulse, "me", 60.0)
    line, said = begun(node, "me", "say_pid")
    line.channel.sendall(pack({"stop": True}))
    line.channel.close()
    await_end_of(said.said["pid"])
    assert left(pulse, "me") == []


def test_work_whose_connection_is_gone_goes_on_and_its_owner_attends_to_it_again(
    node: Callable[[], Line],
) -> None:
    """It says again what it has said last, which may not have been heard."""
    pulse = node()
    beat(pulse, "me", 60.0)
    line, said = begun(node, "me", "say_pid")
    pid = said.said["pid"]
    line.channel.close()
    await_left(pulse, "me", ["its-key"])
    assert left(pulse, "them") == []
    again = node()
    again.channel.sendall(pack({"takes_over": "its-key", "owner": "me"}))
    assert again.news() == said
    assert left(pulse, "me") == []
    again.channel.sendall(pack({"stop": True}))
    await_end_of(pid)


def test_work_of_an_owner_who_is_gone_is_taken_over_also_after_its_end(
    node: Callable[[], Line],
) -> None:
    pulse = node()
    beat(pulse, "me", 60.0)
    line, _ = begun(node, "me", "count", to=10)
    line.channel.close()
    await_left(pulse, "them", ["its-key"])  # once the first owner is silent
    other = node()
    other.channel.sendall(pack({"takes_over": "its-key", "owner": "them"}))
    ended = other.news()
    while not isinstance(ended, Ended):
        ended = other.news()
    assert ended.end is End.FINISHED
    late = node()
    late.channel.sendall(pack({"takes_over": "its-key", "owner": "them"}))
    ended = late.news()
    assert isinstance(ended, Ended)
    assert ended.end is End.LOST


def test_nobody_else_reaches_it(node: Callable[[], Line], tmp_path: Path) -> None:
    assert (tmp_path / "node.sock").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "work").stat().st_mode & 0o077 == 0


def test_what_is_no_work_is_refused_and_others_go_on(node: Callable[[], Line]) -> None:
    for nonsense in (b"x" * 100, pack({"owner": "me"}), pack({"owner": "me", "work": "{}"})):
        line = node()
        line.channel.sendall(nonsense)
        assert line.channel.recv(1) == b""
    beat(node(), "me", 60.0)


class Recording:
    """An executor that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.news: list[News] = []

    def begin(self, work: Work, place_of: Callable[[Work], WorkPlace]) -> None:
        place_of(work)
        self.told.append("begin")

    def kill(self, key: str) -> None:
        self.told.append("kill")

    def poll(self, timeout_s: float) -> list[News]:
        news, self.news = self.news, []
        return news

    def descriptors(self) -> list[int]:
        return []


def test_owners_are_answered_while_a_place_is_made_and_work_that_was_given_up_then_is_ended(
    tmp_path: Path,
) -> None:
    """A store that has to be asked for it may take its time."""
    asked, may_go_on, executor = threading.Event(), threading.Event(), Recording()

    def place_of(_: Work) -> WorkPlace:
        asked.set()
        assert may_go_on.wait(WAIT_S)
        return WorkPlace(tmp_path)

    server = NodeServer(tmp_path / "node.sock", executor, place_of)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    pulse, line = Line(tmp_path / "node.sock"), Line(tmp_path / "node.sock")
    beat(pulse, "me", 60.0)
    line.channel.sendall(pack({"owner": "me", "work": work_to_text(work("answer"))}))
    assert asked.wait(WAIT_S)
    beat(pulse, "me", 60.0)
    line.channel.close()
    while "kill" not in executor.told:  # which does nothing yet
        beat(pulse, "me", 60.0)
    may_go_on.set()
    while executor.told != ["kill", "begin", "kill"]:
        beat(pulse, "me", 60.0)
    server.stop()
    thread.join()
    pulse.channel.close()


def test_work_waits_for_the_room_of_what_runs_and_its_beginning_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    executor = Recording()
    server = NodeServer(
        tmp_path / "node.sock",
        executor,  # type: ignore[arg-type]
        lambda _: WorkPlace(tmp_path),
        room=Room(4, 1000),
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    lines = [Line(tmp_path / "node.sock") for _ in range(4)]
    beat(lines[0], "me", 60.0)
    for line in lines[1:]:
        one = work("answer", memory_mb=400)
        line.channel.sendall(pack({"owner": "me", "work": work_to_text(one)}))
        beat(lines[0], "me", 60.0)
    while executor.told != ["begin", "begin"]:
        beat(lines[0], "me", 60.0)
    assert caplog.messages.count("Work a begins.") == 2
    executor.news.append(Ended("1", End.FINISHED))
    while executor.told != ["begin", "begin", "begin"]:
        beat(lines[0], "me", 60.0)
    server.stop()
    thread.join()
    for line in lines:
        line.channel.close()
