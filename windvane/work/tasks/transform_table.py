"""A transform job that transformers do: a table becomes the matrix that a recipe makes of it, as CSV.

As in the step of a candidate the target (a class as its number) stands first, where the table has it. The table is a
dataset (`preprocessed-data/dataset/`), whose parts are written apart, or CSV, with its header or without target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.artifacts.base import Location, parse_location
from windvane.control.inputs import data_source
from windvane.domain.images import TRANSFORMERS
from windvane.engine.columns import Columns, ColumnSpec, FloatMatrix
from windvane.engine.data.chunks import columns_of_matrix, columns_of_numbers, csv_lines
from windvane.engine.data.dataset import read_analysis, read_dataset
from windvane.engine.data.dialect import read_opening
from windvane.engine.data.numerals import Notation, number_reader
from windvane.engine.data.textcolumns import parse_columns
from windvane.engine.features.base import FittedRecipe
from windvane.engine.packages.assembly import schema_of
from windvane.engine.packages.package import Schema, load_transformers
from windvane.errors import DataFault, InvalidRequest
from windvane.serving.csvblocks import CsvBlock, Read, csv_blocks
from windvane.work.tasks.publishing import TRAIN, VALIDATION, publish_matrix
from windvane.work.tasks.stage_context import Result
from windvane.work.tasks.step_context import StepContext, fetch_dataset, fetch_package, told_as
from windvane.work.tasks.transform_source import Item, chained, items_of, opened

_MAX_RECORD = 100 * 1024**2
_HEAD_BYTES = 1024**2
"""By which the delimiter is found."""

_READ_NUMBER = number_reader(Notation())
_ROWS = {TRAIN: "TRAIN_ROWS", VALIDATION: "VALIDATION_ROWS"}
"""The environment variables by which the step of an AutoML job tells how many rows it wrote."""


@dataclass(frozen=True)
class Transformers:
    """The transformers of a package, applied to a table; matrices of several recipes stand side by side."""

    schema: Schema
    columns: Sequence[ColumnSpec]
    recipes: Mapping[str, FittedRecipe]

    @property
    def used(self) -> list[tuple[int, ColumnSpec]]:
        needed = {
            source
            for recipe in self.recipes.values()
            for feature in recipe.features
            for source in feature.sources
        }
        return [(i, spec) for i, spec in enumerate(self.columns) if spec.name in needed]

    def matrix(self, columns: Columns, n_rows: int) -> FloatMatrix:
        parts = [recipe.transform(columns) for recipe in self.recipes.values()]
        made: FloatMatrix = np.concatenate([np.empty((n_rows, 0), np.float32), *parts], axis=1)
        return made


def transform_table(step: StepContext, uri: str, folder: Path) -> Result:
    """Writes nothing if the transformers are a constant's, which takes no matrix.

    uri        of their artefact
    raises     DataFault, InvalidRequest, CorruptArtifact
    """
    package = fetch_package(step, uri, "transformers", folder / "archives")
    with told_as({package: uri}):
        transformers = Transformers(*load_transformers(package))
    if not transformers.recipes:
        return {}
    artifacts = step.allowance.open_artifacts()
    source = data_source(step.request["TransformInput"]["DataSource"]["S3DataSource"])
    root = parse_location(source.uri.rstrip("/"))
    if artifacts.info(root / "analysis.json") is not None:
        return _transform_dataset(step, transformers, str(root), folder)
    items = items_of(artifacts, source)
    for item in items:
        _transform_object(step, transformers, item, folder / "matrix.csv")
    return {"objects": len(items)}


def _transform_dataset(
    step: StepContext, transformers: Transformers, uri: str, folder: Path
) -> Result:
    folder_of_dataset = folder / "dataset"
    with told_as({folder_of_dataset: uri}):
        fetch_dataset(step, uri, folder_of_dataset)
        analysis = read_analysis(folder_of_dataset)
        types = {column.name: column.type for column in analysis.columns}
        is_other = schema_of(analysis).digest() != transformers.schema.digest()
        if is_other or any(types[spec.name] != spec.type for _, spec in transformers.used):
            raise InvalidRequest(
                f"The dataset {uri} is of another table than the {TRANSFORMERS} transformers were fitted on: columns, "
                "types or labels differ."
            )
        X = transformers.matrix(read_dataset(folder_of_dataset).columns, analysis.n_rows)
        temporary = folder / "temporary"
        temporary.mkdir()
        rows = publish_matrix(
            step.allowance.open_artifacts(),
            _output(step),
            folder_of_dataset,
            X,
            temporary,
            _most(step),
        )
    return {"rows": rows}


def _most(step: StepContext) -> dict[str, int]:
    """Return rows of each part that are wanted; a part that is not named is wanted whole."""
    given: Mapping[str, str] = step.request.get("Environment", {})
    return {
        part: int(given[name]) for part, name in _ROWS.items() if given.get(name, "").isdecimal()
    }


def _transform_object(
    step: StepContext, transformers: Transformers, item: Item, file: Path
) -> None:
    artifacts = step.allowance.open_artifacts()
    compression = step.request["TransformInput"].get("CompressionType", "None")
    with opened(artifacts, item.source, compression) as read, file.open("wb") as made:
        try:
            head = read(_HEAD_BYTES)
            delimiter = _delimiter(head, file.with_suffix(".head"), str(item.source))
            made.writelines(_lines(transformers, chained(head, read), delimiter))
        except InvalidRequest as error:
            raise DataFault(f"ClientError: {item.source}: {error}") from error
    artifacts.upload(_output(step) / item.output, file)
    file.unlink()


def _output(step: StepContext) -> Location:
    return parse_location(step.request["TransformOutput"]["S3OutputPath"].rstrip("/"))


def _lines(transformers: Transformers, read: Read, delimiter: str) -> Iterator[bytes]:
    layout: _Layout | None = None
    for block in csv_blocks(read, max_record=_MAX_RECORD, delimiter=delimiter):
        skipped = 0
        if layout is None:
            layout = _layout(block.records.rows[0], transformers.schema)
            skipped = int(layout.has_header)
        yield _lines_of_block(transformers, layout, block, skipped)


def _delimiter(head: bytes, file: Path, name: str) -> str:
    """Return the delimiter as training finds it.

    file    for a moment
    """
    file.write_bytes(head)
    opening = read_opening(file, name)
    file.unlink()
    return "," if opening is None else opening.dialect.delimiter


@dataclass(frozen=True)
class _Layout:
    """The positions of the features in a row, and of the target, if it is there."""

    n_columns: int
    places: list[int]
    target: int | None
    has_header: bool


def _layout(first: Sequence[str], schema: Schema) -> _Layout:
    names = [cell.strip() for cell in first]
    if set(schema.features) <= set(names):
        target = names.index(schema.target) if schema.target in names else None
        places = [names.index(name) for name in schema.features]
        return _Layout(len(first), places, target, has_header=True)
    if len(first) == len(schema.features):
        return _Layout(len(first), list(range(len(first))), None, has_header=False)
    raise InvalidRequest(
        f"The first line has {len(first)} values and is not a header with the "
        f"{len(schema.features)} columns of the training data: add the header, or send rows of "
        f"these columns without the target '{schema.target}'."
    )


def _lines_of_block(
    transformers: Transformers, layout: _Layout, block: CsvBlock, skipped: int
) -> bytes:
    columns = block.records.columns
    if columns is None or len(columns) != layout.n_columns:
        raise InvalidRequest(_uneven(block, layout))
    n_rows = block.records.n_rows - skipped
    if not n_rows:
        return b""
    cells = [columns[place].slice(skipped) for place in layout.places]
    typed = parse_columns(cells, transformers.used, block.first_row + skipped)
    X = transformers.matrix(typed, n_rows)
    if layout.target is None:
        matrix = columns_of_numbers(*(X[:, i] for i in range(X.shape[1])))
        return csv_lines(matrix, np.arange(n_rows))
    y = _target(columns[layout.target].slice(skipped), transformers.schema)
    return csv_lines(columns_of_matrix(y, X), np.flatnonzero(~np.isnan(y)))


def _uneven(block: CsvBlock, layout: _Layout) -> str:
    for number, row in enumerate(block.records.rows, block.first_row):
        if len(row) != layout.n_columns:
            return f"Row {number} has {len(row)} values; the first line has {layout.n_columns}."
    raise AssertionError("rows of one length were refused")


def _target(cells: pa.Array, schema: Schema) -> NDArray[np.float64]:
    """Return (n_rows,) numbers, or classes by number; NaN where a row has none, which leaves it out as training does."""
    classes = {label: float(number) for number, label in enumerate(schema.labels)}
    read = classes.get if classes else _number
    values: list[Any] = [read(cell.strip()) for cell in cells.to_pylist()]
    return np.array(values, np.float64)


def _number(text: str) -> float | None:
    try:
        return _READ_NUMBER(text)
    except ValueError:
        return None
