"""Services of which nothing is served: in which protocol their clients read the refusal.

A client that is pointed here for everything (AWS_ENDPOINT_URL) reads an answer in another service's protocol as a broken
one; so the refusal is told in its own.
"""

from __future__ import annotations

from windvane.wire.call import Request

QUERY, EC2, JSON, REST_JSON, CBOR = (
    "unserved-query",
    "unserved-ec2",
    "unserved-json",
    "unserved-rest-json",
    "unserved-cbor",
)
"""How such a service's errors are told, as `faults.DIALECTS` knows it."""

_REST_XML = frozenset({"route53", "cloudfront"})
"""Signing names of the services of botocore that speak rest-xml, besides S3; their errors have the form of the query
protocol's. (A test compares the list with botocore.)"""


def protocol_of(signing_name: str, request: Request) -> str:
    """Return one of the five above, told from what the request looks like: no service model is loaded for it."""
    content_type = _header(request, "content-type")
    if _header(request, "smithy-protocol") == "rpc-v2-cbor":
        return CBOR
    if _header(request, "x-amz-target") or content_type.startswith("application/x-amz-json"):
        return JSON
    if signing_name == "ec2":
        return EC2
    is_form = content_type.startswith("application/x-www-form-urlencoded")
    if is_form or "Action=" in request.query or signing_name in _REST_XML:
        return QUERY
    return REST_JSON


def _header(request: Request, name: str) -> str:
    return request.first.get(name, "")
