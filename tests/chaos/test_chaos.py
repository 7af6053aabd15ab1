"""Servers on hosts of their own, under load, while one thing after the other goes wrong; and while all are restarted in turn.

WINDVANE_CHAOS_FAULTS, _JOBS and _RESTARTS say how much of it (`make test-chaos` for all that docs/servers.md tells of).
"""

import os
import time
from collections import Counter

import psycopg
import pytest
from chaos.acts import Jobs, Predictions, Writes, endpoints
from chaos.faults import FAULTS
from chaos.places import place_of_hosts, wait_until
from journeys.deploying import model_processes_of
from journeys.several import Follower, events_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(7200)]

N_FAULTS = int(os.environ.get("WINDVANE_CHAOS_FAULTS", "10"))
N_JOBS = int(os.environ.get("WINDVANE_CHAOS_JOBS", "3"))
N_RESTARTS = int(os.environ.get("WINDVANE_CHAOS_RESTARTS", "1"))
N_OF_ONE, N_OF_TWO = 6, 4
RATE = 50
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


def n_redone(place):
    """Attempts at tasks that were not the first."""
    with psycopg.connect(place.url) as connection:
        query = "SELECT coalesce(sum(losses + greatest(attempts - 1, 0)), 0) FROM tasks"
        return connection.execute(query).fetchone()[0]


def are_well(pair):
    """Whether each instance of each endpoint runs once."""
    expected = N_OF_ONE + 2 * N_OF_TWO
    return sum(len(model_processes_of(server)) for server in pair) == expected


def test_one_thing_after_the_other_goes_wrong(place, pair, packed, deployed):
    deploying, of_one, of_two = deployed
    jobs, writes = Jobs(pair, N_JOBS, 2), Writes(pair, deploying)
    predictions = Predictions(pair, of_one + of_two, packed.row, RATE)
    redone, before, failed = [], n_redone(place), Counter()
    with predictions.running(), writes.running(), Follower(pair).running() as follower:
        jobs.look()
        for number in range(N_FAULTS):
            fault, server = FAULTS[number % len(FAULTS)], pair[number // len(FAULTS) % 2]
            began = time.monotonic()
            fault(place, server)
            wait_until(lambda: are_well(pair), RECOVERS_S)
            jobs.look()
            redone.append(n_redone(place) - before)
            before += redone[-1]
            now = sum(len(predictions.failures[name]) for name in of_two)
            failed[fault.__name__] += now - failed.total()
            took_s = time.monotonic() - began
            print(
                f"{number} {fault.__name__} of {server.folder.parent.name}: well after {took_s:.1f} s, "
                f"{redone[-1]} tasks redone, {failed[fault.__name__]} requests failed"
            )
        wait_until(jobs.are_over, 60 * N_JOBS)
        expected = events_of(pair[1])
        follower.wait_for(expected[-1])
    told(predictions, writes, jobs, redone, of_one, of_two)
    assert [predictions.failures[name] for name in of_two if predictions.failures[name]] == []
    assert len(predictions.bodies) == 1
    assert writes.lost(pair[0]) == writes.lost(pair[1]) == []
    assert follower.seen == expected
    for name, job in jobs.ended.items():
        assert job["AutoMLJobStatus"] == "Completed" or job["FailureReason"], name
    assert max(redone) <= 2 * TASKS_AT_ONCE


def told(predictions, writes, jobs, redone, of_one, of_two):
    n_failed = {
        kind: sum(len(predictions.failures[name]) for name in names)
        for kind, names in (("one instance", of_one), ("two instances", of_two))
    }
    ends = Counter(job["AutoMLJobStatus"] for job in jobs.ended.values())
    print(
        f"{sum(predictions.answers.values())} predictions, failed: {n_failed}, slowest {predictions.slowest_s:.1f} s; "
        f"{len(writes.objects)} objects and {len(writes.models)} models acknowledged, {writes.n_refused} refused; "
        f"jobs: {dict(ends)}; tasks redone: {sum(redone)} in {len(redone)} faults, at most {max(redone)}"
    )


def test_servers_are_restarted_in_turn(pair, packed, deployed):
    _, of_one, of_two = deployed
    predictions = Predictions(pair, of_one + of_two, packed.row, RATE)
    with predictions.running(), Follower(pair).running() as follower:
        for number in range(N_RESTARTS):
            for server in pair:
                server.stop(within_s=60)
                server.start()
                took_s = wait_until(lambda: are_well(pair), RECOVERS_S)
            print(f"{number}: well after {took_s:.1f} s")
        expected = events_of(pair[1])
        follower.wait_for(expected[-1])
    failures = {name: told for name, told in predictions.failures.items() if told}
    print(f"{sum(predictions.answers.values())} predictions, slowest {predictions.slowest_s:.1f} s")
    assert failures == {}
    assert follower.seen == expected
