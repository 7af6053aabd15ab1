"""A leashed process never outlives its parent, however the parent ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from windvane.process import parent_death


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat[stat.rindex(")") + 2] != "Z"


def _await_death(pid: int, within_s: float = 5.0) -> None:
    until = time.monotonic() + within_s
    while _is_alive(pid):
        assert time.monotonic() < until, f"process {pid} is still alive"
        time.sleep(0.01)


_PARENT = """
import subprocess, sys, time
from windvane.process import parent_death
child = subprocess.Popen(parent_death.command(["sleep", "60"]))
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_foreign_program_dies_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        until = time.monotonic() + 240
        while b"sleep" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert _is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        _await_death(pid)


def test_it_does_not_start_for_a_parent_that_is_gone_already() -> None:
    other_parent = [*parent_death.command(["sleep", "60"])]
    other_parent[4] = "1"
    assert subprocess.run(other_parent, timeout=240, check=False).returncode == 137


def test_arguments_environment_output_and_exit_code_are_the_programs_own() -> None:
    argv = parent_death.command(["sh", "-c", 'printf "%s|%s" "$0" "$MARK"; exit 7', "a b"])
    done = subprocess.run(argv, env={**os.environ, "MARK": "x"}, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (7, b"a b|x")


def test_it_leads_a_process_group_of_its_own() -> None:
    done = subprocess.run(
        parent_death.command(
            [sys.executable, "-c", "import os; print(os.getpid() == os.getpgrp())"]
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"


def test_a_program_that_does_not_exist_is_named() -> None:
    done = subprocess.run(
        parent_death.command(["/no/such"]), capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert "Cannot start /no/such: No such file or directory" in done.stderr
