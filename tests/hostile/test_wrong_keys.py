"""Attack 16: wrong keys were neither limited nor logged."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace

import pytest
from hostile.asking import ACCOUNT, NOW, OWNER, by, sagemaker
from hostile.signing import Key
from hostile.test_wire_order import Client

from windvane.api.keyring import KeyRing
from windvane.wire.call import RequestRecord
from windvane.wire.edge import Edge
from windvane.wire.failures import FailureCounter

NOBODY = Key("AKIANOBODY", "secret")
WRONG = replace(OWNER, secret="wrong")
LIMIT = 5


@pytest.fixture
def seen() -> list[RequestRecord]:
    return []


@pytest.fixture
def edge(seen):
    built = Edge(
        KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32),
        {("sagemaker", "ListModels"): lambda call: {"Models": []}},
        {},
        None,
        lambda: NOW,
        failures=FailureCounter(LIMIT, lambda: 0.0),
        on_request=seen.append,
    )
    yield built
    built.close()


def asked(edge: Edge, key: Key, peer: str = "192.0.2.1") -> str:
    """The code of the answer; "" for one that succeeded."""
    client = asyncio.run(Client(edge, by(sagemaker("ListModels"), key=key).made(), peer).run())
    return "" if client.status == 200 else json.loads(client.body)["__type"]


@pytest.mark.parametrize(
    ("key", "code"),
    [(NOBODY, "UnrecognizedClientException"), (WRONG, "InvalidSignatureException")],
)
def test_attack_16_too_many_wrong_keys_are_throttled(edge, key, code):
    told = [asked(edge, key) for _ in range(LIMIT + 3)]
    assert told == [code] * LIMIT + ["ThrottlingException"] * 3


def test_attack_16_wrong_keys_are_logged(edge, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            asked(edge, WRONG, "192.0.2.7")
    assert len([one for one in caplog.records if one.name == "windvane.wire.failures"]) == 1
    assert "192.0.2.7" in caplog.text
    assert OWNER.access_key in caplog.text


def test_a_right_signature_from_the_same_address_is_served(edge):
    """A whole office behind one address is not locked out by one of its machines."""
    for _ in range(50):
        asked(edge, WRONG)
    assert asked(edge, OWNER) == ""


def test_other_addresses_are_told_what_is_wrong(edge):
    for _ in range(50):
        asked(edge, NOBODY)
    assert asked(edge, NOBODY, "192.0.2.2") == "UnrecognizedClientException"


def test_failures_with_one_key_count_together(edge):
    told = [asked(edge, WRONG, f"192.0.2.{n}") for n in range(LIMIT + 1)]
    assert told[-1] == "ThrottlingException"


def test_what_was_throttled_is_recorded_as_such(edge, seen):
    for _ in range(LIMIT + 1):
        asked(edge, WRONG)
    assert [record.error_code for record in seen][-2:] == [
        "InvalidSignatureException",
        "ThrottlingException",
    ]
    assert {record.access_key for record in seen} == {OWNER.access_key}


def test_addresses_of_one_network_of_ipv6_count_together(edge):
    """A machine has as many addresses of IPv6 as it likes: no failure was ever one too many."""
    told = [asked(edge, NOBODY, f"2001:db8::{n:x}") for n in range(1, LIMIT + 3)]
    assert told[LIMIT:] == ["ThrottlingException"] * 2
    assert asked(edge, NOBODY, "2001:db8:0:1::1") == "UnrecognizedClientException"


class Slow(Client):
    """Sends its body when it is told to."""

    def __init__(self, edge: Edge, go: asyncio.Event) -> None:
        super().__init__(edge, by(sagemaker("ListModels"), key=OWNER).made(), "192.0.2.1")
        self.go, self.is_waiting = go, False

    async def receive(self):
        self.is_waiting = True
        await self.go.wait()
        return await super().receive()


def test_failures_of_a_stranger_with_ones_key_keep_nobody_from_sending(edge):
    """Whoever knew an access key could have all but four of its requests at a time turned away."""
    for _ in range(LIMIT + 2):
        asked(edge, WRONG, "198.51.100.1")

    async def all_at_once() -> list[int]:
        go = asyncio.Event()
        clients = [Slow(edge, go) for _ in range(8)]
        tasks = [asyncio.create_task(client.run()) for client in clients]
        while not all(one.is_waiting or one.messages for one in clients):
            await asyncio.sleep(0)
        go.set()
        return [client.status for client in await asyncio.gather(*tasks)]

    assert asyncio.run(all_at_once()) == [200] * 8
