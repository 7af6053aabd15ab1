"""Who may use the console: one-time links and sessions.

Neither is kept: each is a signed text that carries what it stands for and when it expires. Only what was used, a link
or a session that its holder ended, is remembered.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from windvane.control.passes import Passes
from windvane.wire.call import Caller, Credential, KeyRing

LINK_LIFETIME = timedelta(hours=12)
SESSION_LIFETIME = timedelta(hours=12)

_SIGNATURE_BYTES = 32
_CSRF_BYTES = 16


@dataclass(frozen=True)
class Ticket:
    """What a link or a session stands for; `id` is its own."""

    id: str
    access_key: str
    region: str
    expires: datetime


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in."""

    ticket: Ticket
    caller: Caller


class Seal:
    """Tickets as texts that nobody else can make.

    purpose    a text made for one purpose is nothing for another
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, f"console {purpose}".encode(), "sha256")

    def close(self, ticket: Ticket) -> str:
        expires = int(ticket.expires.timestamp())
        body = json.dumps([ticket.id, ticket.access_key, ticket.region, expires]).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def open(self, text: str) -> Ticket | None:
        """None if it was not made here."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(body)):
            return None
        ticket_id, access_key, region, expires = json.loads(body)
        return Ticket(ticket_id, access_key, region, datetime.fromtimestamp(expires, UTC))

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def new_link(secret: bytes, access_key: str, region: str, now: datetime) -> str:
    """The text of a link that opens one session for the holder of a permanent key.

    secret    the data folder's token secret
    """
    return Seal(secret, "link").close(_ticket(access_key, region, now + LINK_LIFETIME))


class Entry:
    """Opens sessions, knows them again and ends them.

    secret    the data folder's token secret
    """

    def __init__(
        self, keyring: KeyRing, passes: Passes, secret: bytes, clock: Callable[[], datetime]
    ) -> None:
        self._keyring = keyring
        self._passes = passes
        self._links, self._sessions = Seal(secret, "link"), Seal(secret, "session")
        self._csrf_key = hmac.digest(secret, b"console csrf", "sha256")
        self._clock = clock

    def by_link(self, text: str) -> Session | None:
        """The session that a link opens; None if it was used, has expired or never was one."""
        ticket = self._links.open(text)
        if ticket is None or ticket.expires <= self._clock():
            return None
        session = self._session(ticket.access_key, ticket.region)
        if session is None or not self._passes.use(ticket.id, ticket.expires):
            return None
        return session

    def by_keys(self, access_key: str, secret_key: str, region: str) -> Session | None:
        """The session of whoever has a permanent key and its secret; None if they do not go together."""
        credential = self._credential(access_key)
        known = credential.secret_key if credential else secrets.token_hex(20)
        if not hmac.compare_digest(_hashed(known), _hashed(secret_key)):
            return None
        return self._session(access_key, region)

    def text_of(self, session: Session) -> str:
        """What a browser keeps."""
        return self._sessions.close(session.ticket)

    def again(self, text: str) -> Session | None:
        """The session that a browser kept; None if it is over."""
        ticket = self._sessions.open(text)
        if ticket is None or ticket.expires <= self._clock() or self._passes.is_used(ticket.id):
            return None
        credential = self._credential(ticket.access_key)
        return None if credential is None else _session(ticket, credential)

    def end(self, session: Session) -> None:
        self._passes.use(session.ticket.id, session.ticket.expires)

    def csrf_token(self, session: Session) -> str:
        """What forms of this session carry: another text each time, so that compressed pages give nothing away."""
        mask = secrets.token_bytes(_CSRF_BYTES)
        return (mask + _xor(mask, self._csrf(session))).hex()

    def is_csrf_token(self, session: Session, text: str) -> bool:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return False
        mask, masked = raw[:_CSRF_BYTES], raw[_CSRF_BYTES:]
        if len(masked) != _CSRF_BYTES:
            return False
        return hmac.compare_digest(_xor(mask, masked), self._csrf(session))

    def _csrf(self, session: Session) -> bytes:
        return hmac.digest(self._csrf_key, session.ticket.id.encode(), "sha256")[:_CSRF_BYTES]

    def _credential(self, access_key: str) -> Credential | None:
        return self._keyring.credential(access_key, "", self._clock())

    def _session(self, access_key: str, region: str) -> Session | None:
        credential = self._credential(access_key)
        if credential is None:
            return None
        expires = self._clock() + SESSION_LIFETIME
        return _session(_ticket(access_key, region, expires), credential)


def _ticket(access_key: str, region: str, expires: datetime) -> Ticket:
    return Ticket(secrets.token_urlsafe(16), access_key, region, expires.replace(microsecond=0))


def _session(ticket: Ticket, credential: Credential) -> Session:
    return Session(ticket, Caller(credential.account, ticket.region, credential))


def _hashed(secret_key: str) -> bytes:
    return hashlib.sha256(secret_key.encode()).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
