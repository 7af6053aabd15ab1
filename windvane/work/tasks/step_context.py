"""What the work on a step job goes with, and how it brings things from S3 and to it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Location, parse_location
from windvane.domain.candidate import ProcessingJob
from windvane.domain.task import Task
from windvane.errors import CorruptArtifact, DataFault, InvalidRequest
from windvane.work.allowance import TaskAllowance
from windvane.work.download import download_models, folder_of
from windvane.work.exchange import Where
from windvane.work.workspace import Workspace

_DATASET_FILE = re.compile(
    r"(analysis|sketch)\.json|(y|folds|repeats|units|weight)\.npy|columns/[0-9]+\.(npy|arrow)",
    re.ASCII,
)

_PACKING_SHARE, _PACKING_S = 0.1, (1.0, 30.0)
"""Of the time, at least and at most: for bringing what was made to S3."""


@dataclass(frozen=True)
class StepContext:
    """A step job in the hands of a child process.

    where       attempts at it leave things for later ones
    stop_at     time.time() at which the process will be killed
    """

    job: ProcessingJob
    task: Task
    workspace: Workspace
    where: Where
    stop_at: float
    allowance: TaskAllowance

    @property
    def attempt(self) -> str:
        return self.task.attempt

    @property
    def request(self) -> Mapping[str, Any]:
        """What was asked for, in the spelling of Create and Describe."""
        return self.job.details

    @property
    def time_s(self) -> float:
        """The seconds from now on for the work itself."""
        left_s = self.stop_at - time.time()
        least_s, most_s = _PACKING_S
        return left_s - min(max(_PACKING_SHARE * left_s, least_s), most_s)


def fetch_dataset(step: StepContext, uri: str, into: Path) -> Path:
    """Return the dataset folder (engine/data/dataset.py) whose files are the objects below `uri`; others are left
    alone.

    raises    DataFault if there is none, or it is too large
    """
    artifacts, root = step.allowance.open_artifacts(), folder_below(uri)
    found = {
        info.location.key.removeprefix(root.key): info
        for info in artifacts.list(root)
        if _DATASET_FILE.fullmatch(info.location.key.removeprefix(root.key))
    }
    if "analysis.json" not in found:
        raise DataFault(
            f"There is no dataset under {uri}: analysis.json is missing. Datasets are what a processing job of the "
            "image sklearn-automl writes, and AutoML jobs below preprocessed-data/dataset/."
        )
    if (total := sum(info.size for info in found.values())) > step.allowance.max_data_bytes:
        raise DataFault(
            f"The dataset {uri} has {total} bytes; this server takes at most {step.allowance.max_data_bytes} "
            "(configuration, section [limits], max_data_bytes)."
        )
    (into / "columns").mkdir(parents=True)
    for name, info in found.items():
        try:
            artifacts.download(info.location, into / name)
        except FileNotFoundError as error:
            raise DataFault(f"The object {info.location} was deleted while it was read.") from error
    return into


def fetch_package(step: StepContext, uri: str, kind: str, folder: Path) -> Path:
    """Return the package of this kind ('transformers' or 'model') in the archive at `uri`, where it is the whole or a
    folder of its name.

    raises    InvalidRequest if there is none; CorruptArtifact for a bad archive
    """
    unpacked = fetch_archive(step, uri, folder)
    for place in (unpacked / kind, unpacked):
        if (place / "manifest.json").is_file():
            return place
    raise InvalidRequest(f"{uri} holds no {kind} package: manifest.json is missing.")


def fetch_archive(step: StepContext, uri: str, folder: Path) -> Path:
    """Return the folder of a tar.gz, unpacked below `folder` once.

    raises    InvalidRequest if the object is missing; CorruptArtifact for a bad archive
    """
    download_models(step.allowance.open_artifacts(), [uri], folder)
    return folder_of(uri, folder)


@contextmanager
def told_as(names: Mapping[Path, str]) -> Iterator[None]:
    """Messages on damaged files name them as their owner knows them, not by our folders."""
    try:
        yield
    except CorruptArtifact as error:
        text = str(error)
        for path, name in names.items():
            text = text.replace(str(path), name)
        raise CorruptArtifact(text) from error


def folder_below(uri: str) -> Location:
    """Return an S3 prefix as a folder: with a slash at its end."""
    location = parse_location(uri)
    key = location.key.rstrip("/")
    return Location(location.bucket, f"{key}/" if key else "")
