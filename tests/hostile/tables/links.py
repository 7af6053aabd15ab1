"""Presigned requests and sessions that establish nobody.

source    codes: autopilot.md 1.2; texts: the words of AWS's services, which are the same in all regions
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hostile.asking import (
    ACCOUNT,
    NOW,
    OWNER,
    SESSION_SECRET,
    Ask,
    by,
    form,
    invoke,
    query_is,
    s3,
    sagemaker,
)
from hostile.case import Case
from hostile.signing import Key

from windvane.api.keyring import KeyRing
from windvane.names import default_role

_LIST = sagemaker("ListModels")

_WHO = form("sts", "GetCallerIdentity")

_GET = s3("GET", "/data/train/part-0.csv")

_LINK = by(_GET, expires="900")

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)

_INVALID_TOKEN = "The security token included in the request is invalid."

_EXPIRED = "The security token included in the request is expired"


def _session(seconds: int) -> Key:
    ring = KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], SESSION_SECRET)
    owner = ring.credential(OWNER.access_key, "", NOW)
    assert owner is not None
    lifetime = timedelta(seconds=seconds)
    keys = ring.issue(default_role(ACCOUNT), "hostile", lifetime, NOW, owner)
    return Key(keys.access_key, keys.secret_key, keys.session_token)


_OVER = _session(0)

_SESSION = _session(900)


def _mismatch(name: str, ask: Ask) -> Case:
    return Case(name, ask, 400, "InvalidSignatureException", _MISMATCH)


def _unrecognized(name: str, key: Key) -> Case:
    return Case(name, by(_LIST, key=key), 400, "UnrecognizedClientException", _INVALID_TOKEN)


def _then(ask: Ask, *changes: object) -> Ask:
    return by(ask, then=changes)


_PRESIGNED_ODDITIES = (
    *(
        Case(
            f"a link for {expires!r} seconds",
            by(_GET, expires=expires),
            400,
            "AuthorizationQueryParametersError",
            f"X-Amz-Expires must be a number of seconds from 1 to 604800, not '{expires}'.",
        )
        for expires in ("0", "-1", "604801", "1e3", "99999999999999999999", "soon")
    ),
    Case(
        "a link for ever",
        _then(_LINK, query_is("&X-Amz-Expires=900", "")),
        400,
        "AuthorizationQueryParametersError",
        "X-Amz-Expires must be a number of seconds from 1 to 604800, not ''.",
    ),
    *(
        Case(
            f"a link without {name}",
            _then(_LINK, query_is(f"{name}=", "X-Other=")),
            400,
            "AuthorizationQueryParametersError",
            f"AWS query-string parameters must include '{name}'.",
        )
        for name in ("X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    ),
    Case(
        "a link with another algorithm",
        _then(_LINK, query_is("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256")),
        400,
        "AuthorizationQueryParametersError",
        "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256'.",
    ),
    Case(
        "a link with two signatures",
        _then(_LINK, query_is("X-Amz-Signature", "X-Amz-Signature=0&X-Amz-Signature")),
        400,
        "AuthorizationQueryParametersError",
        "'X-Amz-Signature' stands twice in the query.",
    ),
    Case(
        "a link with two credentials",
        _then(_LINK, query_is("X-Amz-Date", "X-Amz-Credential=A%2FB&X-Amz-Date")),
        400,
        "AuthorizationQueryParametersError",
        "'X-Amz-Credential' stands twice in the query.",
    ),
)

_SESSIONS = (
    Case("a session that is over", by(_LIST, key=_OVER), 400, "ExpiredTokenException", _EXPIRED),
    Case(
        "a session that is over, runtime",
        by(invoke(), key=_OVER),
        403,
        "ExpiredTokenException",
        _EXPIRED,
    ),
    Case("a session that is over, STS", by(_WHO, key=_OVER), 403, "ExpiredToken", _EXPIRED),
    Case(
        "a session that is over, S3",
        by(_GET, key=_OVER),
        400,
        "ExpiredToken",
        "The provided token has expired.",
    ),
    _unrecognized("keys of a session without its token", replace(_SESSION, token="")),
    _unrecognized("the token of another session", replace(_SESSION, token=_session(901).token)),
    _unrecognized("a permanent key with a token", replace(OWNER, token=_SESSION.token)),
    _unrecognized("a permanent key with a token of no sense", replace(OWNER, token="token")),
    _unrecognized("a token with an end", replace(_SESSION, token=f"{_SESSION.token}A")),
    _unrecognized("a token cut short", replace(_SESSION, token=_SESSION.token[:20])),
    _unrecognized("a token of another alphabet", replace(_SESSION, token="\u00e9" * 40)),
    _mismatch(
        "a session with the secret of another",
        replace(by(_LIST, key=replace(_SESSION, secret="x"))),
    ),
    Case(
        "a session that wants a session",
        by(form("sts", "GetSessionToken"), key=_SESSION),
        403,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    ),
)

CASES = (
    *_PRESIGNED_ODDITIES,
    *_SESSIONS,
)
