"""Files to one raw table: every cell a string, null where it is empty; columns that the files hold as numbers stay
numbers. Types are decided later (infer.py).

CSV and Parquet are read by DuckDB, within its memory limit; what does not fit into memory as a table goes to disk while it
streams, and is sampled only if its analysis, a column at a time, would not fit either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.arrowfiles import ArrowFiles
from windvane.engine.data.dialect import check_column, check_same_columns
from windvane.engine.data.reservoir import Disk, ThinnedRows
from windvane.engine.splits import Units
from windvane.errors import DataFault

_TABLE_SHARE = 4
"""The raw table may take this part of memory_mb, DuckDB's buffers another (data/duckfiles.py)."""


class RowSource(Protocol):
    """Files of one table, read row by row.

    names      of the columns
    is_mapped  whether batches are mapped from files already
    """

    names: tuple[str, ...]
    is_mapped: bool

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches.

        raises    DataFault naming a file, and the place in it, that cannot be read
        """


@dataclass(frozen=True)
class RawTable:
    """A table as it was read, before its columns are typed.

    columns        name -> strings, numbers or a dictionary of strings, in the order of the file
    n_rows         of the table; n_rows_read: rows in the files, more if it was sampled
    is_validation  (n_rows,) which rows are those of a validation set; None if there is none
    units          (n_rows,) groups or places in time (data/units.py); None if rows are divided by lot
    """

    columns: dict[str, pa.ChunkedArray]
    n_rows: int
    n_rows_read: int
    is_validation: NDArray[np.bool_] | None = None
    units: Units | None = None

    def keep(self, rows: NDArray[np.bool_]) -> RawTable:
        """Return the table with fewer rows."""
        kept = pa.array(rows)
        columns = {name: cells.filter(kept) for name, cells in self.columns.items()}
        is_validation = None if self.is_validation is None else self.is_validation[rows]
        units = None if self.units is None else self.units[rows]
        return RawTable(columns, int(rows.sum()), self.n_rows_read, is_validation, units)


def read_table(
    files: Sequence[SourceFile],
    options: ReadOptions,
    target: str,
    seed: int,
    others: Mapping[str, str] = MappingProxyType({}),
    *,
    like: Sequence[str] = (),
    only: Sequence[str] = (),
    group: str | None = None,
) -> RawTable:
    """Return all rows of all files in the order of their names, or a sample that fits into memory.

    others    further columns that must be there -> what they are to the job
    like      the columns that there must be, in any order; () for any
    only      the columns that are kept, of all that there are; () for all
    group     column of groups that are kept or left out whole where rows are sampled; None for rows by themselves
    raises    DataFault naming the file, and the line or byte, of what cannot be read
    """
    if not files:
        raise DataFault("There are no files to read.")
    ordered = sorted(files, key=lambda file: file.name)
    with _opened(ordered, options) as source:
        if like and not only:
            check_same_columns(ordered[0].name, source.names, like)
        for column, role in {target: "target", **others}.items():
            check_column(role, column, source.names)
        max_bytes = options.memory_mb * 1000**2 // _TABLE_SHARE
        folder = None if source.is_mapped else options.scratch
        disk = Disk(folder, max(max_bytes, options.memory_mb * 1000**2))
        places = [i for i, name in enumerate(source.names) if not only or name in only]
        names = [source.names[place] for place in places]
        group_at = None if group is None else names.index(group)
        rows = ThinnedRows(max_bytes, names.index(target), seed, disk, group_at)
        for batch in source.batches():
            rows.add(batch.select(places) if only else batch)
    if rows.n_seen == 0:
        raise DataFault(_no_rows(ordered))
    table = rows.table()
    return RawTable(dict(zip(names, table.columns, strict=True)), table.num_rows, rows.n_seen)


@contextmanager
def _opened(files: Sequence[SourceFile], options: ReadOptions) -> Iterator[RowSource]:
    if options.format == "arrow":
        yield ArrowFiles(files, options)
        return
    from windvane.engine.data.duckfiles import opened  # DuckDB is loaded for these files alone

    with opened(files, options) as source:
        yield source


def _no_rows(files: Sequence[SourceFile]) -> str:
    if len(files) == 1:
        return f"{files[0].name} has a header but no rows."
    return f"The {len(files)} files have headers but no rows: {files[0].name} and others."
