"""DataFrames to and from what the engine reads: an Arrow file for training, typed columns or cells for
prediction. Every cell but those of columns of numbers gets the text that a CSV file would hold, so both ways mean
the same.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.read import read_table
from windvane.engine.weighted import Weight
from windvane.errors import InvalidRequest

Table = pd.DataFrame | str | os.PathLike[str]
"""Rows in memory, or the path of their file."""


@dataclass(frozen=True)
class Source:
    """A file to learn from; `name` is what messages call it."""

    path: Path
    name: str
    format: str
    compression: str


def source_of(table: Table, scratch: Path, called: str = "the DataFrame") -> Source:
    """Return the file of a path, or a new one in `scratch` for a DataFrame.

    called    what messages call a DataFrame; the file is named after it

    raises    InvalidRequest if there is no such file, or if two columns of the DataFrame have one name
    """
    if isinstance(table, pd.DataFrame):
        file = scratch / f"{called.replace(' ', '-')}.arrow"
        write_arrow(table, file)
        return Source(file, called, "arrow", "None")
    file = Path(table).absolute()
    if not file.is_file():
        raise InvalidRequest(f"There is no file {table}.")
    is_parquet = file.suffix.lower() in (".parquet", ".pq")
    compression = "Gzip" if file.suffix.lower() == ".gz" else "None"
    return Source(file, str(table), "parquet" if is_parquet else "csv", compression)


def validation_of(table: Table | None, scratch: Path) -> ValidationFiles | None:
    """Return the files as `source_of` does, of a validation set if there is one.

    raises    InvalidRequest as `source_of` does
    """
    if table is None:
        return None
    source = source_of(table, scratch, "the validation DataFrame")
    files = (SourceFile(source.path, source.name),)
    return ValidationFiles(files, source.format, source.compression)


def read_frame(file: str | os.PathLike[str], target: str, memory_mb: int) -> pd.DataFrame:
    """Return a CSV (also .gz) or Parquet file with the target among its columns, every cell as text.

    raises    InvalidRequest if there is no such file; DataFault naming what cannot be read
    """
    with tempfile.TemporaryDirectory(prefix="windvane-read-") as scratch:
        source = source_of(file, Path(scratch))
        options = ReadOptions(Path(scratch), source.format, source.compression, memory_mb=memory_mb)
        raw = read_table([SourceFile(source.path, source.name)], options, target, 0)
    columns = {name: np.array(column.to_pylist(), object) for name, column in raw.columns.items()}
    return pd.DataFrame(columns, dtype=object)


def write_arrow(frame: pd.DataFrame, file: Path) -> None:
    """Write an Arrow file of one batch: numbers as they are, all else as strings; what is missing or empty is null.

    raises    InvalidRequest if two columns have one name
    """
    names = [str(name) for name in frame.columns]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InvalidRequest(f"The DataFrame has more than one column named '{twice}'.")
    arrays = [_array(frame.iloc[:, position]) for position in range(len(names))]
    table = pa.table(arrays, names=names)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _array(series: pd.Series[Any]) -> pa.Array:
    if is_number(series.dtype):
        is_half = series.dtype == np.float16
        return pa.array(series.to_numpy(np.float64 if is_half else None), from_pandas=True)
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _dictionary(series.cat.codes.to_numpy(), pd.Series(series.cat.categories))
    if series.dtype.kind == "M":
        codes, distinct = pd.factorize(series)
        return _dictionary(codes, pd.Series(distinct))
    return _texts(series)


def _dictionary(codes: NDArray[Any], distinct: pd.Series[Any]) -> pa.Array:
    """Return positions among the distinct values, -1 for what is missing, as an array of their texts."""
    texts = np.array([*(text or None for text in cells_of(distinct)), None], object)
    is_missing = np.array([text is None for text in texts])[codes]
    positions = pa.array(np.where(is_missing, 0, codes).astype(np.int32), mask=is_missing)
    return pa.DictionaryArray.from_arrays(positions, pa.array(texts[:-1], pa.string()))


def _texts(series: pd.Series[Any]) -> pa.Array:
    try:
        cells = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        cells = None
    if cells is None or not _is_of_strings(cells.type):
        cells = pa.array(cells_of(series), pa.string())
    return pc.if_else(pc.equal(cells, ""), None, cells).cast(pa.string())


def _is_of_strings(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def cells_of(series: pd.Series[Any]) -> list[str | None]:
    """Return each value as a CSV file would hold it; what is missing as None."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        texts = [*cells_of(pd.Series(series.cat.categories)), None]
        return [texts[code] for code in series.cat.codes]
    missing = series.isna().to_numpy()
    return [
        None if is_missing else cell_text(value)
        for value, is_missing in zip(series.array, missing, strict=True)
    ]


def cell_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, pd.Timestamp):
        return _timestamp(value)
    return str(value)


def _timestamp(value: pd.Timestamp) -> str:
    text = value.isoformat(sep=" ")
    whole, dot, fraction = text.partition(".")
    return whole if not dot else f"{whole}.{fraction[:6].rstrip('0') or '0'}"


def is_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def label_kind(target: pd.Series[Any], label_type: str) -> str:
    """Return the label type to answer in: texts stay texts even if they read like numbers."""
    values = target.dropna()
    if isinstance(target.dtype, pd.CategoricalDtype):
        values = pd.Series(target.cat.categories)
    is_text = len(values) > 0 and isinstance(values.iloc[0], str)
    return "string" if is_text else label_type


_CONVERT: dict[str, Callable[[str], str | int | float | bool]] = {
    "string": str,
    "integer": lambda label: int(float(label)),
    "float": float,
    "boolean": lambda label: label.strip().lower() == "true",
}
_DTYPE: dict[str, Any] = {"string": object, "integer": np.int64, "float": float, "boolean": bool}


def labels_as(labels: Sequence[str], kind: str) -> NDArray[Any]:
    """Class labels of the training data as values of their kind: (n_classes,)."""
    return np.array([_CONVERT[kind](label) for label in labels], _DTYPE[kind])


def class_indices(target: pd.Series[Any], analysis: Analysis) -> NDArray[np.float64]:
    """Return (n_rows,) the index of each row's label among the model's, -1 if it is missing or not one of them.
    Numbers are compared by value: 1.0 is the class '1'."""
    index_of = {_key(label, analysis): index for index, label in enumerate(analysis.labels)}
    return np.array(
        [
            -1 if cell is None else index_of.get(_key(cell, analysis), -1)
            for cell in cells_of(target)
        ],
        np.float64,
    )


def _key(label: str, analysis: Analysis) -> str | int | float | bool:
    kind = "float" if analysis.label_type == "integer" else analysis.label_type
    try:
        return _CONVERT[kind](label)
    except ValueError:
        return label


def numbers_of(target: pd.Series[Any]) -> NDArray[np.float64]:
    """Return (n_rows,) the target as numbers, NaN where it is none."""
    return pd.to_numeric(pd.Series(cells_of(target)), errors="coerce").to_numpy(np.float64)


def weights_of(rows: pd.DataFrame, column: str | None) -> Weight:
    """Return (n_rows,) of the column, if the job had one and the rows have it.

    raises    InvalidRequest naming the first row that has no finite weight of 0 or more
    """
    if column is None or column not in rows.columns:
        return None
    weight = numbers_of(rows[column])
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if wrong.size:
        raise InvalidRequest(
            f"The sample weight column '{column}' is not a finite number of 0 or more in row "
            f"{rows.index[wrong[0]]}. Correct it, or omit the column to weight all rows equally."
        )
    if not weight.any():
        raise InvalidRequest(f"The sample weight column '{column}' is 0 in all rows.")
    return weight
