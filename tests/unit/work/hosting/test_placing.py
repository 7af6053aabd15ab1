"""Each endpoint is looked after by exactly one server, the one that all of them mean, which places its instances."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from migrated import migrated_store

from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Serverless, Variant
from windvane.domain.instance import InstanceState
from windvane.notes.note import said
from windvane.notes.sentences import sentence
from windvane.testing.store_laws.place import an_endpoint
from windvane.testing.store_laws.servers import a_server
from windvane.work.hosting.generations import wanted_of
from windvane.work.hosting.placing import ALL_HERE, SharedPlacing

UP = InstanceState(is_up=True)


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


def put(store, name, started_s=0, memory_mb=8000, **members):
    told = {"heartbeat": datetime.now(UTC), "memory_mb": memory_mb, **members}
    with store.transaction() as tx:
        tx.put_server(replace(a_server(name, started_s), **told))


def add(store, *names, count=1, serverless=None):
    """Endpoints that are to be created."""
    variant = Variant("A", "m", count, 1.0, serverless=serverless)
    deployed = Deployed(variant, (Container("image", "s3://b/m.tar.gz"),))
    with store.transaction() as tx:
        for name in names:
            one = an_endpoint(name, status=EndpointStatus.CREATING)
            tx.insert(replace(one, desired=(deployed,)))


def placed(store, server, instance_mb=512):
    with store.snapshot() as tx:
        return SharedPlacing(server, instance_mb).placed(
            tx, tx.every(Endpoint, tuple(EndpointStatus))
        )


def settle(store, *servers, instance_mb=512):
    """Each places what it is to place, until nothing is due."""
    while due := [one for one in servers if placed(store, one, instance_mb).is_due]:
        with store.transaction() as tx:
            SharedPlacing(due[0], instance_mb).settle(tx)


def tell(store, server, state=UP):
    """What a server tells of all its instances."""
    with store.transaction() as tx:
        for one in tx.instances():
            if one.server == server:
                tx.tell_instance(one.id, state)


def where(store):
    with store.snapshot() as tx:
        return sorted((one.server, one.unit.number) for one in tx.instances())


def own(store, server):
    known = placed(store, server)
    return {one.name for one in known.endpoints if known.is_own(one.arn)}


def test_endpoints_without_a_server_are_divided_and_all_servers_mean_the_same(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", "2", "3", "4")
    first, second = (placed(store, name).free for name in "ab")
    assert (len(first), len(second), len(first | second)) == (2, 2, 4)
    settle(store, "a", "b")
    assert own(store, "a") | own(store, "b") == set("1234")
    assert {one.server for one in placed(store, "a").instances} == {"a", "b"}


def test_what_is_looked_after_stays_where_it_is(store):
    put(store, "a")
    add(store, "1", "2")
    settle(store, "a")
    put(store, "b", 1)
    settle(store, "a", "b")
    assert own(store, "a") == {"1", "2"}
    add(store, "3")
    settle(store, "a", "b")
    assert own(store, "b") == {"3"}


def test_two_instances_are_on_two_servers_and_each_knows_of_the_other(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=2)
    settle(store, "a", "b")
    assert [server for server, _ in where(store)] == ["a", "b"]
    tell(store, "b")
    first = placed(store, "a")
    (key,) = wanted = wanted_of(first.endpoints)
    (share,) = first.shares(wanted)[key]
    assert share.numbers == (0,)
    (other,) = first.elsewhere(key)["A"]
    assert (other.peer.id, other.n_up) == ("b", 1)
    assert not placed(store, "b").elsewhere(key)
    assert placed(store, "b").shares(wanted)[key][0].numbers == (1,)


def test_a_host_that_only_hosts_has_instances_and_looks_after_nothing(store):
    put(store, "a", is_host_only=True)
    add(store, "1")
    settle(store, "a")
    assert not where(store)
    put(store, "b", 1, memory_mb=0)
    settle(store, "a", "b")
    assert own(store, "b") == {"1"}
    assert where(store) == [("a", 0)]


def test_what_a_dead_server_looked_after_and_ran_is_taken_over(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=2)
    settle(store, "a", "b")
    put(store, "a", heartbeat=datetime(2026, 1, 1, tzinfo=UTC))
    settle(store, "b")
    assert own(store, "b") == {"1"}
    assert [server for server, _ in where(store)] == ["b", "b"]


def test_what_a_leaving_server_runs_stays_until_it_is_up_elsewhere(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=1)
    settle(store, "a", "b")
    tell(store, "a")
    put(store, "a", is_leaving=True)
    settle(store, "a", "b")
    assert own(store, "b") == {"1"}
    assert where(store) == [("a", 0), ("b", 0)]
    assert placed(store, "a").n_here == 1
    tell(store, "b")
    settle(store, "a", "b")
    assert where(store) == [("b", 0)]
    assert placed(store, "a").n_here == 0


def test_a_server_that_leaves_alone_keeps_what_it_has(store):
    put(store, "a")
    add(store, "1")
    settle(store, "a")
    put(store, "a", is_leaving=True)
    settle(store, "a")
    assert where(store) == [("a", 0)]
    assert own(store, "a") == {"1"}


def test_an_endpoint_is_ready_once_all_its_instances_are_up_wherever_they_are(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=2)
    settle(store, "a", "b")
    for name, is_ready in (("a", False), ("b", True)):
        tell(store, name)
        known = placed(store, "a")
        assert known.progress(known.endpoints[0]).is_ready is is_ready
    tell(store, "b", InstanceState(failure=said("It is damaged.")))
    known = placed(store, "a")
    progress = known.progress(known.endpoints[0])
    assert not progress.is_ready
    assert sentence(progress.failure) == "It is damaged."
    assert not known.is_due, "what cannot be created is not tried on another server"


def test_an_endpoint_that_has_room_nowhere_fails_and_says_so(store):
    put(store, "a", memory_mb=1500)
    add(store, "1", count=2)
    settle(store, "a", instance_mb=1000)
    known = placed(store, "a", instance_mb=1000)
    assert sentence(known.progress(known.endpoints[0]).failure) == (
        "Production variant A could not be started: no server has 1000 MiB of memory left for an instance. "
        "Start another server, or raise [serving] host_memory_mb."
    )
    put(store, "b", 1, memory_mb=1000)
    settle(store, "a", "b", instance_mb=1000)
    known = placed(store, "a", instance_mb=1000)
    assert known.progress(known.endpoints[0]).failure is None


def test_all_processes_of_a_serverless_variant_are_on_one_server(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=0, serverless=Serverless(2048, max_concurrency=3))
    settle(store, "a", "b")
    (one,) = placed(store, "a").instances
    assert one.memory_mb == 3 * 512


def test_only_what_is_new_is_told_and_only_of_what_is_here(store):
    put(store, "a")
    put(store, "b", 1)
    add(store, "1", count=2)
    settle(store, "a", "b")
    known = placed(store, "a")
    states = {one.unit: UP for one in known.instances}
    (here,) = [one.id for one in known.instances if one.server == "a"]
    assert known.news(states) == {here: UP}
    tell(store, "a")
    assert not placed(store, "a").news(states)


def test_a_server_with_a_store_for_itself_has_everything(store):
    add(store, "1", "2", count=2)
    with store.snapshot() as tx:
        known = ALL_HERE.placed(tx, tx.every(Endpoint, tuple(EndpointStatus)))
        wanted = wanted_of(tx.every(Endpoint, tuple(EndpointStatus)))
    assert {share.numbers for shares in known.shares(wanted).values() for share in shares} == {
        (0, 1)
    }
    assert not known.is_due
    assert all(known.is_own(key.arn) for key in wanted)
