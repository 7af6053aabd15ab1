"""How the members of a gang (executor/gang.py) reach each other: the first one listens, the others connect to it, and what they give
each other goes through it.

Each gang has a certificate of its own, which all its members show and trust, and nothing else: whoever else reaches the address is
turned away. What is sent is frames of bytes (executor/parts.py). The sockets belong to our processes on the nodes, and not to those
that do the work.
"""

from __future__ import annotations

import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from windvane.errors import MemberLost
from windvane.executor.base import GangMember
from windvane.executor.parts import Communicator, pack_parts, parts_of
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack

_LOG = logging.getLogger(__name__)

_VALID = timedelta(days=30)
_SKEW = timedelta(days=1)
_NAME = "gang.windvane"
_CONNECT_S = 20.0
_GREETING_S = 20.0
_MOST_GREETED = 32
"""Who connect at the same time and have not shown yet that they are members."""

_MOST_WAITING = 128
_PIECE = 1 << 18


def new_identity() -> str:
    """Return a private key and its certificate, as PEM, for one gang."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(encoding)).decode()


def communicator_of(member: GangMember, host: str) -> tuple[Communicator, str]:
    """Return the communicator of a member, and the address at which the others reach it; "" if they do not.

    host      address of this machine for the others
    raises    OSError if nothing can listen here
    """
    if member.rank > 0:
        return Peer(member), ""
    coordinator = Coordinator(member, host)
    return coordinator, coordinator.address


class Coordinator:
    """The communicator of the first member, which takes in the others."""

    def __init__(self, member: GangMember, host: str) -> None:
        self.size = member.size
        self._context = _context(ssl.PROTOCOL_TLS_SERVER, member.identity)
        self._peers: dict[int, _Connection] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._greeting = threading.BoundedSemaphore(_MOST_GREETED)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=_MOST_WAITING)
        self.address = f"{host}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, name="members", daemon=True).start()

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._is_complete())
        if not self._is_complete():
            raise MemberLost("This member has left its gang.")
        try:
            given = [list(parts)]
            given += [self._peers[rank].receive(self.size) for rank in range(1, self.size)]
            for rank, peer in self._peers.items():
                peer.send([of_one[rank] for of_one in given])
        except (OSError, BadFrame) as error:
            raise _lost(error) from error
        return [of_one[0] for of_one in given]

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            for peer in self._peers.values():
                peer.close()
        _shut(self._listener)

    def _is_complete(self) -> bool:
        return len(self._peers) == self.size - 1

    def _listen(self) -> None:
        """Take in whoever connects, until all members have."""
        try:
            while True:
                self._greeting.acquire()
                channel, _ = self._listener.accept()
                threading.Thread(
                    target=self._greet, args=(channel,), name="greeting", daemon=True
                ).start()
        except OSError as error:
            if not self._is_complete():
                _LOG.info("Nobody can connect to a gang any more: %s", error)
                self.close()

    def _greet(self, channel: socket.socket) -> None:
        """Take in one who connects, if that is a member."""
        channel.settimeout(_GREETING_S)
        try:
            with ExitStack() as undo:
                wrapped = self._context.wrap_socket(
                    channel, server_side=True, do_handshake_on_connect=False
                )
                peer = _Connection(wrapped)
                undo.callback(peer.close)
                self._take_in(peer.greeted(self.size), peer)
                undo.pop_all()
        except (OSError, BadFrame) as error:
            _LOG.warning("Somebody who connected to a gang is not taken in: %s", error)
        finally:
            self._greeting.release()

    def _take_in(self, rank: int, peer: _Connection) -> None:
        """Take in a member.

        raises    BadFrame if it has come already; ConnectionError if this one has left
        """
        with self._changed:
            if self._is_closed:
                raise ConnectionAbortedError("this member has left")
            if rank in self._peers:
                raise BadFrame(f"The member {rank} has connected before.")
            self._peers[rank] = peer
            self._changed.notify_all()
        if self._is_complete():
            _shut(self._listener)


class Peer:
    """The communicator of every other member. It connects when it first needs the others, and waits until the first one does."""

    def __init__(self, member: GangMember) -> None:
        self.size = member.size
        self._context = _context(ssl.PROTOCOL_TLS_CLIENT, member.identity)
        self._rank, self._address = member.rank, member.address
        self._coordinator: _Connection | None = None
        self._is_closed = False

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        try:
            if self._coordinator is None:
                self._coordinator = self._connected()
            self._coordinator.send(parts)
            return self._coordinator.receive(self.size)
        except (OSError, BadFrame) as error:
            raise _lost(error) from error

    def close(self) -> None:
        self._is_closed = True
        if self._coordinator is not None:
            self._coordinator.close()

    def _connected(self) -> _Connection:
        host, _, port = self._address.rpartition(":")
        channel = socket.create_connection((host, int(port)), _CONNECT_S)
        connection = self._coordinator = _Connection(
            self._context.wrap_socket(channel, server_hostname=_NAME, do_handshake_on_connect=False)
        )
        if self._is_closed:
            connection.close()
        connection.greet(self._rank)
        return connection


class _Connection:
    """A connection between two members."""

    def __init__(self, channel: ssl.SSLSocket) -> None:
        self._channel, self._frames = channel, FrameBuffer()
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each waits for what is sent

    def greet(self, rank: int) -> None:
        """Show that one is a member, and say which."""
        self._channel.settimeout(None)
        self._channel.do_handshake()
        self._channel.sendall(pack({"rank": rank}))

    def greeted(self, size: int) -> int:
        """Return the rank of the member at the other end.

        raises    OSError, BadFrame if that is none
        """
        self._channel.do_handshake()
        rank = self._next()[0].get("rank")
        if type(rank) is not int or not 0 < rank < size:
            raise BadFrame(f"{rank} is the rank of no member.")
        self._channel.settimeout(None)  # who gives out the work knows when it is over
        return rank

    def send(self, parts: Sequence[bytes]) -> None:
        self._channel.sendall(pack_parts({}, parts))

    def receive(self, size: int) -> list[bytes]:
        """Return the parts that come next.

        raises    OSError, BadFrame
        """
        return parts_of(self._next(), size)

    def close(self) -> None:
        _shut(self._channel)

    def _next(self) -> Frame:
        while (frame := self._frames.next_frame()) is None:
            data = self._channel.recv(_PIECE)
            if not data:
                raise ConnectionResetError("the other end is closed")
            self._frames.feed(data)
        return frame


def _context(protocol: int, pem: str) -> ssl.SSLContext:
    """Return the context of a member, which shows the certificate of its gang and takes no other one."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=pem)
    with tempfile.NamedTemporaryFile("w") as file:  # the library reads a key from nowhere else
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _shut(channel: socket.socket) -> None:
    """End a connection; whoever waits for it in another thread is woken."""
    with suppress(OSError):
        socket.socket.shutdown(channel, socket.SHUT_RDWR)
    channel.close()


def _lost(error: Exception) -> MemberLost:
    return MemberLost(f"A member of the gang is gone: {error}")
