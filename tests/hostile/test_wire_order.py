"""In which order a request is checked: what the head alone can tell is told before a byte of the body is asked for.

Measured by what the server asks to receive, not by its memory: a body that nobody asks for stays with the client.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hostile.asking import ACCOUNT, NOW, OWNER, Ask, by, invoke, sagemaker
from hostile.signing import Key, Sent

from windvane.api.keyring import KeyRing
from windvane.errors import Throttled
from windvane.wire.bodies import Bodies, BodyBounds
from windvane.wire.edge import Edge, EdgeLimits

UNKNOWN = Key("AKIANOBODY", "secret")
WRONG = replace(OWNER, secret="wrong")
BIG = b"x" * 6_000_000
"""Whose hash nobody declares: the client has to send all of it before its signature can be compared."""


class Client:
    """Sends a request in chunks of 64 KB, as the web server passes them on; counts what the server asks for."""

    def __init__(self, edge: Edge, sent: Sent, source_ip: str = "192.0.2.1") -> None:
        self._edge, self._sent, self._ip = edge, sent, source_ip
        self._left = [sent.body[i : i + 65536] for i in range(0, len(sent.body), 65536)] or [b""]
        self.asked = 0
        self.messages: list[dict] = []

    async def receive(self):
        self.asked += len(self._left[0])
        part = self._left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self._left)}

    async def send(self, message):
        self.messages.append(message)

    async def run(self) -> Client:
        sent = self._sent
        scope = {
            "type": "http",
            "client": (self._ip, 1),
            "method": sent.method,
            "path": sent.path,
            "raw_path": sent.path.encode("latin-1"),
            "query_string": sent.query.encode("latin-1"),
            "headers": [
                *((n.encode("latin-1"), v.encode("latin-1")) for n, v in sent.headers),
                (b"content-length", str(len(sent.body)).encode()),
            ],
        }
        await self._edge(scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return self.messages[0]["status"]

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


@pytest.fixture
def edge():
    async def served(call):
        return {"Body": b"done", "ContentType": "text/csv"}

    async def gateway(record, scope, receive, send):
        raise AssertionError("S3 was asked")

    built = Edge(
        KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32),
        {("sagemaker", "ListModels"): lambda call: {"Models": []}},
        {("sagemaker-runtime", "InvokeEndpoint"): served},
        gateway,
        lambda: NOW,
    )
    yield built
    built.close()


def ask(edge: Edge, sent: Sent) -> Client:
    return asyncio.run(Client(edge, sent).run())


def before_the_body() -> dict[str, tuple[Sent, str]]:
    good = invoke(body=BIG)
    late = by(good, at=datetime(2020, 1, 1, tzinfo=UTC))
    twice = good.made()
    twice = replace(twice, headers=(*twice.headers, ("x-amz-date", "20200101T000000Z")))
    return {
        "unsigned": (by(good, key=None).made(), "MissingAuthenticationTokenException"),
        "an unknown key": (by(good, key=UNKNOWN).made(), "UnrecognizedClientException"),
        "a wrong clock": (late.made(), "InvalidSignatureException"),
        "a header twice": (twice, "ValidationError"),
    }


@pytest.mark.parametrize("which", ["unsigned", "an unknown key", "a wrong clock", "a header twice"])
def test_attack_7_no_body_is_read_before_its_sender_is_known(edge, which):
    """Attack 7: 30 unsigned posts of 6 MB were kept in memory, 180 MB for a minute."""
    sent, code = before_the_body()[which]
    client = ask(edge, sent)
    assert json.loads(client.body)["__type"] == code
    assert client.asked == 0
    assert client.headers[b"connection"] == b"close"


def declaring(body: bytes, declared: bytes, key: Key = OWNER) -> Sent:
    """A request with this body, signed with the hash of another, which it declares."""
    digest = hashlib.sha256(declared).hexdigest()
    asked = by(invoke(body=declared, x_amz_content_sha256=digest), key=key)
    return replace(asked.made(), body=body)


def test_a_declared_hash_lets_a_wrong_signature_be_told_before_the_body(edge):
    client = ask(edge, declaring(BIG, BIG, WRONG))
    assert json.loads(client.body)["__type"] == "InvalidSignatureException"
    assert client.asked == 0


def test_a_body_is_held_to_the_hash_that_was_signed(edge):
    assert ask(edge, declaring(b"1,2", b"1,2")).status == 200
    client = ask(edge, declaring(b"9,9", b"1,2"))
    assert json.loads(client.body)["__type"] == "InvalidSignatureException"


def test_bodies_whose_signature_is_open_are_bounded_in_all(edge):
    """With a known key's name anybody can make the server read a body before the signature fails."""
    bodies = Bodies(BodyBounds(in_all=20_000_000, per_peer=13_000_000))
    narrow = Edge(
        KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32),
        {},
        {},
        None,
        lambda: NOW,
        bodies=bodies,
    )
    most = 0

    class Slow(Client):
        async def receive(self):
            nonlocal most
            await asyncio.sleep(0)
            most = max(most, bodies.n_bytes)
            return await super().receive()

    async def flood():
        wrong = by(invoke(body=BIG), key=WRONG).made()
        await asyncio.gather(*(Slow(narrow, wrong, f"192.0.2.{i % 2}").run() for i in range(10)))

    asyncio.run(flood())
    narrow.close()
    assert most <= 20_000_000
    assert bodies.n_bytes == 0


@pytest.mark.parametrize("of", ["peers", "accounts"])
def test_bodies_of_two_leave_room_for_those_of_a_third(of):
    """Each had half of what bodies may take in memory: two that sent half a body, and then a byte now and then, kept every
    upload of anybody else away for as long as they liked."""
    bodies = Bodies(BodyBounds(2000, per_peer=1000 if of == "peers" else 2000, per_account=1000))

    def hold(who: str, times: int) -> None:
        whose = [("peer", who)] if of == "peers" else [("peer", "192.0.2.1"), ("account", who)]
        for _ in range(times):
            bodies.hold([("all", ""), *whose], 100)

    for who in ("first", "second"):
        with pytest.raises(Throttled):
            hold(who, 21)
    hold("third", 1)
    assert bodies.n_bytes == 1600


def other(service: str, headers: dict[str, str], body: bytes) -> Ask:
    return Ask(service, Sent("POST", "/", "", tuple(headers.items()), body), scope=service)


UNSERVED = {
    "a query": ("sqs", {"content-type": "application/x-www-form-urlencoded"}, b"Action=ListQueues"),
    "EC2": ("ec2", {"content-type": "application/x-www-form-urlencoded"}, b"Action=DescribeVpcs"),
    "JSON": ("dynamodb", {"x-amz-target": "DynamoDB_20120810.ListTables"}, b"{}"),
    "REST in JSON": ("lambda", {"content-type": "application/json"}, b"{}"),
    "REST in XML": ("route53", {"content-type": "text/xml"}, b"<a/>"),
    "CBOR": ("arc-region-switch", {"smithy-protocol": "rpc-v2-cbor"}, b"\xa0"),
}


@pytest.mark.parametrize("which", UNSERVED)
def test_an_unserved_service_is_refused_in_its_own_protocol(edge, which):
    service, headers, body = UNSERVED[which]
    client = ask(edge, other(service, headers, body).made())
    assert client.status == 400
    assert client.asked == 0
    answer = client.body
    if which in ("a query", "REST in XML"):
        assert ET.fromstring(answer).findtext("Error/Code") == "InvalidAction"
    elif which == "EC2":
        assert ET.fromstring(answer).findtext("Errors/Error/Code") == "InvalidAction"
    elif which == "CBOR":
        assert b"UnknownOperationException" in answer
        assert client.headers[b"smithy-protocol"] == b"rpc-v2-cbor"
    else:
        assert json.loads(answer)["__type"] == "UnknownOperationException"


def test_an_unserved_service_tells_nothing_to_a_key_that_is_not_known(edge):
    service, headers, body = UNSERVED["JSON"]
    client = ask(edge, by(other(service, headers, body), key=UNKNOWN).made())
    assert json.loads(client.body)["__type"] == "UnrecognizedClientException"


@pytest.mark.parametrize("service", ["s3", "s3tables"])
def test_attack_8_s3_tables_never_reaches_the_object_store(edge, service):
    """Attack 8: `X-Amz-Target` at `POST /` was passed on to the store with any key."""
    headers = {"x-amz-target": "S3Tables.ListTableBuckets"}
    client = ask(edge, other(service, headers, b"{}").made())
    assert client.status == 400
    assert json.loads(client.body)["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("name", ["host", "x-amz-target", "authorization", "content-type"])
def test_attack_1_a_header_twice_is_refused_for_every_service(edge, name):
    """Attack 1, for what is not S3: one reader takes the first of two headers, another the last."""
    sent = sagemaker("ListModels").made()
    value = dict(sent.headers).get(name, "")
    client = ask(edge, replace(sent, headers=(*sent.headers, (name, value))))
    assert json.loads(client.body)["__type"] == "ValidationException"
    assert "more than once" in json.loads(client.body)["message"]


def test_a_body_of_the_runtimes_size_is_still_served(edge):
    client = ask(edge, invoke(body=BIG).made())
    assert (client.status, client.asked) == (200, len(BIG))


def test_limits_hold_for_a_signed_request_too(edge):
    client = ask(edge, invoke(body=b"x" * (EdgeLimits().runtime_body_bytes + 1)).made())
    assert json.loads(client.body)["__type"] == "ValidationError"
