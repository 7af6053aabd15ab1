"""Reads every stored byte and compares it with what the index says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from windvane.objects.checksums import StoredChecksum
from windvane.objects.errors import DamagedObject
from windvane.objects.files import DataFiles
from windvane.objects.index import Index
from windvane.objects.reading import Segment, inline_stream, open_stream
from windvane.objects.rows import SUM_COLUMNS, sum_of

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Damage:
    """A data file, or bytes in the index, that are missing or not as they were written.

    file      its name, or FOLDER/PART; None for bytes in the index
    reason    a sentence
    objects   the s3:// URIs of the versions (and of uploads under way) that use it
    """

    file: str | None
    reason: str
    objects: tuple[str, ...]


def damages(index: Index, files: DataFiles) -> Iterator[Damage]:
    """What was deleted while this runs is no damage."""
    last = 0
    while (numbers := _contents_after(index, last)) is not None:
        for number in numbers:
            yield from _damages_of(index, files, number)
        last = numbers[-1]


def _contents_after(index: Index, last: int) -> list[int] | None:
    with index.read() as db:
        rows = db.execute(
            "SELECT id FROM contents WHERE id > ? ORDER BY id LIMIT 500", (last,)
        ).fetchall()
    return [number for (number,) in rows] or None


def _damages_of(index: Index, files: DataFiles, number: int) -> Iterator[Damage]:
    with index.read() as db:
        row = db.execute(
            f"SELECT file, data, stored_size, {SUM_COLUMNS} FROM contents WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            return
        parts = db.execute(
            f"SELECT file, stored_size, {SUM_COLUMNS} FROM parts WHERE content = ?", (number,)
        ).fetchall()
    file, data, size, *summed = row
    named: list[tuple[str | None, int, StoredChecksum]]
    if file is None:
        named = [(None, 0, sum_of(*summed))]
    elif summed[0] is None:
        named = [(f"{file}/{part}", part_size, sum_of(*of)) for part, part_size, *of in parts]
    else:
        named = [(file, size, sum_of(*summed))]
    for name, length, checksum in named:
        try:
            if name is None:
                inline_stream("It", data, checksum)
            else:
                _read(open_stream("It", [Segment(files.path(name), length, checksum)]))
        except DamagedObject as error:
            reason = str(error)
        except FileNotFoundError:
            reason = "Its data file is missing."
        else:
            continue
        if objects := _objects(index, number):
            yield Damage(name, reason, objects)


def _read(stream: BinaryIO) -> None:
    with stream:
        while stream.read(_CHUNK):
            pass


def _objects(index: Index, number: int) -> tuple[str, ...]:
    with index.read() as db:
        rows = db.execute(
            "SELECT name, key FROM versions JOIN buckets ON buckets.id = bucket WHERE content = ? "
            "UNION SELECT name, key FROM uploads JOIN buckets ON buckets.id = bucket WHERE content = ?",
            (number, number),
        ).fetchall()
    return tuple(f"s3://{bucket}/{key.decode()}" for bucket, key in rows)
