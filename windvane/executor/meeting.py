"""How members of a gang (executor/gang.py) reach each other: the first one listens, the others connect to it, and what they give each
other goes through it.

Each gang has a certificate of its own, which all its members show and trust, and nothing else: so it does not matter who else
reaches the address. The sockets belong to the processes of ours on the nodes, and not to the work.
"""

from __future__ import annotations

import logging
import socket
import ssl
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from windvane.errors import MemberLost
from windvane.executor.base import Seat
from windvane.process.frames import MAX_BODY, BadFrame, Frame, FrameBuffer, pack

_LOG = logging.getLogger(__name__)

_VALID = timedelta(days=30)
_SKEW = timedelta(days=1)
_NAME = "gang.windvane"
_CONNECT_S = 20.0
_HELLO_S = 20.0
_PIECE = 1 << 18


class Meeting(Protocol):
    """What a member has of the others. To be used by one thread, but for `close`."""

    @property
    def size(self) -> int: ...

    def swap(self, parts: Sequence[bytes]) -> list[bytes]:
        """Give each member its part, and return what each has given to this one; waits for all of them.

        raises    MemberLost if one of them is gone
        """

    def close(self) -> None:
        """Leave: the others then have lost a member."""


def identity() -> str:
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


def meeting_of(seat: Seat, host: str) -> Host | Guest:
    """Return the meeting of a member.

    host      address of this machine for the others
    raises    OSError if nothing can listen here
    """
    return Host(seat, host) if seat.rank == 0 else Guest(seat)


class Host:
    """The first member's. It takes in the others when it first needs them."""

    def __init__(self, seat: Seat, host: str) -> None:
        self._context = _context(ssl.PROTOCOL_TLS_SERVER, seat.identity)
        self.size = seat.size
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=seat.size)
        self._guests: dict[int, _Line] = {}
        self.address = f"{host}:{self._listener.getsockname()[1]}"

    def swap(self, parts: Sequence[bytes]) -> list[bytes]:
        try:
            while len(self._guests) < self.size - 1:
                self._take_in()
            given = [list(parts)]
            given += [self._guests[rank].receive(self.size) for rank in range(1, self.size)]
            for rank, line in self._guests.items():
                line.send([of_one[rank] for of_one in given])
        except (OSError, BadFrame) as error:
            raise _lost(error) from error
        return [of_one[0] for of_one in given]

    def close(self) -> None:
        _shut(self._listener)
        for line in list(self._guests.values()):
            line.close()

    def _take_in(self) -> None:
        """Take in one who connects, if that is a member. Whoever else reaches this address is turned away."""
        channel, _ = self._listener.accept()
        channel.settimeout(_HELLO_S)
        wrapped = self._context.wrap_socket(
            channel, server_side=True, do_handshake_on_connect=False
        )
        line = _Line(wrapped)
        try:
            wrapped.do_handshake()
            rank = self._awaited(line.header().get("rank"))
        except (OSError, BadFrame) as error:
            _LOG.warning("Somebody who connected to a gang is no member: %s", error)
            line.close()
        else:
            line.wait_on()
            self._guests[rank] = line

    def _awaited(self, rank: object) -> int:
        """Return the rank of a member that has not come yet.

        raises    BadFrame
        """
        if type(rank) is not int or not 0 < rank < self.size or rank in self._guests:
            raise BadFrame(f"{rank} is the rank of no member that is awaited.")
        return rank


class Guest:
    """That of every other member. It connects when it first needs the others, and waits until the first one does."""

    address = ""

    def __init__(self, seat: Seat) -> None:
        self._context = _context(ssl.PROTOCOL_TLS_CLIENT, seat.identity)
        self._rank, self._address = seat.rank, seat.address
        self.size = seat.size
        self._line: _Line | None = None
        self._is_closed = False

    def swap(self, parts: Sequence[bytes]) -> list[bytes]:
        try:
            if self._line is None:
                self._line = self._connected()
            self._line.send(parts)
            return self._line.receive(self.size)
        except (OSError, BadFrame) as error:
            raise _lost(error) from error

    def close(self) -> None:
        self._is_closed = True
        if self._line is not None:
            self._line.close()

    def _connected(self) -> _Line:
        host, _, port = self._address.rpartition(":")
        channel = socket.create_connection((host, int(port)), _CONNECT_S)
        wrapped = self._context.wrap_socket(
            channel, server_hostname=_NAME, do_handshake_on_connect=False
        )
        line = self._line = _Line(wrapped)
        if self._is_closed:
            line.close()
        line.wait_on()
        wrapped.do_handshake()
        line.greet(self._rank)
        return line


class _Line:
    """A connection between two members."""

    def __init__(self, channel: ssl.SSLSocket) -> None:
        self._channel, self._frames = channel, FrameBuffer(max_body=MAX_BODY)

    def greet(self, rank: int) -> None:
        self._channel.sendall(pack({"rank": rank}))

    def header(self) -> dict[str, object]:
        return self._next()[0]

    def wait_on(self) -> None:
        """Wait for as long as it takes from now on: who gives out the work knows when it is over."""
        self._channel.settimeout(None)

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


def pack_parts(header: dict[str, object], parts: Sequence[bytes]) -> bytes:
    """Return a frame with a part for each member, or of each."""
    return pack({**header, "sizes": [len(part) for part in parts]}, b"".join(parts))


def parts_of(frame: Frame, size: int) -> list[bytes]:
    """Return the parts of a frame.

    size      how many there must be
    raises    BadFrame
    """
    sizes, body = frame[0].get("sizes"), frame[1]
    if not isinstance(sizes, list) or len(sizes) != size:
        raise BadFrame("A frame has not a part for each member.")
    if not all(type(one) is int and one >= 0 for one in sizes) or sum(sizes) != len(body):
        raise BadFrame("The parts of a frame are not as long as it says.")
    parts, start = [], 0
    for one in sizes:
        parts.append(body[start : start + one])
        start += one
    return parts


def _context(protocol: int, pem: str) -> ssl.SSLContext:
    """Return the context of a member, which shows the certificate of its gang and takes no other one."""
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=pem[pem.index("-----BEGIN CERTIFICATE") :])
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
