"""The beginning of a file as a small file of its own, whole rows only, that the reader of jobs can read."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from windvane.engine.data.dialect import Dialect, read_opening
from windvane.engine.preview.source import Source, SourceStream
from windvane.errors import DataFault

CSV_BYTES = 8 * 1000**2
"""Of text that are looked at, decompressed."""

MOST_ROWS = 50_000
_PACKED_CHUNK = 1 << 18
_BUFFER_BYTES = 1 << 18
_PARQUET, _GZIP, _BOM = b"PAR1", b"\x1f\x8b", b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Beginning:
    """The beginning of a file, copied to a small file of its own.

    path          of the small file
    format        'csv' or 'parquet'
    compression   of the original: 'None' or 'Gzip'
    dialect       of CSV
    has_bom       whether CSV begins with a byte order mark
    is_cut        whether the original has more rows than the small file
    n_bytes_read  of the original
    n_rows_total  of the original where it says so itself; None for CSV
    """

    path: Path
    format: str
    compression: str
    is_cut: bool
    n_bytes_read: int
    dialect: Dialect
    has_bom: bool = False
    n_rows_total: int | None = None


def read_beginning(source: Source, scratch: Path, compression: str = "") -> Beginning:
    """Copy the beginning of a file.

    compression    'None', 'Gzip' or "" for whatever it looks like
    raises         DataFault for what is neither CSV nor Parquet
    """
    magic = source.read(0, len(_PARQUET))
    if not magic:
        raise DataFault(f"{source.name} is empty.")
    if magic == _PARQUET:
        return _of_parquet(source, scratch / "beginning.parquet")
    return _of_csv(source, scratch / "beginning.csv", _compression(magic, compression))


def _compression(magic: bytes, asked: str) -> str:
    if asked:
        return asked
    return "Gzip" if magic.startswith(_GZIP) else "None"


def _of_csv(source: Source, path: Path, compression: str) -> Beginning:
    if compression == "Gzip":
        text, n_read, is_whole = _inflated(source)
    else:
        text = source.read(0, CSV_BYTES)
        n_read, is_whole = len(text), len(text) >= source.size
    has_bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    path.write_bytes(text if is_whole else _without_half_letter(text))
    opening = read_opening(path, source.name)
    dialect = Dialect() if opening is None else opening.dialect
    n_kept, has_more_rows = _whole_rows(path, dialect, is_whole)
    if n_kept == 0 and not is_whole:
        raise DataFault(f"{source.name} has a first row longer than {len(text):,} bytes.")
    with path.open("rb+") as file:
        file.truncate(n_kept)
    is_cut = not is_whole or has_more_rows
    told = _share_read(n_read, n_kept, len(text)) if is_cut else n_read
    return Beginning(path, "csv", compression, is_cut, told, dialect, has_bom)


def _share_read(n_read: int, n_kept: int, n_text: int) -> int:
    """Return bytes of the original that the kept rows took, about."""
    return max(1, round(n_read * n_kept / max(n_text, 1)))


def _without_half_letter(text: bytes) -> bytes:
    """Return the text without the first bytes of a letter of UTF-8 whose others were cut off."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0x80 else 2 if byte >> 5 == 6 else 3 if byte >> 4 == 14 else 4
        return text if length <= back else text[:-back]
    return text


def _whole_rows(path: Path, dialect: Dialect, is_whole: bool) -> tuple[int, bool]:
    """Return bytes of the rows that end within the file, at most MOST_ROWS and the header; whether there are more."""
    n_bytes = 0

    def lines(stream: Iterator[str]) -> Iterator[str]:
        nonlocal n_bytes
        for line in stream:
            n_bytes += len(line.encode("utf-8", "surrogateescape"))
            yield line

    ends = [0]
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        records = dialect.records(lines(file))  # type: ignore[arg-type]
        try:
            for _ in records:
                ends.append(n_bytes)
                if len(ends) > MOST_ROWS + 2:
                    return ends[MOST_ROWS + 1], True
        except csv.Error:
            # The reader of jobs says where and what it is.
            return n_bytes, False
    if is_whole or len(ends) == 1:
        return ends[-1] if is_whole else 0, False
    return ends[-2], False


def _inflated(source: Source) -> tuple[bytes, int, bool]:
    """Return at most CSV_BYTES of the text, the compressed bytes they took, whether it is all.

    raises    DataFault for what is no Gzip
    """
    inflater, parts, n_text, at = zlib.decompressobj(wbits=31), [], 0, 0
    while n_text < CSV_BYTES and (packed := source.read(at, _PACKED_CHUNK)):
        at += len(packed)
        while packed and n_text < CSV_BYTES:
            try:
                part = inflater.decompress(packed, CSV_BYTES - n_text)
            except zlib.error as error:
                raise DataFault(
                    f"{source.name} cannot be read as Gzip: {error}. If the file is not compressed, set "
                    "CompressionType to None."
                ) from error
            parts.append(part)
            n_text += len(part)
            packed = inflater.unconsumed_tail
            if inflater.eof:
                packed = inflater.unused_data.lstrip(b"\0")
                inflater = zlib.decompressobj(wbits=31)
    return b"".join(parts), at, at >= source.size and n_text < CSV_BYTES


def _of_parquet(source: Source, path: Path) -> Beginning:
    stream = SourceStream(source)
    try:
        file = pq.ParquetFile(
            pa.PythonFile(stream, mode="r"), buffer_size=_BUFFER_BYTES, pre_buffer=False
        )
        rows = next(file.iter_batches(batch_size=MOST_ROWS, use_threads=False), None)
        table = file.schema_arrow.empty_table() if rows is None else pa.Table.from_batches([rows])
        pq.write_table(table, path)
    except (pa.ArrowException, OSError) as error:
        raise DataFault(f"{source.name} cannot be read as Parquet: {str(error)[:200]}.") from error
    total = file.metadata.num_rows
    is_cut = table.num_rows < total
    return Beginning(path, "parquet", "None", is_cut, stream.n_read, Dialect(), n_rows_total=total)
