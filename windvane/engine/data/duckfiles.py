"""Files that DuckDB reads, within its memory limit: CSV and Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.csvfiles import CsvFiles
from windvane.engine.data.parquet import ParquetFiles

_BUFFERS_SHARE = 4
_LEAST_BUFFERS_MB = 192


@contextmanager
def opened(files: Sequence[SourceFile], options: ReadOptions) -> Iterator[CsvFiles | ParquetFiles]:
    """Yield the rows of the files, to be read within the block.

    raises    DataFault naming a file that cannot be read
    """
    with (
        tempfile.TemporaryDirectory(dir=options.scratch, prefix="read-") as scratch,
        _connect(options, Path(scratch)) as connection,
    ):
        if options.format == "parquet":
            yield ParquetFiles(connection, files, options)
        else:
            yield CsvFiles(connection, files, options, Path(scratch))


def _connect(options: ReadOptions, scratch: Path) -> duckdb.DuckDBPyConnection:
    buffers_mb = max(options.memory_mb // _BUFFERS_SHARE, _LEAST_BUFFERS_MB)
    return duckdb.connect(
        config={
            "memory_limit": f"{buffers_mb}MB",
            "temp_directory": str(scratch / "duckdb"),
            "threads": options.threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
