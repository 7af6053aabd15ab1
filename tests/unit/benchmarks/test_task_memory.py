"""What is seen of processes that hold memory, from outside."""

import os
import subprocess
import sys
import time

import pytest

from benchmarks.task_memory import Held, TaskMemory, memory_table, sessions, write_timeline

_CALLER = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], start_new_session=True)
"""
_JOB = """
import mmap, os, sys
from windvane.process.linux import name_process
file = open(sys.argv[1], "rb")
if os.fork():
    os.wait()
else:
    os.setsid()
    name_process("candidate/1")
    kept = bytearray(64 << 20)
    kept[::4096] = b"1" * len(kept[::4096])
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    read = [mapped[at] for at in range(0, len(mapped), 4096)]
    sys.stdin.read()
"""
_FILE_MB, _HELD_MB = 32, 64
_WAIT_S = 120


@pytest.fixture
def watch(tmp_path):
    file = tmp_path / "mapped"
    file.write_bytes(os.urandom(_FILE_MB << 20))
    words = [sys.executable, "-c", _CALLER, _JOB, str(file)]
    with TaskMemory(os.getpid()) as watch:
        caller = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
        until = time.monotonic() + _WAIT_S
        while not any(one.file >= _FILE_MB << 10 for one in watch.found.values()):
            assert caller.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        there = sessions(os.getpid())
        caller.communicate()
    return watch, there


def test_a_task_is_told_by_its_name_apart_from_who_asked_for_it(watch, tmp_path):
    watch, there = watch
    [task] = [who for who in there if who.is_task and watch.found[who].name == "candidate/1"]
    seen = watch.found[task]
    assert _HELD_MB << 10 <= seen.most.anon < 2 * _HELD_MB << 10
    assert seen.file >= _FILE_MB << 10
    assert seen.most.kept < seen.most.anon + (_FILE_MB << 10)
    assert sum(not who.is_task for who in there) >= 2
    assert watch.together.kept >= watch.tasks_together.kept >= seen.most.kept
    write_timeline(watch, tmp_path / "timeline.csv")
    first, *_ = (tmp_path / "timeline.csv").read_text().splitlines()
    assert first == "seconds,process,anonymous,shared,mapped_files,swapped"
    assert "| candidate/1 " in memory_table(watch, 2000, 2)


def test_pages_of_files_are_not_what_counts():
    held = Held(anon=1, shared=2, file=100, swapped=4)
    assert held.kept == 7
    assert held + held == Held(2, 4, 200, 8)
