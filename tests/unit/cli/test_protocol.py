"""How much of a body waits for the application that reads it."""

import asyncio

import uvicorn
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.server import ServerState

from windvane.cli.protocol import UNREAD_BYTES, Bounded

PIECE = bytes(range(256)) * 64
LENGTH = 4 << 20


class Socket(asyncio.Transport):
    """A connection that says whether it is read."""

    def __init__(self):
        super().__init__()
        self.is_read = True
        self.sent = b""

    def pause_reading(self):
        self.is_read = False

    def resume_reading(self):
        self.is_read = True

    def write(self, data):
        self.sent += data

    def is_closing(self):
        return False

    def close(self):
        pass

    def get_write_buffer_size(self):
        return 0


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def feed(protocol, connection, left):
    """Bytes that were taken until no more is read."""
    n_bytes = 0
    while connection.is_read and n_bytes < left:
        protocol.data_received(PIECE)
        n_bytes += len(PIECE)
    return n_bytes


def test_little_waits_before_the_application_reads_and_more_while_it_does():
    asyncio.run(_check())


async def _check():
    asks, read = asyncio.Semaphore(0), []

    async def app(scope, receive, send):
        while not read or read[-1]["more_body"]:
            await asks.acquire()
            read.append(await receive())
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    config.load()
    connection, protocol = Socket(), Bounded(config, ServerState(), {})
    protocol.connection_made(connection)
    protocol.data_received(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % LENGTH)
    await settle()
    taken = feed(protocol, connection, LENGTH)
    assert taken - len(PIECE) == HIGH_WATER_LIMIT
    n_bytes = [taken]
    while sum(n_bytes) < LENGTH:
        asks.release()
        await settle()
        assert connection.is_read
        before = sum(n_bytes)
        n_bytes.append(feed(protocol, connection, LENGTH - before))
    assert max(n_bytes[1:]) - len(PIECE) == UNREAD_BYTES
    for _ in range(2):
        asks.release()
        await settle()
    assert b"".join(message["body"] for message in read) == PIECE * (LENGTH // len(PIECE))
    assert connection.sent.startswith(b"HTTP/1.1 200")
    protocol.connection_lost(None)
