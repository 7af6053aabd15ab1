"""Turns to write into the server's database, which one process might take without end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from windvane.store.open import FILE_NAME, open_store

BUSY = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
while True:
    db.execute("BEGIN IMMEDIATE")
    print("busy", flush=True)
    time.sleep(0.1)
    db.execute("COMMIT")
    until = time.perf_counter() + 0.0005
    while time.perf_counter() < until:
        pass
"""
"""A process that leaves half a millisecond between its writes."""

TURNS = 5


def test_a_process_that_writes_without_a_pause_leaves_turns_to_others(tmp_path: Path) -> None:
    """Others tried ten times a second, and seldom in the moments between two writes: an account that gave tags to a key of its
    own all the time kept workers waiting for seven seconds at each step of everybody's jobs, and for 17 at worst."""
    store = open_store("", tmp_path)
    store.migrate()
    command = [sys.executable, "-c", BUSY, str(tmp_path / FILE_NAME)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        for number in range(TURNS):
            with store.transaction() as tx:
                tx.set_tags("arn", {"a": str(number)})
        busy.kill()
        n_of_others = busy.stdout.read().count(b"busy")
    store.close()
    assert n_of_others < TURNS * 30
