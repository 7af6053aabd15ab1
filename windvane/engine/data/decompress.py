"""Bytes of a source file to a plain, checked UTF-8 text file that DuckDB can read.

Streams: memory stays at a few megabytes whatever the file. A gzip bomb, a binary file and a line without end
are refused as soon as they show.
"""

from __future__ import annotations

import codecs
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.errors import DataFault, JobFault
from windvane.notes.note import unreadable

CHUNK = 1 << 20
LONGEST_ROW = 1_000_000
"""Bytes of one row; also the longest line."""

BOMB_WINDOW = 100 * 1000**2
BOMB_RATIO = 500
"""Decompressed bytes for one compressed byte, over any window of BOMB_WINDOW bytes. Deflate reaches at most
1032; tables that are nearly all zeros stay under 400."""

_BOM = codecs.BOM_UTF8
_GZIP = b"\x1f\x8b"
_ADVICE = "A CSV file in UTF-8 is expected, plain or compressed with Gzip."
_WORKBOOK = f"{_ADVICE} In a spreadsheet program, save the sheet as CSV UTF-8."

_KINDS = (
    (_GZIP, "Gzip data", "Set CompressionType to Gzip."),
    (b"PK\x03\x04", "a ZIP archive (or an Excel workbook)", _WORKBOOK),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Office document (such as an old Excel workbook)",
        _WORKBOOK,
    ),
    (
        b"PAR1",
        "a Parquet file",
        "Set the channel's ContentType to x-application/vnd.amazon+parquet.",
    ),
    (b"\x28\xb5\x2f\xfd", "Zstandard data", _ADVICE),
    (b"BZh", "bzip2 data", _ADVICE),
    (b"\xfd7zXZ", "xz data", _ADVICE),
    (b"%PDF", "a PDF document", _ADVICE),
    (b"\x89PNG\r\n", "a picture (PNG)", _ADVICE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _ADVICE),
    (b"\xff\xfe", "UTF-16 text", _WORKBOOK),
    (b"\xfe\xff", "UTF-16 text", _WORKBOOK),
)


@dataclass
class _Inspection:
    """The state of the inspection of a text so far."""

    name: str
    seen: int = 0
    crlf: int = 0
    lf: int = 0
    has_bom: bool = False
    _line: int = 0
    _ends_with_cr: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8")
    )

    @property
    def mixes_newlines(self) -> bool:
        return 0 < self.crlf < self.lf

    def look(self, chunk: bytes) -> None:
        if self.seen == 0:
            self._look_at_start(chunk)
        if (at := chunk.find(b"\0")) >= 0:
            raise DataFault(
                f"{self.name} looks like a binary file, not text: it has a zero byte at byte "
                f"{self.seen + at}. A CSV file in UTF-8 is expected."
            )
        self._decode(chunk)
        self._count_lines(chunk)
        self.seen += len(chunk)

    def finish(self) -> None:
        self._decode(b"", final=True)

    def _look_at_start(self, chunk: bytes) -> None:
        self.has_bom = chunk.startswith(_BOM)
        for magic, kind, advice in _KINDS:
            if chunk.startswith(magic):
                raise DataFault(f"{self.name} contains {kind}. {advice}")

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            at = self.seen - pending + error.start
            raise DataFault(
                f"{self.name} is not UTF-8 text: byte {at} is 0x{error.object[error.start]:02x}. "
                "Save the file as UTF-8; in Excel, that is the file type CSV UTF-8."
            ) from error

    def _count_lines(self, chunk: bytes) -> None:
        self.lf += chunk.count(b"\n")
        self.crlf += chunk.count(b"\r\n") + (self._ends_with_cr and chunk.startswith(b"\n"))
        self._ends_with_cr = chunk.endswith(b"\r")
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._line = self._line + len(chunk) if end < 0 else len(chunk) - end - 1
        if self._line > LONGEST_ROW:
            raise DataFault(
                f"{self.name} has a line longer than {LONGEST_ROW:,} bytes, at byte "
                f"{self.seen + len(chunk) - self._line}. A row may have at most that many."
            )


def plain_text(file: SourceFile, options: ReadOptions, copy_as: Path) -> Path:
    """Return the path of the file's text: the file itself, or `copy_as` where it had to be unpacked or mended
    (byte order mark, two kinds of line ends).

    raises    DataFault
    """
    inspection = _Inspection(file.name)
    if options.compression == "Gzip":
        with copy_as.open("wb") as copy:
            for chunk in _decompressed(file, options):
                inspection.look(chunk)
                copy.write(chunk)
        inspection.finish()
        return _mended(copy_as, inspection, copy_as.with_suffix(".mended"))
    for chunk in _chunks(file.path):
        inspection.look(chunk)
        _check_size(file, inspection.seen, options)
    inspection.finish()
    return _mended(file.path, inspection, copy_as)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _mended(path: Path, inspection: _Inspection, copy_as: Path) -> Path:
    if not inspection.has_bom and not inspection.mixes_newlines:
        return path
    with path.open("rb") as source, copy_as.open("wb") as copy:
        source.seek(len(_BOM) if inspection.has_bom else 0)
        if inspection.mixes_newlines:
            copy.writelines(
                line[:-2] + b"\n" if line.endswith(b"\r\n") else line for line in source
            )
        else:
            shutil.copyfileobj(source, copy, CHUNK)
    return copy_as


def _decompressed(file: SourceFile, options: ReadOptions) -> Iterator[bytes]:
    """Chunks of at most CHUNK bytes, of all members of the file one after another."""
    produced = consumed = 0
    window_start = (0, 0)
    free = shutil.disk_usage(options.scratch).free
    for chunk, used in _inflate(file, _chunks(file.path)):
        produced, consumed = produced + len(chunk), consumed + used
        if produced - window_start[0] >= BOMB_WINDOW:
            if produced - window_start[0] > BOMB_RATIO * (consumed - window_start[1]):
                raise DataFault(
                    f"{file.name} is refused as a decompression bomb: {consumed:,} compressed bytes have "
                    f"grown to {produced:,}, over {BOMB_RATIO} to one."
                )
            window_start = (produced, consumed)
        _check_size(file, produced, options)
        if produced > free:
            raise JobFault(
                f"Not enough disk space to decompress {file.name}: {free:,} bytes are free on the server's disk."
            )
        yield chunk


def _inflate(file: SourceFile, packed: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Pairs of decompressed bytes and the number of compressed ones they took."""
    inflater, started = zlib.decompressobj(wbits=31), False
    for data in packed:
        pending = data
        while pending:
            if not started and not pending.strip(b"\0"):
                break  # padding after the last member
            if not started and not pending.startswith(_GZIP[: len(pending)]):
                raise _not_gzip(file, "it does not start with the bytes 1f 8b")
            started = True
            before = len(pending)
            try:
                chunk = inflater.decompress(pending, CHUNK)
            except zlib.error as error:
                raise _not_gzip(file, str(error)) from error
            pending = inflater.unconsumed_tail
            if inflater.eof:
                pending = inflater.unused_data
                inflater, started = zlib.decompressobj(wbits=31), False
            yield chunk, before - len(pending)
    if started:
        raise DataFault(
            f"{file.name} is a truncated Gzip file: its end is missing. Upload it again."
        )


def _not_gzip(file: SourceFile, why: str) -> DataFault:
    advice = "If the file is not compressed, set CompressionType to None."
    return DataFault(unreadable(file.name, "Gzip", f"{why}. {advice}"))


def _check_size(file: SourceFile, n_bytes: int, options: ReadOptions) -> None:
    if n_bytes > options.max_bytes:
        raise DataFault(
            f"{file.name} holds more than {options.max_bytes:,} bytes of data, the maximum."
        )
