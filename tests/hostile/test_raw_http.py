"""Bytes on a socket that are no request, or a broken one: the server answers or hangs up, and serves the next client."""

from __future__ import annotations

import logging
import os
import random
import selectors
import socket
from contextlib import suppress

import pytest
import uvicorn
from hostile.asking import invoke, sagemaker
from hostile.house import House
from hostile.signing import Sent

from windvane.cli.protocol import MAX_HEAD_BYTES, Bounded

ANSWER_S = 120.0
QUIET_S = 0.5
"""After so long without any answer nobody is waited for."""
SEED = int(os.environ.get("WINDVANE_FUZZ_SEED", "20261101"))


class Server:
    """The house behind the web server, on the house's own event loop."""

    def __init__(self, house: House, protocol: type[Bounded] = Bounded) -> None:
        self.house = house
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = self._listener.getsockname()
        config = uvicorn.Config(
            house.app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            date_header=False,
        )
        self._uvicorn = uvicorn.Server(config)
        self._serving = house.start(self._uvicorn.serve(sockets=[self._listener]))

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._serving.result(ANSWER_S)
        self._listener.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("house"))
    built = Server(house)
    yield built
    built.stop()
    house.close()


def exchange(server: Server, data: bytes) -> bytes:
    """What comes back until the server hangs up."""
    connection = socket.create_connection(server.address, timeout=ANSWER_S)
    with suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(data)
    return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Until the server hangs up; nothing if it does so rudely."""
    with connection:
        try:
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))
        except ConnectionResetError:
            return b""


def status(answer: bytes) -> int:
    """0 for no answer at all."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def bytes_of(sent: Sent, *more: str) -> bytes:
    """As HTTP/1.1, closed after the answer."""
    target = f"{sent.path}?{sent.query}" if sent.query else sent.path
    headers = [f"{name}: {value}" for name, value in sent.headers]
    lines = [f"{sent.method} {target} HTTP/1.1", *headers, *more]
    length = f"content-length: {len(sent.body)}"
    head = "\r\n".join([*lines, length, "connection: close", "", ""])
    return head.encode("latin-1") + sent.body


LIST = sagemaker("ListModels").made()
INVOKE = invoke().made()
GOOD = bytes_of(LIST)


def assert_still_serves(server: Server) -> None:
    assert status(exchange(server, GOOD)) == 200


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


HOST = "Host: x"
BAD_REQUESTS = {
    "no request": b"\x00\x01\x02\x03\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "an SSH hello": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "the second version": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "words": b"hello\r\n\r\n",
    "a method that is none": head("G\x00T / HTTP/1.1", HOST),
    "a version that is none": head("GET / HTTP/9.9", HOST),
    "a path with a null byte": head("GET /\x00 HTTP/1.1", HOST),
    "a path with letters beyond ASCII": head("GET /\xff\xfe HTTP/1.1", HOST),
    "a header without a colon": head("GET / HTTP/1.1", HOST, "nonsense"),
    "a header with a space before the colon": head("GET / HTTP/1.1", HOST, "X-A : 1"),
    "a header of a null byte": head("GET / HTTP/1.1", HOST, "X-A: a\x00b"),
    "a folded header": head("GET / HTTP/1.1", HOST, "X-A: 1", " 2"),
    "a length that is none": head("POST / HTTP/1.1", HOST, "Content-Length: ten"),
    "a negative length": head("POST / HTTP/1.1", HOST, "Content-Length: -1"),
    "a length without end": head("POST / HTTP/1.1", HOST, f"Content-Length: {'9' * 40}"),
    "two lengths": head("POST / HTTP/1.1", HOST, "Content-Length: 1", "Content-Length: 2") + b"ab",
    "a length and chunks": head(
        "POST / HTTP/1.1", HOST, "Content-Length: 5", "Transfer-Encoding: chunked"
    )
    + b"0\r\n\r\n",
    "chunks in another coding": head(
        "POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked, identity"
    )
    + b"0\r\n\r\n",
    "a chunk of a size that is none": head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked")
    + b"zz\r\n",
    "a chunk without end": head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked")
    + b"f" * 20
    + b"\r\n",
    "a negative chunk": head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
    "nowhere": head("GET HTTP/1.1", HOST),
    "a star": head("OPTIONS * HTTP/1.1", HOST),
    "a proxy's connection": head("CONNECT example.org:443 HTTP/1.1", HOST),
}


@pytest.mark.parametrize("data", BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_what_is_no_request_is_refused_as_such(server, caplog, data):
    with caplog.at_level(logging.ERROR):
        assert status(exchange(server, data)) in (0, 400, 403)
    assert [record for record in caplog.records if record.exc_info] == []
    assert_still_serves(server)


TOO_LARGE = {
    "a target without end": b"GET /" + b"a" * (1 << 22),
    "a header without end": head("GET / HTTP/1.1", HOST)[:-2] + b"X-A: " + b"a" * (1 << 22),
    "headers without end": head("GET / HTTP/1.1", HOST)[:-2] + b"X-A: a\r\n" * (1 << 19),
}


@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_head_without_end_is_cut_short(server, data):
    assert status(exchange(server, data)) in (0, 431)
    assert_still_serves(server)


CHUNKED = bytes_of(LIST).partition(b"content-length")[0] + b"transfer-encoding: chunked\r\n\r\n"
ENDLESS = {
    "trailers": CHUNKED + b"0\r\n" + b"X-A: a\r\n" * (1 << 19),
    "one trailer": CHUNKED + b"0\r\nX-A: " + b"a" * (1 << 22),
    "an extension of a chunk": CHUNKED + b"1;" + b"a" * (1 << 22),
}


@pytest.mark.parametrize("data", ENDLESS.values(), ids=ENDLESS)
def test_what_goes_on_around_a_body_is_cut_short(server, data):
    assert exchange(server, data) == b""
    assert_still_serves(server)


def test_a_long_head_is_served(server):
    long = "x-other: " + "a" * (MAX_HEAD_BYTES // 2)
    assert status(exchange(server, bytes_of(LIST, long))) == 200


class Hasty(Bounded):
    head_s = 1.5


@pytest.fixture(scope="module")
def hasty(server):
    """The same house behind a web server that does not wait long."""
    built = Server(server.house, Hasty)
    yield built
    built.stop()


def test_heads_that_never_come_are_not_waited_for(hasty):
    kept = GOOD.replace(b"connection: close", b"connection: keep-alive")
    parts = (b"", b"G", GOOD[:100], kept + b"GET / HT")
    waiting = [socket.create_connection(hasty.address, timeout=ANSWER_S) for _ in parts]
    for connection, part in zip(waiting, parts, strict=True):
        connection.sendall(part)
    assert [status(read_all(connection)) for connection in waiting] == [0, 0, 0, 200]


def test_a_slow_answer_is_no_late_head(hasty):
    """A connection whose request is there is kept as long as its answer takes."""
    slow = bytes_of(invoke(body=b"sleep:2,2\n").made())
    assert status(exchange(hasty, slow)) == 200


def test_a_request_after_the_last_is_not_answered(server):
    """What follows a request that closes its connection is dropped, not taken for another client's."""
    answer = exchange(server, GOOD + GOOD)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
def test_another_protocol_is_not_spoken(server, upgrade):
    with_upgrade = bytes_of(LIST).replace(
        b"connection: close", f"connection: Upgrade, close\r\nupgrade: {upgrade}".encode()
    )
    answer = exchange(server, with_upgrade)
    assert status(answer) == 400
    assert b"leave it out" in answer
    assert_still_serves(server)


def test_a_wish_for_another_protocol_is_passed_over_where_there_is_no_body(server):
    wish = head("GET /healthz HTTP/1.1", HOST, "Connection: Upgrade, close", "Upgrade: h2c")
    assert status(exchange(server, wish)) == 200


@pytest.mark.parametrize(
    "host", ['x"><script>alert(1)</script>', "x'y", "{{7*7}}", "[::1", "a:b:c"]
)
def test_the_console_repeats_no_markup_of_a_hosts_name(server, host):
    answer = exchange(server, head("GET /console/ HTTP/1.1", f"Host: {host}", "Connection: close"))
    assert status(answer) == 403
    assert b"<script>" not in answer
    assert host.encode() not in answer


def test_attack_1_the_console_reads_no_header_twice(server):
    answer = exchange(server, head("GET /console/ HTTP/1.1", HOST, HOST, "Connection: close"))
    assert status(answer) == 400
    assert b"more than once" in answer


def broken(chance: random.Random) -> bytes:
    """A good request with a few bytes changed, lost, doubled, or cut off."""
    data = bytearray(bytes_of(chance.choice((LIST, INVOKE))))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        to = min(len(data), at + chance.choice((1, 1, 4, 40)))
        how = chance.choice(("change", "lose", "double", "insert", "cut"))
        if how == "change":
            data[at] = chance.randrange(256)
        elif how == "lose":
            del data[at:to]
        elif how == "double":
            data[at:at] = data[at:to]
        elif how == "insert":
            data[at:at] = chance.choice((b"\r\n", b"\x00", b": ", b"%00", b"chunked", b"\xff" * 9))
        else:
            del data[at:]
        if not data:
            return b""
    return bytes(data)


def first_bytes(server: Server, requests: list[bytes]) -> list[bytes]:
    """The beginning of each answer, as far as there is one: a server may well wait for the rest of a request."""
    connections = [socket.create_connection(server.address, timeout=ANSWER_S) for _ in requests]
    found = dict.fromkeys(connections, b"")
    with selectors.DefaultSelector() as selector:
        for connection, data in zip(connections, requests, strict=True):
            connection.sendall(data)
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and (ready := selector.select(QUIET_S)):
            for key, _ in ready:
                selector.unregister(key.fileobj)
                with suppress(ConnectionResetError):
                    found[key.fileobj] = key.fileobj.recv(1 << 16)
    for connection in connections:
        connection.close()
    return list(found.values())


@pytest.mark.parametrize("part", range(8))
def test_broken_requests_harm_nobody(server, caplog, part):
    chance = random.Random(SEED + part)
    requests = [broken(chance) for _ in range(50)]
    with caplog.at_level(logging.ERROR):
        answers = first_bytes(server, requests)
    for data, answer in zip(requests, answers, strict=True):
        assert status(answer) < 500, (SEED, part, data)
    assert [record for record in caplog.records if record.exc_info] == []
    assert_still_serves(server)
