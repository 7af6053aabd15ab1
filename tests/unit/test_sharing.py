"""What other servers are told of this one."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from windvane.control.kms.master import MasterKeys, master_key
from windvane.names import Scope
from windvane.settings import Settings
from windvane.sharing import Sharing, fingerprint
from windvane.store.open import open_store
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates


def certificate(name):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(named).issuer_name(named).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now)
    return builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())


def test_the_certificate_that_is_shown_is_the_first_one_of_its_file(tmp_path):
    own, authority = certificate("own"), certificate("authority")
    chain = b"a comment\n" + b"".join(one.public_bytes(Encoding.PEM) for one in (own, authority))
    (tmp_path / "cert.pem").write_bytes(chain)
    assert fingerprint(str(tmp_path / "cert.pem")) == own.fingerprint(hashes.SHA256()).hex()
    assert fingerprint("") == ""


@pytest.fixture
def sharing(tmp_path):
    store = open_store("", tmp_path)
    yield Sharing(
        Settings(tmp_path),
        store,
        MasterKeys(master_key(b"m" * 32)),
        "http://127.0.0.1:8470",
        FailureCounter(),
        AccountRates(),
    )
    store.close()


def test_a_server_with_a_store_for_itself_shares_nothing(sharing, tmp_path):
    assert (sharing.peers, sharing.shared_keys, sharing.peer_gateway) == (None, None, None)
    assert not sharing.membership.is_shared
    assert (tmp_path / "keys.json").exists()
    assert sharing.keys.revision == 0


def test_requests_that_other_servers_count_are_added_up(sharing):
    scope = Scope("000000000000", "us-east-1")
    key = (scope, "e", "A")
    other = Told({key: 7})
    sharing.membership.is_shared = True
    sharing._router = Told({key: 100})
    told = json.loads(json.dumps(telling(sharing, other)))
    sharing._hear({"b": told})
    assert sharing.arrivals() == {key: 0}
    sharing._router.counts = {key: 101}
    other.counts = {key: 9}
    sharing._hear({"b": json.loads(json.dumps(telling(sharing, other)))})
    assert sharing.arrivals() == {key: 3}
    sharing._hear({})
    assert sharing.arrivals() == {key: 3}


class Told:
    """The counts of a router."""

    def __init__(self, counts):
        self.counts = counts

    def arrivals(self):
        return self.counts

    recent_arrivals = arrivals


def telling(sharing, router):
    """What a server with this router tells."""
    own, sharing._router = sharing._router, router
    told = sharing._tell()
    sharing._router = own
    return told
