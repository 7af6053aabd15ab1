"""Chunks, checksums and the checks of a body."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.wire.s3.checksums import SIZES, composite, encode, new_hasher, whole
from windvane.wire.s3.chunks import ChunkReader, ChunkSigning
from windvane.wire.s3.payload import UNSIGNED, Intake, read_plan
from windvane.wire.s3.refusals import S3Refusal

SIGNING = ChunkSigning(
    b"k" * 32, "20260101T000000Z", "20260101/us-east-1/s3/aws4_request", "0" * 64
)


def signed_body(parts: list[bytes]) -> bytes:
    previous, body = SIGNING.seed, b""
    for part in [*parts, b""]:
        previous = SIGNING.chunk(previous, hashlib.sha256(part).hexdigest())
        body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part + b"\r\n"
    return body


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.integers(7, 900))
def test_chunks_come_in_any_pieces(parts: list[bytes], step: int) -> None:
    parts = [part.ljust(8192, b".") for part in parts[:-1]] + parts[-1:]
    body = signed_body(parts)
    reader = ChunkReader(SIGNING, has_trailers=False)
    content = b"".join(reader.feed(body[at : at + step]) for at in range(0, len(body), step))
    reader.finish()
    assert content == b"".join(parts)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_content_other_than_the_signed_one_comes_out(at: int, change: int) -> None:
    body = bytearray(signed_body([b"a" * 8192, b"b" * 50]))
    body[at % len(body)] ^= change
    reader = ChunkReader(SIGNING, has_trailers=False)
    try:
        content = reader.feed(bytes(body))
        reader.finish()
    except S3Refusal:
        return
    assert content == b"a" * 8192 + b"b" * 50


@pytest.mark.parametrize(
    "body",
    [
        b"", b"5\r\nhello", b"5\r\nhello\r\n", b"4\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"-1\r\n",
        b"0\r\nx-amz-checksum-crc32:a", b"0\r\n\r\nmore", b"5;chunk-signature=x\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\n", b"0\r\na:b\r\na:b\r\n\r\n", b"1" * 600, b"0\r\n" + b"a" * 600,
    ],
)  # fmt: skip
def test_chunks_that_are_none(body: bytes) -> None:
    def read() -> None:
        reader = ChunkReader(None, has_trailers=True)
        reader.feed(body)
        reader.finish()

    with pytest.raises(S3Refusal):
        read()


@pytest.mark.parametrize("signature", ["good", "0" * 64, ""])
def test_trailers_that_are_signed(signature: str) -> None:
    text = signed_body([b"hello"])[:-2]
    previous = text.rpartition(b"chunk-signature=")[2].strip().decode()
    line = "x-amz-checksum-crc32:NhCmhg=="
    good = SIGNING.trailer(previous, hashlib.sha256(f"{line}\n".encode()).hexdigest())
    given_one = good if signature == "good" else signature
    reader = ChunkReader(SIGNING, has_trailers=True)
    body = text + f"{line}\r\nx-amz-trailer-signature:{given_one}\r\n\r\n".encode()
    if signature != "good":
        with pytest.raises(S3Refusal, match="trailers"):
            reader.feed(body)
        return
    assert reader.feed(body) == b"hello"
    reader.finish()
    assert dict(reader.trailers) == {"x-amz-checksum-crc32": "NhCmhg=="}


@pytest.mark.parametrize("algorithm", SIZES)
@settings(max_examples=20, deadline=None)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_the_checksum_of_the_whole_from_its_parts(algorithm: str, parts: list[bytes]) -> None:
    def checksum(data: bytes) -> str:
        hasher = new_hasher(algorithm)
        hasher.update(data)
        return encode(hasher.digest())

    sums = [checksum(part) for part in parts]
    assert composite(algorithm, sums).endswith(f"-{len(parts)}")
    if algorithm.startswith("CRC"):
        sized = list(zip(sums, map(len, parts), strict=True))
        assert whole(algorithm, sized) == checksum(b"".join(parts))


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [("CRC32", "cbf43926"), ("CRC32C", "e3069283"), ("CRC64NVME", "ae8b14860a799888")],
)
def test_published_check_values(algorithm: str, expected: str) -> None:
    """source    "Catalogue of parametrised CRC algorithms": CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME"""
    hasher = new_hasher(algorithm)
    for byte in b"123456789":
        hasher.update(bytes([byte]))
    assert hasher.digest().hex() == expected


@pytest.mark.parametrize(
    ("headers", "declared", "code"),
    [
        ({"content-length": "5"}, UNSIGNED, ""),
        ({"content-length": "4"}, UNSIGNED, "IncompleteBody"),
        ({"content-length": "6"}, UNSIGNED, "IncompleteBody"),
        ({}, hashlib.sha256(b"hello").hexdigest(), ""),
        ({}, hashlib.sha256(b"other").hexdigest(), "XAmzContentSHA256Mismatch"),
        ({"x-amz-checksum-crc32": "NhCmhg=="}, UNSIGNED, ""),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, UNSIGNED, "BadDigest"),
        ({"x-amz-checksum-crc32": "!"}, UNSIGNED, "InvalidRequest"),
        ({"x-amz-checksum-sha512": "AA=="}, UNSIGNED, "NotImplemented"),
        ({"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="}, UNSIGNED, ""),
        ({"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, UNSIGNED, "BadDigest"),
        ({"content-md5": "AAAA"}, UNSIGNED, "InvalidDigest"),
        ({}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "MissingContentLength"),
        ({}, "STREAMING-OF-SOME-KIND", "InvalidArgument"),
        ({}, "0" * 63, "InvalidArgument"),
        ({}, "G" * 64, "InvalidArgument"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, UNSIGNED, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "a", "x-amz-checksum-sha1": "b"}, UNSIGNED, "InvalidRequest"),
    ],
)
def test_a_body_is_what_its_head_says(headers: dict[str, str], declared: str, code: str) -> None:
    def take() -> str:
        intake = Intake(read_plan(headers, declared), None, limit=100)
        for piece in (b"he", b"llo"):
            intake.sum(intake.feed(piece))
        return intake.finish().md5

    if not code:
        assert take() == hashlib.md5(b"hello").hexdigest()
        return
    with pytest.raises(S3Refusal) as caught:
        take()
    assert caught.value.code == code


def test_a_body_has_an_end() -> None:
    intake = Intake(read_plan({}, UNSIGNED), None, limit=4)
    with pytest.raises(S3Refusal) as caught:
        intake.feed(b"hello")
    assert caught.value.code == "EntityTooLarge"
