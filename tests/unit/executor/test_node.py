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
    """He may have given it to another node meanwhile, as this one may have been cut off."""
    pulse, mine, theirs = node(), node(), node()
    beat(pulse, "me", 3.0)
    beat(pulse, "them", 60.0)
    for line, owner in ((mine, "me"), (theirs, "them")):
        line.channel.sendall(pack({"owner": owner, "work": work_to_text(work("count", to=60))}))
    ended = mine.news()
    while not isinstance(ended, Ended):
        ended = mine.news()
    assert ended.end is End.KILLED
    ended = theirs.news()
    while not isinstance(ended, Ended):
        ended = theirs.news()
    assert ended.end is End.FINISHED


def test_work_ends_with_its_connection(node: Callable[[], Line]) -> None:
    """Whatever attended to it is gone."""
    beat(node(), "me", 60.0)
    line = node()
    told = line.asks({"owner": "me", "work": work_to_text(work("say_pid"))})
    said = news_from_text("a", told["news"])
    assert isinstance(said, Said)
    pid = said.said["pid"]
    assert Path(f"/proc/{pid}").exists()
    line.channel.close()
    until = time.monotonic() + WAIT_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


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

    def begin(self, work: Work, place_of: Callable[[Work], WorkPlace]) -> None:
        place_of(work)
        self.told.append("begin")

    def kill(self, key: str) -> None:
        self.told.append("kill")

    def poll(self, timeout_s: float) -> list[News]:
        return []

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
