"""Servers that ask each other without a network: requests go from one's client to the other's door."""

from windvane.process.frames import FrameBuffer
from windvane.serving.peer_door import PeerDoor
from windvane.serving.peers import PATH, PROOF, PeerGone, Peers
from windvane.wire.bodies import Bodies


class Wired(Peers):
    """Asks the doors that are in `doors`, by address; others do not answer, or as `errors` say. `asked` counts the requests."""

    def __init__(self, secret, clock, doors):
        super().__init__(secret, clock)
        self.doors, self.errors, self.asked = doors, {}, 0

    async def _sent(self, peer, frame, proof, timeout_s):
        self.asked += 1
        if peer.address not in self.doors:
            raise self.errors.get(peer.address, ConnectionRefusedError(peer.address))
        status, data = await posted(self.doors[peer.address], frame, proof)
        if status != 200:
            raise PeerGone(f"{peer.address} answers {status}")
        frames = FrameBuffer()
        frames.feed(data)
        return frames.next_frame()


async def posted(door, body, proof):
    """Status and body of what a door answers."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "headers": [(PROOF.encode(), proof.encode())],
        "client": ("192.0.2.1", 1),
    }
    assert door.is_for(scope)
    said = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        said.append(message)

    await door(scope, receive, send)
    return said[0]["status"], said[1]["body"]


def door_of(secret, asks):
    return PeerDoor(secret, Bodies(), asks)
