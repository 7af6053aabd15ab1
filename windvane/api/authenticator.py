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

from windvane.control.one_time_tokens import OneTimeTokens
from windvane.wire.call import Caller, Credential, KeyRing

LINK_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=12)

_SIGNATURE_BYTES = 32
_CSRF_BYTES = 16
_N_FACTS = 5


@dataclass(frozen=True)
class SessionToken:
    """The identity that a link or a session stands for; `id` is its own.

    proof    shows that the key still has the secret with which it was opened
    """

    id: str
    access_key: str
    proof: str
    region: str
    expires: datetime


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in."""

    token: SessionToken
    caller: Caller


class Signer:
    """Tickets as texts that nobody else can make.

    purpose    a text made for one purpose is nothing for another
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, f"console {purpose}".encode(), "sha256")

    def close(self, token: SessionToken) -> str:
        expires = int(token.expires.timestamp())
        body = json.dumps([token.id, token.access_key, token.proof, token.region, expires]).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def open(self, text: str) -> SessionToken | None:
        """Return the session token of a text; None if it was not made here."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(body)):
            return None
        facts = json.loads(body)
        if len(facts) != _N_FACTS:  # made by a version that did not bind it to the secret
            return None
        token_id, access_key, proof, region, expires = facts
        return SessionToken(
            token_id, access_key, proof, region, datetime.fromtimestamp(expires, UTC)
        )

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def new_link(secret: bytes, keys: tuple[str, str], region: str, now: datetime) -> str:
    """Return the text of a link that opens one session for the holder of a permanent key.

    secret    the data folder's token secret
    keys      the access key and its secret: the link ends when either is replaced
    """
    access_key, secret_key = keys
    proof = _proof(secret, access_key, secret_key)
    return Signer(secret, "link").close(_token(access_key, proof, region, now + LINK_LIFETIME))


class Authenticator:
    """Opens sessions, knows them again and ends them.

    secret    the data folder's token secret
    """

    def __init__(
        self,
        keyring: KeyRing,
        one_time_tokens: OneTimeTokens,
        secret: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._one_time_tokens = one_time_tokens
        self._clock = clock
        self.replace(secret)

    def replace(self, secret: bytes) -> None:
        """Use another secret from now on: every link and session ends."""
        self._links, self._sessions = Signer(secret, "link"), Signer(secret, "session")
        self._secret = secret
        self._csrf_key = hmac.digest(secret, b"console csrf", "sha256")

    def by_link(self, text: str) -> Session | None:
        """Return the session that a link opens; None if it was used, has expired or never was one."""
        token = self._links.open(text)
        if token is None or token.expires <= self._clock():
            return None
        credential = self._credential_of(token)
        if credential is None or not self._one_time_tokens.use(token.id, token.expires):
            return None
        return self._session(credential, token.region)

    def by_keys(self, access_key: str, secret_key: str, region: str) -> Session | None:
        """Return the session of whoever has a permanent key and its secret; None if they do not go together."""
        credential = self._credential(access_key)
        known = credential.secret_key if credential else secrets.token_hex(20)
        is_right = hmac.compare_digest(_hashed(known), _hashed(secret_key))
        return self._session(credential, region) if credential and is_right else None

    def account_of(self, access_key: str) -> str:
        """Return whose permanent key it is; "" if it is nobody's."""
        credential = self._credential(access_key)
        return credential.account if credential is not None else ""

    def text_of(self, session: Session) -> str:
        """Return what a browser keeps."""
        return self._sessions.close(session.token)

    def again(self, text: str) -> Session | None:
        """Return the session that a browser kept; None if it is over."""
        token = self._sessions.open(text)
        if (
            token is None
            or token.expires <= self._clock()
            or self._one_time_tokens.is_used(token.id)
        ):
            return None
        credential = self._credential_of(token)
        return None if credential is None else _session(token, credential)

    def end(self, session: Session) -> None:
        self._one_time_tokens.use(session.token.id, session.token.expires)

    def csrf_token(self, session: Session) -> str:
        """Return what forms of this session carry: another text each time, so that compressed pages give nothing away."""
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
        return hmac.digest(self._csrf_key, session.token.id.encode(), "sha256")[:_CSRF_BYTES]

    def _credential(self, access_key: str) -> Credential | None:
        return self._keyring.credential(access_key, "", self._clock())

    def _credential_of(self, token: SessionToken) -> Credential | None:
        """Return the credential of a session; None if the key is no more, or has another secret."""
        credential = self._credential(token.access_key)
        if credential is None:
            return None
        proof = _proof(self._secret, credential.access_key, credential.secret_key)
        return credential if hmac.compare_digest(proof, token.proof) else None

    def _session(self, credential: Credential, region: str) -> Session:
        proof = _proof(self._secret, credential.access_key, credential.secret_key)
        expires = self._clock() + SESSION_LIFETIME
        return _session(_token(credential.access_key, proof, region, expires), credential)


def _token(access_key: str, proof: str, region: str, expires: datetime) -> SessionToken:
    return SessionToken(
        secrets.token_urlsafe(16), access_key, proof, region, expires.replace(microsecond=0)
    )


def _proof(secret: bytes, access_key: str, secret_key: str) -> str:
    facts = json.dumps([access_key, secret_key]).encode()
    return hmac.digest(secret, b"console proof\x00" + facts, "sha256").hex()


def _session(token: SessionToken, credential: Credential) -> Session:
    return Session(token, Caller(credential.account, token.region, credential))


def _hashed(secret_key: str) -> bytes:
    return hashlib.sha256(secret_key.encode()).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
