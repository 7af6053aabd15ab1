"""How much of a body waits for the application that reads it, and how an answer is written."""

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
        self.writes = []

    def pause_reading(self):
        self.is_read = False

    def resume_reading(self):
        self.is_read = True

    def write(self, data):
        if data:
            self.writes.append(data)

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


def connected(app):
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    config.load()
    connection, protocol = Socket(), Bounded(config, ServerState(), {})
    protocol.connection_made(connection)
    return connection, protocol


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

    connection, protocol = connected(app)
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
    assert b"".join(connection.writes).startswith(b"HTTP/1.1 200")
    protocol.connection_lost(None)


def answered(body_waits, body, headers=(), method=b"GET"):
    """What is written for an answer whose body waits for the event loop, or does not."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        if body_waits:
            await settle()
        await send({"type": "http.response.body", "body": body})

    async def ask():
        connection, protocol = connected(app)
        protocol.data_received(method + b" / HTTP/1.1\r\nhost: x\r\n\r\n")
        for _ in range(3):
            await settle()
        return connection.writes

    return asyncio.run(ask())


def test_a_short_answer_is_one_write():
    (told,) = answered(False, b"abc", [(b"content-length", b"3")])
    assert told.startswith(b"HTTP/1.1 200")
    assert told.endswith(b"\r\n\r\nabc")


def test_a_head_is_written_where_the_body_waits():
    head, body = answered(True, b"abc", [(b"content-length", b"3")])
    assert head.endswith(b"\r\n\r\n")
    assert body == b"abc"


def test_a_long_body_is_not_copied_behind_its_head():
    head, body = answered(False, b"a" * 100_000, [(b"content-length", b"100000")])
    assert head.endswith(b"\r\n\r\n")
    assert body == b"a" * 100_000


def test_a_head_without_a_body_is_written():
    (told,) = answered(False, b"", [(b"content-length", b"3")], b"HEAD")
    assert told.endswith(b"\r\n\r\n")


def test_a_head_is_written_before_the_connection_is_closed():
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    (told,) = answered(False, b"", headers)
    assert told.endswith(b"\r\n\r\n")
