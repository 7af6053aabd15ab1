"""Each endpoint lives on exactly one server, and on the one that all of them mean."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from windvane.domain.deployment import EndpointStatus
from windvane.store.open import open_store
from windvane.testing.store_laws.place import an_endpoint
from windvane.testing.store_laws.servers import a_server
from windvane.work.hosting.placing import ALL_HERE, SharedPlacing


@pytest.fixture
def store(tmp_path):
    opened = open_store("", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


def put(store, name, started_s=0, **members):
    with store.transaction() as tx:
        tx.put_server(replace(a_server(name, started_s), heartbeat=datetime.now(UTC), **members))


def endpoints(*names):
    return [an_endpoint(name, status=EndpointStatus.IN_SERVICE) for name in names]


def placed(store, server, every):
    with store.snapshot() as tx:
        return SharedPlacing(server).placed(tx, every)


def take(store, server, *every):
    with store.transaction() as tx:
        SharedPlacing(server).take(tx, [one.arn.lower() for one in every])


def arns(*every):
    return {one.arn.lower() for one in every}


def test_endpoints_without_a_server_are_divided_and_all_servers_mean_the_same(store):
    put(store, "a")
    put(store, "b", 1)
    every = endpoints("1", "2", "3", "4")
    first, second = (placed(store, name, every) for name in ("a", "b"))
    assert first.free | second.free == arns(*every)
    assert not first.free & second.free
    assert {len(first.free), len(second.free)} == {2}
    assert not first.own


def test_what_was_taken_stays_where_it_is_and_others_know_where(store):
    put(store, "a")
    (one,) = endpoints("1")
    take(store, "a", one)
    put(store, "b", 1)
    take(store, "b", one)
    assert placed(store, "a", [one]).is_own(one)
    other = placed(store, "b", [one])
    assert not other.is_to_run(one)
    assert other.elsewhere[one.arn.lower()].id == "a"


def test_a_new_endpoint_goes_where_there_are_fewest(store):
    put(store, "a")
    put(store, "b", 1)
    every = endpoints("1", "2", "3")
    take(store, "a", *every[:2])
    assert placed(store, "b", every).free == arns(every[2])
    assert not placed(store, "a", every).free


def test_what_a_dead_server_hosted_is_free_at_once(store):
    with store.transaction() as tx:
        tx.put_server(a_server("dead"))
    put(store, "b", 1)
    (one,) = endpoints("1")
    take(store, "dead", one)
    assert placed(store, "b", [one]).free == arns(one)
    take(store, "b", one)
    assert placed(store, "b", [one]).is_own(one)


def test_what_a_leaving_server_hosts_comes_and_is_its_own_until_it_is_taken(store):
    put(store, "a", is_leaving=True)
    put(store, "b", 1)
    (one,) = endpoints("1")
    take(store, "a", one)
    coming = placed(store, "b", [one])
    assert (coming.coming, coming.free) == (arns(one), frozenset())
    assert coming.is_to_run(one)
    assert not coming.is_own(one)
    assert placed(store, "a", [one]).is_own(one)
    take(store, "b", one)
    assert placed(store, "b", [one]).is_own(one)
    assert not placed(store, "a", [one]).is_to_run(one)


def test_a_server_that_leaves_alone_keeps_what_it_hosts(store):
    put(store, "a", is_leaving=True)
    (one,) = endpoints("1")
    take(store, "a", one)
    assert placed(store, "a", [one]).is_own(one)


def test_a_server_with_a_store_for_itself_hosts_everything(store):
    every = endpoints("1", "2")
    with store.snapshot() as tx:
        assert all(ALL_HERE.placed(tx, every).is_own(one) for one in every)
