"""What passes to and from a store that belongs to somebody else, over real sockets."""

from __future__ import annotations

import hashlib
import http.client

import pytest
from s3.signing import sha256, sign, signed
from wire.test_mapped_buckets import Serving, gateway

CRC32 = "NhCmhg=="


class Keeper:
    """A store that keeps what is put, and says more in its answers than anybody should know."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    async def close(self) -> None: ...

    async def __call__(self, record, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        target = f"{scope['path']}?{scope['query_string'].decode()}".rstrip("?")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((target, headers, body))
        answer = [
            (b"etag", f'"{hashlib.md5(body).hexdigest()}"'.encode()),
            (b"x-amz-version-id", b"v1"),
            (b"x-amz-meta-a", b"b"),
            (b"set-cookie", b"secret=1"),
            (b"seaweed-owner", b"KEY"),
            (b"x-amz-internal", b"1"),
            (b"access-control-allow-origin", b"*"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": answer})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def keeper():
    return Keeper()


@pytest.fixture(scope="module")
def door(keeper):
    behind = Serving(keeper)
    front = Serving(gateway(behind.url, {}))
    yield front.url.removeprefix("http://")
    for serving in (front, behind):
        serving.stop()


def ask(door, method, target, headers, body=b""):
    connection = http.client.HTTPConnection(door, timeout=240)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    return answer, told


OURS = "111111111111"


def test_only_what_the_operation_reads_goes_on(door, keeper):
    headers = [
        ("content-length", "5"),
        ("content-type", "text/plain"),
        ("x-amz-meta-a", "b"),
        ("seaweed-identity", "owner"),
        ("x-amz-unheard-of", "1"),
        ("cookie", "a=b"),
    ]
    target = "/mine/k?unheard-of=1"
    head = signed("PUT", target, headers, sha256(b"hello"), account=OURS)
    answer, _ = ask(door, "PUT", target, head, b"hello")
    assert answer.status == 200
    path, sent, body = keeper.asked[-1]
    assert (path, body) == ("/mine/k", b"hello")
    assert (sent["content-type"], sent["x-amz-meta-a"]) == ("text/plain", "b")
    assert sent["x-amz-content-sha256"] == sha256(b"hello")
    assert "Credential=k/" in sent["authorization"]
    assert not {"seaweed-identity", "x-amz-unheard-of", "cookie"} & sent.keys()


def test_only_what_the_operation_answers_comes_back(door, keeper):
    answer, _ = ask(door, "GET", "/mine/k", signed("GET", "/mine/k", account=OURS))
    names = {name.lower() for name, _ in answer.getheaders()}
    assert {"etag", "x-amz-version-id", "x-amz-meta-a", "x-amz-request-id"} <= names
    assert not {"set-cookie", "seaweed-owner", "x-amz-internal"} & names
    assert "access-control-allow-origin" not in names


def test_a_changed_body_never_arrives_whole(door, keeper):
    before = len(keeper.asked)
    content = b"x" * (3 << 20)
    extra = [("content-length", str(len(content)))]
    head = signed("PUT", "/mine/k", extra, sha256(content), account=OURS)
    answer, told = ask(door, "PUT", "/mine/k", head, content[:-1] + b"y")
    assert answer.status == 400
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in told
    assert len(keeper.asked) == before


def test_a_trailing_checksum_goes_on_behind_the_body(door, keeper):
    body = f"005\r\nhello\r\n0\r\nx-amz-checksum-crc32:{CRC32}\r\n\r\n".encode()
    extra = [
        ("content-length", str(len(body))),
        ("content-encoding", "aws-chunked,gzip"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ]
    head = signed("PUT", "/mine/k", extra, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", account=OURS)
    answer, told = ask(door, "PUT", "/mine/k", head, body)
    assert answer.status == 200, told
    _, sent, arrived = keeper.asked[-1]
    assert arrived == f"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{CRC32}\r\n\r\n".encode()
    assert sent["content-encoding"] == "aws-chunked,gzip"
    assert sent["x-amz-decoded-content-length"] == "5"
    assert sent["content-length"] == str(len(arrived))


def test_signed_chunks_are_taken_apart(door, keeper):
    extra = [("x-amz-decoded-content-length", "5"), ("content-encoding", "aws-chunked")]
    declared = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    head, signing = sign("PUT", "/mine/k", extra, declared, OURS)
    previous, body = signing.seed, b""
    for part in (b"hello", b""):
        previous = signing.chunk(previous, sha256(part))
        body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part + b"\r\n"
    answer, told = ask(door, "PUT", "/mine/k", [*head, ("content-length", str(len(body)))], body)
    assert answer.status == 200, told
    _, sent, arrived = keeper.asked[-1]
    assert arrived == b"hello"
    assert sent["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert "content-encoding" not in sent


@pytest.mark.parametrize(
    "target", ["/mine/../theirs/k", "/mine/%2e%2e/theirs/k", "/mine?policy=", "/mine?website="]
)
def test_what_is_not_on_the_list_stays_here(door, keeper, target):
    before = len(keeper.asked)
    extra = [("content-length", "2")]
    head = signed("PUT", target, extra, sha256(b"{}"), account=OURS)
    answer, _ = ask(door, "PUT", target, head, b"{}")
    assert answer.status in (400, 501)
    assert len(keeper.asked) == before
