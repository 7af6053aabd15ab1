"""A model answers an object of any size: in pieces, each with as many rows as are read at once.

What a piece of CSV holds goes to the model as columns (serving/csvblocks.py); the answers are those that the same rows
get from an endpoint. Unlike there a first line with the names of the columns is data, as in AWS's batch transform: each
record of the input has its record in the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.domain.jsonpath import ROOT, JsonPath, NothingThere
from windvane.engine.data.textcolumns import parse_columns
from windvane.errors import InvalidRequest
from windvane.serving.batch_output import Output
from windvane.serving.content_types import CSV, JSON, JSON_LINES
from windvane.serving.csvblocks import (
    BLOCK_BYTES,
    CsvBlock,
    Read,
    TextColumns,
    csv_blocks,
    transposed,
    wanted_bytes,
)
from windvane.serving.model import ServedModel
from windvane.serving.request_rows import Row, check_lengths, parse_json, read_row, rows_of_document

MOST_RECORD_BYTES = 100 * 1024**2
"""Of a record where MaxPayloadInMB sets no bound: it must be in memory."""

_SMALLER = "Set SplitType to Line, or raise MaxPayloadInMB."


@dataclass(frozen=True)
class BatchRequest:
    """The request of a transform job, in its own words.

    content, accept  one of media.SUPPORTED
    splits           SplitType Line
    is_single        BatchStrategy SingleRecord
    max_bytes        MaxPayloadInMB; 0 for no bound
    ends_lines       AssembleWith Line
    joins            JoinSource Input
    explains         of forecasts: also what they are made of
    """

    content: str
    accept: str
    splits: bool = True
    is_single: bool = False
    max_bytes: int = 6 * 1024**2
    ends_lines: bool = True
    input_filter: JsonPath = ROOT
    output_filter: JsonPath = ROOT
    joins: bool = False
    explains: bool = False

    @property
    def max_record(self) -> int:
        return self.max_bytes or MOST_RECORD_BYTES


def transform(model: ServedModel, request: BatchRequest, read: Read) -> Iterator[bytes]:
    """Return the answer to a text, bit by bit.

    read      gives the text
    raises    InvalidRequest naming row or byte; what came before it is void
    """
    bounded = read if request.splits else bounded_read(read, request.max_bytes, _SMALLER)
    return _TRANSFORMERS[request.content](_Batch(model, request, bounded))


@dataclass(frozen=True)
class _Batch:
    model: ServedModel
    request: BatchRequest
    read: Read

    @property
    def output(self) -> Output:
        r = self.request
        is_single = r.is_single and r.splits
        return Output(
            self.model.selection, r.accept, r.joins, r.output_filter, is_single, r.ends_lines
        )

    @property
    def block_bytes(self) -> int:
        """One answer in JSON is one document; in the other formats the answers to any payloads follow each other."""
        is_whole = self.request.accept == JSON and not self.output.is_single
        return self.request.max_record if is_whole else min(BLOCK_BYTES, self.request.max_record)


@dataclass(frozen=True)
class JsonLines:
    """Records of JSON Lines."""

    lines: Sequence[str]


def _transform_csv(batch: _Batch) -> Iterator[bytes]:
    predictor, output = batch.model.predictor, batch.output
    blocks = csv_blocks(
        batch.read,
        block_bytes=batch.block_bytes,
        max_record=batch.request.max_record,
        blank_is_row=len(predictor.schema.features) == 1,
    )
    for block in blocks:
        cells = _cells(block, batch)
        columns = parse_columns(cells, predictor.used, block.first_row)
        predictions = predictor.predict_columns(columns, block.records.n_rows)
        yield output.of_rows(predictions, block.records, block.first_row)


def _cells(block: CsvBlock, batch: _Batch) -> TextColumns:
    """Return what goes to the model, a column for each of its features.

    raises    InvalidRequest naming the first row that has not so many
    """
    schema, path = batch.model.predictor.schema, batch.request.input_filter
    columns = block.records.columns
    if columns is not None and path.is_whole and len(columns) == len(schema.features):
        return columns
    rows: Sequence[Sequence[str]] = block.records.rows
    if not path.is_whole:
        if columns is not None:
            places = _places(path, len(columns), block.first_row)
            if len(places) == len(schema.features):
                return tuple(columns[place] for place in places)
        rows = [
            [row[place] for place in _places(path, len(row), number)]
            for number, row in enumerate(rows, block.first_row)
        ]
    check_lengths(rows, schema, block.first_row)
    return transposed(rows)


def _places(path: JsonPath, n_columns: int, row: int) -> list[int]:
    try:
        return path.columns(n_columns)
    except NothingThere as fault:
        raise InvalidRequest(
            f"Row {row} does not fit InputFilter '{path.text}': {fault}."
        ) from fault


def _transform_lines(batch: _Batch) -> Iterator[bytes]:
    """Transform JSON Lines: a row a line, blank lines are none."""
    predictor, output = batch.model.predictor, batch.output
    path, schema = batch.request.input_filter, predictor.schema
    for first, lines in _blocks_of_lines(batch):
        rows: list[Row] = []
        for number, line in enumerate(lines, first):
            value = parse_json(line, f"Row {number}")
            rows.append(read_row(_filtered(path, value, f"Row {number}"), number, schema))
        check_lengths(rows, schema, first)
        predictions = predictor.predict_columns(predictor.parse(rows, first), len(rows))
        yield output.of_rows(predictions, JsonLines(lines), first)


def _transform_documents(batch: _Batch) -> Iterator[bytes]:
    """Transform JSON: a document a line, or one of the whole object; each is answered by itself."""
    output, schema = batch.output, batch.model.predictor.schema
    for number, text in _documents(batch):
        what = f"Record {number}"
        document = _filtered(batch.request.input_filter, parse_json(text, what), what)
        try:
            rows = rows_of_document(document, schema, len(text))
            check_lengths(rows, schema)
            predictions = batch.model.predictor.predict(rows) if rows else None
        except InvalidRequest as error:
            raise InvalidRequest(f"{what}: {error}") from error
        if predictions is None:
            raise InvalidRequest(f"{what} has no rows.")
        yield output.of_document(predictions, text, number)


def _documents(batch: _Batch) -> Iterator[tuple[int, str]]:
    if batch.request.splits:
        for first, lines in _blocks_of_lines(batch):
            yield from enumerate(lines, first)
        return
    pieces = iter(lambda: batch.read(BLOCK_BYTES), b"")
    text = _decoded(b"".join(pieces), 0)
    if text.strip():
        yield 1, text


def _blocks_of_lines(batch: _Batch) -> Iterator[tuple[int, list[str]]]:
    """Yield lines that are not blank, some at a time, with the number of the first among all such."""
    number, offset, rest, is_over = 1, 0, b"", False
    limit, block_bytes = batch.request.max_record, batch.block_bytes
    while not is_over:
        wanted = wanted_bytes(len(rest), block_bytes, limit)
        if not wanted:
            raise InvalidRequest(
                f"Row {number} has more than {limit} bytes, which is what MaxPayloadInMB allows."
            )
        piece = batch.read(wanted)
        is_over = len(piece) < wanted
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if is_over:
            whole, newline, rest = whole + newline + rest, b"", b""
        lines = [line for line in _decoded(whole, offset).split("\n") if line.strip()]
        offset += len(whole) + len(newline)
        if lines:
            yield number, lines
            number += len(lines)


def _decoded(data: bytes, offset: int) -> str:
    try:
        return data.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"It is not valid UTF-8: byte {offset + error.start} is "
            f"0x{error.object[error.start]:02x} ({error.reason})."
        ) from error


def _filtered(path: JsonPath, value: Any, what: str) -> Any:
    try:
        return path.of(value)
    except NothingThere as fault:
        raise InvalidRequest(f"{what} does not fit InputFilter '{path.text}': {fault}.") from fault


def bounded_read(read: Read, max_bytes: int, remedy: str) -> Read:
    """Return a reader of an object that is one payload, which refuses what is larger than a payload may be.

    max_bytes    0 for no limit
    remedy       a sentence that says what the caller can do
    """
    n_read = 0

    def read_bounded(wanted: int) -> bytes:
        nonlocal n_read
        piece = read(wanted)
        n_read += len(piece)
        if max_bytes and n_read > max_bytes:
            raise InvalidRequest(
                f"It has more than {max_bytes} bytes, which is what MaxPayloadInMB allows to send at once. {remedy}"
            )
        return piece

    return read_bounded


_TRANSFORMERS: dict[str, Callable[[_Batch], Iterator[bytes]]] = {
    CSV: _transform_csv,
    JSON_LINES: _transform_lines,
    JSON: _transform_documents,
}
