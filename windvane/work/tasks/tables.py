"""The table of a training job: a dataset as it is, or one that is made of the channel `train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from windvane.artifacts.base import parse_location
from windvane.control.channel_rules import (
    DATASET,
    SPECIFICATION,
    TRAIN,
    VALIDATION,
    TableForm,
    form_of,
)
from windvane.control.inputs import data_source, specification_at
from windvane.domain.datasource import DataSource
from windvane.domain.features import NO_FILE
from windvane.domain.problem import MetricName, ProblemSpec, ProblemType, kept_apart
from windvane.engine import stages
from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.dataset import read_analysis
from windvane.engine.tuning.aliases import (
    FRACTION,
    OBJECTIVE,
    PROBLEM_TYPE,
    SAMPLE_WEIGHT,
    TARGET,
    TEXT_COLUMN,
)
from windvane.errors import CandidateFault
from windvane.work.tasks.inputs import download_inputs, download_validation, format_of
from windvane.work.tasks.step_context import StepContext, fetch_dataset

_FIRST_COLUMN = "column_1"
_LEAST_ROWS = 20

E = TypeVar("E", bound=StrEnum)
Channels = Mapping[str, Mapping[str, Any]]
Hyperparameters = Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A table that a step reads, as a dataset.

    dataset    its folder
    is_read    whether it was made of rows; else it was a dataset before
    """

    dataset: Path
    is_read: bool


def table_of(
    step: StepContext, channels: Channels, hyperparameters: Hyperparameters, folder: Path
) -> Table:
    """Return what the job learns from.

    folder    an existing one for what is made
    raises    DataFault, CandidateFault, InvalidRequest, CorruptArtifact
    """
    if DATASET not in channels and not _holds_dataset(step, channels[TRAIN]):
        return Table(_read(step, channels, hyperparameters, folder), is_read=True)
    uri = _source(channels.get(DATASET) or channels[TRAIN]).uri
    if VALIDATION in channels:
        raise CandidateFault(
            f"{uri} is a dataset, which defines its own validation rows: omit the channel "
            f"{VALIDATION}, or give a table as the channel train."
        )
    dataset = fetch_dataset(step, uri, folder / "dataset")
    _check_the_same(read_analysis(dataset), hyperparameters, uri)
    return Table(dataset, is_read=False)


def _read(
    step: StepContext, channels: Channels, hyperparameters: Hyperparameters, folder: Path
) -> Path:
    """Return a dataset of the channel train, in which the rows of a channel validation are those that are held out."""
    artifacts, channel = step.allowance.open_artifacts(), channels[TRAIN]
    inputs, temporary, dataset = (folder / name for name in ("inputs", "temporary", "dataset"))
    inputs.mkdir()
    temporary.mkdir()
    files = download_inputs(artifacts, _source(channel), inputs, step.allowance.max_data_bytes)
    form = form_of(channel) or _form_found(files, hyperparameters)
    compression = channel.get("CompressionType", "None")
    options = replace(
        step.allowance.read_options(temporary, format_of(files), compression),
        min_rows=_LEAST_ROWS,
        has_header=form is not TableForm.ROWS,
    )
    validation = None
    if (held_out := channels.get(VALIDATION)) is not None:
        validation = download_validation(
            artifacts,
            _source(held_out),
            held_out.get("CompressionType", "None"),
            folder / VALIDATION,
            step.allowance.max_data_bytes,
        )
    problem = _problem(step, hyperparameters, options, channels.get(SPECIFICATION))
    stages.analyse(files, options, problem, dataset, validation)
    return dataset


def _form_found(files: list[SourceFile], hyperparameters: Hyperparameters) -> TableForm:
    """Return the form of a table from a channel that does not say how it is written."""
    if format_of(files) == "parquet":
        return TableForm.PARQUET
    return TableForm.HEADED if TARGET in hyperparameters else TableForm.ROWS


def _problem(
    step: StepContext,
    hyperparameters: Hyperparameters,
    options: ReadOptions,
    specification: Mapping[str, Any] | None,
) -> ProblemSpec:
    target, weight = hyperparameters.get(TARGET), hyperparameters.get(SAMPLE_WEIGHT)
    if target is None and options.format != "csv":
        raise CandidateFault(
            f"The hyperparameter '{TARGET}' is missing: the name of the column to predict."
        )
    target = target or _FIRST_COLUMN
    told = NO_FILE
    if specification is not None:
        location = parse_location(_source(specification).uri)
        told = specification_at(
            step.allowance.open_artifacts(), location, kept_apart(target, weight)
        )
    return ProblemSpec(
        target=target,
        problem_type=_one_of(hyperparameters, PROBLEM_TYPE, ProblemType),
        objective=_one_of(hyperparameters, OBJECTIVE, MetricName),
        sample_weight=weight,
        features=told.features,
        validation_fraction=_fraction(hyperparameters),
        time_column=told.time_column,
        group_column=told.group_column,
        text_column=hyperparameters.get(TEXT_COLUMN),
        calibrate=step.allowance.calibrate,
        tune_threshold=step.allowance.tune_threshold,
    )


def _fraction(hyperparameters: Hyperparameters) -> float | None:
    text = hyperparameters.get(FRACTION)
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise CandidateFault(
            f"The hyperparameter '{FRACTION}' is {text!r}; it must be a number greater than 0 and less than 1."
        )
    return share


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
        TEXT_COLUMN: _text_column(analysis),
    }
    for name, value in found.items():
        if name in hyperparameters and hyperparameters[name] != value:
            raise CandidateFault(
                f"The hyperparameter '{name}' is '{hyperparameters[name]}'; of the dataset {uri} it is "
                f"{'nothing' if value is None else repr(str(value))}. Leave it out, or make another dataset."
            )


def _text_column(analysis: Analysis) -> str | None:
    """Return the column of texts that is all there is; None if there is none, or more."""
    names = [column.name if column.type is ColumnType.TEXT else None for column in analysis.columns]
    return names[0] if len(names) == 1 else None


def _holds_dataset(step: StepContext, channel: Mapping[str, Any]) -> bool:
    source = _source(channel)
    if channel.get("ContentType") or source.is_manifest:
        return False
    location = parse_location(source.uri.rstrip("/")) / "analysis.json"
    return step.allowance.open_artifacts().info(location) is not None


def _source(channel: Mapping[str, Any]) -> DataSource:
    return data_source(channel["DataSource"]["S3DataSource"])
