"""A server whose tasks run on a Ray cluster, which is started by the commands that docs/cluster.md shows. Needs the extra `cluster`."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from contracts.ray_cluster import own_address
from journeys.running import ROOT, RunningServer, limits
from journeys.several import free_port, shared_place
from journeys.small import table
from journeys.test_exchange import N_CANDIDATES, scores, trained

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'cluster' is not installed"),
    pytest.mark.long,
    pytest.mark.timeout(900),
]

MEMORY_MB = 1500
WINDVANE = [sys.executable, "-m", "windvane.cli.main"]


def documented(command, config, data_dir):
    """The words of a command as the documentation has it, with other paths and addresses."""
    page = (ROOT / "docs" / "cluster.md").read_text()
    lines = map(str.strip, page.splitlines())
    [line] = [line for line in lines if line.startswith(f"windvane {command} ")]
    _, *words = shlex.split(line, comments=True)
    given = {"--config": config, "--data-dir": str(data_dir), "--host": own_address()}
    return [
        *WINDVANE,
        *(given.get(before, word) for before, word in zip(["", *words], words, strict=False)),
    ]


class Cluster:
    """section    of the configuration file of whoever uses it"""

    def __init__(self, place):
        self.folder = Path(tempfile.mkdtemp(prefix="wv-", dir="/tmp"))
        self._log = (self.folder / "log").open("ab")
        self.place = place
        self.address = f"{own_address()}:{free_port()}"
        done = told(*documented("tls", None, self.folder))
        assert done.returncode == 0, done.stderr
        self.config = place.config("cluster", self.section())
        self._processes = {}

    def section(self, **changed):
        entries = {"tasks": 1, "memory_mb": MEMORY_MB, **changed}
        sizes = "".join(f"{name} = {value}\n" for name, value in entries.items())
        tls = {"cert": "cert.pem", "key": "key.pem", "ca": "ca.pem"}
        files = "".join(f'tls_{of} = "{self.folder / "tls" / file}"\n' for of, file in tls.items())
        return (
            f'[executor]\nkind = "ray"\naddress = "{self.address}"\n'
            f'token_file = "{self.folder / "token"}"\n{files}{sizes}'
        )

    def start(self, action, name=""):
        """Start a command of the documentation; it has the name of its folder, which is its own if none is given."""
        name = name or action
        command = documented(f"cluster {action}", self.config, self.folder / name)
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self._processes[name] = started
        line = started.stdout.readline()
        assert line.startswith("windvane cluster"), self.log()

    def stop(self, action):
        process = self._processes.pop(action)
        done = told(*documented("cluster down", self.config, self.folder / action))
        assert done.stdout == "stopped\n", done.stderr
        assert process.wait(240) == 0, self.log()
        process.stdout.close()

    def kill(self, name):
        """End a machine: all that a command has started, and what that has started."""
        process = self._processes.pop(name)
        for pid in (process.pid, *descendants(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def log(self):
        return (self.folder / "log").read_text()[-5000:]

    def attends(self, name):
        """Whether a node runs a task of the search now."""
        there, found = descendants(self.pid_of(name)), titles()
        return any("ray::attend" in found.get(pid, "") for pid in there)

    def pid_of(self, name):
        return self._processes[name].pid

    def close(self):
        for action in reversed(list(self._processes)):
            self.stop(action)
        self._log.close()
        shutil.rmtree(self.folder)


def descendants(pid):
    """Pids of all processes that a process has started, and they have."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found, newest = set(), {pid}
    while newest:
        found |= newest
        newest = {child for child, parent in parents.items() if parent in newest} - found
    return found - {pid}


def told(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with shared_place(tmp_path_factory) as place:
        made = Cluster(place)
        try:
            made.start("up")
            made.start("join")
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def server(cluster):
    running = cluster.place.server("server", cluster.section())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory):
    """What candidates of the same job score where tasks are forks."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "windvane.toml").write_text(f"[work]\nworkers = 1\nmemory_mb = {2 * MEMORY_MB}\n")
    running = RunningServer(folder / "data", "--config", str(folder / "windvane.toml"))
    trained(running, "same")
    found = scores(running, "same")
    running.stop()
    assert len(found) == N_CANDIDATES
    return found


def titles():
    """Of all processes, by their number."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
    return found


def test_a_job_on_the_cluster_has_the_leaderboard_of_one_machine(server, on_one_machine):
    trained(server, "same")
    assert scores(server, "same") == on_one_machine
    assert server.log().count("is tried again") == 0


def test_a_task_goes_on_without_the_worker_of_ray_that_attends_to_it(server, on_one_machine):
    uri = server.upload("train.csv", table(of_classes=False))
    server.create_job("killed", uri, AutoMLJobConfig=limits(N_CANDIDATES, 600))
    sagemaker, give_up = server.client("sagemaker"), time.monotonic() + 300
    attending = []
    while not attending:
        assert time.monotonic() < give_up, server.log()[-5000:]
        job = sagemaker.describe_auto_ml_job(AutoMLJobName="killed")
        if job["AutoMLJobSecondaryStatus"] in ("ModelTuning", "TrainingModels"):
            attending = [pid for pid, title in titles().items() if "ray::attend" in title]
    os.kill(attending[0], signal.SIGKILL)
    ended = server.wait_for_job("killed", 600)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    assert server.log().count("is tried again") == 0
    assert attending[0] not in titles()
    assert [values for _, *values in scores(server, "killed")] == [
        values for _, *values in on_one_machine
    ]


def test_what_tasks_read_more_than_once_is_kept_on_the_node(server, cluster):
    assert list((cluster.folder / "join" / "cache").iterdir())


def test_a_job_goes_on_when_a_node_dies(server, cluster):
    cluster.start("join", "other")
    server.create_job(
        "orphaned",
        server.upload("train.csv", table(of_classes=False)),
        AutoMLJobConfig=limits(N_CANDIDATES, 600),
    )
    losses, give_up = server.log().count("is tried again"), time.monotonic() + 300
    victim = None
    while victim is None:
        assert time.monotonic() < give_up, server.log()[-5000:]
        victim = next((name for name in ("join", "other") if cluster.attends(name)), None)
    cluster.kill(victim)
    ended = server.wait_for_job("orphaned", 600)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    assert 1 <= server.log().count("is tried again") - losses <= 2, "a long task and a short one"
    cluster.start("join", victim)


def test_the_nodes_are_listed(cluster):
    done = told(*documented("cluster status", cluster.config, ""))
    assert done.returncode == 0, done.stderr
    assert "does tasks (Windvane " in done.stdout
    assert "does no tasks" in done.stdout, "the head"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"memory_mb": 9_000_000}, "A task needs 1 CPUs and 9000000 MiB"),
        ({"cpus": 1000}, "A task needs 1000 CPUs"),
    ],
)
def test_a_server_does_not_start_if_no_node_has_room_for_a_task(cluster, changed, words):
    assert words in refusal(cluster, cluster.section(**changed))


def test_a_server_with_another_database_than_the_nodes_does_not_start(cluster, monkeypatch):
    monkeypatch.setattr(cluster.place, "database", cluster.place.new_database())
    assert "works with" in refusal(cluster, cluster.section())


def refusal(cluster, section):
    """What a server says that does not start."""
    config = cluster.place.config("refused", section)
    folder = cluster.place.folder / "refused"
    options = ["--config", config, "--data-dir", str(folder), "--port", "0"]
    done = told(*WINDVANE, "serve", *options)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]
