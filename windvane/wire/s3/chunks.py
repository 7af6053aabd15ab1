"""aws-chunked bodies: chunks with or without a signature each, and headers behind the last one.

Fed with bytes as they come; gives back what the chunks hold. Each chunk is verified by its signature, which covers the
one before it, when its end has come; nobody may act on the last one before `finish`.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from windvane.wire.s3.refusals import S3Refusal, refused

_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER = re.compile(rb"([A-Za-z0-9-]{1,64}):[ \t]*([\x20-\x7e]{0,256})")
_MIN_CHUNK = 8192
"""Bytes of every chunk but the last one that holds any: each costs work, whatever is in it.

source    "Uploading an object in multiple chunks" in S3's user guide
"""

_MAX_LINE = 512
_MAX_TRAILERS = 8
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_SIGNATURE = "x-amz-trailer-signature"


@dataclass(frozen=True)
class ChunkSigning:
    """The keys and scope with which chunks are signed.

    key      derived for day, region and service
    stamp    of the request
    scope    day/region/s3/aws4_request
    seed     the signature of the request's head
    """

    key: bytes = field(repr=False)
    stamp: str
    scope: str
    seed: str

    def chunk(self, previous: str, content_hash: str) -> str:
        return self._sign("AWS4-HMAC-SHA256-PAYLOAD", previous, f"{_EMPTY_HASH}\n{content_hash}")

    def trailer(self, previous: str, trailer_hash: str) -> str:
        return self._sign("AWS4-HMAC-SHA256-TRAILER", previous, trailer_hash)

    def _sign(self, algorithm: str, previous: str, rest: str) -> str:
        text = "\n".join((algorithm, self.stamp, self.scope, previous, rest))
        return hmac.digest(self.key, text.encode(), "sha256").hex()


class ChunkReader:
    """Reads one body.

    signing         None for chunks without signatures
    has_trailers    whether headers follow the last chunk
    """

    def __init__(self, signing: ChunkSigning | None, *, has_trailers: bool) -> None:
        self._signing = signing
        self._has_trailers = has_trailers
        self._buffer, self._at = b"", 0
        self._previous = signing.seed if signing is not None else ""
        self._left = -1
        self._size = _MIN_CHUNK
        self._expected = ""
        self._hash = hashlib.sha256()
        self._in_trailers = self._ended = False
        self._signed_trailers = bytearray()
        self._trailers: dict[str, str] = {}

    @property
    def trailers(self) -> Mapping[str, str]:
        """The headers behind the last chunk, by lower-case name."""
        return self._trailers

    def feed(self, data: bytes) -> bytes:
        """Return the content that `data` brought; raises S3Refusal."""
        self._buffer, self._at = self._buffer[self._at :] + data, 0
        content: list[bytes] = []
        while self._step(content):
            pass
        return b"".join(content)

    def finish(self) -> None:
        """Check that the body has come to its end; raises S3Refusal."""
        if self._in_trailers and not self._ended and not self._has_trailers and not self._n_left:
            self._ended = True
        if not self._ended or self._n_left:
            raise refused("IncompleteBody", "The last chunk of the body, of size 0, did not come.")

    @property
    def _n_left(self) -> int:
        """Bytes that came and were not looked at yet."""
        return len(self._buffer) - self._at

    def _step(self, content: list[bytes]) -> bool:
        """Return whether something was done, so that there may be more."""
        if self._ended:
            if self._n_left:
                raise refused("InvalidRequest", "Something follows the end of the chunked body.")
            return False
        if self._in_trailers:
            return self._read_trailer()
        if self._left < 0:
            return self._read_head()
        if self._left > 0:
            return self._read_content(content)
        return self._read_end()

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            if self._n_left > _MAX_LINE:
                raise refused("InvalidRequest", "A line between chunks is too long.")
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _read_head(self) -> bool:
        line = self._line()
        if line is None:
            return False
        match = _HEAD.fullmatch(line)
        if match is None or (self._signing is not None) != (match[2] is not None):
            raise refused("InvalidRequest", "The head of a chunk is malformed.")
        self._left = int(match[1], 16)
        if self._left and self._size < _MIN_CHUNK:
            raise refused("InvalidChunkSizeError")
        self._size = self._left
        self._expected = (match[2] or b"").decode()
        self._hash = hashlib.sha256()
        if self._left == 0:
            self._verify()
            self._in_trailers = True
        return True

    def _read_content(self, content: list[bytes]) -> bool:
        if not self._n_left:
            return False
        piece = self._buffer[self._at : self._at + self._left]
        self._at += len(piece)
        self._left -= len(piece)
        if self._signing is not None:
            self._hash.update(piece)
        content.append(piece)
        if self._left == 0:
            self._verify()
        return True

    def _read_end(self) -> bool:
        if self._n_left < 2:
            return False
        if not self._buffer.startswith(b"\r\n", self._at):
            raise refused("InvalidRequest", "A chunk is longer than its head says.")
        self._at += 2
        self._left = -1
        return True

    def _verify(self) -> None:
        if self._signing is None:
            return
        signature = self._signing.chunk(self._previous, self._hash.hexdigest())
        if not hmac.compare_digest(signature, self._expected):
            raise _mismatch("a chunk")
        self._previous = signature

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._end_trailers()
            return True
        match = _TRAILER.fullmatch(line)
        if not self._has_trailers or match is None or len(self._trailers) >= _MAX_TRAILERS:
            raise refused("InvalidRequest", "What follows the last chunk is malformed.")
        name, value = match[1].decode().lower(), match[2].decode().strip()
        if name in self._trailers:
            raise refused("InvalidRequest", f"The trailer '{name}' stands in the request twice.")
        self._trailers[name] = value
        if name != _SIGNATURE:
            self._signed_trailers += f"{name}:{value}\n".encode()
        return True

    def _end_trailers(self) -> None:
        self._ended = True
        given = self._trailers.pop(_SIGNATURE, "")
        if self._signing is None or not self._has_trailers:
            return
        hashed = hashlib.sha256(self._signed_trailers).hexdigest()
        if not hmac.compare_digest(self._signing.trailer(self._previous, hashed), given):
            raise _mismatch("the trailers")


def _mismatch(of: str) -> S3Refusal:
    return S3Refusal(
        "SignatureDoesNotMatch",
        403,
        f"The signature of {of} that we calculated does not match the one you provided. Check your key and "
        "signing method.",
    )
