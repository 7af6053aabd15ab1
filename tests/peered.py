"""Servers that ask each other without a network: requests go from one's client to the other's gateway."""

from windvane.process.frames import FrameBuffer
from windvane.serving.peer_gateway import PeerGateway
from windvane.serving.peers import PATH, SIGNATURE, PeerGone, Peers
from windvane.wire.bodies import Bodies


class Wired(Peers):
    """Asks the gateways that are in `gateways`, by address; others do not answer, or as `errors` say. `asked` counts the requests."""

    def __init__(self, secret, clock, gateways):
        super().__init__(secret, clock)
        self.gateways, self.errors, self.asked = gateways, {}, 0

    async def _sent(self, peer, frame, signature, timeout_s):
        self.asked += 1
        if peer.address not in self.gateways:
            raise self.errors.get(peer.address, ConnectionRefusedError(peer.address))
        status, data = await posted(self.gateways[peer.address], frame, signature)
        if status != 200:
            raise PeerGone(f"{peer.address} answers {status}")
        frames = FrameBuffer()
        frames.feed(data)
        return frames.next_frame()


async def posted(gateway, body, signature):
    """Status and body of what a gateway answers."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "headers": [(SIGNATURE.encode(), signature.encode())],
        "client": ("192.0.2.1", 1),
    }
    assert gateway.is_for(scope)
    said = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        said.append(message)

    await gateway(scope, receive, send)
    return said[0]["status"], said[1]["body"]


def gateway_of(secret, asks):
    return PeerGateway(secret, Bodies(), asks)
