"""The access keys that the service knows: declared ones, the data folder's own, and temporary ones.

Temporary keys (AssumeRole) are kept nowhere: the session token carries what they stand for, signed, and the
secret is derived from the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from windvane.errors import Expired, InvalidRequest, WindvaneError
from windvane.names import default_role
from windvane.wire.call import Credential

_ALPHABET = string.ascii_uppercase + "234567"
_SIGNATURE_BYTES = 32


class UnusableKeys(WindvaneError):
    """keys.json in the data folder cannot be read; the text says why."""


@dataclass(frozen=True)
class KeyFile:
    """The data folder's own keys.

    token_secret    signs page tokens and session tokens
    """

    account: str
    access_key: str
    secret_key: str = field(repr=False)
    token_secret: bytes = field(repr=False)


def load_or_create_keys(data_dir: Path, account: str) -> KeyFile:
    """The keys in `data_dir`/keys.json, made there (mode 0600) the first time; they are of `account`.

    raises    UnusableKeys for a file that is damaged
    """
    path = data_dir / "keys.json"
    if not path.exists():
        _create(path)
    try:
        entries = json.loads(path.read_text())
        return KeyFile(
            account,
            str(entries["access_key"]),
            str(entries["secret_key"]),
            bytes.fromhex(entries["token_secret"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableKeys(
            f"Cannot read {path}: {type(error).__name__}: {error}. Restore it from a backup, or "
            "remove it to have new keys made."
        ) from error


def _create(path: Path) -> None:
    """Whoever is first wins: the complete file is linked into place, never over another."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {
        "access_key": "AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)),
        "secret_key": _secret_text(secrets.token_bytes(30)),
        "token_secret": secrets.token_hex(32),
    }
    temporary = path.with_name(f".keys.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class TemporaryKeys:
    """What AssumeRole hands out."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    credential: Credential


class KeyRing:
    """Who an access key belongs to (the wire's KeyRing).

    Temporary keys are good as long as what they come from: the permanent key with the secret that it had, and the role.

    permanent       (account, access key, secret key)
    token_secret    signs session tokens
    roles           ARNs of the declared roles; every account has its default role besides
    """

    def __init__(
        self,
        permanent: Iterable[tuple[str, str, str]],
        token_secret: bytes,
        roles: Iterable[str] = (),
    ) -> None:
        self._permanent = {
            access_key: _permanent_credential(account, access_key, secret_key)
            for account, access_key, secret_key in permanent
        }
        self._token_secret = token_secret
        self._roles = frozenset(roles)

    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        """None if the key is unknown, does not go with the token, or what it comes from is gone.

        raises    Expired for temporary keys whose time is over
        """
        if not session_token:
            return self._permanent.get(access_key)
        claims = self._read_token(session_token)
        if claims is None or not hmac.compare_digest(
            self._temporary_access_key(session_token).encode(), access_key.encode()
        ):
            return None
        if not self._still_stands(claims):
            return None
        if now >= claims.expires:
            raise Expired("The security token included in the request is expired")
        return self._temporary_credential(session_token, claims)

    def issue(
        self, role_arn: str, session: str, lifetime: timedelta, now: datetime, parent: Credential
    ) -> TemporaryKeys:
        """Keys for a session of a role, good for `lifetime` from `now`.

        parent    who asks: a session's keys end with the permanent key that it came from itself
        raises    InvalidRequest if that key is no more
        """
        root = self._permanent.get(parent.parent_key or parent.access_key)
        if root is None:
            raise InvalidRequest("The access key that asks for a session is no more.")
        expires = (now + lifetime).astimezone(UTC).replace(microsecond=0)
        claims = _Claims(
            role_arn,
            session,
            expires,
            secrets.token_hex(8),
            root.access_key,
            self.fingerprint(root),
        )
        token = self._write_token(claims)
        credential = self._temporary_credential(token, claims)
        return TemporaryKeys(
            credential.access_key, credential.secret_key, token, expires, credential
        )

    def fingerprint(self, credential: Credential) -> str:
        """What shows that a key still has its secret, without telling it; another one in each account."""
        facts = [credential.account, credential.access_key, credential.secret_key]
        return self._sign("fingerprint", json.dumps(facts).encode()).hex()

    def _still_stands(self, claims: _Claims) -> bool:
        parent = self._permanent.get(claims.parent_key)
        if parent is None or parent.account != claims.role_arn.split(":")[4]:
            return False
        if not hmac.compare_digest(self.fingerprint(parent), claims.parent_fingerprint):
            return False
        return claims.role_arn == default_role(parent.account) or claims.role_arn in self._roles

    def _write_token(self, claims: _Claims) -> str:
        body = json.dumps(
            [
                claims.role_arn,
                claims.session,
                int(claims.expires.timestamp()),
                claims.nonce,
                claims.parent_key,
                claims.parent_fingerprint,
            ]
        ).encode()
        return base64.b64encode(self._sign("token", body) + body).decode()

    def _read_token(self, token: str) -> _Claims | None:
        """None for what was not made here, or by a version that did not say what keys come from."""
        try:
            raw = base64.b64decode(token.encode(), validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        canonical = hmac.compare_digest(base64.b64encode(raw), token.encode())
        if not canonical or not hmac.compare_digest(signature, self._sign("token", body)):
            return None
        facts = json.loads(body)
        if len(facts) != _N_CLAIMS:
            return None
        role_arn, session, expires, nonce, parent_key, fingerprint = facts
        moment = datetime.fromtimestamp(expires, UTC)
        return _Claims(role_arn, session, moment, nonce, parent_key, fingerprint)

    def _temporary_credential(self, token: str, claims: _Claims) -> Credential:
        account = claims.role_arn.split(":")[4]
        return Credential(
            account,
            self._temporary_access_key(token),
            _secret_text(self._sign("secret", token.encode())[:30]),
            assumed_role_arn(claims.role_arn, claims.session),
            f"{role_id(claims.role_arn)}:{claims.session}",
            token,
            permanent=False,
            role_arn=claims.role_arn,
            parent_key=claims.parent_key,
        )

    def _temporary_access_key(self, token: str) -> str:
        return "ASIA" + base64.b32encode(self._sign("access key", token.encode())[:10]).decode()

    def _sign(self, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._token_secret, purpose.encode() + b"\x00" + message, "sha256")


@dataclass(frozen=True)
class _Claims:
    role_arn: str
    session: str
    expires: datetime
    nonce: str
    parent_key: str
    parent_fingerprint: str


_N_CLAIMS = 6


def assumed_role_arn(role_arn: str, session: str) -> str:
    """`arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` of a session of a role."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{session}"


def role_id(role_arn: str) -> str:
    """The identifier of a role: the same at every call."""
    digest = hashlib.sha256(role_arn.encode()).digest()
    return "AROA" + base64.b32encode(digest[:11]).decode()[:17]


def _permanent_credential(account: str, access_key: str, secret_key: str) -> Credential:
    role, session = default_role(account), access_key
    return Credential(
        account,
        access_key,
        secret_key,
        assumed_role_arn(role, session),
        f"{role_id(role)}:{session}",
        role_arn=role,
    )


def _secret_text(random: bytes) -> str:
    return base64.b64encode(random).decode()
