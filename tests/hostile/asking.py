"""Requests of the tables: what is sent, who signs it as what, and what happens to it after that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from hostile.signing import Key, Sent, in_header, in_query

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
REGION = "us-east-1"
ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
OWNER = Key("AKIAOWNER", "secret of the owner")
OTHER = Key("AKIAOTHER", "secret of the other")
SESSION_SECRET, PAGE_SECRET = b"t" * 32, b"k" * 32
"""Of the server: what signs session tokens, and page tokens."""

Change = Callable[[Sent], Sent]


@dataclass(frozen=True)
class Ask:
    """A request.

    service    that is meant: tells how the answer is read
    key        None sends it without a signature
    scope      service in the credential scope
    expires    seconds, of a presigned request; None signs in the header
    then       what becomes of the request after it was signed
    """

    service: str
    sent: Sent
    key: Key | None = OWNER
    at: datetime = NOW
    region: str = REGION
    scope: str = "sagemaker"
    expires: str | None = None
    then: tuple[Change, ...] = ()

    def made(self) -> Sent:
        """As it arrives."""
        sent = self.sent.with_header("host", "windvane.test")
        if self.key is not None and self.expires is not None:
            sent = in_query(sent, self.key, self.at, self.region, self.scope, self.expires)
        elif self.key is not None:
            sent = in_header(sent, self.key, self.at, self.region, self.scope)
        for change in self.then:
            sent = change(sent)
        return sent


def by(ask: Ask, **changes: Any) -> Ask:
    """The request sent otherwise."""
    return replace(ask, **changes)


def json_body(document: Any) -> bytes:
    return json.dumps(document).encode()


def of_json(service: str, prefix: str, operation: str, body: bytes) -> Ask:
    headers = (
        ("x-amz-target", f"{prefix}.{operation}"),
        ("content-type", "application/x-amz-json-1.1"),
    )
    return Ask(service, Sent("POST", "/", "", headers, body), scope=service)


def of_cbor(service: str, scope: str, prefix: str, operation: str, body: bytes) -> Ask:
    headers = (("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor"))
    path = f"/service/{prefix}/operation/{operation}"
    return Ask(service, Sent("POST", path, "", headers, body), scope=scope)


def sagemaker(operation: str, **members: Any) -> Ask:
    return sagemaker_raw(operation, json_body(members))


def sagemaker_raw(operation: str, body: bytes) -> Ask:
    return of_json("sagemaker", "SageMaker", operation, body)


def logs(operation: str, **members: Any) -> Ask:
    return of_json("logs", "Logs_20140328", operation, json_body(members))


_VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}


def form(service: str, operation: str, **fields: str) -> Ask:
    named = {"Action": operation, "Version": _VERSIONS[service], **fields}
    return form_raw(service, urlencode(named).encode())


def form_raw(service: str, body: bytes) -> Ask:
    headers = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
    return Ask(service, Sent("POST", "/", "", headers, body), scope=service)


def invoke(endpoint: str = "live", body: bytes = b"1,2\n", **headers: str) -> Ask:
    """headers    by their names with underscores"""
    named = {"content-type": "text/csv"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/endpoints/{quote(endpoint, safe='')}/invocations"
    return Ask("sagemaker-runtime", Sent("POST", path, "", tuple(named.items()), body))


def own(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Ask:
    """An operation of our own."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Ask("windvane", Sent(method, path, query, named, body))


def s3(
    method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] = {}
) -> Ask:
    return Ask("s3", Sent(method, path, query, tuple(headers.items()), body), scope="s3")


# What may become of a request after it was signed


def body_is(body: bytes) -> Change:
    return lambda sent: replace(sent, body=body)


def path_is(path: str) -> Change:
    return lambda sent: replace(sent, path=path)


def header_is(name: str, value: str) -> Change:
    return lambda sent: sent.with_header(name, value)


def header_gone(name: str) -> Change:
    return lambda sent: sent.without(name)


def authorization(old: str, new: str) -> Change:
    """Another text in the Authorization header."""

    def change(sent: Sent) -> Sent:
        before = sent.header("authorization")
        assert old in before
        return sent.with_header("authorization", before.replace(old, new))

    return change


def query_is(old: str, new: str) -> Change:
    """Another text in the query."""

    def change(sent: Sent) -> Sent:
        assert old in sent.query
        return replace(sent, query=sent.query.replace(old, new))

    return change
