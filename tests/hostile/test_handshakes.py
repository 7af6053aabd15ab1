"""Connections that never say hello: the web server knew nothing of them, and waited a minute for each."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
import uvloop
from hostile.test_wire_http import ANSWER_S, app, read_all

from windvane.cli import handshakes, protocol
from windvane.cli.handshakes import TlsServer
from windvane.cli.protocol import EndedSoon


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder: Path = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run(made, check=True, capture_output=True)
    return cert, key


@pytest.fixture
def server(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, int]]:
    """It waits for eight handshakes of one peer."""
    monkeypatch.setattr(handshakes, "OF_PEER", 8)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    cert, key = certificate
    config = uvicorn.Config(
        app,
        http=EndedSoon,
        loop="none",
        ws="none",
        lifespan="off",
        log_config=None,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    web = TlsServer(config)
    thread = threading.Thread(target=lambda: uvloop.run(web.serve(sockets=[listener])))
    thread.start()
    yield listener.getsockname()
    web.should_exit = True
    thread.join(ANSWER_S)
    assert not thread.is_alive()
    listener.close()


def greeted(address: tuple[str, int], source: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(address, timeout=ANSWER_S, source_address=(source, 0))
    return context.wrap_socket(plain)


def is_served(address: tuple[str, int], source: str) -> bool:
    with greeted(address, source) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"served" in read_all(connection)


def silent(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=ANSWER_S)


def is_let_go(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_peer_that_never_says_hello_leaves_others_room(server: tuple[str, int]) -> None:
    """Two thousand of them were held for a minute, 120 MB and as many descriptors, and no bound counted them."""
    held = [silent(server) for _ in range(8)]
    more = [silent(server) for _ in range(20)]
    try:
        assert all(is_let_go(connection) for connection in (*held, *more[:12]))
        assert is_served(server, "127.0.0.2")
    finally:
        for connection in (*held, *more):
            connection.close()


def test_a_peer_that_never_says_hello_leaves_its_own_address_room(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else had its address, on the same machine or behind the same router, was turned away as long as it went on;
    and so was everybody, once all addresses of this machine together had as many as there may be."""
    monkeypatch.setattr(handshakes, "IN_ALL", 12)
    held = [silent(server) for _ in range(8)]
    others = [
        socket.create_connection(server, timeout=ANSWER_S, source_address=("127.0.0.3", 0))
        for _ in range(8)
    ]
    try:
        for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            assert is_served(server, source)
        assert is_let_go(held[0])
    finally:
        for connection in (*held, *others):
            connection.close()


def test_a_hello_that_does_not_come_is_not_waited_for(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(handshakes, "HANDSHAKE_S", 0.2)
        held = [silent(server) for _ in range(8)]
        are_let_go = all(is_let_go(connection) for connection in held)
    try:
        assert are_let_go
        assert is_served(server, "127.0.0.1")
    finally:
        for connection in held:
            connection.close()


def test_what_speaks_no_tls_is_let_go(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "HANDSHAKE_S", 2 * ANSWER_S)
    with silent(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        read_all(connection)
    assert is_served(server, "127.0.0.1")


def test_a_peer_that_is_turned_away_and_stays_leaves_others_room(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told that there were too many of its connections, and did not say goodbye, had them counted for half a
    minute more: with as many again everybody was turned away. Of 32 connections there may be 16 of one peer."""
    monkeypatch.setattr(protocol.resource, "getrlimit", lambda _: (64, 64))
    held = [greeted(server, "127.0.0.1") for _ in range(40)]
    try:
        assert is_served(server, "127.0.0.2")
        assert read_all(held[-1]).startswith(b"HTTP/1.1 503 ")
        assert is_served(server, "127.0.0.2")
    finally:
        for connection in held:
            connection.close()
