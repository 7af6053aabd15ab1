"""Children of every bad kind: each is told apart, killed whole, and leaves no zombie."""

import ctypes
import errno
import faulthandler
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from windvane.errors import CandidateFault, DataFault, JobFault
from windvane.process.child import Child, Ending, Exit, fork_watched
from windvane.process.memory import children_memory_mb, tree_memory_mb


def _ended(child: Child, within_s: float = 10.0) -> Exit:
    ended = child.wait(within_s)
    assert ended is not None
    assert not Path(f"/proc/{child.pid}").exists(), "a zombie was left"
    return ended


def _sleep_forever() -> None:
    time.sleep(600)


def _ignore_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def _await(path: Path) -> str:
    until = time.monotonic() + 240
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.005)
    return path.read_text()


def test_a_function_that_returns_is_finished(tmp_path: Path) -> None:
    child = Child.start(lambda: (tmp_path / "done").touch())
    assert _ended(child).ending is Ending.FINISHED
    assert (tmp_path / "done").exists()


def test_an_end_is_told_again_to_whoever_asks_again() -> None:
    child = Child.start(lambda: None)
    assert _ended(child) == child.poll() == child.wait(0) == child.kill(Ending.KILLED_TIME)


def test_an_error_comes_back_with_its_class_its_bases_and_its_sentence() -> None:
    def fail() -> None:
        raise DataFault("The column 'y' is missing.")

    ended = _ended(Child.start(fail))
    assert (ended.ending, ended.error) == (Ending.FAILED, "DataFault")
    assert ended.text == "The column 'y' is missing."
    assert ended.is_a(JobFault)
    assert not ended.is_a(CandidateFault)


def test_an_error_of_no_class_of_ours_is_named_in_its_text() -> None:
    def fail() -> None:
        raise KeyError("colour")

    ended = _ended(Child.start(fail))
    assert ended.error == "KeyError"
    assert ended.text == "KeyError: 'colour'"


def test_a_text_beyond_all_bounds_is_cut() -> None:
    def fail() -> None:
        raise DataFault("x" * 10_000_000)

    assert len(_ended(Child.start(fail)).text) == 4000


def test_wait_returns_none_when_the_time_is_over() -> None:
    child = Child.start(_sleep_forever)
    began = time.monotonic()
    assert child.wait(0.1) is None
    assert 0.1 <= time.monotonic() - began < 240
    child.kill()


@pytest.mark.parametrize("function", [_sleep_forever, _ignore_sigterm])
@pytest.mark.parametrize("reason", [Ending.KILLED_TIME, Ending.KILLED])
def test_what_does_not_stop_is_killed_at_once(function: object, reason: Ending) -> None:
    child = Child.start(function)  # type: ignore[arg-type]
    began = time.monotonic()
    assert child.kill(reason).ending is reason
    assert time.monotonic() - began < 240
    assert not Path(f"/proc/{child.pid}").exists()


def test_allocation_without_bound_ends_as_memory_and_in_its_own_process() -> None:
    def allocate() -> None:
        kept = []
        while True:
            kept.append(np.ones(1024**2))

    ended = _ended(Child.start(allocate, memory_mb=200))
    assert ended.ending is Ending.KILLED_MEMORY


def test_one_huge_allocation_is_refused_before_it_is_made() -> None:
    """The child is a fork of this process and holds its share of what this one does."""
    cap_mb = int(tree_memory_mb(os.getpid())) + 200
    ended = _ended(Child.start(lambda: np.ones(1024**3).sum(), memory_mb=cap_mb))
    assert (ended.ending, ended.error) == (Ending.KILLED_MEMORY, "MemoryError")


def test_memory_of_grandchildren_counts(tmp_path: Path) -> None:
    def fork_and_allocate() -> None:
        for _ in range(3):
            if os.fork() == 0:
                kept = np.ones(100 * 1024**2 // 8)
                time.sleep(600 + kept[0])
        time.sleep(600)

    ended = _ended(Child.start(fork_and_allocate, memory_mb=200))
    assert ended.ending is Ending.KILLED_MEMORY
    assert ended.peak_memory_mb > 200


def test_a_child_within_its_cap_is_left_alone_and_its_peak_is_known(tmp_path: Path) -> None:
    """It holds its memory until that was seen, and has as much room as this process, whose fork it is, and more."""

    def allocate() -> None:
        _await(tmp_path / "begin")
        kept = np.ones(60 * 1024**2 // 8)
        (tmp_path / "allocated").write_text(f"{kept[-1]}")
        _await(tmp_path / "end")

    cap_mb = int(tree_memory_mb(os.getpid())) + 400
    child = Child.start(allocate, memory_mb=cap_mb)
    before_mb = _seen_above(child, 0)
    (tmp_path / "begin").write_text("yes")
    _await(tmp_path / "allocated")
    _seen_above(child, before_mb + 55)
    (tmp_path / "end").write_text("yes")
    ended = _ended(child)
    assert ended.ending is Ending.FINISHED
    assert before_mb + 55 < ended.peak_memory_mb < cap_mb


def _seen_above(child: Child, mb: float) -> float:
    """What the child was found to hold, once it is more than so much."""
    until = time.monotonic() + 240
    while child.peak_memory_mb <= mb:
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    return child.peak_memory_mb


@pytest.mark.parametrize("leave_session", [False, True])
def test_grandchildren_are_killed_too(tmp_path: Path, leave_session: bool) -> None:
    def fork() -> None:
        pid = os.fork()
        if pid == 0:
            if leave_session:
                os.setsid()
            (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(600)

    child = Child.start(fork)
    grandchild = int(_await(tmp_path / "pid"))
    child.kill()
    until = time.monotonic() + 240
    while _is_alive(grandchild):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_grandchildren_do_not_outlive_a_child_that_finishes(tmp_path: Path) -> None:
    def fork() -> None:
        pid = os.fork()
        if pid == 0:
            (tmp_path / "pid").write_text(str(os.getpid()))
            time.sleep(600)
        _await(tmp_path / "pid")

    assert _ended(Child.start(fork)).ending is Ending.FINISHED
    until = time.monotonic() + 240
    while _is_alive(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("code", [0, 3])
def test_leaving_without_returning_is_a_failure(code: int) -> None:
    ended = _ended(Child.start(lambda: os._exit(code)))
    assert ended.ending is Ending.FAILED
    assert f"exit code {code}" in ended.text


def test_a_text_that_no_database_takes_is_mended() -> None:
    """The worker that recorded it ended, and so did the next ones, until the task had no attempts left."""

    def fail() -> None:
        raise DataFault("a column \x00 and half \ud800 a letter")

    ended = Child.start(fail).wait(240)
    assert ended is not None
    assert ended.text == "a column ? and half ? a letter"


def test_an_end_by_a_signal_without_a_name_is_told() -> None:
    """It ended whoever asked: the fork server of a worker."""
    number = signal.SIGRTMIN + 3
    child = Child.start(lambda: os.kill(os.getpid(), number))
    ended = child.wait(240)
    assert ended is not None
    assert (ended.ending, ended.text) == (
        Ending.CRASHED,
        f"The process was killed by SIG{number}.",
    )


def test_a_crash_is_told_by_the_name_of_its_signal() -> None:
    def crash() -> None:
        faulthandler.disable()
        ctypes.string_at(0)

    ended = _ended(Child.start(crash))
    assert ended.ending is Ending.CRASHED
    assert "SIGSEGV" in ended.text


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, time, os\n"
        "from windvane.process.child import Child\n"
        "child = Child.start(lambda: time.sleep(600))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    until = time.monotonic() + 240
    while _is_alive(pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_descriptors_are_given_back() -> None:
    gc.collect()  # what other tests left to be closed is no part of it
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        _ended(Child.start(lambda: None))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat[stat.rindex(")") + 2] != "Z"


@pytest.mark.parametrize("is_grandchild", [True, False])
def test_what_children_hold_is_told_without_their_parent(
    tmp_path: Path, is_grandchild: bool
) -> None:
    def fork() -> None:
        if not is_grandchild or os.fork() == 0:
            held = np.ones(8 * 1024**2)
            (tmp_path / "there").write_text(str(held.nbytes))
        _sleep_forever()

    before_mb = children_memory_mb(os.getpid())
    child = Child.start(fork)
    _await(tmp_path / "there")
    held_mb = children_memory_mb(os.getpid()) - before_mb
    assert held_mb >= 64
    assert tree_memory_mb(os.getpid()) > held_mb
    child.kill()


def test_a_fork_that_cannot_be_watched_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def full(pid: int) -> int:
        made.append(pid)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", full)
    with pytest.raises(OSError, match="Too many"):
        fork_watched(_live_forever)
    [child] = made
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def _live_forever() -> NoReturn:
    while True:
        time.sleep(600)
