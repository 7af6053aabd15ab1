"""Instances on servers, as these come, leave and die; with nothing started."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.notes.note import said
from windvane.work.hosting.spreading import Host, spread

LARGE = 1 << 20
UP = InstanceState(is_up=True)


def units(*counts, memory_mb=512):
    """So many instances of each of several variants, and what each is counted with."""
    return {
        Unit(f"arn:{number}", 1, "A", n): memory_mb
        for number, count in enumerate(counts)
        for n in range(count)
    }


class Servers:
    """What is placed on servers; each change is carried out, and what is placed comes up in the next step."""

    def __init__(self, wanted, *hosts):
        self.wanted = wanted
        self.hosts = {host.id: host for host in hosts}
        self.placed = []
        self.n_added = 0

    def step(self):
        """Carry out one round of changes, and check what holds at every moment; false if there was nothing to do."""
        changes = spread(self.wanted, self.placed, (), list(self.hosts.values()))
        up_before = self.up()
        removed = {one.id for one in changes.removed}
        self.placed = [one for one in self.placed if one.id not in removed]
        for unit, server in changes.added:
            self.n_added += 1
            self.placed.append(PlacedInstance(str(self.n_added), unit, server, self.wanted[unit]))
        assert up_before & self.wanted.keys() <= self.up(), "what moves is up where it goes first"
        self.check()
        return bool(changes.added or changes.removed)

    def check(self):
        for host in self.hosts.values():
            used = sum(one.memory_mb for one in self.placed if one.server == host.id)
            assert used <= host.memory_mb
        pairs = Counter((one.unit, one.server) for one in self.placed)
        assert max(pairs.values(), default=0) <= 1

    def up(self):
        """Units that are up on a server that lives."""
        return {one.unit for one in self.placed if one.state.is_up and one.server in self.hosts}

    def settle(self):
        for _ in range(200):
            self.placed = [replace(one, state=UP) for one in self.placed]
            if not self.step():
                return
        pytest.fail("it never ends")

    def where(self, number=0):
        """Instances of a variant by server."""
        counts = Counter(one.server for one in self.placed if one.unit.arn == f"arn:{number}")
        return {name: counts[name] for name in self.hosts}


def test_instances_of_a_variant_are_on_different_servers():
    servers = Servers(units(2, 3), Host("a", LARGE), Host("b", LARGE), Host("c", LARGE))
    servers.settle()
    assert sorted(servers.where(0).values()) == [0, 1, 1]
    assert servers.where(1) == {"a": 1, "b": 1, "c": 1}
    assert servers.n_added == 5


def test_the_next_one_goes_where_there_are_fewest_for_each_core():
    servers = Servers(units(*[1] * 6), Host("a", LARGE, cores=4), Host("b", LARGE, cores=2))
    servers.settle()
    assert Counter(one.server for one in servers.placed) == {"a": 4, "b": 2}


def test_what_has_no_room_is_told_and_placed_once_there_is():
    servers = Servers(units(3), Host("a", 1100))
    servers.settle()
    assert servers.where() == {"a": 2}
    changes = spread(servers.wanted, servers.placed, (), [Host("a", 1100)])
    assert changes.unplaced == (Unit("arn:0", 1, "A", 2),)
    servers.hosts["b"] = Host("b", 512)
    servers.settle()
    assert servers.where() == {"a": 2, "b": 1}


def test_instances_of_other_endpoints_take_their_memory_and_stay():
    (unit,) = units(1)
    other = PlacedInstance("x", Unit("arn:other", 1, "A", 0), "a", 900, UP)
    changes = spread({unit: 512}, (), [other], [Host("a", 1024), Host("b", 600)])
    assert changes.added == ((unit, "b"),)
    assert not changes.removed


def test_a_server_that_comes_gets_one_of_two_instances_that_are_on_one():
    servers = Servers(units(2, 1, 1), Host("a", LARGE))
    servers.settle()
    servers.hosts["b"] = Host("b", LARGE)
    servers.settle()
    assert servers.where(0) == {"a": 1, "b": 1}
    assert servers.where(1) == servers.where(2) == {"a": 1, "b": 0}
    assert servers.n_added == 5


def test_what_a_dead_server_had_is_placed_anew_and_nothing_else():
    servers = Servers(units(2, 2, 1), *(Host(name, LARGE) for name in "abc"))
    servers.settle()
    lost = [one.unit for one in servers.placed if one.server == "a"]
    kept = {one.id for one in servers.placed if one.server != "a"}
    before = servers.n_added
    del servers.hosts["a"]
    servers.settle()
    assert servers.n_added == before + len(lost)
    assert kept <= {one.id for one in servers.placed}
    assert {one.unit for one in servers.placed} == servers.wanted.keys()


def test_a_server_that_leaves_has_what_it_had_until_that_is_up_elsewhere():
    servers = Servers(units(2), Host("a", LARGE), Host("b", LARGE))
    servers.settle()
    servers.hosts["a"] = Host("a", LARGE, is_leaving=True)
    servers.step()
    assert servers.where() == {"a": 1, "b": 2}
    servers.settle()
    assert servers.where() == {"a": 0, "b": 2}


def test_alone_a_server_that_leaves_keeps_what_it_has():
    servers = Servers(units(2), Host("a", LARGE))
    servers.settle()
    servers.hosts["a"] = Host("a", LARGE, is_leaving=True)
    servers.settle()
    assert servers.where() == {"a": 2}


def test_an_instance_that_a_server_cannot_bring_up_is_tried_on_each_other_one():
    servers = Servers(units(1), Host("a", LARGE), Host("b", LARGE))
    servers.step()
    failed = InstanceState(failure=said("There is no space left."))
    servers.placed = [replace(one, state=failed) for one in servers.placed]
    servers.step()
    assert servers.where() == {"a": 1, "b": 1}
    servers.placed = [replace(one, state=failed) for one in servers.placed]
    assert not servers.step()
    servers.placed[1] = replace(servers.placed[1], state=UP)
    servers.step()
    assert servers.where() == {"a": 0, "b": 1}


def test_what_is_not_wanted_any_more_is_removed():
    servers = Servers(units(3, 1), Host("a", LARGE))
    servers.settle()
    servers.wanted = units(1)
    servers.settle()
    assert [one.unit for one in servers.placed] == list(units(1))


SIZES = st.integers(0, 5)
HOSTS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.sampled_from([0, 512, 1300, 4000, LARGE]), st.integers(1, 8), st.booleans()),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(SIZES, max_size=4), HOSTS), min_size=1, max_size=5))
def test_whatever_comes_and_goes_no_server_has_too_much_and_all_that_fits_is_placed(story):
    servers = Servers({})
    for counts, hosts in story:
        servers.wanted = units(*counts)
        servers.hosts = {
            name: Host(name, max(memory_mb, _used(servers, name)), cores, is_leaving)
            for name, (memory_mb, cores, is_leaving) in hosts.items()
        }
        servers.settle()
        settled = servers.n_added
        assert not servers.step(), "it is stable"
        assert servers.n_added == settled
        _check_all_that_fits_is_placed(servers)
        if all(host.memory_mb == LARGE for host in servers.hosts.values()):
            _check_even(servers)


def _used(servers, name):
    """What a server has already stays, whatever it offers by now."""
    return sum(one.memory_mb for one in servers.placed if one.server == name)


def _check_all_that_fits_is_placed(servers):
    there = {one.unit for one in servers.placed}
    staying = [host for host in servers.hosts.values() if not host.is_leaving]
    room = max((host.memory_mb - _used(servers, host.id) for host in staying), default=0)
    assert all(room < memory_mb for unit, memory_mb in servers.wanted.items() if unit not in there)


def _check_even(servers):
    staying = [host.id for host in servers.hosts.values() if not host.is_leaving]
    for number in {int(unit.arn.removeprefix("arn:")) for unit in servers.wanted}:
        counts = [servers.where(number)[name] for name in staying]
        assert max(counts, default=0) - min(counts, default=0) <= 1
