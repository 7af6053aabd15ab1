"""Requests to models that run on another server: passed on to it, over connections that are kept.

A request is one frame, and so is its answer. Servers of one store know each other by a secret that they share: a request
says when it was made, for which account, and what its body is, and is signed. Where a server speaks TLS, its certificate is the one whose
fingerprint it has put into the store, whoever signed it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windvane.errors import (
    EndpointMissing,
    InvalidRequest,
    ModelFault,
    ModelNotReady,
    Throttled,
    WindvaneError,
)
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack
from windvane.sealing import derive_key

if TYPE_CHECKING:
    import aiohttp  # takes long to load, and a server alone needs none

PATH = "/windvane/peer"
SIGNATURE = "x-windvane-peer"
_CONNECT_S = 3.0
_MOST_DIGITS = 12
"""Of the seconds since the epoch: whoever has no secret can write a number of thousands."""

_FAILED = 500

_PURPOSE = "requests between servers"


class PeerGone(Exception):
    """A server does not answer."""


class PeerLost(PeerGone):
    """A server, or its instance, that may have begun with a request did not answer it, and will not."""


class PeerInstanceLost(PeerLost):
    """A server told that its instance ended with the request: the server itself is well."""


class NotHere(PeerGone):
    """A server has no instance, or no more, of what is asked of it."""


class PeerFailed(Exception):
    """A server could not do what is asked of it, and would fail again: that is a fault of ours."""


@dataclass(frozen=True)
class Peer:
    """Another server.

    certificate    SHA-256 in hexadecimal of the one it shows; "" without TLS
    """

    id: str
    address: str
    certificate: str = ""


@dataclass(frozen=True)
class VerifiedRequest:
    """The claims of another server's request, by its signature.

    account      whose request is passed on
    body_hash    that the body has to have
    """

    account: str
    body_hash: str


class RequestSigner:
    """Proves that a request comes from a server that knows the secret.

    secret    that all servers of the store share
    """

    def __init__(self, secret: bytes) -> None:
        self._key = derive_key(secret, _PURPOSE)

    def sign(self, body_hash: str, at: int, account: str) -> str:
        """Return the signature of a request to another server.

        at    seconds since the epoch
        """
        said = f"{at} {account} {body_hash}"
        return f"{said} {hmac.digest(self._key, said.encode(), 'sha256').hex()}"

    def verify(self, signature: str, now: float, within_s: float) -> VerifiedRequest | None:
        """Return what a request proves before its body is read; None if the signature is none, or too old."""
        parts = signature.split(" ")
        is_time = parts[0].isdecimal() and len(parts[0]) <= _MOST_DIGITS
        if len(parts) != 4 or not is_time or not signature.isascii():
            return None
        at, account, body_hash = int(parts[0]), parts[1], parts[2]
        is_right = hmac.compare_digest(self.sign(body_hash, at, account), signature)
        return (
            VerifiedRequest(account, body_hash) if is_right and abs(now - at) <= within_s else None
        )


def hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def told_error(error: WindvaneError) -> dict[str, Any]:
    """Return an error of a request as another server tells it to its caller."""
    told: dict[str, Any] = {"type": type(error).__name__, "text": str(error)}
    if isinstance(error, ModelFault):
        told |= {"status": error.status, "message": error.message, "log_group": error.log_group}
    if isinstance(error, EndpointMissing):
        told |= {"name": error.name, "account": error.account}
    return told


TOLD = (EndpointMissing, InvalidRequest, ModelFault, ModelNotReady, Throttled)
"""Errors that come through to the caller as they are."""


def error_told(told: Mapping[str, Any]) -> WindvaneError:
    """Return the error that `told_error` told."""
    kind, text = told["type"], told["text"]
    if kind == ModelFault.__name__:
        facts = {name: told[name] for name in ("status", "message", "log_group")}
        return ModelFault(text, **facts)
    if kind == EndpointMissing.__name__:
        return EndpointMissing(told["name"], told["account"])
    plain = {one.__name__: one for one in (ModelNotReady, Throttled)}
    return plain.get(kind, InvalidRequest)(text)


class Peers:
    """Asks other servers, on the event loop of this one.

    secret    that all servers of the store share
    """

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._client: aiohttp.ClientSession | None = None
        self._trusted: dict[str, aiohttp.Fingerprint] = {}
        self.replace(secret)

    def replace(self, secret: bytes) -> None:
        """Use another secret from now on."""
        self._signer = RequestSigner(secret)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def ask(
        self, peer: Peer, header: Mapping[str, Any], body: bytes, timeout_s: float
    ) -> Frame:
        """Return what a server answers.

        header    with the account whose request it is
        raises    PeerGone, PeerLost, PeerInstanceLost, NotHere; PeerFailed; TimeoutError; what the other server tells its caller
        """
        frame = pack(header, body)
        signature = self._signer.sign(hash_of(frame), int(self._clock()), header["account"])
        try:
            answer = await self._sent(peer, frame, signature, timeout_s)
        except self._unreached() as error:  # before TimeoutError, which some of these are
            raise PeerGone(f"{peer.address}: {type(error).__name__}") from error
        except self._broken() as error:
            raise PeerLost(f"{peer.address}: {type(error).__name__}") from error
        except TimeoutError:
            raise
        except OSError as error:
            raise PeerLost(f"{peer.address}: {type(error).__name__}") from error
        told, rest = answer
        if told.get("is_moved"):
            raise NotHere(f"{peer.address} has no instance of it")
        if told.get("is_lost"):
            raise PeerInstanceLost(f"{peer.address}: its instance ended with the request")
        if "error" in told:
            raise error_told(told["error"])
        return told, rest

    def _unreached(self) -> tuple[type[Exception], ...]:
        import aiohttp

        return (
            ConnectionRefusedError,
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ServerFingerprintMismatch,
        )

    def _broken(self) -> type[Exception]:
        import aiohttp

        return aiohttp.ClientError

    async def _sent(self, peer: Peer, frame: bytes, signature: str, timeout_s: float) -> Frame:
        async with (
            asyncio.timeout(timeout_s),
            self._session().post(
                f"{peer.address}{PATH}",
                data=frame,
                headers={SIGNATURE: signature},
                ssl=self._trust(peer.certificate),
                allow_redirects=False,
            ) as answer,
        ):
            data = await answer.read()
            if answer.status == _FAILED:
                raise PeerFailed(f"{peer.address} answers {answer.status}; its log tells why.")
            if answer.status != 200:
                raise PeerGone(f"{peer.address} answers {answer.status}")
        frames = FrameBuffer()
        frames.feed(data)
        try:
            found = frames.next_frame()
        except BadFrame as error:
            raise PeerGone(f"{peer.address} answers what is no frame") from error
        if found is None:
            raise PeerGone(f"{peer.address} answers less than a frame")
        return found

    def _trust(self, certificate: str) -> aiohttp.Fingerprint | bool:
        """Return what a connection has to show. It is the same object each time: connections are kept by it."""
        if not certificate:
            return True
        if certificate not in self._trusted:
            import aiohttp

            self._trusted[certificate] = aiohttp.Fingerprint(bytes.fromhex(certificate))
        return self._trusted[certificate]

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            import aiohttp

            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
                auto_decompress=False,
            )
        return self._client
