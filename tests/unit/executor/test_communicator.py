"""How members of a gang reach each other, over real sockets."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from windvane.errors import MemberLost
from windvane.executor.base import GangMember
from windvane.executor.communicator import _GREETING_S, communicator_of, new_identity

HERE = "127.0.0.1"


def seats(size):
    pem = new_identity()
    return [GangMember("gang", rank, size, pem, "") for rank in range(size)]


class Met:
    """The meetings of all members of a gang."""

    def __init__(self, size):
        self.seats = first, *others = seats(size)
        self._pool = ThreadPoolExecutor(size)
        self.first, self.address = communicator_of(first, HERE)
        at = self.address
        rest = [communicator_of(replace(one, address=at), HERE)[0] for one in others]
        self.all = [self.first, *rest]

    def all_to_all(self, *of_ranks):
        """What each gets, or how it fails, after all have given something."""
        asked = [
            self._pool.submit(one.all_to_all, parts)
            for one, parts in zip(self.all, of_ranks, strict=True)
        ]
        return [one.exception(60) or one.result() for one in asked]

    def close(self):
        for one in self.all:
            one.close()
        self._pool.shutdown()


@pytest.fixture
def three():
    made = Met(3)
    yield made
    made.close()


def parts(rank, size=3):
    return [f"{rank}>{other}".encode() * (1 + rank) for other in range(size)]


def test_each_member_gets_what_the_others_have_for_it(three):
    for _ in range(3):
        found = three.all_to_all(*(parts(rank) for rank in range(3)))
        assert found == [[parts(other)[rank] for other in range(3)] for rank in range(3)]


def test_large_parts_and_empty_ones_go_through(three):
    large = bytes(3_000_000)
    found = three.all_to_all([b"", large, b""], [large, b"", b""], [b"", b"", large])
    assert [list(map(len, one)) for one in found] == [
        [0, len(large), 0],
        [len(large), 0, 0],
        [0, 0, len(large)],
    ]


def test_what_is_sent_does_not_wait_for_more(three):
    """Members exchange small parts thousands of times, and each time all of them wait."""
    three.all_to_all(*(parts(rank) for rank in range(3)))
    own = [*three.first._peers.values(), *(one._coordinator for one in three.all[1:])]
    channels = [one._channel for one in own]
    assert all(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in channels)
    assert len(channels) == 4


def test_members_whose_other_is_gone_are_told(three):
    three.all_to_all(*(parts(rank) for rank in range(3)))
    three.all[2].close()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(three.all[rank].all_to_all, parts(rank)) for rank in range(2)]
        assert isinstance(asked[0].exception(60), MemberLost)
        three.first.close()  # as the end of its work does
        assert isinstance(asked[1].exception(60), MemberLost)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_member_that_waits_for_others_stops_when_it_is_closed(rank):
    """The other one has not come yet."""
    met = Met(2)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(met.all[rank].all_to_all, parts(rank, 2))
        with pytest.raises(TimeoutError):
            asked.result(0.2)
        met.all[rank].close()
        assert isinstance(asked.exception(60), MemberLost)
    met.close()


def test_a_member_that_waits_for_others_does_not_hear_of_them_once_it_has_left():
    met = Met(2)
    met.close()
    with pytest.raises(MemberLost):
        met.first.all_to_all(parts(0, 2))


def connected(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), 30)


def test_strangers_are_turned_away_and_the_members_meet():
    """One sends nonsense, one closes at once, one is of another gang, one is of no rank that is awaited."""
    met = Met(2)
    at, pem = met.address, seats(2)[0].identity
    with ThreadPoolExecutor(4) as pool:
        asked = pool.submit(met.first.all_to_all, parts(0, 2))
        with connected(at) as channel:
            channel.sendall(b"GET / HTTP/1.1\r\n\r\n")
        connected(at).close()
        for stranger in (
            GangMember("gang", 1, 2, pem, at),
            replace(met.seats[1], rank=5, address=at),
        ):
            guest, _ = communicator_of(stranger, HERE)
            with pytest.raises(MemberLost):
                guest.all_to_all(parts(1, 2))
            guest.close()
        assert met.all[1].all_to_all(parts(1, 2)) == [b"0>1", b"1>1" * 2]
        assert asked.result(60) == [b"0>0", b"1>0" * 2]
    met.close()


def test_strangers_that_say_nothing_keep_no_member_out():
    """Each of them would be waited for, for longer than this may take."""
    met = Met(2)
    silent = [connected(met.address) for _ in range(20)]
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(one.all_to_all, parts(rank, 2)) for rank, one in enumerate(met.all)]
        assert asked[0].result(_GREETING_S) == [b"0>0", b"1>0" * 2]
        assert asked[1].result(60) == [b"0>1", b"1>1" * 2]
    for one in silent:
        one.close()
    met.close()


def test_nobody_is_listened_to_once_all_members_have_come(three):
    three.all_to_all(*(parts(rank) for rank in range(3)))
    with pytest.raises(ConnectionRefusedError):
        connected(three.address)
