"""Checksums of S3: computed over a stream, combined from parts, compared as Base64.

source    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from awscrt import checksums as native


class Hasher(Protocol):
    """A digest over a stream."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    """A cyclic redundancy check over a stream."""

    def __init__(self, step: Callable[[bytes, int], int], size: int) -> None:
        self._step, self._size, self._value = step, size, 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = self._step(bytes(data), self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


SIZES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""Algorithms that are served, and the bytes of their digests."""

DEFAULT = "CRC64NVME"
"""What an upload gets that names none."""

COMPOSED = frozenset({"CRC32", "CRC32C", "SHA1", "SHA256"})
"""Algorithms whose checksum of an upload in parts may be one of the parts' checksums."""

COMBINED = frozenset({"CRC32", "CRC32C", "CRC64NVME"})
"""Algorithms that can tell the checksum of the whole from those of the parts."""

_MAKERS: Mapping[str, Callable[[], Hasher]] = {
    "CRC32": lambda: _Crc(zlib.crc32, 4),
    "CRC32C": lambda: _Crc(native.crc32c, 4),
    "CRC64NVME": lambda: _Crc(native.crc64nvme, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}
_COMBINE: Mapping[str, Callable[[int, int, int], int]] = {
    "CRC32": native.combine_crc32,
    "CRC32C": native.combine_crc32c,
    "CRC64NVME": native.combine_crc64nvme,
}


def new_hasher(algorithm: str) -> Hasher:
    return _MAKERS[algorithm]()


def header_of(algorithm: str) -> str:
    """Return the name of the header that carries a checksum."""
    return f"x-amz-checksum-{algorithm.lower()}"


def encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def decode(algorithm: str, text: str) -> bytes | None:
    """Return the digest that a header holds, None if it is none of this algorithm."""
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == SIZES[algorithm] else None


def composite(algorithm: str, parts: Sequence[str]) -> str:
    """Return the checksum of the parts' checksums, with their number."""
    hasher = new_hasher(algorithm)
    for part in parts:
        hasher.update(base64.b64decode(part))
    return f"{encode(hasher.digest())}-{len(parts)}"


def whole(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """Return the checksum of the bytes of all parts from their checksums and sizes in bytes."""
    value = 0
    for text, size in parts:
        value = _COMBINE[algorithm](value, int.from_bytes(base64.b64decode(text), "big"), size)
    return encode(value.to_bytes(SIZES[algorithm], "big"))
