"""Requests for S3 generated from its model: none is answered with a 500, late, or with a code that S3 does not have."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hostile.generated_s3 import BODY, THEIRS, THERE, VERSIONED, Wire, requests
from hypothesis import HealthCheck, given, seed, settings
from s3.house import THEIRS as OTHER
from s3.house import S3House
from s3.signing import signed

from windvane.objects.errors import NoSuchBucket, NoSuchKey
from windvane.wire.s3.refusals import CODES

SLOW_S = 5.0
SEED = int(os.environ.get("WINDVANE_FUZZ_SEED", "20261130"))
KNOWN = frozenset(CODES) | {
    *("MissingRequestBodyError", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"),
    *("InvalidAccessKeyId", "RequestTimeTooSkewed", "ExpiredToken", "InvalidToken"),
}
"""source    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

LATER = {"NotImplemented": 501, "SlowDown": 503}
"""Codes of S3 with a status above 500 that are no fault of ours."""


class Stocked:
    """A house with buckets, an object, and an upload under way; put back whenever a request took something away."""

    def __init__(self, folder):
        self.house = S3House(folder)
        self.ours, self.theirs = self.house.client(), self.house.client(OTHER)
        self.ours.create_bucket(Bucket=VERSIONED)
        self.ours.put_bucket_versioning(
            Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"}
        )
        self.theirs.create_bucket(Bucket=THEIRS)
        self.theirs.put_object(Bucket=THEIRS, Key="key", Body=b"secret of another account")
        self.upload = ""
        self.restock()

    def restock(self):
        try:
            self.house.store.find(THERE, "key")
        except (NoSuchBucket, NoSuchKey):
            if self.house.store.owner(THERE) is None:
                self.ours.create_bucket(Bucket=THERE)
                self.upload = ""
            self.ours.put_object(Bucket=THERE, Key="key", Body=BODY)
        if not self.upload:
            begun = self.ours.create_multipart_upload(Bucket=THERE, Key="key")
            self.upload = begun["UploadId"]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    made = Stocked(tmp_path_factory.mktemp("s3"))
    yield made
    made.house.close()


def ask(stocked, wire: Wire):
    target = f"{wire.path}?{wire.query}" if wire.query else wire.path
    declared = wire.declared or hashlib.sha256(wire.body).hexdigest()
    headers = list(wire.headers)
    if wire.body and not any(name == "content-length" for name, _ in headers):
        headers.append(("content-length", str(len(wire.body))))
    if wire.account:
        headers = signed(wire.method, target, headers, declared, wire.account)
    began = time.monotonic()
    answer = stocked.house.ask(wire.method, target, headers, wire.body)
    return answer, time.monotonic() - began


def code_of(body: bytes) -> str:
    return ET.fromstring(body).findtext("Code", "")


def check(stocked, wire: Wire) -> tuple[str, int]:
    answer, seconds = ask(stocked, wire)
    if seconds > SLOW_S:  # perhaps the machine was busy: slow twice is slow
        assert ask(stocked, wire)[1] < SLOW_S
    code = ""
    if answer.status >= 400 and answer.body:
        code = code_of(answer.body)
        assert code in KNOWN, (code, answer.body)
        assert code != "InternalError", answer.body
    is_silent = wire.method == "HEAD" and answer.status in LATER.values()
    assert answer.status < 500 or is_silent or LATER.get(code) == answer.status, answer.body
    assert b"secret of another account" not in answer.body or wire.account == OTHER
    assert not any(c in value for value in answer.headers.values() for c in "\r\n\0")
    if wire.method not in ("GET", "HEAD", "OPTIONS") and answer.status < 300:
        stocked.restock()
    return code, answer.status


def run(stocked, n_requests: int) -> Counter:
    seen: Counter = Counter()

    @seed(SEED)
    @settings(
        max_examples=n_requests,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(stocked.upload))
    def sent(wire: Wire) -> None:
        code, status = check(stocked, wire)
        seen[wire.operation, code or str(status)] += 1

    sent()
    return seen


def test_generated_requests_are_answered_as_s3_does(stocked):
    assert run(stocked, 300).total() >= 300


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_thirty_thousand_generated_requests_are_answered_as_s3_does(stocked):
    seen = run(stocked, 30_000)
    assert seen.total() >= 30_000
    served = {operation for operation, result in seen if result in ("200", "204")}
    assert {
        "GetObject",
        "PutObject",
        "ListObjectsV2",
        "DeleteObjects",
        "CreateMultipartUpload",
    } <= served
