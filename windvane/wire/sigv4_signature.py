"""What a request says of its Signature Version 4, in the Authorization header or in the query, read and nothing proved.

source    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import parse_qsl

from windvane.errors import BadSignature, IncompleteLink, IncompleteSignature, MissingToken
from windvane.wire.call import Request
from windvane.wire.heads import MAX_HEADERS

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = timedelta(minutes=15)
MAX_EXPIRES_S = 604_800
STAMP = "%Y%m%dT%H%M%SZ"

_LONGEST_CREDENTIAL = 512
"""Characters. (Access keys have at most 128, regions 32.)"""

_LONGEST_KEPT = 1024
"""Characters of SignedHeaders that are read once and remembered: strangers write them too."""

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_AS_SDKS_WRITE_IT = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,=\s]+), ?SignedHeaders=([^,=\s]+), ?Signature=([0-9a-f]{64})"
)
_KEY_IN_HEADER = re.compile(r"\bCredential=([A-Za-z0-9]{4,128})/")
_KEY_IN_QUERY = re.compile(r"(?:^|&)X-Amz-Credential=([A-Za-z0-9]{4,128})(?:/|%2F)", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class Stamp:
    """The moment of a signature, and as it stands in the string that is signed."""

    moment: datetime
    text: str


@dataclass(frozen=True)
class Signature:
    """A request's statement of its own signature.

    in_query        presigned
    expires_s       how long a presigned request is good for; None if signed in the header
    """

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: Stamp
    session_token: str
    in_query: bool
    expires_s: int | None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def claimed_access_key(request: Request) -> str:
    """Return the access key that a request names, proved or not; "" for none, or none of sound form."""
    authorization = header(request, "authorization")
    found = (_KEY_IN_HEADER if authorization else _KEY_IN_QUERY).search(
        authorization or request.query
    )
    return found[1] if found else ""


def read_signature(request: Request) -> Signature:
    """Read the signature of a request from its header or query.

    raises    MissingToken, IncompleteSignature, BadSignature for a signature that says too little
    """
    authorization = header(request, "authorization")
    if authorization:
        return _from_header(request, authorization)
    query = query_pairs(request.query)
    if any(name == "X-Amz-Algorithm" for name, _ in query):
        return _from_query(_once(query))
    raise MissingToken("Missing Authentication Token")


def _from_header(request: Request, authorization: str) -> Signature:
    stamp = header(request, "x-amz-date") or header(request, "date")
    if stamp and (usual := _AS_SDKS_WRITE_IT.fullmatch(authorization)):
        credential, signed_headers, signature = usual.groups()
    else:
        credential, signed_headers, signature = _read_fields(authorization, stamp)
    return _signature(
        credential,
        signed_headers,
        signature,
        stamp=stamp,
        session_token=header(request, "x-amz-security-token"),
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
    """Return the parameters of the signature; which of two counts is not for us to guess."""
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
def _parse_stamp(text: str) -> Stamp:
    try:
        if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
            return Stamp(datetime.strptime(text, STAMP).replace(tzinfo=UTC), text)
        moment = parsedate_to_datetime(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return Stamp(moment, moment.strftime(STAMP))
    except (ValueError, OverflowError) as error:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{text[:64]}'. See "
            "http://en.wikipedia.org/wiki/ISO_8601"
        ) from error


def query_pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")


def header(request: Request, name: str) -> str:
    return request.first.get(name, "").strip()
