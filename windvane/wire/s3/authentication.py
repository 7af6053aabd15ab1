"""Who signed an S3 request: Signature Version 4 in head or query, Version 2 in the query.

A signature in the query may bring headers with it (`X-Amz-Acl=private`); they count as headers of the request.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from windvane.errors import BadSignature, MissingToken
from windvane.wire import sigv4
from windvane.wire.call import Caller, KeyRing, Request
from windvane.wire.s3 import presigned_v2
from windvane.wire.s3.chunks import ChunkSigning
from windvane.wire.s3.payload import UNSIGNED
from windvane.wire.s3.refusals import refused
from windvane.wire.sigv4_signature import read_signature

_OF_SIGNATURE = frozenset(
    {
        *("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"),
        *("x-amz-signedheaders", "x-amz-signature", "x-amz-security-token"),
    }
)
_OF_VERSION_2 = frozenset({"content-type", "content-md5"})
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class VerifiedHead:
    """A head whose signature is verified: who calls, and what it declares of the body.

    declared    x-amz-content-sha256, UNSIGNED for a link that has none
    signing     for chunks that are signed; None for a link
    """

    caller: Caller
    declared: str
    signing: ChunkSigning | None = None


VerifyHead = Callable[[Request], VerifiedHead]


def is_signed(head: Request) -> bool:
    """Return whether there is a signature, or what looks like one."""
    return (
        any(name == "authorization" for name, _ in head.headers)
        or "X-Amz-" in head.query
        or presigned_v2.is_presigned(head)
    )


def with_headers_of_query(head: Request) -> Request:
    """Return the request with the headers that its signed query brings.

    raises    S3Refusal for one that is in the head too, or cannot be in any
    """
    present = {name for name, _ in head.headers}
    brought = []
    for name, value in _brought(head):
        if name in present and name in _OF_VERSION_2:
            continue
        if name in present:
            raise refused("InvalidRequest", f"'{name[:64]}' stands in the head and in the query.")
        check_header_name(name)
        present.add(name)
        brought.append((name, header_value(name, value)))
    return Request(head.method, head.path, head.query, (*head.headers, *brought), head.body)


def check_header_name(name: str) -> None:
    """Check the name of a header.

    raises    S3Refusal for what is no name of a header, in lower case
    """
    if not _HEADER_NAME.fullmatch(name):
        raise refused("InvalidArgument", f"'{name[:64]}' is no name of a header.")


def header_value(name: str, text: str) -> str:
    """Return a text of a query or a form as a header holds it: UTF-8, spelled in Latin-1.

    raises    S3Refusal for what no header can hold
    """
    if _CONTROL.search(text):
        raise refused("InvalidArgument", f"The value of {name[:64]} is none of a header.")
    return text.encode("utf-8", errors="replace").decode("latin-1")


def _brought(head: Request) -> list[tuple[str, str]]:
    """Return the headers that a signed query brings, names in lower case."""
    is_v2 = presigned_v2.is_presigned(head)
    if not is_v2 and "X-Amz-Signature=" not in head.query:
        return []
    pairs = parse_qsl(head.query, keep_blank_values=True, errors="replace")
    return [
        (header, value)
        for name, value in pairs
        if ((header := name.lower()).startswith("x-amz-") and header not in _OF_SIGNATURE)
        or (is_v2 and header in _OF_VERSION_2)
    ]


def _without_brought(head: Request) -> Request:
    """Return the request as it was signed: no header of its head has the name of one that its query brings."""
    names = {name for name, _ in _brought(head)} - _OF_VERSION_2
    if not names:
        return head
    headers = tuple((name, value) for name, value in head.headers if name not in names)
    return Request(head.method, head.path, head.query, headers, head.body)


def head_verifier(keyring: KeyRing, clock: Callable[[], datetime]) -> VerifyHead:
    """Return what verifies the signature of an S3 request, at the clock's time."""

    def verify(head: Request) -> VerifiedHead:
        """Return who signed the head of a request.

        raises    Unauthenticated, one of its kinds; S3Refusal
        """
        head = _without_brought(head)
        if presigned_v2.is_presigned(head):
            _check_link_alone(head)
            caller = presigned_v2.verify(head, keyring, clock())
            return VerifiedHead(caller, _declared(head) or UNSIGNED)
        return _verify_v4(head, keyring, clock())

    return verify


def _check_link_alone(head: Request) -> None:
    """Check that a link is all that says who calls: what comes with an Authorization header is answered to a program, and what
    a browser gets by a link is a document of no origin.

    raises    S3Refusal
    """
    if any(name == "authorization" for name, _ in head.headers):
        raise refused(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
        )


def _verify_v4(head: Request, keyring: KeyRing, now: datetime) -> VerifiedHead:
    try:
        signature = read_signature(head)
    except MissingToken as error:
        raise MissingToken("Access Denied") from error
    if signature.service != "s3":
        raise BadSignature("Credential should be scoped to correct service: 's3'.")
    declared = _declared(head)
    if not declared:
        if not signature.in_query:
            raise refused(
                "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
            )
        declared = UNSIGNED
    caller = sigv4.verify(head, declared, keyring, now)
    if signature.in_query:
        return VerifiedHead(caller, declared)
    key = sigv4.signing_key(
        caller.credential.secret_key, signature.date, signature.region, signature.service
    )
    signing = ChunkSigning(key, signature.stamp.text, signature.scope, signature.signature)
    return VerifiedHead(caller, declared, signing)


def _declared(head: Request) -> str:
    for name, value in head.headers:
        if name == "x-amz-content-sha256":
            return value.strip()
    for name, value in parse_qsl(head.query, keep_blank_values=True, errors="replace"):
        if name.lower() == "x-amz-content-sha256":
            return value
    return ""
