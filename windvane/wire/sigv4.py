"""Verifies AWS Signature Version 4, in the Authorization header or in the query, and says who calls.

Works on the head of a request: the payload's hash is given, so a streamed body need not be here yet.

source    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from windvane.errors import (
    BadSignature,
    ClockSkew,
    Expired,
    IncompleteLink,
    IncompleteSignature,
    LinkExpired,
    MissingToken,
    UnknownKey,
)
from windvane.wire.call import Caller, Credential, KeyRing, Request
from windvane.wire.heads import MAX_HEADERS
from windvane.wire.s3.refusals import S3Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
MAX_EXPIRES_S = 604_800
UNSIGNED = "UNSIGNED-PAYLOAD"

_LONGEST_CREDENTIAL = 512
"""Characters. (Access keys have at most 128, regions 32.)"""

_LONGEST_KEPT = 1024
"""Characters of SignedHeaders that are read once and remembered: strangers write them too."""

_STAMP = "%Y%m%dT%H%M%SZ"
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HEX_HASH = re.compile(r"[0-9a-f]{64}")
_AS_SDKS_WRITE_IT = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,=\s]+), ?SignedHeaders=([^,=\s]+), ?Signature=([0-9a-f]{64})"
)
_KEY_IN_HEADER = re.compile(r"\bCredential=([A-Za-z0-9]{4,128})/")
_KEY_IN_QUERY = re.compile(r"(?:^|&)X-Amz-Credential=([A-Za-z0-9]{4,128})(?:/|%2F)", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class _Stamp:
    """The moment of a signature, and as it stands in the string that is signed."""

    moment: datetime
    text: str


@dataclass(frozen=True)
class Signature:
    """What a request says about its own signature.

    in_query        presigned
    expires_s       how long a presigned request is good for; None if signed in the header
    """

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: _Stamp
    session_token: str
    in_query: bool
    expires_s: int | None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verify(request: Request, payload_hash: str, keyring: KeyRing, now: datetime) -> Caller:
    """Who signed the head of `request` and the payload of that hash.

    payload_hash    hexadecimal SHA-256 of the body, or what S3 allows in its place
    raises          Unauthenticated, one of its kinds
    """
    return read_claim(request, keyring, now).prove(payload_hash)


@dataclass(frozen=True)
class Claim:
    """Who a request says it is from: the key is known, and the time right; the signature is yet to be compared."""

    request: Request
    signature: Signature
    credential: Credential

    def prove(self, payload_hash: str) -> Caller:
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
    declared = _header(request, "x-amz-content-sha256")
    return declared if _HEX_HASH.fullmatch(declared) else ""


def mismatch(service: str) -> BadSignature:
    """Return the refusal of a signature, or a body, that is not the one that was signed."""
    return BadSignature(_MISMATCH_S3 if service == "s3" else _MISMATCH)


def hash_payload(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def s3_payload_hash(request: Request) -> str:
    """The payload hash that an S3 request declares; whoever reads the body has to hold it to it.

    raises    S3Refusal if there is none, or none of the forms that S3 knows
    """
    declared = _header(request, "x-amz-content-sha256")
    if not declared and not _header(request, "authorization"):
        return UNSIGNED
    if not declared:
        raise S3Refusal(
            "InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"
        )
    if (
        declared != UNSIGNED
        and not declared.startswith("STREAMING-")
        and not _HEX_HASH.fullmatch(declared)
    ):
        raise S3Refusal(
            "InvalidArgument",
            400,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
        )
    return declared


def s3_authenticator(
    keyring: KeyRing, clock: Callable[[], datetime]
) -> Callable[[Request], Caller]:
    """Proves who signed the head of an S3 request, at the clock's time."""

    def authenticate(request: Request) -> Caller:
        try:
            return verify(request, s3_payload_hash(request), keyring, clock())
        except MissingToken as error:
            raise MissingToken("Access Denied") from error

    return authenticate


def claimed_access_key(request: Request) -> str:
    """Return the access key that a request names, proved or not; "" for none, or none of sound form."""
    authorization = _header(request, "authorization")
    found = (_KEY_IN_HEADER if authorization else _KEY_IN_QUERY).search(
        authorization or request.query
    )
    return found[1] if found else ""


def read_signature(request: Request) -> Signature:
    """raises    MissingToken, IncompleteSignature, BadSignature for a signature that says too little"""
    authorization = _header(request, "authorization")
    if authorization:
        return _from_header(request, authorization)
    query = _query_pairs(request.query)
    if any(name == "X-Amz-Algorithm" for name, _ in query):
        return _from_query(_once(query))
    raise MissingToken("Missing Authentication Token")


def _from_header(request: Request, authorization: str) -> Signature:
    stamp = _header(request, "x-amz-date") or _header(request, "date")
    if stamp and (usual := _AS_SDKS_WRITE_IT.fullmatch(authorization)):
        credential, signed_headers, signature = usual.groups()
    else:
        credential, signed_headers, signature = _read_fields(authorization, stamp)
    return _signature(
        credential,
        signed_headers,
        signature,
        stamp=stamp,
        session_token=_header(request, "x-amz-security-token"),
        expires=None,
    )


def _read_fields(authorization: str, stamp: str) -> tuple[str, str, str]:
    """Credential, SignedHeaders and Signature, in whatever order they come; `stamp` is "" if there is none."""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals:
            raise IncompleteSignature(
                f"'{part.strip()[:200]}' not a valid key=value pair (missing equal-sign) in "
                "Authorization header."
            )
        if name in fields:
            raise IncompleteSignature(f"'{name[:64]}' stands twice in the Authorization header.")
        fields[name] = value
    missing = [
        name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)
    ]
    lacks = [f"Authorization header requires '{name}' parameter." for name in missing]
    if not stamp:
        lacks.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if lacks:
        raise IncompleteSignature(" ".join(lacks))
    return fields["Credential"], fields["SignedHeaders"], fields["Signature"]


def _once(query: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters of the signature; which of two counts is not for us to guess."""
    found: dict[str, str] = {}
    for name, value in query:
        if name.startswith("X-Amz-") and name in found:
            raise IncompleteLink(f"'{name[:64]}' stands twice in the query.")
        found[name] = value
    return found


def _from_query(query: dict[str, str]) -> Signature:
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteLink(f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm'][:64]}'.")
    required = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    if missing := [name for name in required if not query.get(name)]:
        raise IncompleteLink(
            " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        )
    return _signature(
        query["X-Amz-Credential"],
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        stamp=query["X-Amz-Date"],
        session_token=query.get("X-Amz-Security-Token", ""),
        expires=query.get("X-Amz-Expires", ""),
    )


def _signature(
    credential: str,
    signed_headers: str,
    signature: str,
    *,
    stamp: str,
    session_token: str,
    expires: str | None,
) -> Signature:
    access_key, date, region, service = _read_scope(credential)
    is_short = len(signed_headers) <= _LONGEST_KEPT
    names = (_read_names if is_short else _read_names.__wrapped__)(signed_headers)
    when = _parse_stamp(stamp)
    if date != when.text[:8]:
        raise BadSignature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{date[:16]}' != '{when.text[:8]}', from '{when.text}'."
        )
    return Signature(
        access_key, date, region, service, names, signature, when, session_token,
        in_query=expires is not None,
        expires_s=None if expires is None else _expires(expires, service),
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _read_scope(credential: str) -> tuple[str, str, str, str]:
    """Access key, date, region and service."""
    parts = credential.rsplit("/", 4) if len(credential) <= _LONGEST_CREDENTIAL else []
    if len(parts) != 5 or not parts[0] or parts[4] != "aws4_request":
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/aws4_request, got '{credential[:200]}'."
        )
    access_key, date, region, service, _ = parts
    if not _REGION.fullmatch(region):
        raise BadSignature(f"Credential should be scoped to a valid region, not '{region[:64]}'.")
    return access_key, date, region, service


@lru_cache(maxsize=1024)
def _read_names(signed_headers: str) -> tuple[str, ...]:
    names = tuple(signed_headers.split(";", MAX_HEADERS))
    if "host" not in names or not all(_HEADER_NAME.fullmatch(name) for name in names):
        raise BadSignature(
            "'Host' must be a 'SignedHeader' in the AWS Authorization, in lower case."
        )
    return names


def _expires(text: str, service: str) -> int:
    if not text and service != "s3":
        return int(MAX_SKEW.total_seconds())
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= MAX_EXPIRES_S:
        raise IncompleteLink(
            f"X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES_S}, "
            f"not '{text[:32]}'."
        )
    return int(text)


@lru_cache(maxsize=64)
def _parse_stamp(text: str) -> _Stamp:
    try:
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            return _Stamp(datetime.strptime(text, _STAMP).replace(tzinfo=UTC), text)
        moment = parsedate_to_datetime(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _Stamp(moment, moment.strftime(_STAMP))
    except (ValueError, OverflowError) as error:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{text[:64]}'. See "
            "http://en.wikipedia.org/wiki/ISO_8601"
        ) from error


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
            else f"Signature not yet current: {stamp:{_STAMP}} is still later than "
            f"{now + MAX_SKEW:{_STAMP}} ({now:{_STAMP}} + 15 min.)"
        )
    if signature.expires_s is not None:
        if now > stamp + timedelta(seconds=signature.expires_s):
            raise LinkExpired("Request has expired")
    elif stamp < now - MAX_SKEW:
        raise ClockSkew(
            _SKEW_S3
            if s3
            else f"Signature expired: {stamp:{_STAMP}} is now earlier than "
            f"{now - MAX_SKEW:{_STAMP}} ({now:{_STAMP}} - 15 min.)"
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
    """Of a path that is not S3's: there are as many as there are endpoints."""
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
    """As UTF-8, which is what gets signed; clients send other characters as UTF-8 or as Latin-1."""
    raw = value.encode("latin-1")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return value.encode()
    return raw


def _query_pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")


def _header(request: Request, name: str) -> str:
    return request.first.get(name, "").strip()


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
