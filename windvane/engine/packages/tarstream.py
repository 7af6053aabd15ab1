"""Tar archives read from front to back, of plain files and folders alone: what anybody may have written.

tarfile reads far more kinds, and of those that we do not take some cost it hours or all memory before it tells their name:
digits in a PAX header are searched in quadratic time (CVE-2024-6232), maps of sparse files have no bound.

source    POSIX.1-2017, pax: ustar and pax interchange formats; GNU tar manual, Basic Tar Format
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from windvane.errors import CorruptArtifact

_BLOCK = 512
_CHUNK = 1 << 20

_FILES, _FOLDER = (b"0", b"\0", b"7"), b"5"
_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_EXTENSIONS = (_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK)

_MAX_EXTENSION = 65_536
_MAX_EXTENSIONS = 8
"""Of one entry."""

_MAX_RECORDS = 100_000
"""Of all PAX headers of an archive: each is read by itself, and 65,536 bytes may hold 13,000."""

_MAX_DIGITS = 19


class Source(Protocol):
    def read(self, size: int) -> bytes: ...


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True)
class TarMember:
    """A file or folder of an archive."""

    name: str
    size: int
    is_folder: bool


class TarStream:
    """The entries of an archive, one after the other.

    called    the archive, in messages
    """

    def __init__(self, source: Source, called: str) -> None:
        self._source, self._called = source, called
        self._left = self._padding = self._n_records = 0

    def next(self) -> TarMember | None:
        """Return the next file or folder; None at the end. What was not copied of the one before is passed over.

        raises    CorruptArtifact, EOFError
        """
        self._pass_over()
        name, size = "", None
        for _ in range(_MAX_EXTENSIONS + 1):
            block = self._header()
            if block is None:
                return None
            kind = block[156:157]
            if kind not in _EXTENSIONS:
                return self._entry(block, name or _name(block), size)
            content = self._extension(_number(block[124:136], self._called))
            if kind == _LONG_NAME:
                name = _text(content.partition(b"\0")[0])
            elif kind == _PAX:
                records = self._records(content)
                name = _text(records[b"path"]) if b"path" in records else name
                size = _decimal(records[b"size"], self._called) if b"size" in records else size
        raise CorruptArtifact(
            f"{self._called} holds more than {_MAX_EXTENSIONS} headers for one file."
        )

    def copy(self, sink: Sink) -> None:
        """Copy the content of the file that `next` told last.

        raises    EOFError
        """
        while self._left:
            part = self._exactly(min(self._left, _CHUNK))
            self._left -= len(part)
            sink.write(part)

    def _entry(self, block: bytes, name: str, size: int | None) -> TarMember:
        kind = block[156:157]
        is_folder = kind == _FOLDER or (kind == b"\0" and name.endswith("/"))
        if not is_folder and kind not in _FILES:
            raise CorruptArtifact(f"{self._called} holds {name[:100]!r}, which is no plain file.")
        if size is None:
            size = _number(block[124:136], self._called)
        self._left = 0 if is_folder else size
        self._padding = -self._left % _BLOCK
        return TarMember(name, self._left, is_folder)

    def _pass_over(self) -> None:
        left = self._left + self._padding
        self._left = self._padding = 0
        while left:
            left -= len(self._exactly(min(left, _CHUNK)))

    def _header(self) -> bytes | None:
        """Return a block whose sum is right; None at the end of the archive, marked or not."""
        block = self._source.read(_BLOCK)
        if not block.strip(b"\0"):
            return None
        if len(block) < _BLOCK:
            raise EOFError("it ends within a header")
        told = _number(block[148:156], self._called)
        if told != sum(block[:148]) + sum(block[156:]) + 8 * ord(" "):
            raise CorruptArtifact(f"{self._called} holds a header whose sum is wrong.")
        return block

    def _extension(self, size: int) -> bytes:
        if size > _MAX_EXTENSION:
            raise CorruptArtifact(f"{self._called} holds a header of {size} bytes.")
        return self._exactly(size + -size % _BLOCK)[:size]

    def _records(self, content: bytes) -> dict[bytes, bytes]:
        """Return the records of a PAX header: each is its length, a space, a name, "=", a value, and a line feed."""
        found: dict[bytes, bytes] = {}
        at = 0
        while at < len(content):
            digits = content[at : at + _MAX_DIGITS].partition(b" ")[0]
            end = at + _decimal(digits, self._called)
            name, equals, value = content[at + len(digits) + 1 : end - 1].partition(b"=")
            if not equals or content[end - 1 : end] != b"\n":
                raise CorruptArtifact(f"{self._called} holds a header that cannot be read.")
            if name.startswith(b"GNU.sparse"):
                raise CorruptArtifact(
                    f"{self._called} holds a sparse file, which is no plain file."
                )
            found[name] = value
            at = end
            self._n_records += 1
            if self._n_records > _MAX_RECORDS:
                raise CorruptArtifact(
                    f"{self._called} holds headers of more than {_MAX_RECORDS} records."
                )
        return found

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise EOFError("it ends within a file")
        return data


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _number(field: bytes, called: str) -> int:
    """Octal digits, or, behind a first byte of 128, a binary number."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip(b" ") or b"0"
    if digits.strip(b"01234567"):
        raise CorruptArtifact(f"{called} holds a header with a number that is none.")
    return int(digits, 8)


def _decimal(digits: bytes, called: str) -> int:
    if not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise CorruptArtifact(f"{called} holds a header with a number that is none.")
    return int(digits)
