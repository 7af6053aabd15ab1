"""Every kind of executor keeps to the contract."""

import os

import pytest

from windvane.executor.forking import ForkingExecutor
from windvane.testing.executor_contract import ExecutorContract, end_of, work


@pytest.fixture
def executor(tmp_path):
    made = ForkingExecutor(tmp_path)
    yield made
    made.close()
    assert not list(tmp_path.iterdir())


class TestForkingExecutor(ExecutorContract):
    pass


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
