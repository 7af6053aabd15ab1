"""A forecaster answers an object of any size: the rows of an item come together, whatever their order, and what does not fit into
memory is divided by items among files first.

The answer to an object is that of an endpoint, without its limits of size and time.
"""

from __future__ import annotations

import io
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from windvane.engine.forecasting.panel import Panel
from windvane.errors import InvalidRequest
from windvane.serving.batch import MOST_RECORD_BYTES, BatchRequest, bounded_read
from windvane.serving.content_types import CSV, JSON
from windvane.serving.csvblocks import Read
from windvane.serving.forecasting.answers import written
from windvane.serving.forecasting.request_columns import (
    RequestColumns,
    columns_of,
    csv_tables,
    read_columns,
)
from windvane.serving.forecasting.served import ServedForecaster

_UNLIMITED = "Set MaxPayloadInMB to 0, which is no limit."

MOST_HELD_BYTES = 64 * 1024**2
"""Of the rows of an object, as they are held in memory; more are divided."""

MOST_STEPS = 20_000_000
"""Of the series that are forecast together, after gaps are filled."""

_N_FILES = 64
_PIECE = 1 << 20


@dataclass(frozen=True)
class _Rows:
    """Rows of an object, with all of each item that is among them.

    is_part    whether there are others
    """

    columns: RequestColumns
    is_part: bool = False


def forecast_object(
    model: ServedForecaster, request: BatchRequest, read: Read, scratch: Path
) -> Iterator[bytes]:
    """Return the answer to a text, bit by bit; nothing for an empty one.

    read      gives the text
    scratch   an existing folder for what does not fit into memory
    raises    InvalidRequest for what a forecast cannot be asked for, or naming what cannot be read; what came before it is void
    """
    _check(request)
    prepared = model.forecaster.prepared
    spec, media = prepared.spec, request.accept
    bounded = bounded_read(read, request.max_bytes, _UNLIMITED)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="items-") as folder:
        tables = _read(model, request.content, bounded, Path(folder))
        first = next(tables, None)
        if first is None:
            return
        told = (
            one
            for panel in _panels(model, chain([first], tables))
            for one in model.tell(panel, explains=request.explains)
        )
        yield from written(told, spec, media)
        if media == JSON and request.ends_lines:
            yield b"\n"


def _check(request: BatchRequest) -> None:
    """Check that a forecast can be made of what is asked.

    raises    InvalidRequest naming what cannot be
    """
    if request.splits:
        raise InvalidRequest(
            "A forecast needs all rows of a series together: set SplitType to None, and MaxPayloadInMB to 0 for objects of "
            "any size."
        )
    if request.joins or not (request.input_filter.is_whole and request.output_filter.is_whole):
        raise InvalidRequest(
            "Rows of a forecast are no rows of the input: JoinSource, InputFilter and OutputFilter cannot be used with a "
            "forecasting model."
        )


def _panels(model: ServedForecaster, tables: Iterator[_Rows]) -> Iterator[Panel]:
    for rows in tables:
        try:
            panel = model.series_of(rows.columns, MOST_STEPS)
        except InvalidRequest as error:
            if not rows.is_part:
                raise
            raise InvalidRequest(
                f"{error} Rows of a large object are divided by items: those are counted that are together with this one."
            ) from error
        yield panel


def _read(model: ServedForecaster, content: str, read: Read, folder: Path) -> Iterator[_Rows]:
    if content == CSV:
        spec = model.forecaster.prepared.spec
        tables = csv_tables(read, model.wanted, MOST_RECORD_BYTES)
        yield from _by_items(tables, spec.item_id, folder)
        return
    body = _whole(read)
    if body.strip():
        yield _Rows(read_columns(body, content, model.wanted))


def _by_items(tables: Iterator[pa.Table], item_id: str | None, folder: Path) -> Iterator[_Rows]:
    held: list[pa.Table] = []
    n_bytes = 0
    for table in tables:
        held.append(table)
        if item_id is None:
            continue
        if item_id not in table.column_names:
            break  # what is missing is told without the rest
        n_bytes += table.nbytes
        if n_bytes > MOST_HELD_BYTES:
            yield from _divided(chain(held, tables), item_id, folder)
            return
    if held:
        yield _Rows(columns_of(held))


def _divided(tables: Iterator[pa.Table], item_id: str, folder: Path) -> Iterator[_Rows]:
    """Divide rows among files by their item, and yield those of each file."""
    files = {number: folder / f"{number}.arrow" for number in range(_N_FILES)}
    writers: dict[int, pyarrow.ipc.RecordBatchFileWriter] = {}
    try:
        for table in tables:
            for number, part in _parts(table, item_id):
                if number not in writers:
                    writers[number] = pyarrow.ipc.new_file(str(files[number]), table.schema)
                writers[number].write_table(part)
    finally:
        for writer in writers.values():
            writer.close()
    for number in sorted(writers):
        with pa.memory_map(str(files[number])) as source:
            yield _Rows(columns_of([pyarrow.ipc.open_file(source).read_all()]), is_part=True)
        files[number].unlink()


def _parts(table: pa.Table, item_id: str) -> Iterator[tuple[int, pa.Table]]:
    """Yield the rows of a table that belong to a file, with its number."""
    coded = table.column(item_id).combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    numbers_of = [zlib.crc32(item.encode()) % _N_FILES for item in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(numbers_of)).to_numpy(zero_copy_only=False)
    numbers = np.array([*numbers_of, 0])[codes]
    order = np.argsort(numbers, kind="stable")
    ordered = table.take(pa.array(order))
    ends = np.cumsum(np.bincount(numbers, minlength=_N_FILES))
    for number, end in enumerate(ends.tolist()):
        begin = int(ends[number - 1]) if number else 0
        if end > begin:
            yield number, ordered.slice(begin, end - begin)


def _whole(read: Read) -> bytes:
    """Return a text that must be in memory at once.

    raises    InvalidRequest if it is too large for that
    """
    body = io.BytesIO()
    while piece := read(_PIECE):
        body.write(piece)
        if body.tell() > MOST_RECORD_BYTES:
            raise InvalidRequest(
                f"It has more than {MOST_RECORD_BYTES} bytes, which is the most that is read as JSON at once. Divide it by "
                "items, or send CSV."
            )
    return body.getvalue()
