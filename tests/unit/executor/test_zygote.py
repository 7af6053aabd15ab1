"""Fork servers of one zygote: each its own asker's alone, ended with it, named as it says."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from windvane.executor.forks import Forks, WorkPlace
from windvane.executor.zygote import Zygote, ZygoteLine
from windvane.process.memory import children_named
from windvane.testing.executor_contract import work

WAIT_S = 240.0


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote(["windvane.testing.executor_contract"])
    yield made
    made.close()


def await_(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def sockets_of(pid: int) -> list[str]:
    found = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return [target for target in found if target.startswith("socket:")]


def listens_to_one(zygote: Zygote) -> bool:
    try:
        return len(sockets_of(zygote.pid)) == 2
    except FileNotFoundError:  # of a file that was open while Python started
        return False


def take_descriptors(zygote: Zygote, number: int) -> list[socket.socket]:
    """Have the zygote listen to so many askers that it has all descriptors below this number.

    It has six already: three streams, two askers, and one fork server that it watches. It can wait for no more than that number.
    """
    lines = [zygote.line() for _ in range(number - 6)]
    taken = Path(f"/proc/{zygote.pid}/fd")
    await_(lambda: set(map(str, range(number))) <= {entry.name for entry in taken.iterdir()})
    return lines


def test_a_fork_server_has_its_name_and_no_socket_but_its_channel(zygote: Zygote) -> None:
    first = Forks(ZygoteLine(zygote.line(), "train-1"))
    second = Forks(ZygoteLine(zygote.line(), "a name that is too long"))
    try:
        first.wait_ready()
        assert Path(f"/proc/{second.pid}/comm").read_text() == "a name that is \n"
        assert children_named(zygote.pid, "train-1") == [first.pid]
        for forks in (first, second):
            assert len(sockets_of(forks.pid)) == 1
            assert os.getsid(forks.pid) == forks.pid
    finally:
        first.close()
        second.close()
    await_(lambda: not children_named(zygote.pid, "train-1"))


def test_the_memory_of_work_is_told_by_the_name_of_its_fork_server(
    zygote: Zygote, tmp_path: Path
) -> None:
    forks = Forks(ZygoteLine(zygote.line(), "train-2"))
    assert forks.pid
    assert zygote.memory_mb("train-2") == 0
    line = forks.start(work("hang"), WorkPlace(tmp_path))
    try:
        await_(lambda: zygote.memory_mb("train-2") > 1)
        assert zygote.memory_mb("train-3") == 0
    finally:
        line.close()
        forks.close()


def test_a_fork_server_ends_with_its_channel(zygote: Zygote, tmp_path: Path) -> None:
    """So it does when its asker is killed."""
    ours, theirs = socket.socketpair()
    line = ZygoteLine(zygote.line(), "orphan")
    with Path(os.devnull).open("w") as words, theirs:
        line.start(theirs, words.fileno())
    await_(lambda: bool(children_named(zygote.pid, "orphan")))
    ours.close()
    await_(lambda: not children_named(zygote.pid, "orphan"))
    line.close()


def test_libraries_are_loaded_once_a_fork_server_is_asked_for() -> None:
    """A server that starts would share its processors with them."""
    lazy = Zygote(["json.tool", "windvane.testing.no_such_module"])
    line = lazy.line()
    await_(lambda: listens_to_one(lazy))
    assert not lazy.has_ended()
    forks = Forks(ZygoteLine(line, "asks"))
    await_(lazy.has_ended)
    forks.close()
    lazy.close()


def test_work_begins_before_libraries_that_it_does_not_need_are_loaded(tmp_path: Path) -> None:
    """On a busy machine all of them took longer than the whole job had."""
    lazy = Zygote(["windvane.testing.executor_contract"], ["windvane.testing.no_such_module"])
    forks = Forks(ZygoteLine(lazy.line(), "early"))
    forks.wait_ready()
    assert not lazy.has_ended(), "the other is not loaded while there is no work"
    forks.start(work("hang"), WorkPlace(tmp_path)).close()
    await_(lazy.has_ended)
    forks.close()
    lazy.close()


def test_a_fork_server_that_lacks_libraries_is_replaced_once_they_are_loaded(
    tmp_path: Path,
) -> None:
    lazy = Zygote(["windvane.testing.executor_contract"], ["json.tool", "calendar"])
    forks = Forks(ZygoteLine(lazy.line(), "early"))
    first = forks.pid
    assert not forks.is_outdated()
    line = forks.start(work("hang"), WorkPlace(tmp_path))
    await_(forks.is_outdated)
    assert not forks.has_ended(), "what it runs goes on"
    line.close()
    forks.renew()
    assert forks.pid != first
    assert not forks.is_outdated()
    forks.close()
    lazy.close()


def test_a_fork_server_that_was_killed_is_there_again_at_once(zygote: Zygote) -> None:
    forks = Forks(ZygoteLine(zygote.line(), "again"))
    first = forks.pid
    os.kill(first, signal.SIGKILL)
    await_(forks.has_ended)
    assert forks.pid != first
    forks.close()


def test_nobody_gets_a_fork_server_of_a_zygote_that_has_ended() -> None:
    zygote = Zygote(["windvane.testing.executor_contract"])
    forks = Forks(ZygoteLine(zygote.line(), "last"))
    assert forks.pid
    zygote.close()
    assert zygote.has_ended()
    await_(forks.has_ended)
    with pytest.raises(ConnectionError):
        forks.is_ready(1.0)
    forks.close()


def test_without_room_for_a_fork_server_the_others_go_on() -> None:
    """It ended the zygote, and with it the tasks of all accounts."""
    zygote = Zygote(["windvane.testing.executor_contract"])
    first = Forks(ZygoteLine(zygote.line(), "first"))
    assert first.pid
    second = ZygoteLine(zygote.line(), "second")
    allowed = resource.prlimit(zygote.pid, resource.RLIMIT_NOFILE)
    others = take_descriptors(zygote, 64)
    ours, theirs = socket.socketpair()
    with Path(os.devnull).open("w") as words, theirs:
        resource.prlimit(zygote.pid, resource.RLIMIT_NOFILE, (64, allowed[1]))
        second.start(theirs, words.fileno())
    assert ours.recv(1) == b"", "nobody serves it"
    resource.prlimit(zygote.pid, resource.RLIMIT_NOFILE, allowed)
    assert not zygote.has_ended()
    assert not first.has_ended()
    third = Forks(ZygoteLine(zygote.line(), "third"))
    assert third.pid
    for forks in (first, third):
        forks.close()
    second.close()
    for end in (ours, *others):
        end.close()
    zygote.close()
