"""Checksums of stored bytes: what is compared when they are read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from awscrt import checksums as native


class SumKind(StrEnum):
    """CRC32 was written by versions that had no other; processors compute CRC32C ten times as fast."""

    CRC32 = "CRC32"
    CRC32C = "CRC32C"


_ADDERS: Mapping[SumKind, Callable[[bytes | bytearray | memoryview, int], int]] = {
    SumKind.CRC32: zlib.crc32,
    SumKind.CRC32C: native.crc32c,
}


@dataclass(frozen=True)
class StoredSum:
    """The checksum of the bytes so far; of none it is 0."""

    kind: SumKind = SumKind.CRC32C
    value: int = 0

    def after(self, data: bytes | bytearray | memoryview) -> StoredSum:
        """Return the checksum with `data` added."""
        return StoredSum(self.kind, _ADDERS[self.kind](data, self.value))

    @property
    def at_start(self) -> StoredSum:
        """The checksum of this kind before any byte."""
        return StoredSum(self.kind)
