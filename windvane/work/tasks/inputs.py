"""The input of a job: from what its request names to local files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from windvane.artifacts.base import Artifacts
from windvane.control.inputs import input_objects
from windvane.domain.datasource import DataSource
from windvane.engine.data.analysis import MAX_VALIDATION_BYTES, SourceFile, ValidationFiles
from windvane.errors import DataFault, InvalidRequest

_OF_DATA = "this server takes at most {} (configuration, section [limits], max_data_bytes)"
_OF_VALIDATION = "validation data may have at most {}"
_PARQUET_MAGIC = b"PAR1"


def download_validation(
    artifacts: Artifacts,
    source: DataSource,
    compression: str,
    into: Path,
    max_bytes: int,
) -> ValidationFiles:
    """Return the same of a validation channel, in a folder that is made.

    compression  as the channel says
    max_bytes    of any data; validation data may have no more than AWS takes besides
    """
    into.mkdir(parents=True)
    if max_bytes <= MAX_VALIDATION_BYTES:
        files = download_inputs(artifacts, source, into, max_bytes)
    else:
        files = download_inputs(artifacts, source, into, MAX_VALIDATION_BYTES, _OF_VALIDATION)
    most = min(MAX_VALIDATION_BYTES, max_bytes)
    return ValidationFiles(tuple(files), format_of(files), compression, most)


def format_of(files: Sequence[SourceFile]) -> str:
    """Return how the first one is written, and so all are: "csv" or "parquet"."""
    with files[0].path.open("rb") as file:
        return "parquet" if file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC else "csv"


def download_inputs(
    artifacts: Artifacts,
    source: DataSource,
    into: Path,
    max_bytes: int,
    limit: str = _OF_DATA,
) -> list[SourceFile]:
    """Return every object of a data source as a file of an existing folder, in the order of the objects.

    max_bytes    of all objects together, as they are stored
    limit        what they go beyond otherwise, for the message
    raises       DataFault if there is nothing, too much, or something vanished
    """
    try:
        objects = list(input_objects(artifacts, source))
    except InvalidRequest as fault:
        raise DataFault(str(fault)) from fault
    if not objects:
        raise DataFault(f"There are no objects under {source.uri} anymore.")
    if (total := sum(info.size for info in objects)) > max_bytes:
        raise DataFault(f"The input {source.uri} has {total} bytes; {limit.format(max_bytes)}.")
    files = []
    for number, info in enumerate(objects):
        path = into / f"{number:06d}"
        try:
            artifacts.download(info.location, path)
        except FileNotFoundError as error:
            raise DataFault(f"The object {info.location} was deleted while it was read.") from error
        files.append(SourceFile(path, str(info.location)))
    return files
