"""Signature Version 4 as a client makes it, with a say in every part of it.

source    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Key:
    access_key: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire: path and query percent-encoded, header names lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def without(self, *names: str) -> Sent:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] not in names))

    def with_header(self, name: str, value: str) -> Sent:
        """In place of any of that name."""
        kept = self.without(name)
        return replace(kept, headers=(*kept.headers, (name, value)))


def in_header(sent: Sent, key: Key, at: datetime, region: str, service: str) -> Sent:
    """The request with an Authorization header; all of its headers are signed."""
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    sent = sent.with_header("x-amz-date", stamp)
    if key.token:
        sent = sent.with_header("x-amz-security-token", key.token)
    payload = hashlib.sha256(sent.body).hexdigest()
    if service == "s3":
        payload = sent.header("x-amz-content-sha256") or payload
        sent = sent.with_header("x-amz-content-sha256", payload)
    names = sorted({name for name, _ in sent.headers})
    signature = _signature(sent, key, stamp, _scope(at, region, service), names, payload)
    return sent.with_header(
        "authorization",
        f"{ALGORITHM} Credential={key.access_key}/{_scope(at, region, service)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}",
    )


def in_query(
    sent: Sent, key: Key, at: datetime, region: str, service: str, expires: str = "900"
) -> Sent:
    """The request presigned."""
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    names = sorted({name for name, _ in sent.headers})
    parts = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.access_key}/{_scope(at, region, service)}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": expires,
        "X-Amz-SignedHeaders": ";".join(names),
    }
    if key.token:
        parts["X-Amz-Security-Token"] = key.token
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    sent = replace(sent, query=f"{sent.query}&{query}".lstrip("&"))
    payload = "UNSIGNED-PAYLOAD" if service == "s3" else hashlib.sha256(sent.body).hexdigest()
    signature = _signature(sent, key, stamp, _scope(at, region, service), names, payload)
    return replace(sent, query=f"{sent.query}&X-Amz-Signature={signature}")


def _scope(at: datetime, region: str, service: str) -> str:
    return f"{at:%Y%m%d}/{region}/{service}/aws4_request"


def _signature(sent: Sent, key: Key, stamp: str, scope: str, names: list[str], payload: str) -> str:
    service = scope.split("/")[2]
    path = sent.path if service == "s3" else quote(sent.path, safe="/~")
    pairs = [part.partition("=")[::2] for part in sent.query.split("&") if part]
    query = "&".join(f"{name}={value}" for name, value in sorted(map(_escaped, pairs)))
    headers = "".join(f"{name}:{_values(sent, name)}\n" for name in names)
    canonical = "\n".join((sent.method, path, query, headers, ";".join(names), payload))
    hashed = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    signing_key = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    to_sign = "\n".join((ALGORITHM, stamp, scope, hashed))
    return hmac.digest(signing_key, to_sign.encode(), "sha256").hex()


def _escaped(pair: tuple[str, str]) -> tuple[str, str]:
    name, value = (quote(unquote_to_bytes(text), safe="-_.~") for text in pair)
    return name, value


def _values(sent: Sent, name: str) -> str:
    """As the bytes that are sent: other white space than ASCII's stays."""
    found = [value.encode("latin-1").split() for key, value in sent.headers if key == name]
    return b",".join(b" ".join(words) for words in found).decode("latin-1")
