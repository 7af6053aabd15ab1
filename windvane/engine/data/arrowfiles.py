"""Rows of Arrow files, as automl/local/frames.py writes them: columns keep their types, nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.dialect import column_names
from windvane.errors import DataFault
from windvane.notes.note import unreadable


class ArrowFiles:
    """The rows of several files of one schema as one stream, memory-mapped. Columns hold numbers, strings or
    dictionaries of strings; a missing cell is null."""

    is_mapped = True

    def __init__(self, files: Sequence[SourceFile], options: ReadOptions) -> None:
        self._tables = [_open(file) for file in files]
        names = self._tables[0].schema.names
        self.names = column_names(names, files[0].name, options.max_columns)

    def batches(self) -> Iterator[pa.RecordBatch]:
        for table in self._tables:
            yield from table.to_batches()


def _open(file: SourceFile) -> pa.Table:
    try:
        return pa.ipc.open_file(pa.memory_map(str(file.path))).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataFault(unreadable(file.name, "Arrow", str(error)[:300])) from error
