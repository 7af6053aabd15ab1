"""The cipher of data files: AES-256-GCM in frames, so that any range can be read and every change is seen.

    file   = frame 0 | frame 1 | ... | last frame
    frame  = ciphertext of FRAME_BYTES plain bytes (the last one: fewer, or none in an empty file) | tag

The key of a file is derived from the data key and the identity of the file, so no two files share one although a data
key may serve the parts of an upload. A frame's nonce is its number and whether it is the last: frames that were
changed, left out, moved, repeated, brought in from another file or cut off at the end do not open.

An identity must never be used for two contents under one data key: draw it at random.

source    Hoang, Reyhanitabar, Rogaway and Vizar 2015, "Online authenticated-encryption and its nonce-reuse
          misuse-resistance" (STREAM); NIST SP 800-38D
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from windvane.errors import CorruptArtifact
from windvane.objects.seekable import SeekableReader
from windvane.sealing import derive_key

FRAME_BYTES = 64 * 1024
TAG_BYTES = 16
KEY_BYTES = 32

_SEALED_FRAME = FRAME_BYTES + TAG_BYTES
_AT_ONCE = 16


def sealed_size(plain_size: int) -> int:
    """Return the size of the data file that holds so many bytes."""
    return plain_size + TAG_BYTES * _frames(plain_size)


def plain_size(sealed_size: int) -> int:
    """Return how many bytes a data file of this size holds.

    raises    CorruptArtifact if no data file has this size
    """
    frames = max(1, -(-sealed_size // _SEALED_FRAME))
    size = sealed_size - TAG_BYTES * frames
    if size < 0 or _frames(size) != frames:
        raise CorruptArtifact(
            f"An encrypted data file has {sealed_size} bytes, which none can have: it was cut off or changed."
        )
    return size


def _frames(plain_size: int) -> int:
    return max(1, -(-plain_size // FRAME_BYTES))


class FrameCipher:
    """Encrypts and decrypts the frames of one data file."""

    def __init__(self, data_key: bytes, identity: bytes) -> None:
        """Encrypt and decrypt the frames of one data file.

        data_key    32 random bytes
        identity       what no other file under this data key has
        """
        self._cipher = AESGCM(derive_key(data_key, f"data file {identity.hex()}"))

    def seal(self, plain: bytes | memoryview, number: int, *, is_last: bool) -> bytes:
        """Return a frame: 16 bytes longer than `plain`."""
        return self._cipher.encrypt(_nonce(number, is_last=is_last), plain, None)

    def seal_into(self, plain: memoryview, number: int, into: memoryview) -> None:
        """Encrypt a frame that is not the last, into a buffer of its length."""
        self._cipher.encrypt_into(_nonce(number, is_last=False), plain, None, into)

    def open(self, sealed: bytes | memoryview, number: int, *, is_last: bool) -> bytes:
        """Return what a frame holds.

        raises    CorruptArtifact if it is not this file's frame of this number, or was changed
        """
        try:
            return self._cipher.decrypt(_nonce(number, is_last=is_last), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise CorruptArtifact(
                f"Frame {number} of an encrypted data file cannot be read: it was changed, or belongs to another file "
                "or key."
            ) from error


def _nonce(number: int, *, is_last: bool) -> bytes:
    return bytes([is_last, 0, 0, 0]) + number.to_bytes(8, "big")


class _Sink(Protocol):
    def write(self, data: bytes | bytearray, /) -> object: ...


class SealingWriter:
    """Writes a data file from its start; only `finish` makes it whole."""

    def __init__(self, file: _Sink, cipher: FrameCipher) -> None:
        self._file, self._cipher = file, cipher
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take any number of bytes; a frame that may be the last is held back."""
        view = memoryview(data).cast("B")
        taken = 0
        if self._held:
            taken = min(FRAME_BYTES - len(self._held), len(view))
            self._held += view[:taken]
            if taken < len(view):
                self._put(memoryview(self._held))
                self._held = bytearray()
        if not self._held:
            whole = max(0, len(view) - taken - 1) // FRAME_BYTES * FRAME_BYTES
            for start in range(taken, taken + whole, _AT_ONCE * FRAME_BYTES):
                self._put(view[start : min(start + _AT_ONCE * FRAME_BYTES, taken + whole)])
            self._held += view[taken + whole :]
        return len(view)

    def finish(self) -> None:
        """Write the last frame; the file is neither synced nor closed."""
        self._file.write(self._cipher.seal(bytes(self._held), self._number, is_last=True))
        self._held = bytearray()

    def _put(self, plain: memoryview) -> None:
        """Write whole frames, as one piece: small writes cost more than the cipher."""
        n_frames = len(plain) // FRAME_BYTES
        sealed = bytearray(n_frames * _SEALED_FRAME)
        view = memoryview(sealed)
        for index in range(n_frames):
            frame = plain[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
            into = view[index * _SEALED_FRAME : (index + 1) * _SEALED_FRAME]
            self._cipher.seal_into(frame, self._number, into)
            self._number += 1
        self._file.write(sealed)


class OpeningReader(SeekableReader):
    """The plain bytes of a data file, seekable; closing it closes the file.

    raises    CorruptArtifact at once for a file that was cut off, and on reading frames that were changed
    """

    def __init__(self, file: BinaryIO, cipher: FrameCipher) -> None:
        self._file, self._cipher = file, cipher
        super().__init__(plain_size(file.seek(0, os.SEEK_END)))
        self._last = _frames(self.size) - 1
        self._frame = (-1, b"")
        self._file_at = -1
        if self.size == 0:
            self._open(0)

    def chunks(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield the bytes from `start` up to `end`, at most a frame at a time."""
        while start < min(end, self.size):
            number, offset = divmod(start, FRAME_BYTES)
            piece = memoryview(self._open(number))[offset : offset + end - start]
            yield piece
            start += len(piece)

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        done = 0
        for piece in self.chunks(self._position, self._position + len(view)):
            view[done : done + len(piece)] = piece
            done += len(piece)
        self._position += done
        return done

    def read(self, size: int = -1) -> bytes:
        end = self.size if size < 0 else self._position + size
        data = b"".join(self.chunks(self._position, end))
        self._position += len(data)
        return data

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _open(self, number: int) -> bytes:
        if self._frame[0] == number:
            return self._frame[1]
        start = number * _SEALED_FRAME
        if self._file_at != start:
            self._file.seek(start)
        sealed = self._file.read(_SEALED_FRAME)
        self._file_at = start + len(sealed)
        plain = self._cipher.open(sealed, number, is_last=number == self._last)
        self._frame = (number, plain)
        return plain
