"""Processes that stand still past their lease and wake: what they have is not recorded over what was done meanwhile."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from journeys.running import RunningServer
from journeys.stepping import Steps
from kills.acting import ROWS

from windvane.work.workers.process import title_of

LEASE_S = 15
WORKERS = 2

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture
def server(tmp_path):
    config = tmp_path / "windvane.toml"
    config.write_text(f"[work]\nworkers = {WORKERS}\n")
    running = RunningServer(tmp_path / "data", "--config", str(config))
    yield running
    for pid in running.children():
        os.kill(pid, signal.SIGCONT)
    running.process.send_signal(signal.SIGCONT)
    running.stop()


def until(condition, timeout_s=240):
    give_up = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < give_up, "the condition was not met in time"
        time.sleep(0.02)
    return found


def task_of(server, job):
    """The row of a step job's task: who holds it, how often it was claimed, and how it ended."""
    path = server.folder / "windvane.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute("SELECT * FROM tasks WHERE job_arn LIKE ?", (f"%/{job}",)).fetchall()
    assert len(rows) <= 1
    return dict(rows[0]) if rows else {}


def pid_of(server, worker):
    """Of the worker of this name: those of a role are started in the order of their numbers."""
    role, number = title_of(worker).rsplit("-", 1)
    pids = sorted(
        pid
        for pid in server.children()
        if {b"windvane.work.workers.worker", role.encode()}
        <= set(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
    )
    assert len(pids) == WORKERS
    return pids[int(number) - 1]


def test_a_worker_that_wakes_after_its_lease_records_nothing(server):
    steps = Steps(server)
    steps.read(server.upload("stopped/train.csv", ROWS))
    steps.create("held", "catboost", {"iterations": "400", "_folds": "2"})
    first = until(lambda: (row := task_of(server, "held")).get("worker") and row)
    stopped = pid_of(server, first["worker"])
    os.kill(stopped, signal.SIGSTOP)
    first = task_of(server, "held")
    assert first["status"] == "running", first
    job = steps.wait("held")
    assert job["TrainingJobStatus"] == "Completed", job
    after = task_of(server, "held")
    assert after["worker"] != first["worker"]
    assert after["token"] == first["token"] + 1
    os.kill(stopped, signal.SIGCONT)
    until(lambda: "is another worker's now; nothing is recorded" in server.log())
    for number in range(WORKERS + 1):
        steps.create(f"next-{number}", "linear-learner", {"_folds": "2"})
    for number in range(WORKERS + 1):
        assert steps.wait(f"next-{number}")["TrainingJobStatus"] == "Completed"
    assert task_of(server, "held") == after
    again = steps.described("held")
    assert {name: again[name] for name in again if name != "ResponseMetadata"} == {
        name: job[name] for name in job if name != "ResponseMetadata"
    }


def test_a_server_that_stood_still_longer_than_its_leases_goes_on(server):
    steps = Steps(server)
    steps.read(server.upload("stopped/train.csv", ROWS))
    steps.create("held", "catboost", {"iterations": "400", "_folds": "2"})
    until(lambda: task_of(server, "held").get("worker"))
    everything = [server.process.pid, *server.children()]
    for pid in everything:
        os.kill(pid, signal.SIGSTOP)
    began = task_of(server, "held")
    assert began["status"] == "running"
    time.sleep(LEASE_S + 2)  # what is tested is that time goes by
    for pid in reversed(everything):
        os.kill(pid, signal.SIGCONT)
    job = steps.wait("held")
    assert job["TrainingJobStatus"] == "Completed", job
    statuses = [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert statuses.count("Completed") == 1
    after = task_of(server, "held")
    assert after["status"] == "done"
    assert after["token"] <= began["token"] + 1
    steps.create("next", "linear-learner", {"_folds": "2"})
    assert steps.wait("next")["TrainingJobStatus"] == "Completed"
