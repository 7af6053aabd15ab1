"""Servers on hosts of their own, under load, while one thing after the other goes wrong; and while all are restarted in turn.

WINDVANE_CHAOS_FAULTS, _JOBS and _RESTARTS say how much of it (`make test-chaos` for all that docs/servers.md tells of).
"""

import os
from functools import partial, update_wrapper

import pytest
from chaos.acts import Jobs, Predictions, endpoints
from chaos.course import Course, n_claimed_again
from chaos.faults import FAULTS
from chaos.places import place_of_hosts, wait_until
from journeys.deploying import model_processes_of
from journeys.several import Follower, events_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(7200)]

N_FAULTS = int(os.environ.get("WINDVANE_CHAOS_FAULTS", "10"))
N_JOBS = int(os.environ.get("WINDVANE_CHAOS_JOBS", "3"))
N_RESTARTS = int(os.environ.get("WINDVANE_CHAOS_RESTARTS", "1"))
N_OF_ONE, N_OF_TWO, RATE = 6, 4, 50
"""Endpoints of one instance, and of two; predictions a second."""

RECOVERS_S = 120
TASKS_AT_ONCE = 2
"""Of a server: one that trains, and one that is short. Each may be lost once more with a worker that is started again."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with place_of_hosts(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def pair(place):
    servers = [place.server(name) for name in ("one", "two")]
    yield servers
    for server in servers:
        server.stop(within_s=60)


@pytest.fixture(scope="module")
def deployed(pair, packed):
    return endpoints(pair[0], packed, N_OF_ONE, N_OF_TWO)


def faults(place, pair):
    """All kinds on one server, then on the other, and so on."""
    for number in range(N_FAULTS):
        fault, server = FAULTS[number % len(FAULTS)], pair[number // len(FAULTS) % 2]
        yield update_wrapper(partial(fault, place, server), fault), server.host.name


def test_one_thing_after_the_other_goes_wrong(place, pair, packed, deployed):
    course = Course(
        pair, packed, deployed, Jobs(pair, N_JOBS, 2), RATE, lambda: n_claimed_again(place)
    )
    course.run(faults(place, pair), course.are_hosted, RECOVERS_S, 60 * N_JOBS)
    course.tell()
    course.check()
    assert max(course.redone) <= 2 * TASKS_AT_ONCE


def test_servers_are_restarted_in_turn(pair, packed, deployed):
    _, of_one, of_two = deployed
    predictions = Predictions(pair, of_one + of_two, packed.row, RATE)
    n_instances = N_OF_ONE + 2 * N_OF_TWO

    def are_hosted():
        return sum(len(model_processes_of(server)) for server in pair) == n_instances

    with predictions.running(), Follower(pair).running() as follower:
        for number in range(N_RESTARTS):
            for server in pair:
                server.stop(within_s=60)
                server.start()
                took_s = wait_until(are_hosted, RECOVERS_S)
            print(f"{number}: well after {took_s:.1f} s")
        expected = events_of(pair[1])
        follower.wait_for(expected[-1])
    failures = {name: told for name, told in predictions.failures.items() if told}
    print(f"{sum(predictions.answers.values())} predictions, slowest {predictions.slowest_s:.1f} s")
    assert failures == {}
    assert follower.seen == expected
