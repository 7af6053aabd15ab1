"""Servers whose tasks run on a Ray cluster, under load, while one thing after the other goes wrong with the cluster, the servers and
what they share. Needs the extra `cluster` (`make test-cluster`).

WINDVANE_CHAOS_RAY_FAULTS says how many faults, _JOBS how many jobs at least, _ENDPOINTS how many endpoints of one instance and of two,
_RATE how many predictions a second (`make test-chaos-ray` for all that docs/cluster.md tells of).
"""

import itertools
import math
import os
import tempfile
import time
from contextlib import ExitStack
from functools import partial, update_wrapper
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from chaos import faults as of_servers
from chaos.acts import Jobs, endpoints
from chaos.course import Course
from chaos.places import HostedServer, place_of_hosts, wait_until
from chaos.ray_machines import Machines

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'cluster' is not installed"),
    pytest.mark.long,
    pytest.mark.timeout(21600),
]

N_FAULTS = int(os.environ.get("WINDVANE_CHAOS_RAY_FAULTS", "5"))
N_JOBS = int(os.environ.get("WINDVANE_CHAOS_RAY_JOBS", "0"))
N_OF_ONE, N_OF_TWO = map(int, os.environ.get("WINDVANE_CHAOS_RAY_ENDPOINTS", "1,2").split(","))
RATE = int(os.environ.get("WINDVANE_CHAOS_RAY_RATE", "20"))
"""Five of Ray's nodes are load enough for a small machine."""

RECOVERS_S, ENDS_S = 600, 1200
TASKS_OF_SERVER = 2
"""One that trains, and one that is short. A node does one at a time."""

GIVEN_UP_S = 45
"""Longer than Ray takes to give up a node that it does not hear of."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    short = tempfile.TemporaryDirectory(
        prefix="wv-", dir="/tmp"
    )  # paths of Ray's sockets are bounded
    with short as folder, place_of_hosts(tmp_path_factory, Path(folder)) as made:
        yield made


@pytest.fixture(scope="module")
def machines(place):
    with Machines(place) as made:
        made.start(2)
        yield made


@pytest.fixture(scope="module")
def pair(place, machines):
    with ExitStack() as stack:
        servers, hosts = [], [place.network.host(name) for name in ("one", "two")]
        machines.attach(*hosts)
        for host in hosts:
            servers.append(HostedServer(host, place.config(host.name, machines.section)))
            stack.callback(servers[-1].stop, within_s=60)
        yield servers


def a_worker_of_ray_is_killed(node):
    """One that attends to a task."""
    wait_until(lambda: node.kill_one("ray::attend"), RECOVERS_S)


def the_process_that_does_tasks_is_killed(node):
    n = node.n_ready()
    assert node.kill_one("windvane.work.workers.node")
    node.await_ready(n + 1)


def a_node_dies(node):
    node.kill()


def a_node_is_cut_off(node):
    with node.host.cut_off():
        time.sleep(of_servers.HANGS_S)


def a_node_is_cut_off_until_ray_gives_it_up(node):
    with node.host.cut_off():
        time.sleep(GIVEN_UP_S)


def a_node_hangs(node):
    node.hang()
    time.sleep(of_servers.HANGS_S)
    node.go_on()


def the_head_dies(head):
    head.kill()


def the_head_is_restarted(head):
    head.restart()


NODE_FAULTS = (
    a_worker_of_ray_is_killed,
    a_node_dies,
    a_node_is_cut_off,
    the_process_that_does_tasks_is_killed,
    a_node_hangs,
    a_node_is_cut_off_until_ray_gives_it_up,
)
HEAD_FAULTS = (the_head_dies, the_head_is_restarted)
SERVER_FAULTS = (
    of_servers.a_server_is_killed,
    of_servers.the_database_is_restarted,
    of_servers.the_object_store_stalls,
    of_servers.a_host_is_cut_off,
)


def faults(place, machines, pair):
    """Of nodes, and every fifth of a server or what it shares, and of the head; those of a kind in turn, and their victims, too."""
    nodes, servers = itertools.cycle(machines.nodes), itertools.cycle(pair)
    of_nodes, of_heads, of_others = map(itertools.cycle, (NODE_FAULTS, HEAD_FAULTS, SERVER_FAULTS))
    for number in range(N_FAULTS):
        if number % 5 == 4:
            fault, victim = next(of_heads), machines.head
            yield update_wrapper(partial(fault, victim), fault), victim.host.name
        elif number % 5 == 2:
            fault, victim = next(of_others), next(servers)
            yield update_wrapper(partial(fault, place, victim), fault), victim.host.name
        else:
            fault, victim = next(of_nodes), next(nodes)
            yield update_wrapper(partial(fault, victim), fault), victim.host.name


class Going:
    """Whether work goes on: a task that began after the last look has ended well."""

    def __init__(self, place, jobs):
        self._place, self._jobs, self._since = place, jobs, None

    def is_seen(self):
        self._jobs.look()
        with psycopg.connect(self._place.url) as connection:
            if self._since is None:
                query = "SELECT coalesce(max(started), 0) FROM tasks"
                self._since = connection.execute(query).fetchone()[0]
            query = "SELECT count(*) FROM tasks WHERE started > %s AND status = 'done'"
            is_seen = connection.execute(query, (self._since,)).fetchone()[0] > 0
        if is_seen:
            self._since = None
        return is_seen


def test_one_thing_after_the_other_goes_wrong(place, machines, pair, packed):
    deployed = endpoints(pair[0], packed, N_OF_ONE, N_OF_TWO)
    jobs = Jobs(pair, math.inf, 2, at_least=N_JOBS)
    course = Course(pair, packed, deployed, jobs, RATE, machines.n_begun_again)
    going = Going(place, jobs)
    given = faults(place, machines, pair)
    course.run(given, lambda: course.are_hosted() and going.is_seen(), RECOVERS_S, ENDS_S)
    course.tell()
    course.check()
    assert max(course.redone) <= TASKS_OF_SERVER
    assert sum(course.redone) <= N_FAULTS
