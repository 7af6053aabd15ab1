"""Rows and columns of a table that does not fit into memory: written to files and mapped, so that the system can take their
pages back."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LOOK = 1_000
"""Cells that tell a column of numbers from one of words."""

_ROW_BYTES = 90
"""Held for each row while a table is analysed, whatever its columns: keys, folds, one column of numbers."""

_POINTER_BYTES = 8


@dataclass(frozen=True)
class MappedRows:
    """Puts batches of rows on disk.

    folder    for the files, which have no name once they are mapped; None for batches that are mapped already
    wordy     positions of the columns that are read into memory whole, all at once: their cells are no numbers
    """

    folder: Path | None
    wordy: Sequence[int]

    @classmethod
    def like(cls, batch: pa.RecordBatch, folder: Path | None) -> Self:
        """Return what takes batches of the columns that one of them has.

        batch    one of them
        """
        columns = enumerate(batch.columns)
        return cls(folder, [i for i, cells in columns if not _are_numbers(cells.slice(0, _LOOK))])

    def put(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.folder is None:
            return batch
        path = self.folder / f".rows-{secrets.token_hex(8)}"
        try:
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
                writer.write_batch(batch)
            return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        finally:
            path.unlink(missing_ok=True)

    def held_bytes(self, batch: pa.RecordBatch) -> int:
        """Return what the batch takes of memory when the table is analysed, one column of numbers at a time."""
        words = sum(int(batch.column(i).nbytes) for i in self.wordy)
        n_rows = int(batch.num_rows)
        return words + n_rows * (_ROW_BYTES + _POINTER_BYTES * len(self.wordy))


def mapped_column(values: NDArray[Any], folder: Path) -> NDArray[Any]:
    """Return a column of numbers, mapped from a new file in the folder."""
    path = folder / f"{secrets.token_hex(8)}.npy"
    np.save(path, values)
    mapped: NDArray[Any] = np.load(path, mmap_mode="r")
    return mapped


def save_column(values: NDArray[Any], path: Path) -> None:
    """Write a column of numbers as .npy: without a copy if it is all of such a file."""
    if isinstance(values, np.memmap) and _is_whole_file(values):
        try:
            os.link(str(values.filename), path)
        except OSError:  # another disk
            pass
        else:
            return
    np.save(path, values)


def _is_whole_file(values: np.memmap[Any, Any]) -> bool:
    file = values.filename
    if file is None or not str(file).endswith(".npy") or not values.flags.c_contiguous:
        return False
    return Path(file).stat().st_size == values.offset + values.nbytes


def _are_numbers(cells: pa.Array) -> bool:
    if pa.types.is_dictionary(cells.type):
        return False
    try:
        cells.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
