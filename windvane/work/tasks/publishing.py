"""What clients see of the data a job works on, brought to S3: as typed, split, transformed; and models taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.artifacts.base import Artifacts, Location, parse_location
from windvane.engine.candidate_io import fold_fit
from windvane.engine.columns import FloatMatrix
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.chunks import (
    CsvColumn,
    Rows,
    columns_of,
    columns_of_matrix,
    columns_of_numbers,
    csv_chunks,
    csv_lines,
    header,
)
from windvane.engine.data.dataset import read_analysis, read_folds, read_target
from windvane.engine.packages.tarball import pack
from windvane.engine.quality.judged import Judged
from windvane.engine.training.matrices import read_matrix
from windvane.errors import InvalidRequest, JobFault
from windvane.work.layout import HEADERS, TUNING_DATA
from windvane.work.workspace import Keys

_MOST_CELLS = 4_000_000
"""Of a transformed part: they take a second or two."""

TRAIN, VALIDATION = "train", "validation"

Result = dict[str, Any]


def check_writable(artifacts: Artifacts, keys: Keys) -> None:
    """Leave an empty object in the output place.

    raises    JobFault if it cannot be written there
    """
    try:
        artifacts.write(keys.write_test, b"")
    except (FileNotFoundError, PermissionError, InvalidRequest) as error:
        raise JobFault(
            f"The output cannot be written: {keys.write_test} was refused ({error}). Choose an S3OutputPath in a "
            "bucket that exists and that this server may write to."
        ) from error


def publish_header(artifacts: Artifacts, into: Location, analysis: Analysis) -> None:
    """Publish the names of all columns, the target first.

    into    the prefix that gets the file
    """
    artifacts.write(into / HEADERS.below(), header(analysis))


def publish_dataset(artifacts: Artifacts, into: Location, dataset: Path) -> None:
    """Publish every file of the dataset folder; the one that says what the others are comes last.

    into    the prefix that gets them
    """
    files = [file.relative_to(dataset) for file in dataset.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda file: (file.name == "analysis.json", file)):
        artifacts.upload(into / file.as_posix(), dataset / file)


def publish_split(artifacts: Artifacts, into: Location, dataset: Path, folder: Path) -> Result:
    """Return the rows as CSV, those that the first fold holds out apart from the others. Says how many there are.

    into      the prefix that gets them
    folder    for temporary files
    """
    columns, parts = columns_of(dataset), _parts(read_folds(dataset))
    for part, rows in parts.items():
        _publish(artifacts, columns, rows, folder, partial(_split_chunk, into, part))
    return {part: len(rows) for part, rows in parts.items()}


def publish_transformed(
    artifacts: Artifacts, keys: Keys, dataset: Path, features: Path, folder: Path, most_rows: int
) -> Result:
    """Return what the recipe, as fitted for the first fold, makes of the first rows of both parts. Says of how many:
    fewer than `most_rows` of a matrix so wide that they would be too much to write.

    features    the features folder of the recipe, named after it
    folder      for temporary files
    """
    if not most_rows:
        return {TRAIN: 0, VALIDATION: 0}
    columns = columns_of_matrix(read_target(dataset), read_matrix(features, fold_fit(0)).X)
    n_rows = min(most_rows, max(1, _MOST_CELLS // len(columns)))
    parts = {part: rows[:n_rows] for part, rows in _parts(read_folds(dataset)).items()}
    for part, rows in parts.items():
        _publish(artifacts, columns, rows, folder, partial(keys.transformed, features.name, part))
    return {part: len(rows) for part, rows in parts.items()}


def publish_matrix(
    artifacts: Artifacts,
    into: Location,
    dataset: Path,
    X: FloatMatrix,
    folder: Path,
    most_rows: Mapping[str, int],
) -> Result:
    """Return a matrix of all rows of a dataset, the target first, below `into` in the parts that `publish_split` makes.
    Says of how many rows.

    folder       for temporary files
    most_rows    of a part; one that is not named is written whole
    """
    columns = columns_of_matrix(read_target(dataset), X)
    found = _parts(read_folds(dataset)).items()
    parts = {part: rows[: most_rows.get(part, len(rows))] for part, rows in found}
    for part, rows in parts.items():
        _publish(artifacts, columns, rows, folder, partial(_chunk, into, part))
    return {part: len(rows) for part, rows in parts.items()}


def publish_sample(artifacts: Artifacts, keys: Keys, dataset: Path, rows: Rows) -> None:
    """Publish some rows with a header."""
    text = header(read_analysis(dataset)) + csv_lines(columns_of(dataset), rows)
    artifacts.write(keys.sample, text)


def publish_predictions(artifacts: Artifacts, location: Location, judged: Judged) -> None:
    """Publish what a report judges: target, prediction, probability of a predicted class, fold."""
    rows = np.arange(judged.n_rows)
    told: tuple[NDArray[Any], ...] = (judged.y, judged.predicted, judged.folds)
    if judged.labels:
        probability = judged.predicted[rows, judged.classes]
        told = (judged.truth, judged.classes, probability, judged.folds)
    artifacts.write(location, csv_lines(columns_of_numbers(*told), rows))


def publish_package(
    artifacts: Artifacts, location: Location, folder: Path, archive: Path, level: int = 6
) -> int:
    """Return a folder as tar.gz. Says how many bytes that is.

    archive    a temporary file
    level      of its compression
    """
    pack(folder, archive, level)
    n_bytes = archive.stat().st_size
    artifacts.upload(location, archive)
    archive.unlink()
    return n_bytes


def delete_objects(artifacts: Artifacts, uris: Sequence[str]) -> None:
    """Delete those objects that are there; may be done any number of times."""
    for uri in uris:
        artifacts.delete(parse_location(uri))


def _chunk(into: Location, part: str, number: int) -> Location:
    return into / part / f"chunk_{number}.csv"


def _split_chunk(into: Location, part: str, number: int) -> Location:
    return into / TUNING_DATA.below(part=part, n=str(number))


def _parts(folds: NDArray[np.int8]) -> dict[str, Rows]:
    is_held_out = folds == 0
    return {TRAIN: np.flatnonzero(~is_held_out), VALIDATION: np.flatnonzero(is_held_out)}


def _publish(
    artifacts: Artifacts,
    columns: Sequence[CsvColumn],
    rows: Rows,
    folder: Path,
    location: Callable[[int], Location],
) -> None:
    for number, file in enumerate(csv_chunks(columns, rows, folder)):
        artifacts.upload(location(number), file)
