"""A server knows another one by the certificate whose fingerprint it was told, and keeps the connection."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from peered import gateway_of

from windvane.serving.peers import Peer, PeerGone, Peers

SECRET = b"s" * 32
ASKED = {"ask": "echo", "account": "000000000000"}


def written(folder, name):
    """A certificate that nobody signed but its owner, with its key; and its fingerprint."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(named).issuer_name(named).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now)
    made = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(secret)
    return made.fingerprint(hashes.SHA256()).hex()


@asynccontextmanager
async def served(folder, name, connections):
    async def echo(_header, body):
        return {}, body

    gateway = gateway_of(SECRET, {"echo": echo})

    async def application(scope, receive, send):
        connections.add(scope["client"])
        await gateway(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            application,
            interface="asgi3",
            lifespan="off",
            log_level="critical",
            ssl_certfile=folder / f"{name}.pem",
            ssl_keyfile=folder / f"{name}.key",
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


def test_a_certificate_is_known_by_its_fingerprint_and_another_one_is_refused(tmp_path):
    own, another = (written(tmp_path, name) for name in ("own", "another"))
    connections = set()

    async def scene():
        peers = Peers(SECRET, time.time)
        async with served(tmp_path, "own", connections) as address:
            for _ in range(3):
                told = await peers.ask(Peer("b", address, own), ASKED, b"rows", 10)
                assert told == ({}, b"rows")
            assert len(connections) == 1
            for certificate in (another, ""):
                with pytest.raises(PeerGone):
                    await peers.ask(Peer("b", address, certificate), ASKED, b"rows", 10)
            assert len(connections) == 1, "nothing is sent to a server that is not known"
            await peers.close()

    asyncio.run(scene())
