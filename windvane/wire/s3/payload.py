"""The body of an S3 request: what its head says of it, and the check that it is so.

`Intake` takes the bytes in as they come and says at the end what they were. It is plain code for a thread: hashes cost
time. Whoever acts on the last bytes waits for `finish`.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-streaming.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from windvane.wire.s3.checksums import SIZES, decode, encode, header_of, new_hasher
from windvane.wire.s3.chunks import ChunkReader, ChunkSigning
from windvane.wire.s3.refusals import refused

UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

MAX_UPLOAD = 5 * 2**30
"""Bytes of an object that is put at once, and of a part.

source    "Amazon S3 multipart upload limits" in S3's user guide
"""

_HEX_HASH = re.compile(r"[0-9a-f]{64}")
_CHUNKED = (SIGNED_CHUNKS, SIGNED_TRAILER, UNSIGNED_TRAILER)


@dataclass(frozen=True)
class BodyPlan:
    """The statements of the head about a body.

    declared    x-amz-content-sha256
    length      bytes of content; None if the head does not tell
    md5         of Content-MD5, None if there is none
    algorithm   of the checksum, "" for none
    checksum    its value in Base64; "" if it is to come behind the body
    """

    declared: str
    length: int | None
    md5: bytes | None = None
    algorithm: str = ""
    checksum: str = ""

    @property
    def is_chunked(self) -> bool:
        return self.declared in _CHUNKED

    @property
    def has_trailers(self) -> bool:
        return self.declared in (SIGNED_TRAILER, UNSIGNED_TRAILER)

    @property
    def needs_signing(self) -> bool:
        return self.declared in (SIGNED_CHUNKS, SIGNED_TRAILER)


@dataclass(frozen=True)
class Digests:
    """The digests of a body that was read.

    md5         hexadecimal
    algorithm   of the checksum that the head or the trailers hold, else of the one that was wanted; "" for none
    checksum    Base64
    wanted      the checksum that was wanted, whatever the head holds
    """

    size: int
    md5: str
    algorithm: str
    checksum: str
    wanted: str = ""


def of_the_object(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without checksums, of a request whose checksums are those of an object, not of its body."""
    return {n: v for n, v in headers.items() if not n.startswith("x-amz-checksum-")}


def read_plan(headers: Mapping[str, str], declared: str) -> BodyPlan:
    """Read what a head says of the body.

    raises    S3Refusal for what contradicts itself or cannot be read
    """
    _check_declared(declared)
    algorithm, checksum = _checksum(
        headers, trailing=declared in (SIGNED_TRAILER, UNSIGNED_TRAILER)
    )
    length = _length(headers, "content-length")
    if declared in _CHUNKED:
        length = _length(headers, "x-amz-decoded-content-length")
        if length is None:
            raise refused(
                "MissingContentLength",
                "You must provide the x-amz-decoded-content-length HTTP header.",
            )
    elif headers.get("x-amz-trailer"):
        raise refused("InvalidRequest", "x-amz-trailer needs a body in chunks that have trailers.")
    return BodyPlan(declared, length, _md5(headers.get("content-md5")), algorithm, checksum)


class Intake:
    """Takes a body in.

    signing     for bodies whose chunks are signed
    algorithm   a checksum to work out whatever the head names; "" for none
    limit       bytes of content
    digests     what the body was, once `finish` has found it right
    """

    def __init__(
        self,
        plan: BodyPlan,
        signing: ChunkSigning | None,
        *,
        limit: int,
        algorithm: str = "",
    ) -> None:
        if plan.needs_signing and signing is None:
            raise refused(
                "InvalidRequest",
                "Chunks that are signed need a signature in the Authorization header.",
            )
        if plan.length is not None and plan.length > limit:
            raise refused("EntityTooLarge")
        self._plan = plan
        self._limit = limit
        self._chunks = (
            ChunkReader(signing if plan.needs_signing else None, has_trailers=plan.has_trailers)
            if plan.is_chunked
            else None
        )
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256() if _HEX_HASH.fullmatch(plan.declared) else None
        self._algorithm = plan.algorithm or algorithm
        self._own = new_hasher(self._algorithm) if self._algorithm else None
        differs = algorithm not in ("", self._algorithm)
        self._wanted = new_hasher(algorithm) if differs else None
        self._size = 0
        self.digests: Digests | None = None

    def feed(self, data: bytes) -> bytes:
        """Return the content that `data` brought; raises S3Refusal."""
        content = data if self._chunks is None else self._chunks.feed(data)
        self._size += len(content)
        if self._size > self._limit:
            raise refused("EntityTooLarge")
        if self._plan.length is not None and self._size > self._plan.length:
            raise refused("IncompleteBody")
        if self._sha256 is not None:
            self._sha256.update(content)
        for hasher in (self._own, self._wanted):
            if hasher is not None:
                hasher.update(content)
        return content

    def sum(self, content: bytes) -> None:
        """Add what `feed` returned to the MD5, in its order. Apart, as it takes longer than all the rest: another thread
        may do it while the next bytes are fed."""
        self._md5.update(content)

    def finish(self) -> Digests:
        """Check the whole, each part of which was fed and summed, against what the head and the trailers say.

        raises    S3Refusal
        """
        if self._chunks is not None:
            self._chunks.finish()
        if self._plan.length is not None and self._size != self._plan.length:
            raise refused("IncompleteBody")
        if self._sha256 is not None and self._sha256.hexdigest() != self._plan.declared:
            raise refused("XAmzContentSHA256Mismatch")
        if self._plan.md5 is not None and self._md5.digest() != self._plan.md5:
            raise refused(
                "BadDigest", "The Content-MD5 you specified did not match what we received."
            )
        checksum = encode(self._own.digest()) if self._own is not None else ""
        self._check_checksum(checksum)
        wanted = checksum if self._wanted is None else encode(self._wanted.digest())
        self.digests = Digests(self._size, self._md5.hexdigest(), self._algorithm, checksum, wanted)
        return self.digests

    def _check_checksum(self, checksum: str) -> None:
        if not self._plan.algorithm:
            return
        given = self._plan.checksum
        if not given and self._chunks is not None:
            given = self._chunks.trailers.get(header_of(self._plan.algorithm), "")
            if not given:
                raise refused(
                    "InvalidRequest", "The trailer that x-amz-trailer names did not come."
                )
        if given != checksum:
            raise refused(
                "BadDigest",
                f"The {self._plan.algorithm} you specified did not match the calculated checksum.",
            )


def _check_declared(declared: str) -> None:
    if declared != UNSIGNED and declared not in _CHUNKED and not _HEX_HASH.fullmatch(declared):
        raise refused(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
        )


def _length(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise refused("InvalidArgument", f"{name} must be a number of bytes, not '{text[:32]}'.")
    return int(text)


def _md5(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("InvalidDigest", "The Content-MD5 you specified was invalid.") from error
    if len(digest) != 16:
        raise refused("InvalidDigest", "The Content-MD5 you specified was invalid.")
    return digest


def _checksum(headers: Mapping[str, str], *, trailing: bool) -> tuple[str, str]:
    """Algorithm and value of the checksum; both empty if there is none."""
    given = {name: headers[header_of(name)] for name in SIZES if header_of(name) in headers}
    unknown = [
        name for name in headers if name.startswith("x-amz-checksum-") and name not in _KNOWN
    ]
    if unknown:
        raise refused(
            "NotImplemented", f"{unknown[0][:64]} is not served; served are: {', '.join(SIZES)}."
        )
    trailer = headers.get("x-amz-trailer", "").strip().lower() if trailing else ""
    if trailer:
        named = [name for name in SIZES if header_of(name) == trailer]
        if not named or given:
            raise refused(
                "InvalidRequest", "x-amz-trailer names one checksum, which is not in the head too."
            )
        given = {named[0]: ""}
    if len(given) > 1:
        raise refused(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    if not given:
        return "", ""
    algorithm, value = next(iter(given.items()))
    if value and decode(algorithm, value) is None:
        raise refused("InvalidRequest", f"Value for {header_of(algorithm)} header is invalid.")
    named_too = headers.get("x-amz-sdk-checksum-algorithm", "").upper()
    if named_too and named_too != algorithm:
        raise refused("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
    return algorithm, value


_KNOWN = frozenset(
    {
        *(header_of(name) for name in SIZES),
        *("x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode"),
    }
)
