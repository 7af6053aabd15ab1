"""Links signed with Signature Version 2, as boto3 makes them unless told otherwise.

Version 2 signs the method, the path, Content-MD5, Content-Type, x-amz-* and a fixed list of query parameters. Whatever
else a query holds is not signed, so a link with such a parameter is refused: it could ask for something else than its
maker meant.

source    https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import datetime
from urllib.parse import parse_qsl

from windvane.errors import BadSignature, IncompleteLink, LinkExpired, UnknownKey
from windvane.wire.call import Caller, KeyRing, Request
from windvane.wire.s3.refusals import refused

REGION = "us-east-1"
"""Version 2 names none."""

_PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")
_HEADERS = ("content-type", "content-md5")
"""Headers that a link may bring, beside those of x-amz-*."""

_SIGNED_QUERY = frozenset(
    {
        *("acl", "location", "partNumber", "uploadId", "uploads", "versionId", "versions"),
        *("versioning", "delete", "tagging", "lifecycle", "policy", "cors", "logging", "website"),
        *("notification", "requestPayment", "torrent", "restore", "replication", "accelerate"),
        *("response-content-type", "response-content-language", "response-expires"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
    }
)
_HARMLESS = frozenset({"encoding-type"})
"""Unsigned, and no more than another spelling of the same answer. What widens a list, such as `prefix`, is not here."""

_EPOCH = re.compile(r"[0-9]{1,12}")


_HIDDEN = re.compile(rf"&({'|'.join(sorted(_SIGNED_QUERY))})(=|&|$)")
"""Version 2 joins names and values as they are: `a=1&versionId=2` may be two parameters, or one that hides the other."""

_KNOWN = _SIGNED_QUERY | _HARMLESS | frozenset(_PARAMETERS)


def is_presigned(head: Request) -> bool:
    return "AWSAccessKeyId=" in head.query and "X-Amz-Signature=" not in head.query


def verify(head: Request, keyring: KeyRing, now: datetime) -> Caller:
    """Return who signed the link.

    raises    Unauthenticated, one of its kinds; S3Refusal
    """
    pairs = parse_qsl(head.query, keep_blank_values=True, errors="replace")
    query = dict(pairs)
    if len(query) != len(pairs):
        raise IncompleteLink("A parameter stands twice in the query.")
    if missing := [name for name in _PARAMETERS if not query.get(name)]:
        raise IncompleteLink(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
            f"parameters; {missing[0]} is missing."
        )
    _check_query(query)
    if not _EPOCH.fullmatch(query["Expires"]):
        raise refused(
            "AccessDenied", f"Invalid date (should be seconds since epoch): {query['Expires'][:32]}"
        )
    if now.timestamp() > int(query["Expires"]):
        raise LinkExpired("Request has expired")
    token = query.get("x-amz-security-token", "")
    credential = keyring.credential(query["AWSAccessKeyId"], token, now)
    if credential is None:
        raise UnknownKey("The AWS Access Key Id you provided does not exist in our records.")
    expected = [
        sign(credential.secret_key, _string_to_sign(head, query, path)) for path in _spellings(head)
    ]
    if not any(hmac.compare_digest(one.encode(), query["Signature"].encode()) for one in expected):
        raise BadSignature(
            "The request signature we calculated does not match the signature you provided. Check your key "
            "and signing method."
        )
    return Caller(credential.account, REGION, credential)


def sign(secret_key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(secret_key.encode(), text.encode(), "sha1")).decode()


def _check_query(query: dict[str, str]) -> None:
    for name in query:
        is_header = name in _HEADERS or name.lower().startswith("x-amz-")
        if not is_header and name not in _KNOWN:
            raise refused(
                "InvalidArgument",
                f"Signature Version 2 does not cover the query parameter '{name[:64]}'. Sign with "
                "Version 4: boto3's Config(signature_version='s3v4').",
            )
    if any(_HIDDEN.search(query[name]) for name in query.keys() & _SIGNED_QUERY):
        raise refused(
            "InvalidArgument",
            "A value of the query holds what Version 2 signs as a parameter of its own. Sign with Version 4.",
        )


def _spellings(head: Request) -> tuple[str, ...]:
    """Return the path as it may be signed: that of a bucket has a slash at its end in the string that is signed."""
    is_bucket = "/" not in head.path.removeprefix("/").removesuffix("/")
    return (f"{head.path.rstrip('/')}/", head.path) if is_bucket else (head.path,)


def _string_to_sign(head: Request, query: dict[str, str], path: str) -> str:
    brought = {name.lower(): value for name, value in query.items()}
    headers = {name: value.strip() for name, value in head.headers}
    amz = {
        name: value for name, value in {**brought, **headers}.items() if name.startswith("x-amz-")
    }
    return "\n".join(
        (
            head.method,
            *(headers.get(name, brought.get(name, "")) for name in ("content-md5", "content-type")),
            query["Expires"],
            *(f"{name}:{amz[name]}" for name in sorted(amz)),
            _resource(path, query),
        )
    )


def _resource(path: str, query: dict[str, str]) -> str:
    named = sorted(name for name in query if name in _SIGNED_QUERY)
    if not named:
        return path
    parts = [f"{name}={query[name]}" if query[name] else name for name in named]
    return f"{path}?{'&'.join(parts)}"
