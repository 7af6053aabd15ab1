"""Every kind of executor keeps to the contract."""

import os
import select
import signal
import subprocess
import sys

import pytest

from windvane.executor.base import End
from windvane.executor.forking import ForkingExecutor
from windvane.testing.executor_contract import ExecutorContract, end_of, work


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
