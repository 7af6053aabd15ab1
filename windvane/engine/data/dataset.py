"""A dataset folder: the typed table after analysis. Written once, then memory-mapped by every stage.

analysis.json
columns/N.npy          numeric and datetime columns (float64), N = position in analysis.columns; those that are not features
                       too, for whoever asks for the data as they were
columns/N.arrow        the others, dictionary-encoded strings (Arrow IPC, uncompressed)
y.npy                  float64 (n_rows,): target, or class index
folds.npy              int8 (n_rows,): the fold in which a row is validated, or -1 if in none
repeats.npy            int8 (n_repeats - 1, n_rows): the same of further divisions; only if there are such
units.npy              int32 (n_rows,): the number of a row's group, or the place of its time; only if folds are of whole groups, or
                       in the order of time
weight.npy             float64 (n_rows,): what a row counts for; only if the job has a column of weights
sample.json            a few rows as cells (engine/data/sample.py); made when it is asked for where it is missing
sketch.json            what the columns usually hold (engine/data/sketch.py)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.columns import Columns, Values
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.data.mapped import save_column
from windvane.engine.data.sample import Row, sample_of
from windvane.engine.data.sketch import SKETCH, ColumnSketch, sketch_of, sketch_to_json
from windvane.engine.splits import Split, SplitKind, Units, honest_parts
from windvane.engine.weighted import Weight
from windvane.errors import CorruptArtifact

_SAMPLE = "sample.json"
_REPEATS = "repeats.npy"
_UNITS = "units.npy"


@dataclass(frozen=True)
class Dataset:
    """A dataset folder opened for reading.

    columns  the features; what is written may hold the other columns too
    y        (n_rows,) float64
    folds    (n_rows,) int8
    repeats  further divisions into folds, each (n_rows,) int8
    units    (n_rows,) int32 groups or places in time (engine/splits.py); None if rows are divided by lot
    weight   (n_rows,) float64 above 0, with the mean 1; None if all rows count alike
    sample   as it lies in the folder; () if it is still to be made
    """

    analysis: Analysis
    columns: Columns
    y: NDArray[np.float64]
    folds: NDArray[np.int8]
    weight: Weight = None
    sample: Sequence[Row] = ()
    repeats: Sequence[NDArray[np.int8]] = ()
    units: Units | None = None

    @property
    def split(self) -> Split:
        """How the rows are divided, for whatever divides them."""
        analysis, divisions = self.analysis, (self.folds, *self.repeats)
        return Split(divisions, analysis.n_folds, analysis.split_kind, self.units)

    def groups(self, rows: NDArray[np.integer]) -> NDArray[np.int32] | None:
        """Return (rows.size,) the group of each, which a standard error takes as one; None if rows are not in groups."""
        if self.units is None or self.analysis.split_kind is not SplitKind.GROUPS:
            return None
        return np.asarray(self.units[rows])

    @cached_property
    def dealt(self) -> NDArray[np.int64] | None:
        """(n_rows,) the parts of rows of the first fold, as `honest_parts` takes them."""
        return self.split.parts_of_one_fold(self.analysis.seed)

    def parts(self, rows: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return (rows.size,) the parts that thresholds, temperatures and weights are fitted without."""
        dealt = None if self.dealt is None else self.dealt[rows]
        return honest_parts(self.folds[rows], dealt)

    @property
    def learnable(self) -> NDArray[np.bool_]:
        """(n_rows,) which rows the model that answers may learn from."""
        if self.analysis.has_validation_set:
            return np.asarray(self.folds != 0)
        return np.ones(self.y.size, np.bool_)

    def sketch(self) -> dict[str, ColumnSketch]:
        """Return what the columns usually hold, as far as the model that answers may know."""
        analysis, rows = self.analysis, np.flatnonzero(self.learnable)
        return sketch_of(analysis.columns, self.columns, rows, analysis.statistics, analysis.seed)

    def sample_rows(self) -> Sequence[Row]:
        """Return a few rows as the cells they were read from (engine/data/sample.py)."""
        return self.sample or sample_of(self.analysis.columns, self.columns, self.analysis.n_rows)


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write into `folder`, which must not exist yet; it appears whole or not at all."""
    building = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    try:
        _write_files(dataset, building)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_files(dataset: Dataset, folder: Path) -> None:
    (folder / "columns").mkdir(parents=True)
    for position, column in enumerate(dataset.analysis.columns):
        if column.name in dataset.columns:
            _write_column(folder, position, dataset.columns[column.name])
    np.save(folder / "y.npy", dataset.y.astype(np.float64, copy=False))
    np.save(folder / "folds.npy", dataset.folds.astype(np.int8, copy=False))
    if dataset.repeats:
        np.save(folder / _REPEATS, np.stack(dataset.repeats).astype(np.int8, copy=False))
    if dataset.units is not None:
        np.save(folder / _UNITS, dataset.units)
    if dataset.weight is not None:
        np.save(folder / "weight.npy", dataset.weight)
    (folder / _SAMPLE).write_text(json.dumps(dataset.sample_rows()), encoding="utf-8")
    (folder / SKETCH).write_text(json.dumps(sketch_to_json(dataset.sketch())), encoding="utf-8")
    document = json.dumps(dataset.analysis.to_json(), allow_nan=False)
    (folder / "analysis.json").write_text(document, encoding="utf-8")


def read_dataset(folder: Path) -> Dataset:
    """Open the dataset in a folder.

    raises    CorruptArtifact
    """
    analysis = read_analysis(folder)
    columns = _StoredColumns(folder, analysis)
    y, folds = _load(folder / "y.npy"), _load(folder / "folds.npy")
    if not len(y) == len(folds) == analysis.n_rows:
        raise CorruptArtifact(
            f"Dataset {folder} is damaged: {len(y)} targets and {len(folds)} folds for "
            f"{analysis.n_rows} rows."
        )
    sample, repeats = _read_sample(folder), _read_repeats(folder, analysis)
    weight = None if analysis.sample_weight is None else _load(folder / "weight.npy")
    units = None if analysis.split_kind is SplitKind.ROWS else _load(folder / _UNITS)
    for what, numbers in (("weights", weight), ("groups or times", units)):
        if numbers is not None and len(numbers) != analysis.n_rows:
            raise CorruptArtifact(
                f"Dataset {folder} is damaged: {len(numbers)} {what} for {analysis.n_rows} rows."
            )
    return Dataset(analysis, columns, y, folds, weight, sample, repeats, units)


def read_analysis(folder: Path) -> Analysis:
    """Read the analysis of the dataset in a folder.

    raises    CorruptArtifact
    """
    path = folder / "analysis.json"
    try:
        return Analysis.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{path} cannot be read as an analysis: {error}") from error


def read_rows(folder: Path, names: Iterable[str], rows: NDArray[np.integer]) -> dict[str, Values]:
    """Return some rows of feature columns, one column in memory at a time.

    raises    CorruptArtifact; KeyError for a name that is no feature column's
    """
    positions = _positions(read_analysis(folder))
    return {name: _read_column(folder, positions[name])[rows] for name in names}


def read_words(folder: Path, position: int, name: str) -> EncodedColumn:
    """Return a categorical or text column as it is stored, without a text in memory: codes into mapped texts.

    position  in analysis.columns
    raises    CorruptArtifact
    """
    indices, texts = read_encoded(_arrow_path(folder, position))
    return EncodedColumn(name, texts, indices.fill_null(-1).to_numpy(zero_copy_only=False))


Stored = Values | EncodedColumn
"""A column as it lies on disk, mapped: numbers, or codes into texts."""


def read_stored(folder: Path, position: int, name: str) -> Stored:
    """Any column, whether it is a feature or not.

    position  in analysis.columns
    raises    CorruptArtifact
    """
    path = _array_path(folder, position)
    return _load(path) if path.exists() else read_words(folder, position, name)


def is_stored(folder: Path, position: int) -> bool:
    """Return whether a column can be read; those that are no features may be missing.

    position  in analysis.columns
    """
    return _array_path(folder, position).exists() or _arrow_path(folder, position).exists()


def read_target(folder: Path) -> NDArray[np.float64]:
    """Return (n_rows,), mapped; raises CorruptArtifact"""
    return _load(folder / "y.npy")


def read_folds(folder: Path) -> NDArray[np.int8]:
    """Return (n_rows,), mapped; raises CorruptArtifact"""
    return _load(folder / "folds.npy")


def _read_repeats(folder: Path, analysis: Analysis) -> tuple[NDArray[np.int8], ...]:
    if analysis.n_repeats == 1:
        return ()
    repeats = _load(folder / _REPEATS)
    if repeats.shape != (analysis.n_repeats - 1, analysis.n_rows):
        raise CorruptArtifact(
            f"Dataset {folder} is damaged: {_REPEATS} is of shape {repeats.shape}, for "
            f"{analysis.n_repeats - 1} further divisions of {analysis.n_rows} rows."
        )
    return tuple(repeats)


def _read_sample(folder: Path) -> list[Row]:
    """Empty if it is not there."""
    path = folder / _SAMPLE
    if not path.exists():
        return []
    try:
        return [list(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise CorruptArtifact(f"{path} cannot be read as rows: {error}") from error


class _StoredColumns(Mapping[str, Values]):
    """The feature columns of a folder, each read when first asked for."""

    def __init__(self, folder: Path, analysis: Analysis) -> None:
        self._folder, self._n_rows = folder, analysis.n_rows
        self._positions = _positions(analysis)
        self._read: dict[str, Values] = {}

    def __getitem__(self, name: str) -> Values:
        if name not in self._read:
            values = _read_column(self._folder, self._positions[name])
            if len(values) != self._n_rows:
                raise CorruptArtifact(
                    f"Column '{name}' of dataset {self._folder} has {len(values)} cells "
                    f"instead of {self._n_rows}."
                )
            self._read[name] = values
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)


def _positions(analysis: Analysis) -> dict[str, int]:
    return {
        column.name: position
        for position, column in enumerate(analysis.columns)
        if column.type.is_feature
    }


def _write_column(folder: Path, position: int, values: Values) -> None:
    if values.dtype != object:
        save_column(values, _array_path(folder, position))
        return
    encoded = pa.array(values, pa.large_string()).dictionary_encode()
    table = pa.table({"value": encoded})
    with (
        pa.OSFile(str(_arrow_path(folder, position)), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def _read_column(folder: Path, position: int) -> Values:
    if _array_path(folder, position).exists():
        return _load(_array_path(folder, position))
    indices, distinct = read_encoded(_arrow_path(folder, position))
    texts = np.array([*distinct.to_pylist(), None], dtype=object)
    values: Values = texts[indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return values


def _array_path(folder: Path, position: int) -> Path:
    return folder / "columns" / f"{position}.npy"


def _arrow_path(folder: Path, position: int) -> Path:
    return folder / "columns" / f"{position}.arrow"


def read_encoded(path: Path) -> tuple[pa.Array, pa.Array]:
    """Return positions (null where the cell is missing) and the distinct texts, both mapped."""
    try:
        with pa.memory_map(str(path)) as source:
            column = pa.ipc.open_file(source).read_all().column("value")
            column.validate(full=True)  # positions and lengths: Arrow trusts them from here on
            made = column.combine_chunks()
            return made.indices, made.dictionary
    except (OSError, LookupError, ArithmeticError, AttributeError, pa.ArrowException) as error:
        raise CorruptArtifact(f"{path} cannot be read as a column: {error}") from error


def _load(path: Path) -> NDArray[Any]:
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise CorruptArtifact(f"{path} cannot be read as an array: {error}") from error
    return loaded
