"""A raw column as codes into its distinct texts: what inference, checks and parsing work on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.parse import NAN, cell_reader


@dataclass(frozen=True)
class EncodedColumn:
    """A column of texts, each distinct one stored once.

    texts   distinct texts in order of first appearance (Arrow string array)
    codes   (n_rows,) int32 positions in texts, -1 for an empty cell
    """

    name: str
    texts: pa.Array
    codes: NDArray[np.int32]

    @property
    def n_rows(self) -> int:
        return len(self.codes)

    def counts(self) -> NDArray[np.int64]:
        """Return (n_texts,) how often each text occurs."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def plain_numbers(self) -> NDArray[np.float64] | None:
        """Return (n_texts,) the texts as Arrow reads numbers, if every one is a plain finite number; else None."""
        try:
            cast = self.texts.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        numbers: NDArray[np.float64] = cast.to_numpy(zero_copy_only=False)
        return numbers if len(numbers) and np.isfinite(numbers).all() else None

    def keep(self, rows: NDArray[np.bool_]) -> EncodedColumn:
        """Return the same column with fewer rows; texts that no longer occur are dropped, codes are in order of
        appearance again."""
        codes = self.codes[rows]
        filled = codes[codes >= 0]
        used, first = np.unique(filled, return_index=True)
        order = used[np.argsort(first, kind="stable")]
        renumbered = np.full(len(self.texts) + 1, -1, dtype=np.int32)
        renumbered[order] = np.arange(len(order), dtype=np.int32)
        return EncodedColumn(self.name, self.texts.take(pa.array(order)), renumbered[codes])

    def words(self) -> NDArray[np.uint64]:
        """Return (n_rows,) equal for equal cells."""
        return (self.codes.astype(np.int64) + 2).view(np.uint64)

    def digests(self) -> tuple[bytes, bytes]:
        """Return digests of the codes and of the texts. Columns with the same codes tell rows apart in the same way;
        with the same texts too they are equal."""
        codes = hashlib.blake2b(self.codes.tobytes(), digest_size=16).digest()
        if len(self.texts) == 0:
            return codes, b""
        offsets = np.frombuffer(self.texts.buffers()[1], np.int32)[self.texts.offset :]
        offsets = offsets[: len(self.texts) + 1]
        letters = memoryview(self.texts.buffers()[2] or b"")[offsets[0] : offsets[-1]]
        texts = hashlib.blake2b(letters, digest_size=16)
        texts.update((offsets - offsets[0]).tobytes())
        return codes, texts.digest()


def encode(name: str, cells: pa.ChunkedArray) -> EncodedColumn:
    """Return the cells (strings, numbers or a dictionary of strings; null for empty) as codes."""
    if len(cells) == 0:
        return EncodedColumn(name, pa.array([], pa.string()), np.empty(0, dtype=np.int32))
    encoded = cells.dictionary_encode().unify_dictionaries()
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    distinct = encoded.chunk(0).dictionary
    column = EncodedColumn(name, _as_texts(distinct), np.concatenate(codes).astype(np.int32))
    if pa.types.is_dictionary(cells.type):
        # A dictionary from elsewhere: texts in any order, and some that do not occur.
        return column.keep(np.ones(len(cells), np.bool_))
    return column


def _as_texts(distinct: pa.Array) -> pa.Array:
    """Return numbers as a CSV file would hold them."""
    if pa.types.is_floating(distinct.type):
        return pa.array([str(number) for number in distinct.to_numpy()], pa.string())
    return distinct.cast(pa.string())


@dataclass(frozen=True)
class ReadColumn:
    """A typed column, and what could not be read.

    values      the typed cells
    unreadable  texts that could not be read and became missing, most frequent first, with their counts
    """

    values: Values
    unreadable: dict[str, int]


def read_column(column: EncodedColumn, spec: ColumnSpec) -> ReadColumn:
    """Return every cell read by the spec; what cannot be read becomes missing."""
    if spec.type in (ColumnType.NUMERIC, ColumnType.DATETIME):
        return _read_floats(column, spec)
    read = cell_reader(spec)
    distinct = np.empty(len(column.texts) + 1, dtype=object)
    distinct[:-1] = [read(text) for text in column.texts.to_pylist()]
    return ReadColumn(distinct[column.codes], {})


def _read_floats(column: EncodedColumn, spec: ColumnSpec) -> ReadColumn:
    distinct = np.full(len(column.texts) + 1, NAN)
    unreadable: list[int] = []
    is_plain = spec.type is ColumnType.NUMERIC and not spec.parse
    numbers = column.plain_numbers() if is_plain else None
    if numbers is not None:
        distinct[:-1] = numbers
    else:
        read = cell_reader(spec)
        for i, text in enumerate(column.texts.to_pylist()):
            try:
                distinct[i] = read(text)
            except ValueError:
                unreadable.append(i)
    return ReadColumn(distinct[column.codes], _counted(column, unreadable))


def _counted(column: EncodedColumn, positions: list[int]) -> dict[str, int]:
    if not positions:
        return {}
    counts = column.counts()
    ordered = sorted(positions, key=lambda i: (-int(counts[i]), i))
    return {column.texts[i].as_py(): int(counts[i]) for i in ordered}
