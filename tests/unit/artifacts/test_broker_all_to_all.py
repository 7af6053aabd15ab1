"""What a member of a gang tells the others goes through its broker, which takes nothing else with a body."""

import socket
import threading

import pytest

from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import Reach
from windvane.errors import MemberLost
from windvane.executor.parts import pack_parts
from windvane.process.frames import pack


class Communicator:
    """The others say the same in upper case, until they are gone."""

    size = 3

    def __init__(self):
        self.is_gone = False

    def all_to_all(self, parts):
        if self.is_gone:
            raise MemberLost("A member is gone.")
        return [part.upper() for part in parts]

    def close(self):
        self.is_gone = True


@pytest.fixture
def communicator():
    return Communicator()


@pytest.fixture
def open_line(tmp_path):
    """Opens a connection to a broker of its own."""
    opened = []

    def line(communicator):
        ours, theirs = socket.socketpair()
        broker = Broker(ours, LocalArtifacts(tmp_path), Reach(), tmp_path, None, communicator)
        serving = threading.Thread(target=broker.serve)
        serving.start()
        opened.append((theirs, serving))
        return theirs

    yield line
    for theirs, serving in opened:
        theirs.close()
        serving.join(60)


def test_members_get_what_the_others_say(open_line, communicator, tmp_path):
    there = BrokeredArtifacts(open_line(communicator), tmp_path)
    for parts in ([b"a", b"", b"b" * 3_000_000], [b"x", b"y", b"z"]):
        assert there.all_to_all(parts) == [part.upper() for part in parts]


def test_a_member_is_told_that_another_is_gone(open_line, communicator, tmp_path):
    there = BrokeredArtifacts(open_line(communicator), tmp_path)
    communicator.close()
    with pytest.raises(MemberLost, match="is gone"):
        there.all_to_all([b"", b"", b""])


@pytest.mark.parametrize(
    "request_bytes",
    [
        pack_parts({"do": "all_to_all"}, [b"a", b"b"]),
        pack({"do": "all_to_all", "sizes": [1, 1, 2]}, b"abc"),
        pack({"do": "all_to_all"}, b"abc"),
    ],
)
def test_what_is_not_a_part_for_each_member_ends_the_connection(
    open_line, communicator, request_bytes
):
    line = open_line(communicator)
    line.sendall(request_bytes)
    assert line.recv(100) == b""


def test_who_does_a_task_alone_has_no_other_members(open_line):
    line = open_line(None)
    line.sendall(pack_parts({"do": "all_to_all"}, [b"", b""]))
    assert line.recv(100) == b""
