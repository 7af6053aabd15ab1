"""Checksums of stored bytes: what is compared when they are read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from awscrt import checksums as native


class ChecksumKind(StrEnum):
    """CRC32 was written by versions that had no other; processors compute CRC32C ten times as fast."""

    CRC32 = "CRC32"
    CRC32C = "CRC32C"


_ADDERS: Mapping[ChecksumKind, Callable[[bytes | bytearray | memoryview, int], int]] = {
    ChecksumKind.CRC32: zlib.crc32,
    ChecksumKind.CRC32C: native.crc32c,
}


@dataclass(frozen=True)
class StoredChecksum:
    """The checksum of the bytes so far; of none it is 0."""

    kind: ChecksumKind = ChecksumKind.CRC32C
    value: int = 0

    def after(self, data: bytes | bytearray | memoryview) -> StoredChecksum:
        """Return the checksum with `data` added."""
        return StoredChecksum(self.kind, _ADDERS[self.kind](data, self.value))

    @property
    def at_start(self) -> StoredChecksum:
        """The checksum of this kind before any byte."""
        return StoredChecksum(self.kind)
