"""Real worker processes: kept alive, ended with their server, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from windvane.artifacts.connection import Connection
from windvane.domain.task import NewTask, TaskKind
from windvane.executor.access import Cluster
from windvane.store.open import open_store
from windvane.work.workers import supervisor as supervisor_module
from windvane.work.workers.config import OnCluster, WorkConfig
from windvane.work.workers.process import WorkerProcess
from windvane.work.workers.roles import Role
from windvane.work.workers.supervisor import Supervisor, WorkersDown

WAIT_S = 240
NOWHERE = Connection("http://127.0.0.1:1", "key", "secret")

_WHOLE = 5
"""A zygote, two workers, and the fork server of each."""

_AT_REST = 3
"""A zygote, the express worker and its fork server: nothing is to be done."""

_SERVER = """
import sys, time
from pathlib import Path
from datetime import UTC, datetime
from windvane.artifacts.connection import Connection
from windvane.domain.task import NewTask, TaskKind
from windvane.store.open import open_store
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.supervisor import Supervisor
folder = Path(sys.argv[1])
store = open_store("", folder)
store.migrate()
nowhere = Connection("http://127.0.0.1:1", "k", "s")
now = datetime.now(UTC)
supervisor = Supervisor(WorkConfig(folder, "run", now, 1, 2048, s3=nowhere))
supervisor.start(now)
with store.transaction() as tx:
    tx.add_tasks("arn:of:a:job:that:is:gone", [NewTask(TaskKind.TRAIN, "something to do")], now)
print("ready", flush=True)
time.sleep(600)
"""


def _children(folder: Path) -> set[int]:
    """Every process that carries this data folder in its environment and runs."""
    mark = f"WINDVANE_DATA_DIR={folder}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def _running(folder: Path, words: str) -> int:
    """The only process of this data folder in whose command line they stand and that is no fork of another such."""
    found = {
        pid
        for pid in _children(folder)
        if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    }
    parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().split()[3]) for pid in found}
    [first] = [pid for pid, parent in parents.items() if parent not in found]
    return first


def _await(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_workers_are_started_replaced_when_they_die_or_hang_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, then all at once with the zygote of their fork servers."""
    store = open_store("", tmp_path)
    store.migrate()
    now = datetime.now(UTC)
    supervisor = Supervisor(WorkConfig(tmp_path, "run", now, 1, 2048, s3=NOWHERE))
    hired = _hirings(supervisor, monkeypatch)
    supervisor.start(now)
    try:
        _await(lambda: len(_children(tmp_path)) == _AT_REST)
        assert supervisor.faults() == []
        assert dict(supervisor.gauges())["workers_wanted"] == 1
        assert hired == [(Role.EXPRESS, "starting")]
        with store.transaction() as tx:
            tx.add_tasks("arn:of:a:job:that:is:gone", [NewTask(TaskKind.TRAIN, "a")], now)
        _await(lambda: len(_children(tmp_path)) == _WHOLE)
        assert dict(supervisor.gauges())["workers_wanted"] == 2
        assert hired == [(Role.EXPRESS, "starting"), (Role.TRAIN, "ready")]
        assert supervisor.memory_bytes("run/train-1/1") == 0, "it has no task in hand"
        assert supervisor.memory_bytes("run/train-1/2") is None
        _one_dies(supervisor, tmp_path)
        _all_die(supervisor, tmp_path)
        _one_hangs(supervisor, tmp_path, monkeypatch)
        began = time.monotonic()
    finally:
        supervisor.stop()
        store.close()
    assert time.monotonic() - began < WAIT_S
    assert _children(tmp_path) == set()


def _hirings(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Role, str]]:
    """The role of each worker from now on, and how far the supervisor was when it was started."""
    hired: list[tuple[Role, str]] = []

    def made(role: Role, data_dir: Path, line: socket.socket | None) -> WorkerProcess:
        hired.append((role, "ready" if supervisor._ready.is_set() else "starting"))
        return WorkerProcess(role, data_dir, line)

    monkeypatch.setattr(supervisor_module, "WorkerProcess", made)
    return hired


def _one_dies(supervisor: Supervisor, folder: Path) -> None:
    os.kill(_running(folder, "workers.worker train"), signal.SIGKILL)
    _await(lambda: bool(supervisor.faults()))
    assert supervisor.is_able_to_lead(), "it was a moment ago"
    supervisor._express_seen -= 60
    assert "is not ready" in supervisor.faults()[0]
    _await(lambda: not supervisor.faults())
    assert supervisor.is_able_to_lead()
    assert dict(supervisor.gauges())["worker_restarts"] == 1


def _all_die(supervisor: Supervisor, folder: Path) -> None:
    _await(lambda: len(_children(folder)) == _WHOLE)
    first = _children(folder)
    os.kill(_running(folder, "zygote_process"), signal.SIGKILL)
    _await(lambda: not first & _children(folder))
    _await(lambda: len(_children(folder)) == _WHOLE and not supervisor.faults())


def _one_hangs(supervisor: Supervisor, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = _running(folder, "workers.worker express")
    with monkeypatch.context() as patch:
        patch.setattr(supervisor_module, "_SILENT_S", 3.0)
        os.kill(hung, signal.SIGSTOP)
        _await(lambda: hung not in _children(folder))
    _await(lambda: len(_children(folder)) == _WHOLE and not supervisor.faults())


@pytest.mark.skipif(find_spec("ray") is not None, reason="the extra 'cluster' is installed")
def test_what_a_worker_is_refused_is_told_at_once(tmp_path: Path) -> None:
    """Here: Ray is not installed."""
    store = open_store("", tmp_path)
    store.migrate()
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    now = datetime.now(UTC)
    with socket.create_server(("127.0.0.1", 0)) as head:
        cluster = Cluster(f"127.0.0.1:{head.getsockname()[1]}", token)
        chosen = OnCluster(cluster, 1, 500, 1000)
        supervisor = Supervisor(WorkConfig(tmp_path, "run", now, 8, 2048, on_cluster=chosen))
        assert [post.title for post in supervisor._posts] == ["express-1", "train-1"]
        with pytest.raises(WorkersDown, match=r"pip install 'windvane\[cluster\]'"):
            supervisor.start(now)
    _await(lambda: not _children(tmp_path))
    store.close()


def test_workers_do_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    with server.stdout:
        assert server.stdout.readline() == b"ready\n"
        _await(lambda: len(_children(tmp_path)) == _WHOLE)
        server.kill()
        server.wait()
    _await(lambda: not _children(tmp_path))
