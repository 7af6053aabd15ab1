"""Verifies AWS Signature Version 4, in the Authorization header or in the query, and says who calls.

Works on the head of a request: the payload's hash is given, so a streamed body need not be here yet.

source    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from windvane.errors import (
    BadSignature,
    ClockSkew,
    Expired,
    LinkExpired,
    UnknownKey,
)
from windvane.wire.call import Caller, Credential, KeyRing, Request
from windvane.wire.sigv4_signature import (
    ALGORITHM,
    MAX_SKEW,
    STAMP,
    Signature,
    header,
    read_signature,
)

_HEX_HASH = re.compile(r"[0-9a-f]{64}")


def verify(request: Request, payload_hash: str, keyring: KeyRing, now: datetime) -> Caller:
    """Return who signed the head of `request` and the payload of that hash.

    payload_hash    hexadecimal SHA-256 of the body, or what S3 allows in its place
    raises          Unauthenticated, one of its kinds
    """
    return read_claim(request, keyring, now).verify(payload_hash)


@dataclass(frozen=True)
class Claim:
    """The claimed caller of a request: the key is known, and the time right; the signature is yet to be compared."""

    request: Request
    signature: Signature
    credential: Credential

    def verify(self, payload_hash: str) -> Caller:
        """Return who signed the head of the request and the payload of that hash.

        raises    BadSignature
        """
        signature, credential = self.signature, self.credential
        expected = _calculate(self.request, signature, payload_hash, credential.secret_key)
        if not hmac.compare_digest(expected.encode(), signature.signature.encode()):
            raise mismatch(signature.service)
        return Caller(credential.account, signature.region, credential)


def read_claim(request: Request, keyring: KeyRing, now: datetime) -> Claim:
    """Return what the head of a request says of its sender; all but the comparison of the signature is checked.

    raises    Unauthenticated, one of its kinds
    """
    signature = read_signature(request)
    _check_headers_signed(request, signature)
    _check_time(signature, now)
    try:
        credential = keyring.credential(signature.access_key, signature.session_token, now)
    except Expired as error:
        raise Expired(_EXPIRED_TOKEN.get(signature.service, str(error))) from error
    if credential is None:
        raise UnknownKey(_UNKNOWN_KEY.get(signature.service, _UNKNOWN_TOKEN))
    return Claim(request, signature, credential)


def declared_hash(request: Request) -> str:
    """Return the SHA-256 of its body that a request declares; "" if it declares none, or something else."""
    declared = header(request, "x-amz-content-sha256")
    return declared if _HEX_HASH.fullmatch(declared) else ""


def mismatch(service: str) -> BadSignature:
    """Return the refusal of a signature, or a body, that is not the one that was signed."""
    return BadSignature(_MISMATCH_S3 if service == "s3" else _MISMATCH)


def hash_payload(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _check_headers_signed(request: Request, signature: Signature) -> None:
    unsigned = [
        name
        for name, _ in request.headers
        if name.startswith("x-amz-") and name not in signature.signed_headers
    ]
    if unsigned:
        raise BadSignature(
            f"There were headers present in the request which were not signed: {', '.join(unsigned)}"
        )


def _check_time(signature: Signature, now: datetime) -> None:
    stamp, s3 = signature.stamp.moment, signature.service == "s3"
    if stamp > now + MAX_SKEW:
        raise ClockSkew(
            _SKEW_S3
            if s3
            else f"Signature not yet current: {stamp:{STAMP}} is still later than "
            f"{now + MAX_SKEW:{STAMP}} ({now:{STAMP}} + 15 min.)"
        )
    if signature.expires_s is not None:
        if now > stamp + timedelta(seconds=signature.expires_s):
            raise LinkExpired("Request has expired")
    elif stamp < now - MAX_SKEW:
        raise ClockSkew(
            _SKEW_S3
            if s3
            else f"Signature expired: {stamp:{STAMP}} is now earlier than "
            f"{now - MAX_SKEW:{STAMP}} ({now:{STAMP}} - 15 min.)"
        )


def _calculate(request: Request, signature: Signature, payload_hash: str, secret_key: str) -> str:
    canonical = b"\n".join(
        (
            request.method.upper().encode("latin-1"),
            _canonical_path(request.path, signature.service).encode("latin-1"),
            _canonical_query(request.query, drop_signature=signature.in_query).encode(),
            *(_canonical_header(request, name) for name in signature.signed_headers),
            b"",
            ";".join(signature.signed_headers).encode("latin-1"),
            payload_hash.encode(),
        )
    )
    to_sign = "\n".join(
        (
            ALGORITHM,
            signature.stamp.text,
            signature.scope,
            hashlib.sha256(canonical).hexdigest(),
        )
    )
    key = signing_key(secret_key, signature.date, signature.region, signature.service)
    return _hmac(key, to_sign).hex()


@lru_cache(maxsize=1024)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = _hmac(f"AWS4{secret_key}".encode(), date)
    return _hmac(_hmac(_hmac(key, region), service), "aws4_request")


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")


def _canonical_path(path: str, service: str) -> str:
    return path if service == "s3" else _normal_path(path)


@lru_cache(maxsize=256)
def _normal_path(path: str) -> str:
    """Return the canonical form of a path that is not S3's: there are as many as there are endpoints."""
    return quote(_without_dot_segments(path), safe="/~", encoding="latin-1")


def _without_dot_segments(path: str) -> str:
    normal = "/" + posixpath.normpath(path).lstrip("/")
    if normal in ("/.", "/"):
        return "/"
    return normal + "/" if path.endswith("/") else normal


def _canonical_query(query: str, *, drop_signature: bool) -> str:
    if not query:
        return ""
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if part and not (drop_signature and name == "X-Amz-Signature"):
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ").encode("latin-1")), safe="-_.~")


def _canonical_header(request: Request, name: str) -> bytes:
    if len(request.first) == len(request.headers):
        value = request.first.get(name)
        values = [] if value is None else [b" ".join(_header_bytes(value).split())]
    else:
        values = [
            b" ".join(_header_bytes(value).split()) for n, value in request.headers if n == name
        ]
    return name.encode("latin-1") + b":" + b",".join(values)


def _header_bytes(value: str) -> bytes:
    """Return the value of a header as UTF-8, which is what gets signed; clients send other characters as UTF-8 or as
    Latin-1."""
    raw = value.encode("latin-1")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return value.encode()
    return raw


_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details."
)
_MISMATCH_S3 = (
    "The request signature we calculated does not match the signature you provided. Check your key "
    "and signing method."
)
_UNKNOWN_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence
_UNKNOWN_KEY = {"s3": "The AWS Access Key Id you provided does not exist in our records."}
_EXPIRED_TOKEN = {"s3": "The provided token has expired."}
_SKEW_S3 = "The difference between the request time and the current time is too large."
