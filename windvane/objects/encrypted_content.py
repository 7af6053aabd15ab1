"""Content of the encrypted store on its way in and out: each file is encrypted under the object's data key, with an identity
of its own."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import BinaryIO, Self, cast

from windvane.objects.base import Staged
from windvane.objects.frames import FrameCipher, OpeningReader, SealingWriter
from windvane.objects.records import Encryption, Part
from windvane.objects.segments import Segment, Segments

_IDENTITY = "identity"
_IDENTITY_BYTES = 16
_CHUNK = 1 << 20


class EncryptedStage:
    """Bytes on their way into the store, encrypted as they come."""

    def __init__(self, inner: Staged, data_key: bytes) -> None:
        self.inner, self.data_key = inner, data_key
        self.identity = secrets.token_bytes(_IDENTITY_BYTES)
        self._writer = SealingWriter(inner, FrameCipher(data_key, self.identity))
        self._size = 0
        self._is_finished = False

    @property
    def size(self) -> int:
        return self._size

    @property
    def parameters(self) -> dict[str, str]:
        """What is kept so that the file can be opened."""
        return {_IDENTITY: self.identity.hex()}

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._size += self._writer.write(data)

    def finish(self) -> Staged:
        """Write the last frame, once, and return what is to be put."""
        if not self._is_finished:
            self._writer.finish()
            self._is_finished = True
        return self.inner

    def discard(self) -> None:
        self.inner.discard()

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inner.__exit__(kind, error, trace)


def own_stage(staged: Staged, size: int | None) -> EncryptedStage:
    """Return what is to be put, if this kind of store staged it.

    raises    TypeError for what another kind staged, or a size that is not its own
    """
    if not isinstance(staged, EncryptedStage) or size not in (None, staged.size):
        raise TypeError("What is put must come from this store's own stage, and have its size.")
    return staged


def identity_in(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return what an encrypted file is opened with besides its data key; nothing for the parts of an upload."""
    return {_IDENTITY: parameters[_IDENTITY]} if _IDENTITY in parameters else {}


def opened(file: BinaryIO, kept: Encryption, parts: Sequence[Part], data_key: bytes) -> BinaryIO:
    """Return one reader over the file, or over the files of an upload's parts, which follow each other in it.

    kept    of the version
    """
    if not parts:
        identity = kept.parameters[_IDENTITY]
        return cast("BinaryIO", OpeningReader(file, FrameCipher(data_key, bytes.fromhex(identity))))
    segments, start = [], 0
    for part in parts:
        cipher = FrameCipher(data_key, bytes.fromhex(part.parameters[_IDENTITY]))
        segments.append(Segment(start, part.stored_size, cipher))
        start += part.stored_size
    return cast("BinaryIO", io.BufferedReader(Segments(file, segments), _CHUNK))
