"""A server that cannot work beside others says why, and what would be right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windvane.control.servers import joining
from windvane.control.servers.joining import ClockDiffers, DoesNotFit
from windvane.store.open import open_store
from windvane.testing.store_laws.servers import a_server


@pytest.mark.parametrize("seconds", [-2, 0, 2])
def test_a_clock_may_differ_by_two_seconds(seconds):
    joining.check_clock(timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "how"), [(2.1, "2.1 s ahead of"), (-60, "60.0 s behind")])
def test_a_clock_that_differs_by_more_is_refused(seconds, how):
    with pytest.raises(ClockDiffers, match=how):
        joining.check_clock(timedelta(seconds=seconds))


def test_servers_of_one_database_have_one_s3_store():
    other = replace(a_server("other"), objects="https://s3.example.org")
    own = replace(a_server("own"), objects="the folder /data/s3 of this machine")
    with pytest.raises(DoesNotFit, match=r"/data/s3.*https://s3\.example\.org.*\[s3\]"):
        joining.check_fits(own, [other])


@pytest.mark.parametrize("far", ["own", "other"])
def test_servers_on_several_machines_have_to_reach_each_other(far):
    own, other = replace(a_server("own"), host="a"), replace(a_server("other"), host="b")
    joining.check_fits(own, [other])
    near = {"address": "http://127.0.0.1:8470"}
    own, other = (replace(one, **(near if one.id == far else {})) for one in (own, other))
    with pytest.raises(DoesNotFit, match=rf"{far} .*\[server\] address"):
        joining.check_fits(own, [other])
    joining.check_fits(own, [replace(other, host="a")])


@pytest.fixture
def store(tmp_path):
    opened = open_store("", tmp_path)
    yield opened
    opened.close()


def beside(store, *servers):
    with store.transaction() as tx:
        for one in servers:
            tx.put_server(replace(one, heartbeat=datetime.now(UTC)))


def test_the_schema_is_not_changed_beneath_servers_that_could_not_go_on(store, monkeypatch):
    joining.check_upgrade(store)
    store.migrate()
    beside(store, a_server("old"), replace(a_server("new"), told={"schema": "9998"}))
    with store.transaction() as tx:
        tx.put_server(a_server("dead"))
    joining.check_upgrade(store)
    monkeypatch.setattr(joining, "NEWEST_VERSION", "9999")
    monkeypatch.setattr(joining, "OLDEST_BESIDE", "9998")
    with pytest.raises(DoesNotFit, match=r"1 server\(s\) of earlier versions .*: old \([^,]*, on"):
        joining.check_upgrade(store)
    with store.transaction() as tx:
        tx.remove_server("old")
    joining.check_upgrade(store)


def test_the_schema_is_added_to_beneath_servers_of_the_release_before(store, monkeypatch):
    store.migrate()
    beside(store, a_server("before"))
    monkeypatch.setattr(joining, "NEWEST_VERSION", "9999")
    joining.check_upgrade(store)


def test_a_server_that_is_too_old_for_the_schema_is_told_who_uses_it(store, monkeypatch):
    store.migrate()
    beside(store, replace(a_server("new"), told={"schema": "0011"}))
    monkeypatch.setattr(joining, "NEWEST_VERSION", "0010")
    joining.check_upgrade(store)
    monkeypatch.setattr(joining, "NEWEST_VERSION", "0009")
    with pytest.raises(DoesNotFit, match=r"schema 0010 on.*this one has 0009.*: new \(.*newer"):
        joining.check_upgrade(store)
