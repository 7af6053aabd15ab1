"""A dataset folder, or a matrix made of it, as CSV: in chunks of bounded size, with flat memory whatever the rows.

Numbers have the fewest digits that read back as the same number, dates are ISO 8601 in UTC, a missing cell is empty,
an empty text is a pair of quotes. Texts are quoted where they must be.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.cells import cell_texts
from windvane.engine.data.dataset import Stored, read_analysis, read_stored, read_target
from windvane.engine.data.encoded import EncodedColumn

MOST_BYTES = 50 * 1000**2
"""Of one chunk."""

_BLOCK_BYTES = 8 * 1000**2
"""Written at once; about so much is in memory a few times."""

_NUMBER_BYTES = 12
_TO_QUOTE = '[",\r\n]'

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class CsvColumn:
    """A column as it is written to CSV.

    texts    of some rows, as they stand in the file: no nulls
    width    bytes of one of them, about
    """

    texts: Callable[[Rows], pa.Array]
    width: float


def header(analysis: Analysis) -> bytes:
    """Return the line with the names of `columns_of`; half of a surrogate pair, which UTF-8 does not have, is spelt out."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        [analysis.target, *(column.name for column in analysis.columns)]
    )
    return line.getvalue().encode("utf-8", "backslashreplace")


def columns_of(dataset: Path) -> list[CsvColumn]:
    """Return the target, and every column of a dataset folder.

    raises    CorruptArtifact
    """
    analysis = read_analysis(dataset)
    cells = [
        _column(read_stored(dataset, position, column.name), column)
        for position, column in enumerate(analysis.columns)
    ]
    return [_target(analysis, read_target(dataset)), *cells]


def columns_of_matrix(y: NDArray[np.float64], X: NDArray[np.float32]) -> list[CsvColumn]:
    """Return the target (n_rows,) as a number, and every column of the matrix (n_rows, n_features)."""
    return columns_of_numbers(y, *(X[:, number] for number in range(X.shape[1])))


def columns_of_numbers(*values: NDArray[Any]) -> list[CsvColumn]:
    """Return a column for each array (n_rows,)."""
    return [_numbers(one) for one in values]


def csv_lines(columns: Sequence[CsvColumn], rows: Rows) -> bytes:
    """Return a line for each row, one after the other."""
    texts = [column.texts(rows) for column in columns]
    lines = pc.binary_join_element_wise(*texts, pa.scalar(",", pa.large_string()))
    ended = pc.binary_join_element_wise(lines, *map(_text_scalar, ("", "\n")))
    _, offsets, letters = ended.buffers()
    n_bytes = int(np.frombuffer(offsets, np.int64)[len(ended)])
    return bytes(memoryview(letters)[:n_bytes])


def csv_chunks(
    columns: Sequence[CsvColumn], rows: Rows, folder: Path, most_bytes: int = MOST_BYTES
) -> Iterator[Path]:
    """Yield files in an existing folder that hold the rows in their order; each is gone when the next is asked for.
    No file is larger than `most_bytes`, unless a few lines are. Without rows there is one, which is empty."""
    file = folder / "chunk.csv"
    blocks = _blocks(columns, rows, min(_BLOCK_BYTES, most_bytes))
    block = next(blocks, b"")
    is_over = False
    while not is_over:
        size = 0
        with file.open("wb") as stream:
            while size == 0 or size + len(block) <= most_bytes:
                size += stream.write(block)
                following = next(blocks, None)
                if following is None:
                    is_over = True
                    break
                block = following
        yield file
        file.unlink()


def _blocks(columns: Sequence[CsvColumn], rows: Rows, block_bytes: int) -> Iterator[bytes]:
    width = sum(column.width + 1 for column in columns)
    n_rows = max(1, int(block_bytes / width))
    for start in range(0, len(rows), n_rows):
        yield csv_lines(columns, rows[start : start + n_rows])


def _target(analysis: Analysis, y: NDArray[np.float64]) -> CsvColumn:
    """Return the label, or the number."""
    if not analysis.labels:
        return _numbers(y)
    return _words(EncodedColumn("", pa.array(analysis.labels), y.astype(np.int32)))


def _column(stored: Stored, spec: ColumnSpec) -> CsvColumn:
    if isinstance(stored, EncodedColumn):
        return _words(stored)
    return _dates(stored, spec) if spec.type is ColumnType.DATETIME else _numbers(stored)


def _numbers(values: Values) -> CsvColumn:
    def texts(rows: Rows) -> pa.Array:
        numbers = pa.array(np.ascontiguousarray(values[rows]), from_pandas=True)
        return numbers.cast(pa.large_string()).fill_null("")

    return CsvColumn(texts, _NUMBER_BYTES)


def _dates(values: Values, spec: ColumnSpec) -> CsvColumn:
    def texts(rows: Rows) -> pa.Array:
        distinct, codes = np.unique(values[rows], return_inverse=True)
        return pa.array(cell_texts(distinct, spec), pa.large_string()).take(pa.array(codes))

    return CsvColumn(texts, 2 * _NUMBER_BYTES)


def _words(column: EncodedColumn) -> CsvColumn:
    def texts(rows: Rows) -> pa.Array:
        codes = column.codes[rows]
        positions = pa.array(codes, mask=codes < 0)
        return _quoted(column.texts.take(positions).cast(pa.large_string())).fill_null("")

    n_texts = max(1, len(column.texts))
    return CsvColumn(texts, column.texts.nbytes / n_texts)


def _quoted(texts: pa.Array) -> pa.Array:
    """Return texts that hold a comma, a quote or the end of a line, and empty ones, in quotes."""
    must_be = pc.or_(pc.match_substring_regex(texts, _TO_QUOTE), pc.equal(texts, ""))
    if not pc.any(must_be).as_py():
        return texts
    inner = pc.replace_substring(texts, '"', '""')
    quote = _text_scalar('"')
    return pc.if_else(
        must_be, pc.binary_join_element_wise(quote, inner, quote, _text_scalar("")), texts
    )


def _text_scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
