"""Bearer tokens: a link that an access key signed, with Version 4 like any other, and that asks for no more than models.

Clients of the protocol sign nothing, but send a header. So the key's owner signs once, for hours, `GET
https://windvane/v2?Action=OpenInference&...`, and the query of this link is the token: the server needs not remember it, it ends when its time is
over or its key is taken back, and policies are asked about its owner at every request.

    windvane-BASE64URL(Action=OpenInference&X-Amz-Algorithm=...&X-Amz-Credential=...&...&X-Amz-Signature=...)

A token with `EndpointName` among what is signed is good for this endpoint alone. Who writes one: cli/token.py.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from urllib.parse import unquote

from windvane.errors import AccessDenied, IncompleteSignature, LinkExpired
from windvane.wire import sigv4
from windvane.wire.call import KeyRing, Request
from windvane.wire.open_inference.paths import PREFIX
from windvane.wire.sigv4_signature import query_pairs

PREFIX_OF_TOKENS = "windvane-"
HOST = "windvane"
PURPOSE = ("Action", "OpenInference")
"""Among what is signed: no link that was made for anything else is a token."""

SIGNED_URL = f"https://{HOST}{PREFIX}"
ONLY_ENDPOINT = "EndpointName"
EMPTY_HASH = sigv4.hash_payload(b"")
"""Of the body of the link, which has none."""

_SCHEME = "bearer"
_UNREADABLE = "The bearer token is none that this server reads. `windvane token` makes one, signed with an access key."


def is_sent(request: Request) -> bool:
    """Return whether a request has a bearer token, good or not."""
    scheme, space, _ = request.first.get("authorization", "").partition(" ")
    return bool(space) and scheme.lower() == _SCHEME


def read_claim(request: Request, endpoint: str, keyring: KeyRing, now: datetime) -> sigv4.Claim:
    """Return what the token of a request says of who made it; all but the comparison of the signature is checked, which is
    that of EMPTY_HASH.

    endpoint    that the request is for, "" if it is for none
    raises      Unauthenticated, one of its kinds; AccessDenied for a token that is for another endpoint
    """
    query = _query_of(request.first["authorization"].partition(" ")[2].strip())
    link = Request("GET", PREFIX, query, (("host", HOST),), b"")
    try:
        claim = sigv4.read_claim(link, keyring, now)
    except LinkExpired as error:
        raise LinkExpired("The bearer token has expired; make a new one.") from error
    _check_endpoint(query, endpoint)
    return claim


def _query_of(token: str) -> str:
    if not token.startswith(PREFIX_OF_TOKENS):
        raise IncompleteSignature(_UNREADABLE)
    encoded = token[len(PREFIX_OF_TOKENS) :]
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        query = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise IncompleteSignature(_UNREADABLE) from error
    if "X-Amz-Algorithm=" not in query or PURPOSE not in query_pairs(query):
        raise IncompleteSignature(_UNREADABLE)
    return query


def _check_endpoint(query: str, endpoint: str) -> None:
    wanted = [value for name, value in query_pairs(query) if name == ONLY_ENDPOINT]
    if any(one.lower() != unquote(endpoint).lower() for one in wanted):
        raise AccessDenied("The bearer token is for another endpoint alone.")
