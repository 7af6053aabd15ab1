"""A key ring with a permanent and a temporary key, and botocore as the signer of requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import BaseSigner, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from windvane.wire.call import Credential, Request

PERMANENT = Credential(
    "111122223333", "AKIAPERMANENT", "s3cr3t/+", "arn:aws:sts::111122223333:assumed-role/r/s", "A:s"
)
TEMPORARY = Credential(
    "111122223333",
    "ASIATEMPORARY",
    "other",
    "arn:aws:sts::111122223333:assumed-role/r/t",
    "A:t",
    session_token="to/ken+with==signs",
    permanent=False,
)


class TwoKeys:
    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        for known in (PERMANENT, TEMPORARY):
            if (known.access_key, known.session_token) == (access_key, session_token):
                return known
        return None


Sign = Callable[..., Request]

SIGNERS: dict[tuple[str, bool], type[BaseSigner]] = {
    ("s3", False): S3SigV4Auth,
    ("s3", True): S3SigV4QueryAuth,
    ("other", False): SigV4Auth,
    ("other", True): SigV4QueryAuth,
}


@pytest.fixture
def keyring() -> TwoKeys:
    return TwoKeys()


@pytest.fixture
def sign() -> Sign:
    """Signs with botocore as a client would and returns the request as a server receives it."""

    def signed(
        method: str = "POST",
        path: str = "/",
        *,
        headers: dict[str, str] | None = None,
        params: object = None,
        body: bytes = b"",
        service: str = "sagemaker",
        region: str = "us-east-1",
        presigned: bool = False,
        key: Credential = PERMANENT,
    ) -> Request:
        request = AWSRequest(
            method, f"http://localhost:8470{path}", headers=headers, data=body, params=params
        )
        kind = SIGNERS["s3" if service == "s3" else "other", presigned]
        credentials = Credentials(key.access_key, key.secret_key, key.session_token or None)
        kind(credentials, service, region).add_auth(request)
        sent = request.prepare()
        url = urlsplit(sent.url)
        received = {name.lower(): _text(value) for name, value in sent.headers.items()}
        received = {"host": url.netloc, **received}
        return Request(method, url.path, url.query, tuple(received.items()), sent.body or b"")

    return signed


def _text(value: object) -> str:
    sent = value if isinstance(value, bytes) else str(value).encode()
    return sent.decode("latin-1")


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def permanent() -> Credential:
    return PERMANENT


@pytest.fixture
def temporary() -> Credential:
    return TEMPORARY
