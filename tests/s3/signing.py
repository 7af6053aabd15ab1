"""Requests that are signed for S3 as they stand, whatever is wrong with them: a client would not send them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote

from s3.house import OURS, SECRET, Headers

from windvane.wire.s3.chunks import ChunkSigning
from windvane.wire.sigv4 import ALGORITHM, signing_key

EMPTY = hashlib.sha256(b"").hexdigest()


def signed(
    method: str,
    target: str,
    headers: Headers = [],  # noqa: B006 - never changed
    declared: str = EMPTY,
    account: str = OURS,
) -> Headers:
    """The headers of a request, signed together: repeated ones are joined, as the signature asks."""
    return sign(method, target, headers, declared, account)[0]


def sign(
    method: str, target: str, headers: Headers, declared: str, account: str = OURS
) -> tuple[Headers, ChunkSigning]:
    """The same, and what signs the chunks of the body."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    whole = [
        ("host", "windvane.test"),
        ("x-amz-date", stamp),
        ("x-amz-content-sha256", declared),
        *headers,
    ]
    names = sorted({name for name, _ in whole})
    canonical = [
        f"{name}:{','.join(value.strip() for n, value in whole if n == name)}" for name in names
    ]
    path, _, query = target.partition("?")
    pairs = sorted(part.partition("=")[::2] for part in query.split("&") if part)
    text = "\n".join(
        [
            method,
            path,
            "&".join(f"{quote(n, safe='-_.~%')}={v}" for n, v in pairs),
            *canonical,
            "",
            ";".join(names),
            declared,
        ]
    )
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(text.encode()).hexdigest()])
    key = signing_key(SECRET, stamp[:8], "us-east-1", "s3")

    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    credential = f"Credential={account}/{scope}"
    authorization = (
        f"{ALGORITHM} {credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return [*whole, ("authorization", authorization)], ChunkSigning(key, stamp, scope, signature)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
