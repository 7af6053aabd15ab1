"""Session tokens: what temporary keys stand for, signed; the keys themselves are derived from the token and kept nowhere."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

_SIGNATURE_BYTES = 32
_FORMAT = 2
_MOST_KNOWN = 1024
MOST_CHARACTERS = 12_000
"""So that a token fits into the head of a request with room to spare."""

MOST_POLICY_CHARACTERS = 1 << 15
"""Of the session policies that a token carries, one of each AssumeRole: they are packed there, and unpacked in memory."""

MOST_POLICY_ARNS = 10
"""That a token carries: a policy that is named takes no room there, and all are looked through at every request.

source    PolicyArns of AssumeRole in STS's API reference
"""


@dataclass(frozen=True)
class Claims:
    """The claims of a session token about its session.

    account           of the role or user
    principal_id      of the role or user: another one of the same name is somebody else
    principal_arn     of the role or user
    user_name         "" for a session of a role
    session           the name of the session of a role
    issued, expires   seconds since 1970
    parent_key        the permanent key that all of this comes from
    parent_proof      shows that it has still the secret that it had
    chain             id and ARN of each role that the session came through
    session_policies  as in Credential
    """

    account: str
    principal_id: str
    principal_arn: str
    user_name: str
    session: str
    issued: int
    expires: int
    nonce: str
    parent_key: str
    parent_proof: str
    chain: tuple[str, ...] = ()
    session_policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """The part that is the same at every request with a token."""

    claims: Claims
    access_key: str
    secret_key: str = field(repr=False)


class SessionTokens:
    """Writes and reads tokens under one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[str, Known] = {}

    def write(self, claims: Claims) -> str:
        body = zlib.compress(json.dumps([_FORMAT, asdict(claims)]).encode(), 9)
        return base64.b64encode(self.sign("token", body) + body).decode()

    def known(self, token: str) -> Known | None:
        """Return the claims of a token and the keys that go with it; None for what was not made here."""
        found = self._known.get(token)
        if found is None and (claims := self.read(token)) is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = Known(claims, self.access_key(token), self.secret_key(token))
            self._known[token] = found
        return found

    def read(self, token: str) -> Claims | None:
        """Read a token; None for what was not made here, or by a version that did not say what keys come from."""
        try:
            raw = base64.b64decode(token.encode(), validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        canonical = hmac.compare_digest(base64.b64encode(raw), token.encode())
        if not canonical or not hmac.compare_digest(signature, self.sign("token", body)):
            return None
        return _claims(body)

    def access_key(self, token: str) -> str:
        return "ASIA" + base64.b32encode(self.sign("access key", token.encode())[:10]).decode()

    def secret_key(self, token: str) -> str:
        return base64.b64encode(self.sign("secret", token.encode())[:30]).decode()

    def sign(self, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._secret, purpose.encode() + b"\x00" + message, "sha256")


def _claims(body: bytes) -> Claims | None:
    """Return the claims of a body that was signed here."""
    if not body.startswith(b"\x78"):  # of an older version: plain JSON
        return None
    told: list[Any] = json.loads(zlib.decompress(body))
    if told[0] != _FORMAT:
        return None
    facts = told[1]
    return Claims(
        **{
            **facts,
            "chain": tuple(facts["chain"]),
            "session_policies": tuple(facts["session_policies"]),
        }
    )
