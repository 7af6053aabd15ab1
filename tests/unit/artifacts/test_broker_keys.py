"""What a task is told by its broker when a key of KMS cannot be used: the reason, as no passing fault; and when the store fails."""

import socket
import threading

import pytest
from botocore.exceptions import ClientError

from windvane.artifacts.base import Location
from windvane.artifacts.broker import Broker
from windvane.artifacts.brokered import BrokeredArtifacts
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.reach import Reach
from windvane.errors import AccessDenied, KeyDisabled, KeyInvalidState, KeyMissing

PLACE = Location("mine", "model")


class Locked(LocalArtifacts):
    """Artifacts under a key that cannot be used."""

    def __init__(self, root, error):
        super().__init__(root)
        self.error = error

    def open(self, location, start=0):
        raise self.error

    def write(self, location, data):
        raise self.error


@pytest.mark.parametrize(
    "error", [KeyDisabled("arn:k"), KeyMissing("Key 'k' does not exist"), KeyInvalidState("late")]
)
def test_a_task_is_told_what_is_wrong_with_the_key(tmp_path, error):
    ours, theirs = socket.socketpair()
    reach = Reach(write=(Location("mine", ""),))
    broker = Broker(ours, Locked(tmp_path, error), reach, tmp_path)
    thread = threading.Thread(target=broker.serve)
    thread.start()
    artifacts = BrokeredArtifacts(theirs, tmp_path)
    for ask in (lambda: artifacts.read(PLACE), lambda: artifacts.write(PLACE, b"x")):
        with pytest.raises(AccessDenied, match=str(error)):
            ask()
    with pytest.raises(AccessDenied, match="names no key"):
        artifacts.encrypted_under("arn:other")
    theirs.close()
    thread.join()


def test_a_task_is_told_that_it_is_the_store_that_fails(tmp_path):
    ours, theirs = socket.socketpair()
    said = {"Error": {"Code": "InternalError", "Message": "down"}}
    failing = Locked(tmp_path, ClientError(said, "PutObject"))
    broker = Broker(ours, failing, Reach(write=(PLACE,)), tmp_path)
    thread = threading.Thread(target=broker.serve)
    thread.start()
    with pytest.raises(OSError, match=r"The S3 store .*InternalError.*: down"):
        BrokeredArtifacts(theirs, tmp_path).write(PLACE, b"x")
    theirs.close()
    thread.join()
