"""What a connection may do to the web server: bodies where none belong, answers that nobody takes, and how a refusal
gets to a client that is still sending."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from contextlib import closing, suppress
from shutil import which

import boto3
import pytest
import uvicorn
import uvloop
from botocore.config import Config
from botocore.exceptions import ClientError

from windvane.cli import protocol
from windvane.cli.protocol import Bounded
from windvane.wire.exchange import IS_GONE

ANSWER_S = 120.0
BIG = 6_000_000


class Impatient(Bounded):
    reading_s = 0.4
    linger_s = 1.0


async def app(scope, receive, send):
    """Refuses /refused before its body is read; answers /until-gone until its client has gone, /large with 32 MB, /pieces with as many in pieces; anything else
    reads the body first."""
    path, status, answer = scope["path"], 200, b"served"
    if path == "/until-gone":
        await send({"type": "http.response.start", "status": 200})
        while not scope["state"][IS_GONE]():
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.01)
        return
    if path == "/pieces":
        await send({"type": "http.response.start", "status": 200})
        for _ in range(32):
            await send({"type": "http.response.body", "body": b"x" * (1 << 20), "more_body": True})
    elif path == "/large":
        answer = b"x" * (32 << 20)
    elif path == "/refused" or (scope["headers"] and b"x-amz-target" in dict(scope["headers"])):
        status, answer = 403, b'{"__type": "UnrecognizedClientException", "message": "no"}'
    else:
        while (await receive()).get("more_body"):
            pass
    if path != "/pieces":
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


class Server:
    def __init__(self, kind: type[Bounded]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        config = uvicorn.Config(
            app, http=kind, loop="none", ws="none", lifespan="off", log_config=None
        )
        self.uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        uvloop.run(self.uvicorn.serve(sockets=[self._listener]))  # as `windvane serve` does

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}"

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(self.address, ANSWER_S, (source, 0))

    def stop(self) -> None:
        self.uvicorn.should_exit = True
        self._thread.join(ANSWER_S)
        self._listener.close()


@pytest.fixture(scope="module", params=[Bounded, Impatient], ids=["bounded", "impatient"])
def server(request):
    built = Server(request.param)
    yield built
    built.stop()


@pytest.fixture(scope="module")
def impatient():
    built = Server(Impatient)
    yield built
    built.stop()


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def asked(server: Server, data: bytes) -> bytes:
    with server.connect() as connection:
        connection.sendall(data)
        return read_all(connection)


PATHS = ("/", "/console/", "/healthz", "/bucket/key")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "body", ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n"]
)
def test_attack_12_a_body_where_none_belongs_is_refused_at_once(server, method, path, body):
    """Attack 12: `GET` with a body was never answered."""
    answer = asked(server, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{body}".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"has no body" in answer


def test_a_get_that_says_its_body_is_empty_is_served(server):
    data = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert asked(server, data).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("target", ["http://example.org/", "//", "*", "x"])
def test_a_target_that_is_no_path_is_refused(server, target):
    answer = asked(
        server, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 200 " if target == "//" else b"HTTP/1.1 400 ")


def test_more_headers_than_any_client_sends_are_refused(server):
    more = "".join(f"X-{i}: 1\r\n" for i in range(200))
    assert asked(server, f"GET / HTTP/1.1\r\n{more}\r\n".encode()).startswith(b"HTTP/1.1 431 ")


def test_trailers_do_not_become_headers(server):
    data = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"0\r\nX-Amz-Target: a\r\n\r\n"
    assert asked(server, data).startswith(b"HTTP/1.1 200 ")


def test_a_refusal_arrives_while_the_body_is_still_sent(server):
    """A connection that is closed on unread data is reset, and its client reads nothing."""
    with server.connect() as connection:
        connection.sendall(
            f"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: {BIG}\r\n\r\n".encode()
        )
        for _ in range(BIG // 60_000):
            connection.sendall(b"x" * 60_000)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"}")


def test_a_client_that_never_ends_its_refused_body_is_let_go(impatient):
    with impatient.connect() as connection:
        connection.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        started = time.monotonic()
        assert read_all(connection).startswith(b"HTTP/1.1 403 ")
        with suppress(ConnectionError):
            while time.monotonic() < started + ANSWER_S:
                connection.sendall(b"x")
                time.sleep(0.05)
    assert time.monotonic() - started < ANSWER_S / 2


def test_boto3_reads_a_refusal_of_a_large_body(server):
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"{server.url}/refused?",
        region_name="us-east-1",
        aws_access_key_id="AKIANOBODY",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register(
        "before-send.*", lambda request, **_: setattr(request, "url", f"{server.url}/refused")
    )
    with closing(client), pytest.raises(ClientError) as caught:
        client.invoke_endpoint(EndpointName="e", Body=b"x" * BIG)
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
def test_curl_reads_a_refusal_of_a_large_body(server, tmp_path, expect):
    (tmp_path / "body").write_bytes(b"x" * BIG)
    told = subprocess.run(
        [
            "curl",
            "-sS",
            "-H",
            expect,
            "--data-binary",
            f"@{tmp_path / 'body'}",
            f"{server.url}/refused",
        ],
        capture_output=True,
        check=True,
        timeout=ANSWER_S,
    )
    assert b"UnrecognizedClientException" in told.stdout


def test_nobody_is_told_to_go_on_with_a_body_that_is_refused(server):
    with server.connect() as connection:
        connection.sendall(
            b"POST /refused HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
        )
        assert read_all(connection).startswith(b"HTTP/1.1 403 ")


def test_a_connection_goes_on_after_a_body_that_was_read(server):
    one = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(one)
        answer = connection.recv(1 << 16)
        while not answer.endswith(b"served"):
            answer += connection.recv(1 << 16)
        connection.sendall(last)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(impatient):
    with impatient.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = time.monotonic() + ANSWER_S
        while impatient.uvicorn.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not impatient.uvicorn.server_state.connections


@pytest.fixture
def patient():
    built = Server(Bounded)
    yield built
    built.stop()


def test_what_one_address_does_not_take_is_bounded(patient, monkeypatch):
    """Answers that nobody took stayed in memory, of as many connections as there may be: a client that took a little now and
    then kept gigabytes there."""
    monkeypatch.setattr(Bounded, "untaken_bytes", 80 << 20)
    connections = [patient.connect() for _ in range(8)]
    for connection in connections:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    for connection in connections:
        with suppress(ConnectionError):
            connection.recv(1, socket.MSG_PEEK)
    deadline = time.monotonic() + ANSWER_S
    while not 0 < sum(Bounded.untaken.values()) <= 80 << 20:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(patient.uvicorn.server_state.connections) <= 3
    for connection in connections:
        connection.close()
    while Bounded.untaken:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_client_that_reads_its_answer_gets_all_of_it(impatient):
    with impatient.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.3)
        assert len(read_all(connection)) > 32 << 20


def test_requests_that_wait_on_a_connection_are_few(server):
    """Ten megabytes of small requests behind an answer that nobody took were taken apart at once: 1.6 GB of memory, and
    no answer to anybody for 15 seconds."""
    one = b"GET / HTTP/1.1\r\n\r\n"
    with server.connect() as connection, suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        connection.sendall(one * 20_000)
        assert read_all(connection).count(b"served") < 100


def test_requests_that_come_together_are_answered_in_turn(server):
    one = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert asked(server, one * 9 + last).count(b"served") == 10


def test_an_answer_ends_with_its_connection_though_a_request_waits_behind_it(impatient, caplog):
    """The request that waited was told that its client had gone, and the one that was answered was not: it wrote on,
    and each such connection left a page of the server's log."""
    with impatient.connect() as connection:
        connection.sendall(b"GET /pieces HTTP/1.1\r\n\r\n" * 2)
        connection.recv(1 << 16)
    deadline = time.monotonic() + ANSWER_S
    while impatient.uvicorn.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not impatient.uvicorn.server_state.tasks
    assert "Exception" not in caplog.text


def test_a_client_that_has_gone_is_told_of(server):
    """What is sent to it is dropped without a word, so whoever answers went on for as long as the answer was."""
    with server.connect() as connection:
        connection.sendall(b"GET /until-gone HTTP/1.1\r\n\r\n")
        assert connection.recv(1 << 16)
        assert server.uvicorn.server_state.tasks
    deadline = time.monotonic() + ANSWER_S
    while server.uvicorn.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not server.uvicorn.server_state.tasks


def wait_for_connections(server: Server, n: int) -> None:
    deadline = time.monotonic() + ANSWER_S
    while len(server.uvicorn.server_state.connections) != n and time.monotonic() < deadline:
        time.sleep(0.02)


def test_two_peers_leave_connections_for_a_third(impatient, monkeypatch):
    """Each might have half of them, so two had all: everybody else was turned away for as long as they liked."""
    monkeypatch.setattr(protocol.resource, "getrlimit", lambda _: (16, 16))
    wait_for_connections(impatient, 0)
    held = [impatient.connect(f"127.0.0.{peer}") for peer in (2, 3) for _ in range(4)]
    try:
        wait_for_connections(impatient, 6)  # four, and two
        assert read_all(held[-1]).startswith(b"HTTP/1.1 503 ")
        with impatient.connect() as third:
            third.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert read_all(third).startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in held:
            connection.close()


def test_one_peer_leaves_connections_for_others(impatient, monkeypatch):
    """With 16 descriptors there may be 8 connections, and 4 of one peer."""
    monkeypatch.setattr(protocol.resource, "getrlimit", lambda _: (16, 16))
    wait_for_connections(impatient, 0)
    held = [impatient.connect() for _ in range(4)]
    try:
        with impatient.connect() as one_more:
            assert read_all(one_more).startswith(b"HTTP/1.1 503 ")
    finally:
        for connection in held:
            connection.close()
