"""The executor on Ray keeps to the contract, on a real cluster of one node. Needs the extra `cluster`."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from contracts.ray_cluster import ray_cluster, work_in_forks, work_on_ray
from unit.automl.local.apart import events_of

from windvane.automl.leaderboard import leaderboard_from_json
from windvane.automl.local.job import Job
from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import SourceFile
from windvane.executor.base import End, Ended, GangMember
from windvane.executor.cluster import check_closed, join
from windvane.executor.errors import ClusterUnusable
from windvane.process.parent_death import command
from windvane.testing.executor_contract import (
    RemoteExecutorContract,
    end_of,
    news_until_ended,
    work,
)
from windvane.version import __version__

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'cluster' is not installed"),
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster() as made:
        made.start_node()
        join(made.cluster)
        yield made
        sys.modules["ray"].shutdown()


@pytest.fixture
def executor(cluster):
    made = executor_on_ray(fence_s=30.0)
    yield made
    made.close()


def executor_on_ray(**options):
    """Ray is imported once a cluster was joined."""
    return import_module("windvane.executor.ray").RayExecutor(**options)


class TestRayExecutor(RemoteExecutorContract):
    @pytest.fixture
    def lose_machine(self, cluster):
        return cluster.lose_node


def test_what_finds_no_room_is_ended_at_its_time_and_can_be_killed(executor):
    """It has not begun, and waits."""
    for key in ("first", "second"):
        executor.submit(work("answer", key, seconds=3.0, memory_mb=10_000_000, question=1))
    executor.kill("second")
    ends = {one.key: one.end for one in news_until_ended(executor, 2)}
    assert ends == {"first": End.OUT_OF_TIME, "second": End.KILLED}


def small_work(key="gang"):
    return work("answer", key, memory_mb=2000, question=1)


def member_of_gang(key, size):
    """Work of the first member of a gang."""
    member = GangMember("gang", 0, size, "", "")
    return replace(small_work(key), member=member)


def test_a_member_of_a_gang_begins_where_room_is_reserved_for_it(executor):
    executor.reserve("gang", small_work(), 1)
    executor.submit(member_of_gang("first", 1))
    assert end_of(executor).end is End.FINISHED
    executor.release("gang")


def test_a_gang_that_finds_no_room_waits_and_can_be_killed(executor):
    """There is one node: two members never have room at the same time."""
    executor.reserve("gang", small_work(), 2)
    executor.submit(member_of_gang("first", 2))
    executor.submit(small_work("other"))
    [ended] = news_until_ended(executor)
    assert (ended.key, ended.end) == ("other", End.FINISHED)
    executor.kill("first")
    [ended] = news_until_ended(executor)
    assert (ended.key, ended.end) == ("first", End.KILLED)
    executor.release("gang")


def test_work_goes_on_when_the_worker_of_ray_that_attends_to_it_is_gone(executor):
    executor.submit(work("say_pid"))
    [said] = executor.poll(60.0)
    pid = said.said["pid"]
    [attending] = [entry for entry in Path("/proc").iterdir() if "ray::attend" in title_of(entry)]
    os.kill(int(attending.name), signal.SIGKILL)
    assert executor.poll(60.0) == [said]
    executor.kill(said.key)
    assert end_of(executor).end is End.KILLED
    await_end_of(pid)


_OWNER = """
import sys
from pathlib import Path
from windvane.executor.access import Cluster
from windvane.executor.cluster import join
from windvane.testing.executor_contract import work

join(Cluster(sys.argv[1], Path(sys.argv[2])))

from windvane.executor.ray import RayExecutor

executor = RayExecutor()
executor.submit(work("say_pid", "left"))
executor.submit(work("count", "counted", to=20))
told = {}
while len(told) < 2:
    told |= {one.key: one.said for one in executor.poll(60.0)}
print(told["left"]["pid"], flush=True)
executor.poll(600.0)
"""


def test_work_goes_on_when_the_process_that_submitted_it_is_gone(executor, cluster):
    """Another one takes it over, and none of it is done again."""
    access = cluster.cluster
    program = command([sys.executable, "-c", _OWNER, access.address, str(access.token_file)])
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as owner:
        pid = owner.stdout.readline().strip()
        owner.kill()
    until = time.monotonic() + 120
    while set(executor.left_behind()) != {"left", "counted"}:
        assert time.monotonic() < until
        executor.poll(0.1)
    executor.take_over(work("count", "counted"))
    executor.take_over(work("say_pid", "left"))
    with pytest.raises(ValueError, match="already"):
        executor.take_over(work("say_pid", "left"))
    executor.take_over(work("say_pid", "other"))
    ends = {}
    while set(ends) != {"counted", "other"}:
        assert time.monotonic() < until
        ends |= {one.key: one.end for one in executor.poll(1.0) if isinstance(one, Ended)}
    assert ends == {"counted": End.FINISHED, "other": End.LOST}
    assert Path(f"/proc/{pid}").exists()
    executor.kill("left")
    assert end_of(executor).end is End.KILLED
    await_end_of(pid)


def test_work_that_is_lost_before_it_has_begun_is_placed_again(cluster, monkeypatch, tmp_path):
    executor = executor_that_loses(2, monkeypatch, tmp_path)
    executor.submit(work("answer", question=1))
    assert end_of(executor).end is End.FINISHED
    executor.close()


def test_work_that_is_lost_wherever_it_is_placed_is_lost(cluster, monkeypatch, tmp_path):
    executor = executor_that_loses(10, monkeypatch, tmp_path)
    executor.submit(work("answer", question=1))
    assert end_of(executor).end is End.LOST
    assert len(list(tmp_path.iterdir())) == 3
    executor.close()


def executor_that_loses(n_workers, monkeypatch, folder):
    """Return an executor of whose workers of Ray the first ones end before work has begun there."""
    module = import_module("windvane.executor.ray")
    true = module.attend

    def attend(work, owner, takes_over=False):
        if work and len(list(folder.iterdir())) < n_workers:
            (folder / str(os.getpid())).touch()
            os._exit(1)
        yield from true(work, owner, takes_over)

    monkeypatch.setattr(module, "attend", attend)
    return module.RayExecutor(fence_s=5.0)


def test_a_node_that_stops_answering_is_given_up_once_it_must_have_ended_its_work(cluster):
    """As if it were cut off: whatever it still has to say is not heard."""
    executor = executor_on_ray(fence_s=10.0)
    executor.submit(work("say_pid"))
    [said] = executor.poll(60.0)
    began = time.monotonic()
    os.kill(cluster.node.pid, signal.SIGSTOP)
    try:
        [ended] = news_until_ended(executor)
        assert ended.end is End.LOST
        assert 5.0 < time.monotonic() - began < 50.0
    finally:
        os.kill(cluster.node.pid, signal.SIGCONT)
    await_end_of(said.said["pid"])
    executor.submit(work("answer", question=1))
    assert end_of(executor).end is End.FINISHED
    executor.close()


def test_work_is_not_begun_on_a_node_that_does_not_answer(cluster):
    """Ray would go on giving it every other piece of work."""
    executor = executor_on_ray(fence_s=30.0)
    until = time.monotonic() + 400
    with cluster.second_node() as second:
        while len(executor.await_nodes(60.0, cpus=1, memory_mb=100)) < 2:
            assert time.monotonic() < until
            executor.poll(0.1)
        os.kill(second.pid, signal.SIGSTOP)
        while End.LOST not in ends_of_four(executor):
            assert time.monotonic() < until
        assert ends_of_four(executor) == [End.FINISHED] * 4
    executor.close()
    while sum(node["Alive"] for node in import_module("ray").nodes()) > 1:
        assert time.monotonic() < until
        time.sleep(0.1)


def ends_of_four(executor):
    """Have four pieces of work done, and return how they ended."""
    for number in range(4):
        executor.submit(work("answer", str(number), question=number))
    return [one.end for one in news_until_ended(executor, 4) if isinstance(one, Ended)]


def test_nodes_that_are_too_small_are_told(executor):
    executor.await_nodes(60.0, cpus=1, memory_mb=100)
    with pytest.raises(ClusterUnusable, match=r"64 CPUs and 100 MiB.*4 CPUs"):
        executor.await_nodes(60.0, cpus=64, memory_mb=100)


def test_nodes_of_another_version_are_told(cluster, monkeypatch):
    executor = executor_on_ray()
    own = import_module("windvane.executor.ray_nodes")
    monkeypatch.setattr(own, "RESOURCE", "windvane-9.9")
    monkeypatch.setattr(own, "__version__", "9.9")
    with pytest.raises(ClusterUnusable, match=rf"have Windvane {__version__}.* has 9\.9"):
        executor.await_nodes(60.0, cpus=1, memory_mb=100)
    executor.close()


@pytest.mark.parametrize("ahead_s", [-5.0, 5.0])
def test_a_node_whose_clock_differs_is_told(cluster, monkeypatch, ahead_s):
    """By more than leases allow."""
    executor = executor_on_ray(fence_s=30.0)
    now, sleep = time.time, time.sleep
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep, time=lambda: now() + ahead_s)
    monkeypatch.setattr(import_module("windvane.executor.ray_nodes"), "time", clock)
    with pytest.raises(ClusterUnusable, match=r"differs by -?[3-6]\.\d s"):
        executor.await_nodes(60.0, cpus=1, memory_mb=100)
    executor.close()


def test_a_node_tells_of_itself(executor):
    [told] = executor.await_nodes(60.0, cpus=1, memory_mb=100).values()
    assert told == {}


def test_work_that_is_not_known_fails_and_says_why(executor):
    executor.submit(work("nothing_of_the_kind"))
    ended = end_of(executor)
    assert isinstance(ended, Ended)
    assert ended.end is End.FAILED
    assert "nothing_of_the_kind" in ended.text


def test_a_cluster_with_tokens_is_closed(cluster):
    check_closed(cluster.cluster.address)


def test_a_cluster_that_takes_orders_of_anybody_is_refused():
    with (
        ray_cluster(has_token=False) as made,
        pytest.raises(ClusterUnusable, match="without a token"),
    ):
        check_closed(made.cluster.address)


def test_a_job_has_the_same_leaderboard_on_ray_as_in_forks(cluster, tmp_path):
    """Same table, seed and candidates: to the last digit."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(400, 3))
    amount = features @ [2.0, -1.0, 0.5] + rng.normal(scale=0.3, size=400)
    rows = "\n".join(",".join(map(repr, map(float, row))) for row in np.c_[features, amount])
    file = tmp_path / "rows.csv"
    file.write_text(f"a,b,c,amount\n{rows}\n")
    there = cluster.cluster.address, str(cluster.cluster.token_file)
    boards = [
        board_of(tmp_path / "forks", file, work_in_forks, str(tmp_path)),
        board_of(tmp_path / "ray", file, work_on_ray, *there),
    ]
    assert len(boards[0]) > 3
    assert boards[0] == boards[1]


def board_of(folder, file, *change):
    """Return what the candidates of a job score, best first."""
    folder.mkdir()
    asked = Job(
        files=(SourceFile(file, "rows.csv"),),
        format="csv",
        compression="None",
        problem=ProblemSpec("amount"),
        started=time.time(),
        threads=1,
        memory_mb=3000,
        out=folder,
        max_runtime_s=3600.0,
        max_candidates=5,
    )
    assert events_of(asked, *change)[-1]["event"] == "done"
    document = json.loads((folder / "leaderboard.json").read_text())
    return [(row.index, row.outcome.scores) for row in leaderboard_from_json(document)]


def await_end_of(pid):
    until = time.monotonic() + 240
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def title_of(process):
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:  # no process, or one that is gone
        return ""
