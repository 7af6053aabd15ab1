"""Rows of CSV files with thousands of columns, read by Arrow in blocks of bytes; cells as from csvfiles.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from windvane.engine.data.dialect import Dialect

BLOCK_BYTES = 16 * 1000**2


def wide_rows(
    path: Path, dialect: Dialect, n_columns: int, has_header: bool
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a CSV file with very many columns, in batches.

    raises    pyarrow.ArrowInvalid for ragged rows
    """
    names = [f"c{i}" for i in range(n_columns)]
    is_doubled = dialect.escape == dialect.quote
    reader = pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=names,
            skip_rows_after_names=int(has_header),
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            double_quote=is_doubled,
            escape_char=False if is_doubled else dialect.escape,
            newlines_in_values=True,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    with reader:
        yield from reader
