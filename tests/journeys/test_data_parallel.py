"""A cluster of two nodes trains one model of a large table data-parallel. Needs the extra `cluster`."""

import os
import signal
import time
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest
from journeys.running import RunningServer, limits
from journeys.several import shared_place
from journeys.test_cluster import Cluster, descendants, refusal, titles

from windvane.cli.own_api import OwnApi
from windvane.work.workspace import workspaces

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'cluster' is not installed"),
    pytest.mark.long,
    pytest.mark.timeout(1800),
]

N_ROWS = 180_000
MOST_S = 600
NODES = ("join", "other")
PARALLEL = {"data_parallel_rows": 150_000, "memory_mb": 2000}


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
def refused(cluster):
    """What a server says while there is one node."""
    return refusal(cluster, cluster.section(**PARALLEL))


@pytest.fixture(scope="module")
def server(cluster, refused):
    cluster.start("join", "other")
    running = cluster.place.server("server", cluster.section(**PARALLEL))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The score of the same job's long run on one machine."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "windvane.toml").write_text("[work]\nworkers = 1\nmemory_mb = 4000\n")
    running = RunningServer(folder / "data", "--config", str(folder / "windvane.toml"))
    began(running, "alone")
    ended = running.wait_for_job("alone", 900)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    found = long_run(running, "alone")
    running.stop()
    return found


def table():
    """Numbers whose sum of products is learnt with an error that more trees do not take away."""
    random = np.random.default_rng(5)
    X = random.normal(size=(N_ROWS, 5)).round(3)
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + random.normal(size=N_ROWS)
    rows = "\n".join(",".join(map(str, row)) for row in np.c_[X, y.round(3)])
    return f"a,b,c,d,e,y\n{rows}\n".encode()


def began(server, name):
    uri = server.upload("large.csv", table())
    server.create_job(name, uri, AutoMLJobConfig=limits(3, MOST_S))


def long_run(server, name):
    """The MSE of the second candidate."""
    found = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )["Candidates"]
    assert found[1]["CandidateStatus"] == "Completed", found[1]
    return found[1]["FinalAutoMLJobObjectiveMetric"]["Value"]


def attempts(cluster, node):
    """What a node works on now: names of the folders of attempts at tasks."""
    return {one.folder.name for one in workspaces(cluster.folder / node)}


def await_members(cluster, server):
    """Wait until both nodes work on the same attempt at a task."""
    give_up = time.monotonic() + 500
    while not attempts(cluster, "join") & attempts(cluster, "other"):
        assert time.monotonic() < give_up, server.log()[-5000:]
        time.sleep(0.05)


def test_a_server_does_not_start_if_there_is_one_node(refused):
    assert "data_parallel_rows" in refused


def test_two_nodes_train_the_model_that_one_trains(server, cluster, alone):
    began(server, "both")
    await_members(cluster, server)
    ended = server.wait_for_job("both", 900)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    print("MSE", alone, long_run(server, "both"))
    assert long_run(server, "both") == pytest.approx(alone, rel=0.03)
    assert server.log().count("is tried again") == 0
    assert any("data-parallel on 2 nodes" in note for note in notes(server, "both"))


def notes(server, name):
    """What is worth knowing of the second candidate of a job."""
    found = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )["Candidates"]
    api = OwnApi(server.folder, "us-east-1")
    path = f"/windvane/jobs/{name}/candidates/{found[1]['CandidateName']}"
    return api.call("GET", path)["Notes"]


def kill_tasks_of(cluster, node):
    """End the processes of Ray's that attend to the tasks of a node."""
    found = titles()
    there = descendants(cluster.pid_of(node))
    for pid in [pid for pid in there if "ray::attend" in found.get(pid, "")]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_member_that_is_killed_has_all_begin_again(server, cluster, alone):
    """The task of both is lost, which costs no attempt, and is done within the time of the job."""
    losses = server.log().count("is tried again")
    began(server, "killed")
    await_members(cluster, server)
    kill_tasks_of(cluster, "other")
    began_at = time.monotonic()
    ended = server.wait_for_job("killed", 900)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    print("killed: MSE", long_run(server, "killed"), time.monotonic() - began_at)
    assert server.log().count("is tried again") > losses
    assert long_run(server, "killed") < 2 * alone
