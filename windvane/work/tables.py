"""The table of a training job: a dataset as it is, or one that is made of the channel `train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from windvane.artifacts.base import parse_location
from windvane.control.channel_rules import DATASET, TRAIN, TableForm, form_of
from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.dataset import read_analysis
from windvane.engine.rerun import ABOUT_THE_TABLE, SAMPLE_WEIGHT, TARGET
from windvane.engine.tuning.aliases import OBJECTIVE, PROBLEM_TYPE
from windvane.errors import CandidateFault
from windvane.work.errand import Errand, fetch_dataset
from windvane.work.inputs import download_inputs

_FIRST_COLUMN = "column_1"
_LEAST_ROWS = 20
_PARQUET_MAGIC = b"PAR1"

E = TypeVar("E", bound=StrEnum)
Channels = Mapping[str, Mapping[str, Any]]
Hyperparameters = Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """dataset    its folder
    is_read    whether it was made of rows; else it was a dataset before
    """

    dataset: Path
    is_read: bool


def table_of(
    errand: Errand, channels: Channels, hyperparameters: Hyperparameters, folder: Path
) -> Table:
    """What the job learns from.

    folder    an existing one for what is made
    raises    DataFault, CandidateFault, InvalidRequest, CorruptArtifact
    """
    if DATASET not in channels and not _holds_dataset(errand, channels[TRAIN]):
        dataset = _read(errand, channels[TRAIN], hyperparameters, folder)
        return Table(dataset, is_read=True)
    uri = _source(channels.get(DATASET) or channels[TRAIN])["S3Uri"]
    dataset = fetch_dataset(errand, uri, folder / "dataset")
    _check_the_same(read_analysis(dataset), hyperparameters, uri)
    return Table(dataset, is_read=False)


def rows_of(
    errand: Errand, channel: Mapping[str, Any], hyperparameters: Hyperparameters, folder: Path
) -> tuple[list[SourceFile], ReadOptions]:
    """The files of a channel, below a folder that is made, and how they are read.

    raises    DataFault
    """
    inputs, temporary = folder / "inputs", folder / "temporary"
    inputs.mkdir(parents=True)
    temporary.mkdir()
    files = download_inputs(
        errand.open_artifacts(), _source(channel), inputs, errand.max_data_bytes
    )
    form = form_of(channel) or _form_found(files, hyperparameters)
    options = ReadOptions(
        scratch=temporary,
        format="parquet" if form is TableForm.PARQUET else "csv",
        compression=channel.get("CompressionType", "None"),
        max_bytes=errand.max_data_bytes,
        max_columns=errand.max_columns,
        memory_mb=errand.memory_mb,
        threads=errand.threads,
        min_rows=_LEAST_ROWS,
        has_header=form is not TableForm.ROWS,
    )
    return files, options


def _read(
    errand: Errand, channel: Mapping[str, Any], hyperparameters: Hyperparameters, folder: Path
) -> Path:
    files, options = rows_of(errand, channel, hyperparameters, folder / TRAIN)
    dataset = folder / "dataset"
    problem = _problem(errand, hyperparameters, options)
    stages.analyse(files, options, problem, dataset)
    return dataset


def _form_found(files: list[SourceFile], hyperparameters: Hyperparameters) -> TableForm:
    """Of a channel that does not say how it is written."""
    with files[0].path.open("rb") as file:
        if file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC:
            return TableForm.PARQUET
    return TableForm.HEADED if TARGET in hyperparameters else TableForm.ROWS


def _problem(errand: Errand, hyperparameters: Hyperparameters, options: ReadOptions) -> ProblemSpec:
    target = hyperparameters.get(TARGET)
    if target is None and options.format != "csv":
        raise CandidateFault(
            f"The hyperparameter '{TARGET}' is missing: the name of the column to predict."
        )
    return ProblemSpec(
        target=target or _FIRST_COLUMN,
        problem_type=_one_of(hyperparameters, PROBLEM_TYPE, ProblemType),
        objective=_one_of(hyperparameters, OBJECTIVE, MetricName),
        sample_weight=hyperparameters.get(SAMPLE_WEIGHT),
        calibrate=errand.calibrate,
        tune_threshold=errand.tune_threshold,
    )


def _one_of(hyperparameters: Hyperparameters, name: str, kind: type[E]) -> E | None:
    text = hyperparameters.get(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError as error:
        raise CandidateFault(
            f"The hyperparameter '{name}' is {text!r}; it must be one of: {', '.join(kind)}."
        ) from error


def _check_the_same(analysis: Analysis, hyperparameters: Hyperparameters, uri: str) -> None:
    """A dataset says itself what it is."""
    found = {
        TARGET: analysis.target,
        PROBLEM_TYPE: analysis.problem_type,
        OBJECTIVE: analysis.objective,
        SAMPLE_WEIGHT: analysis.sample_weight,
    }
    for name in ABOUT_THE_TABLE:
        if name in hyperparameters and hyperparameters[name] != found[name]:
            raise CandidateFault(
                f"The hyperparameter '{name}' is '{hyperparameters[name]}'; of the dataset {uri} it is "
                f"{'nothing' if found[name] is None else repr(str(found[name]))}. Leave it out, or make another dataset."
            )


def _holds_dataset(errand: Errand, channel: Mapping[str, Any]) -> bool:
    source = _source(channel)
    if channel.get("ContentType") or source.get("S3DataType") == "ManifestFile":
        return False
    location = parse_location(source["S3Uri"].rstrip("/")) / "analysis.json"
    return errand.open_artifacts().info(location) is not None


def _source(channel: Mapping[str, Any]) -> Mapping[str, Any]:
    source: Mapping[str, Any] = channel["DataSource"]["S3DataSource"]
    return source
