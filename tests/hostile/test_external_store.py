"""Attacks on a store behind the gateway: what is asked of it is what was allowed, in one spelling."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from s3.gateways import allow
from s3.house import AccountsAsKeys, Answer, S3House
from s3.signing import sha256, signed

from windvane.artifacts.folder import Folder
from windvane.control.exchange_bucket import ServersBucketKept
from windvane.errors import AccessDenied
from windvane.wire.bodies import Bodies
from windvane.wire.call import Request
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.faults import s3_refusal
from windvane.wire.revocation import no_check
from windvane.wire.s3.authentication import head_verifier
from windvane.wire.s3.external import ExternalStore
from windvane.wire.s3.forward import Forwarder, Upstream
from windvane.wire.s3.gateway import S3Gateway
from windvane.wire.s3.mapped import FindMapped, MappedBucket, nothing_mapped

SERVERS_OWN = "windvane-exchange"
UPSTREAM = Upstream("http://store.test", "k", "s", "us-east-1")


class _Answer:
    status = 200
    headers: Mapping[str, str] = MappingProxyType({})
    raw_headers = ((b"content-length", b"0"),)

    class content:  # noqa: N801 - as aiohttp calls it
        @staticmethod
        async def iter_chunked(_: int) -> AsyncIterator[bytes]:
            for piece in ():
                yield piece


class Kept(Forwarder):
    """Sends nothing; keeps what it was to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Request, bytes]] = []

    @asynccontextmanager
    async def send(  # type: ignore[override]
        self, upstream: Upstream, head: Request, body: AsyncIterator[bytes] | None = None
    ) -> AsyncIterator[Any]:
        pieces = [piece async for piece in body] if body is not None else []
        self.sent.append((head, b"".join(pieces)))
        yield _Answer()


class Outside:
    """A gateway to a store elsewhere; `denied` are actions and ARNs that are not allowed."""

    def __init__(self, house: S3House, mapped: FindMapped = nothing_mapped) -> None:
        self.house, self.kept, self.bodies = house, Kept(), Bodies()
        self.asked: list[tuple[str, str, Any]] = []
        self.denied: set[tuple[str, str]] = set()
        house.gateway = S3Gateway(
            ExternalStore(self.kept, UPSTREAM, house.in_thread, no_check),
            self.kept,
            head_verifier(AccountsAsKeys(), house.clock),
            ServersBucketKept(self._authorize, SERVERS_OWN),
            s3_refusal,
            self.bodies,
            house.in_thread,
            mapped,
        )

    def ask(self, method: str, target: str, headers: Any = (), body: bytes = b"") -> Answer:
        given = [*headers, *([("content-length", str(len(body)))] if body else [])]
        return self.house.ask(method, target, signed(method, target, given, sha256(body)), body)

    def _authorize(self, caller: Any, action: str, arn: str, facts: Any = None) -> None:
        self.asked.append((action, arn, facts))
        if (action, arn) in self.denied:
            raise AccessDenied("Access Denied")
        allow(caller, action, arn, facts or {})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3House]:
    made = S3House(tmp_path_factory.mktemp("outside"))
    yield made
    made.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_an_encoded_slash_makes_no_bucket_of_an_object(house: S3House, method: str) -> None:
    """GET /bucket%2Fkey asked for s3:ListBucket of a bucket called bucket/key; a store that decodes the path first gave
    the object, and deleted it for s3:DeleteBucket."""
    outside = Outside(house)
    answer = outside.ask(method, "/data%2Fsecret")
    assert answer.status == 400
    assert not outside.kept.sent


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/windvane-exchange", ()),
        ("HEAD", "/windvane-exchange", ()),
        ("GET", "/windvane-exchange?list-type=2&prefix=windvane", ()),
        ("GET", "/windvane-exchange?uploads", ()),
        ("GET", "/windvane-exchange?location", ()),
        ("PUT", "/windvane-exchange", ()),
        ("DELETE", "/windvane-exchange", ()),
        ("GET", "/windvane-exchange/windvane-0/job/analysis/1-1", ()),
        ("GET", "/windvane%2Dexchange/windvane-0/job/analysis/1-1", ()),
        ("PUT", "/windvane-exchange/windvane-0/job/analysis/1-1", ()),
        ("DELETE", "/windvane-exchange/windvane-0/job/analysis/1-1", ()),
        ("POST", "/windvane-exchange/windvane-0/job/analysis/1-1?uploads", ()),
        ("PUT", "/data/copy", [("x-amz-copy-source", "windvane-exchange/windvane-0/job/x")]),
        ("PUT", "/data/copy", [("x-amz-copy-source", "/windvane%2Dexchange/windvane-0/job/x")]),
    ],
)
def test_the_servers_own_bucket_is_no_accounts(
    house: S3House, method: str, target: str, headers: Any
) -> None:
    """An external store has no owners of buckets: whatever a key may do there, it may do for every account."""
    outside = Outside(house)
    assert outside.ask(method, target, headers).status == 403
    assert not outside.kept.sent


def test_the_servers_own_bucket_loses_nothing_to_a_list_of_deletions(house: S3House) -> None:
    outside = Outside(house)
    body = b"<Delete><Object><Key>windvane-0/job/analysis/1-1</Key></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    target = "/windvane-exchange?delete"
    assert outside.ask("POST", target, [("content-md5", digest)], body).status in (200, 403)
    assert not outside.kept.sent


@pytest.mark.parametrize(
    "source",
    [
        "/data/team-a/../team-b/secret",
        "data/team-a/..%2Fteam-b/secret",
        "/data/team-a/%2E%2e/team-b/secret",
        "/data/./secret",
        "/../data/secret",
        "/data/a?versionId=1&tagging",
        "arn:aws:s3:us-east-1:111122223333:accesspoint/all/object/secret",
    ],
)
def test_a_source_that_may_be_followed_elsewhere_is_refused(house: S3House, source: str) -> None:
    """The key was allowed as it stood, and the header went on as it was."""
    outside = Outside(house)
    answer = outside.ask("PUT", "/data/copy", [("x-amz-copy-source", source)])
    assert answer.status == 400
    assert not outside.kept.sent


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("data/a+b", "/data/a%2Bb"),
        ("%2Fdata%2Fa%2520b", "/data/a%2520b"),
        ("/data//a b?versionId=x%20y", "/data//a%20b?versionId=x%20y"),
    ],
)
def test_the_source_of_a_copy_goes_on_as_it_was_understood(
    house: S3House, source: str, sent: str
) -> None:
    """A store that reads '+' as a blank, or decodes twice, copied another object than was allowed."""
    outside = Outside(house)
    assert outside.ask("PUT", "/data/copy", [("x-amz-copy-source", source)]).status == 200
    ((head, _),) = outside.kept.sent
    assert dict(head.headers)["x-amz-copy-source"] == sent


def test_the_version_of_a_source_is_asked_for_as_it_is_read(house: S3House) -> None:
    """A Deny with a condition on s3:VersionId was asked about `a%62c`, and the store read abc."""
    outside = Outside(house)
    source = ("x-amz-copy-source", "data/key?versionId=a%62c")
    assert outside.ask("PUT", "/data/copy", [source]).status == 200
    facts = [facts for action, _, facts in outside.asked if action == "s3:GetObjectVersion"]
    assert [one["s3:versionid"] for one in facts] == ["abc"]
    ((head, _),) = outside.kept.sent
    assert dict(head.headers)["x-amz-copy-source"] == "/data/key?versionId=abc"


def test_bodies_that_were_sent_on_count_no_more(house: S3House) -> None:
    """Of a body that ended with a small block 16 KB were counted for ever: after 8,192 of them nothing that is longer was
    taken from the account any more, or from its address."""
    outside = Outside(house)
    pieces = [bytes(1 << 20), b"x"]
    length = ("content-length", str((1 << 20) + 1))
    headers = signed("PUT", "/data/key", [length], sha256(b"".join(pieces)))
    assert house.ask("PUT", "/data/key", headers, pieces).status == 200
    assert outside.bodies.n_bytes == 0


@pytest.mark.parametrize("name", ["snowball-auto-extract", "minio-snowball-prefix"])
@pytest.mark.parametrize("source", ["", "/far/x"])
def test_no_archive_is_unpacked_over_a_bucket(
    house: S3House, name: str, source: str, tmp_path: Path
) -> None:
    """Metadata by which MinIO and others unpack an archive below any prefix went on: whoever might write one key wrote all
    of its bucket, with the server's key."""
    (tmp_path / "x").write_bytes(b"x")
    mapped = MappedBucket(Folder(tmp_path), "us-east-1", ())
    outside = Outside(house, {"far": mapped}.get)
    headers = [(f"x-amz-meta-{name}", "true")]
    headers += [("x-amz-copy-source", source)] if source else [("content-length", "0")]
    assert outside.ask("PUT", "/data/mine/x", headers).status == 501
    assert not outside.kept.sent


def test_a_copy_from_elsewhere_is_written_as_an_upload_is(house: S3House, tmp_path: Path) -> None:
    """What was read from a bucket that stands for a folder went on under the path, the query and the x-amz- headers of the
    request as they were: with dots that a store follows, and what another store than AWS's makes of names."""
    (tmp_path / "x").write_bytes(b"content")
    mapped = MappedBucket(Folder(tmp_path), "us-east-1", ())
    outside = Outside(house, {"far": mapped}.get)
    copied = ("x-amz-copy-source", "/far/x")
    assert outside.ask("PUT", "/data/mine/../theirs", [copied]).status == 400
    assert not outside.kept.sent
    further = [("x-amz-meta-a", "b"), ("x-amz-extract", "true"), ("x-amz-acl", "private")]
    answer = outside.ask("PUT", "/data/copy?append&position=0", [copied, *further])
    assert answer.status == 200, answer.body
    ((head, sent),) = outside.kept.sent
    assert (head.query, sent) == ("", b"content")
    assert {name for name, _ in head.headers} == {
        *("content-length", "content-type", "x-amz-meta-a", "x-amz-acl"),
    }


def test_deletions_go_on_as_they_were_understood(house: S3House) -> None:
    """The document went on as it came: what a parser makes of comments and namespaces differs."""
    outside = Outside(house)
    body = (
        b'<!-- x --><Delete xmlns:o="urn:o"><Object><o:Key>a&amp;<!-- -->b<![CDATA[<c>]]></o:Key></Object>'
        b"<Quiet>true</Quiet></Delete>"
    )
    assert outside.ask("POST", "/data?delete=", [("content-md5", md5(body))], body).status == 200
    ((head, sent),) = outside.kept.sent
    assert b"<Object><Key>a&amp;b&lt;c&gt;</Key></Object>" in sent
    assert b"<!--" not in sent
    assert b"<Quiet>true</Quiet>" in sent
    headers = dict(head.headers)
    assert headers["content-md5"] == md5(sent)
    assert headers["content-length"] == str(len(sent))
    assert headers["x-amz-content-sha256"] == sha256(sent)
    assert ("s3:DeleteObject", "arn:aws:s3:::data/a&b<c>") in [one[:2] for one in outside.asked]


def test_no_deletion_leads_out_of_its_folder(house: S3House) -> None:
    outside = Outside(house)
    body = b"<Delete><Object><Key>team-a/../team-b/x</Key></Object></Delete>"
    answer = outside.ask("POST", "/data?delete=", [("content-md5", md5(body))], body)
    assert answer.status == 400
    assert not outside.kept.sent


@pytest.mark.parametrize(
    ("method", "target", "headers", "action", "arn"),
    [
        ("PUT", "/new", [("x-amz-acl", "public-read-write")], "PutBucketAcl", "new"),
        ("PUT", "/new", [("x-amz-grant-read", 'uri="all"')], "PutBucketAcl", "new"),
        (
            "PUT",
            "/new",
            [("x-amz-object-ownership", "ObjectWriter")],
            "PutBucketOwnershipControls",
            "new",
        ),
        (
            "PUT",
            "/new",
            [("x-amz-bucket-object-lock-enabled", "true")],
            "PutBucketObjectLockConfiguration",
            "new",
        ),
        (
            "PUT",
            "/data/x",
            [("x-amz-object-lock-legal-hold", "ON")],
            "PutObjectLegalHold",
            "data/x",
        ),
        (
            "DELETE",
            "/data/x?versionId=1",
            [("x-amz-bypass-governance-retention", "true")],
            "BypassGovernanceRetention",
            "data/x",
        ),
    ],
)
def test_a_header_that_does_more_needs_more(
    house: S3House, method: str, target: str, headers: Any, action: str, arn: str
) -> None:
    """Whoever might create buckets made them public, and whoever might delete versions deleted what is kept locked:
    the store has the server's rights."""
    outside = Outside(house)
    outside.denied.add((f"s3:{action}", f"arn:aws:s3:::{arn}"))
    assert outside.ask(method, target, headers).status == 403
    assert not outside.kept.sent


def test_conditions_hold_for_buckets_that_are_read_from_elsewhere(house: S3House) -> None:
    """A policy on s3:prefix was asked without the prefix, so that a denial of one did not match; and a bucket for
    everybody was not asked about at all."""
    for accounts in ((), ("111122223333",)):
        mapped = MappedBucket(UPSTREAM, "us-east-1", accounts)
        outside = Outside(house, {"far": mapped}.get)
        assert outside.ask("GET", "/far?list-type=2&prefix=secret%2F").status == 200
        ((action, arn, facts),) = outside.asked
        assert (action, arn) == ("s3:ListBucket", "arn:aws:s3:::far")
        assert facts["s3:prefix"] == "secret/"
        outside.denied.add(("s3:GetObject", "arn:aws:s3:::far/x"))
        assert outside.ask("GET", "/far/x").status == 403


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/ours/k"), ("HEAD", "/ours/k"), ("DELETE", "/ours/k"), ("GET", "/ours?tagging=")],
)
def test_a_source_in_the_head_of_no_copy_is_none(
    house: S3House, method: str, target: str, tmp_path: Path
) -> None:
    """Whatever was asked for with x-amz-copy-source became a copy: whoever might read one key wrote to it what a bucket
    holds that is read from elsewhere, without being asked for the right to either."""
    (tmp_path / "secret").write_bytes(b"of another account")
    mapped = MappedBucket(Folder(tmp_path), "us-east-1", ("444455556666",))
    outside = Outside(house, {"far": mapped}.get)
    assert outside.ask(method, target, [("x-amz-copy-source", "/far/secret")]).status == 200
    ((head, sent),) = outside.kept.sent
    assert (head.method, sent) == (method, b"")
    assert "x-amz-copy-source" not in dict(head.headers)


def test_nor_does_it_tell_of_objects_beside_a_store_of_our_own(tmp_path: Path) -> None:
    """304 was answered with what is known of an object in a bucket that another account alone may read."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret").write_bytes(b"of another account")
    mapped = MappedBucket(Folder(tmp_path / "folder"), "us-east-1", ("444455556666",))
    house = S3House(tmp_path, mapped={"far": mapped}.get)
    try:
        house.client().create_bucket(Bucket="ours")
        house.client().put_object(Bucket="ours", Key="k", Body=b"x")
        for source in ("/far/secret", "/far/nothing"):
            headers = [
                ("x-amz-copy-source", source),
                ("x-amz-copy-source-if-none-match", "*"),
            ]
            answer = house.ask("GET", "/ours/k", signed("GET", "/ours/k", headers))
            assert (answer.status, answer.body) == (200, b"x")
    finally:
        house.close()


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _deletion(n_keys: int) -> bytes:
    keys = "".join(f"<Object><Key>k{number}</Key></Object>" for number in range(n_keys))
    return f"<Delete>{keys}</Delete>".encode()


def test_deletions_are_not_decided_about_on_the_event_loop(house: S3House) -> None:
    """Each key of one request, of which there could be 20,000, was held to the caller's policies on the loop that serves
    everybody."""
    outside, threads = Outside(house), set()
    authorize = outside._authorize

    def noted(caller: Any, action: str, arn: str, facts: Any = None) -> None:
        threads.add(threading.current_thread())
        authorize(caller, action, arn, facts)

    house.gateway._authorize = noted  # type: ignore[assignment]
    assert outside.ask("POST", "/data?delete=", body=_deletion(1000)).status == 200
    assert threads
    assert house._thread not in threads
    n_asked = len(outside.asked)
    assert outside.ask("POST", "/data?delete=", body=_deletion(1001)).status == 400
    assert len(outside.asked) == n_asked


def test_deletions_of_an_account_leave_threads_to_others(house: S3House) -> None:
    """Sixteen requests for many deletions, each of whose keys was held to long policies, had every thread of S3."""
    outside, go_on, running = Outside(house), threading.Event(), threading.Semaphore(0)
    store = house.gateway._store
    assert isinstance(store, ExternalStore)
    store._deletions = FairSemaphore(3)
    authorize = outside._authorize

    def slow(caller: Any, action: str, arn: str, facts: Any = None) -> None:
        if action == "s3:DeleteObject":
            running.release()
            if not go_on.wait(240):
                raise TimeoutError("nobody else was served")
        authorize(caller, action, arn, facts)

    house.gateway._authorize = slow  # type: ignore[assignment]
    with ThreadPoolExecutor(8) as clients:
        ask = partial(outside.ask, "POST", "/data?delete=", (), _deletion(1))
        asked = [clients.submit(ask) for _ in range(8)]
        assert running.acquire(timeout=240)
        try:
            assert outside.ask("GET", "/data/k").status == 200
        finally:
            go_on.set()
        assert {one.result().status for one in asked} == {200}


def test_deletions_that_take_long_to_decide_about_are_left(
    house: S3House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 keys of 1 KB against a Deny with many wildcards took a request minutes."""
    outside, seconds = Outside(house), count(0, 6)
    monkeypatch.setattr("windvane.wire.s3.external.time.monotonic", lambda: next(seconds))
    assert outside.ask("POST", "/data?delete=", body=_deletion(3)).status == 503
    assert not outside.kept.sent
