"""What an account may store, and what wrong keys and too many requests are answered, in the words of S3."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hostile.asking import ACCOUNT, NOW, OWNER, by, s3
from hostile.signing import Key
from hostile.test_wire_order import Client
from s3.gateways import own_gateway

from windvane.api.keyring import KeyRing
from windvane.api.s3.faults import as_refusal
from windvane.errors import StoreUnusable
from windvane.objects.errors import QuotaExceeded
from windvane.objects.store import open_objects
from windvane.wire.admission import Admission
from windvane.wire.edge import Edge
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates

LIMIT = 4


def still() -> float:
    return 0.0


class Full:
    """An audit log that cannot be written."""

    def check(self, record) -> None:
        if record.operation == "CreateBucket":
            raise StoreUnusable("Nothing was changed.")

    def begin_answer(self, record) -> None:
        return None


@pytest.fixture
def asked(tmp_path):
    """Sends a request to an S3 gateway with some admission; tells the code of the answer, "" for one that succeeded."""
    ring = KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], b"k" * 32)
    objects = open_objects(tmp_path)
    edges = []

    def ask(admission: Admission, key: Key, method: str = "GET", path: str = "/") -> str:
        if not edges:
            gateway = own_gateway(objects, ring, lambda: NOW, admission=admission)
            edges.append(Edge(ring, {}, {}, gateway, lambda: NOW))
        client = asyncio.run(Client(edges[0], by(s3(method, path), key=key).made()).run())
        if client.status < 300:
            return ""
        return str(ET.fromstring(client.body).findtext("Code"))

    yield ask
    edges[0].close()
    objects.close()


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("AKIANOBODY", "secret"), "InvalidAccessKeyId"),
        (replace(OWNER, secret="wrong"), "SignatureDoesNotMatch"),
    ],
)
def test_attack_16_too_many_wrong_keys_are_told_to_slow_down(asked, key, code):
    admission = Admission(FailureCounter(LIMIT, still))
    told = [asked(admission, key) for _ in range(LIMIT + 2)]
    assert told == [code] * LIMIT + ["SlowDown"] * 2
    assert asked(admission, OWNER) == ""


def test_an_account_is_told_to_slow_down(asked):
    admission = Admission(rates=AccountRates(1, still))
    assert [asked(admission, OWNER) for _ in range(3)] == ["", "", "SlowDown"]


def test_nothing_is_changed_that_cannot_be_recorded(asked):
    admission = Admission(recorder=Full())
    assert asked(admission, OWNER, "PUT", "/bucket") == "ServiceUnavailable"
    assert asked(admission, OWNER) == ""


def test_more_bytes_than_an_account_may_store_are_refused():
    refusal = as_refusal(QuotaExceeded("111122223333", 10, 8, 5))
    assert (refusal.code, refusal.status) == ("QuotaExceeded", 403)
    assert "may store 10 bytes; it uses 8" in str(refusal)
