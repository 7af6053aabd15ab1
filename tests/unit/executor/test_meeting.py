"""How members of a gang reach each other, over real sockets."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from windvane.errors import MemberLost
from windvane.executor.base import Seat
from windvane.executor.meeting import identity, meeting_of, pack_parts, parts_of
from windvane.process.frames import BadFrame, FrameBuffer, pack

HERE = "127.0.0.1"


def seats(size):
    pem = identity()
    return [Seat("gang", rank, size, pem, "") for rank in range(size)]


class Met:
    """The meetings of all members of a gang."""

    def __init__(self, size):
        self.seats = first, *others = seats(size)
        self._pool = ThreadPoolExecutor(size)
        self.host = meeting_of(first, HERE)
        at = self.host.address
        self.all = [self.host, *(meeting_of(replace(one, address=at), HERE) for one in others)]

    def swap(self, *of_ranks):
        """What each gets, or how it fails, after all have given something."""
        asked = [
            self._pool.submit(one.swap, parts)
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
        found = three.swap(*(parts(rank) for rank in range(3)))
        assert found == [[parts(other)[rank] for other in range(3)] for rank in range(3)]


def test_large_parts_and_empty_ones_go_through(three):
    large = bytes(3_000_000)
    found = three.swap([b"", large, b""], [large, b"", b""], [b"", b"", large])
    assert [list(map(len, one)) for one in found] == [
        [0, len(large), 0],
        [len(large), 0, 0],
        [0, 0, len(large)],
    ]


def test_members_whose_other_is_gone_are_told(three):
    three.swap(*(parts(rank) for rank in range(3)))
    three.all[2].close()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(three.all[rank].swap, parts(rank)) for rank in range(2)]
        assert isinstance(asked[0].exception(60), MemberLost)
        three.host.close()  # as the end of its work does
        assert isinstance(asked[1].exception(60), MemberLost)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_member_that_waits_for_others_stops_when_it_is_closed(rank):
    """The other one has not come yet."""
    met = Met(2)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(met.all[rank].swap, parts(rank, 2))
        with pytest.raises(TimeoutError):
            asked.result(0.2)
        met.all[rank].close()
        assert isinstance(asked.exception(60), MemberLost)
    met.close()


def connected(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), 30)


def test_strangers_are_turned_away_and_the_members_meet():
    """One sends nonsense, one closes at once, one is of another gang, one is of no rank that is awaited."""
    met = Met(2)
    at, pem = met.host.address, seats(2)[0].identity
    with ThreadPoolExecutor(4) as pool:
        asked = pool.submit(met.host.swap, parts(0, 2))
        with connected(at) as channel:
            channel.sendall(b"GET / HTTP/1.1\r\n\r\n")
        connected(at).close()
        for stranger in (
            Seat("gang", 1, 2, pem, at),
            replace(met.seats[1], rank=5, address=at),
        ):
            guest = meeting_of(stranger, HERE)
            with pytest.raises(MemberLost):
                guest.swap(parts(1, 2))
            guest.close()
        assert met.all[1].swap(parts(1, 2)) == [b"0>1", b"1>1" * 2]
        assert asked.result(60) == [b"0>0", b"1>0" * 2]
    met.close()


@pytest.mark.parametrize(
    "sizes", [None, [1], [1, 1, 1], [1, 2], [-1, 3], [True, 1], ["1", 1], [1.0, 1]]
)
def test_frames_whose_parts_are_not_as_they_say_are_refused(sizes):
    frames = FrameBuffer()
    frames.feed(pack({"sizes": sizes}, b"ab"))
    with pytest.raises(BadFrame):
        parts_of(frames.next_frame(), 2)


def test_parts_come_back_as_they_were_packed():
    frames = FrameBuffer()
    frames.feed(pack_parts({"do": "swap"}, [b"a", b"", b"bcd"]))
    assert parts_of(frames.next_frame(), 3) == [b"a", b"", b"bcd"]
