"""Every kind of executor keeps to the contract."""

import errno
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from windvane.executor.base import End, Ended
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forking import ForkingExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.executor.zygote import Zygote, ZygoteLine
from windvane.testing.executor_contract import (
    ExecutorContract,
    RemoteExecutorContract,
    end_of,
    news_until_ended,
    work,
)


@pytest.fixture
def executor(tmp_path):
    made = ForkingExecutor(tmp_path)
    yield made
    made.close()
    assert not list(tmp_path.iterdir())


class TestForkingExecutor(ExecutorContract):
    def test_work_that_somebody_else_ends_has_crashed(self, executor):
        executor.submit(work("hang"))
        while not executor.poll(0.1):
            pass
        (running,) = executor._running.values()
        os.kill(running.child.pid, signal.SIGKILL)
        ended = end_of(executor)
        assert (ended.end, "SIGKILL" in ended.text) == (End.CRASHED, True)
        executor.submit(work("answer", question=1))
        assert end_of(executor).end is End.FINISHED


LIBRARIES = ["windvane.testing.executor_contract"]


@pytest.fixture(scope="module")
def zygote():
    made = Zygote(LIBRARIES)
    yield made
    made.close()


@pytest.fixture(params=["of its own", "of a zygote"])
def source(request):
    if request.param == "of its own":
        return OwnProcess(LIBRARIES)
    return ZygoteLine(request.getfixturevalue("zygote").line(), "contract")


class TestForkServerExecutor(RemoteExecutorContract):
    @pytest.fixture
    def executor(self, tmp_path, source):
        place = WorkPlace(tmp_path)
        made = ForkServerExecutor(source, lambda _: place)
        yield made
        made.close()
        assert not list(tmp_path.iterdir())

    @pytest.fixture
    def lose_machine(self, executor):
        """All its work hangs on the fork server."""
        return lambda: os.kill(executor.forks.pid, signal.SIGKILL)

    def test_work_that_cannot_have_a_place_has_failed(self, executor, monkeypatch):
        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(executor, "_place_of", full)
        executor.submit(work("answer", question=1))
        ended = end_of(executor)
        assert ended.end is End.FAILED
        assert ended.is_a(OSError)
        assert "No space left" in ended.text

    def test_work_that_finds_no_room_to_begin_is_lost(self, executor, monkeypatch):
        def full(*_):
            raise OSError(errno.EMFILE, "Too many open files")

        with monkeypatch.context() as patch:
            patch.setattr(executor.forks, "start", full)
            executor.submit(work("answer", question=1))
        assert end_of(executor).end is End.LOST
        executor.submit(work("answer", question=1))
        assert end_of(executor).end is End.FINISHED

    def test_work_that_does_not_end_when_it_is_told_to_ends_with_the_fork_server(
        self, executor, monkeypatch
    ):
        """Its attendant may have stopped, so that nobody would tell of it."""
        monkeypatch.setattr("windvane.executor.fork_server_executor._KILL_S", 0.2)
        for key in ("stopped", "beside"):
            executor.submit(work("hang", key))
        begun = []
        while len(begun) < 2:
            begun += executor.poll(1.0)
        [attendant, _] = sorted(children_of(executor.forks.pid))
        os.kill(attendant, signal.SIGSTOP)
        executor.kill("stopped")
        ends = [one for one in news_until_ended(executor, 2) if isinstance(one, Ended)]
        assert {one.key: one.end for one in ends} == {"stopped": End.KILLED, "beside": End.LOST}
        executor.submit(work("answer", question=1))
        assert end_of(executor).end is End.FINISHED


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


HOST = """
import sys
from pathlib import Path
from windvane.executor.forking import ForkingExecutor
from windvane.testing.executor_contract import work

executor = ForkingExecutor(Path(sys.argv[1]))
executor.submit(work("hang"))
while not executor.poll(1.0):
    pass
[running] = executor._running.values()
print(running.child.pid, flush=True)
executor.poll(600.0)
"""


def test_no_work_outlives_the_process_of_its_executor(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as host:
        child = os.pidfd_open(int(host.stdout.readline()))
        host.kill()
    assert select.select([child], [], [], 30)[0], "it runs on"
    os.close(child)


def test_closing_leaves_no_process(executor):
    executor.submit(work("hang"))
    (child,) = (running.child for running in executor._running.values())
    executor.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_what_work_leaves_is_removed_with_its_end(executor, tmp_path):
    executor.submit(work("answer", question=1))
    end_of(executor)
    (folder,) = tmp_path.iterdir()
    assert not list(folder.iterdir())
