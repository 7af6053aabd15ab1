"""Answers that go on, over an ASGI server that is played."""

import asyncio

import pytest

from windvane.wire.streams import send_stream


class Client:
    """Takes so many messages and then no more; goes away when told."""

    def __init__(self, takes=1000):
        self.sent = []
        self.takes = takes
        self.gone = asyncio.Event()

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if len(self.sent) >= self.takes:
            await asyncio.Event().wait()
        self.sent.append(message)


class Chunks:
    """Some, and then none for ever, or the end."""

    def __init__(self, *chunks, endless=False):
        self.closed = False
        self._chunks = chunks
        self._endless = endless

    async def run(self):
        try:
            for chunk in self._chunks:
                yield chunk
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def stream(chunks, client, **options):
    async with asyncio.timeout(120):
        await send_stream(chunks.run(), "id", client.receive, client.send, **options)


def test_chunks_are_sent_one_by_one_to_their_end():
    async def scene():
        client, chunks = Client(), Chunks(b"a", b"b")
        await stream(chunks, client)
        assert chunks.closed
        return client.sent

    start, *bodies = asyncio.run(scene())
    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream") in start["headers"]
    assert [(m["body"], m["more_body"]) for m in bodies] == [
        (b"a", True),
        (b"b", True),
        (b"", False),
    ]


def test_a_client_that_goes_ends_the_stream_at_once():
    async def scene():
        client, chunks = Client(), Chunks(b"a", endless=True)
        streaming = asyncio.create_task(stream(chunks, client))
        while len(client.sent) < 2:
            await asyncio.sleep(0)
        client.gone.set()
        await streaming
        assert chunks.closed
        assert client.sent[-1]["more_body"]

    asyncio.run(scene())


def test_a_client_that_takes_nothing_is_let_go():
    async def scene():
        client, chunks = Client(takes=2), Chunks(b"a", b"b", endless=True)
        await stream(chunks, client, slow_s=0.01)
        assert chunks.closed

    asyncio.run(scene())


def test_a_fault_of_the_chunks_is_the_callers():
    async def broken():
        yield b"a"
        raise ZeroDivisionError

    async def scene():
        client = Client()
        await send_stream(broken(), "id", client.receive, client.send)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scene())
