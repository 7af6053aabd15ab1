"""Rows of Parquet files, read by DuckDB: numbers as they are, every other cell as the text a CSV file would hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.csvfiles import BATCH_ROWS
from windvane.engine.data.dialect import column_names
from windvane.errors import DataFault
from windvane.notes.note import unreadable


class ParquetFiles:
    """The rows of several files of one schema as one stream."""

    is_mapped = False

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        options: ReadOptions,
    ) -> None:
        self._connection, self._files = connection, files
        schemas = [_schema(file) for file in files]
        first = schemas[0]
        self.names = column_names(first.names, files[0].name, options.max_columns)
        _check_flat(first, files[0].name)
        for file, schema in zip(files[1:], schemas[1:], strict=True):
            _check_same(schema, first, file.name, files[0].name)
        self._cells = tuple(_cell(name, schemas) for name in first.names)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all files in batches.

        raises    DataFault naming a file that cannot be read
        """
        cells = ", ".join(f"{cell} AS c{i}" for i, cell in enumerate(self._cells))
        for file in self._files:
            path = str(file.path).replace("'", "''")
            query = f"SELECT {cells} FROM read_parquet('{path}')"  # noqa: S608 - names and path are quoted
            try:
                yield from self._connection.sql(query).to_arrow_reader(BATCH_ROWS)
            except duckdb.Error as error:
                why = str(error).splitlines()[0][:300]
                raise DataFault(unreadable(file.name, "Parquet", why)) from error


def _cell(column: str, schemas: Sequence[pa.Schema]) -> str:
    """Return how SQL asks for a column: as it is if it holds numbers of one type in all files, else as text."""
    quoted = '"' + column.replace('"', '""') + '"'
    kinds = {schema.field(column).type for schema in schemas}
    is_one_type = len(kinds) == 1 and all(_is_number(kind) for kind in kinds)
    return quoted if is_one_type else f"NULLIF(CAST({quoted} AS VARCHAR), '')"


def _is_number(kind: pa.DataType) -> bool:
    is_float = pa.types.is_float32(kind) or pa.types.is_float64(kind)
    return bool(is_float or pa.types.is_integer(kind))


def _schema(file: SourceFile) -> pa.Schema:
    try:
        return pq.read_schema(file.path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        advice = "If it is CSV, set the channel's ContentType to text/csv;header=present."
        why = f"{str(error)[:200]}. {advice}"
        raise DataFault(unreadable(file.name, "Parquet", why)) from error


def _check_flat(schema: pa.Schema, name: str) -> None:
    for column in schema:
        kind = column.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise DataFault(
                f"{name}: column '{column.name}' is of type {kind}. Only numbers, strings, booleans, dates "
                "and timestamps can be used; remove the column, or split it into several columns of these types."
            )


def _check_same(schema: pa.Schema, model: pa.Schema, name: str, model_name: str) -> None:
    if schema.names == model.names:
        return
    missing = [column for column in model.names if column not in schema.names]
    extra = [column for column in schema.names if column not in model.names]
    told = (
        f"it lacks column '{missing[0]}'"
        if missing
        else f"it has an additional column '{extra[0]}'"
        if extra
        else "its columns are in another order"
    )
    raise DataFault(f"{name} does not fit {model_name}: {told}.")
