"""What a transform job does: its model answers every object, one after the other, and each answer appears whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts, parse_location
from windvane.control.inputs import data_source
from windvane.domain.candidate import Container, TransformJob
from windvane.domain.jsonpath import ROOT, JsonPath, read_path
from windvane.errors import DataFault, InvalidRequest
from windvane.serving.batch import BatchRequest
from windvane.serving.batch import transform as answers_of_rows
from windvane.serving.content_types import EXPLAIN, asks_for, choose_accept, read_content_type
from windvane.serving.csvblocks import Read
from windvane.serving.forecasting.batch import forecast_object
from windvane.serving.forecasting.served import ServedForecaster
from windvane.serving.model import LocalContainer, ServedModel
from windvane.serving.served import Served, load_served
from windvane.work.download import download_models, folder_of
from windvane.work.exchange import InFolder
from windvane.work.tasks.progress import Progress, ProgressInFolder, ProgressInStore
from windvane.work.tasks.stage_context import Result
from windvane.work.tasks.step_context import StepContext, told_as
from windvane.work.tasks.transform_source import Item, items_of, opened
from windvane.work.tasks.transform_table import transform_table
from windvane.work.workspace import scratch

AnswersTo = Callable[[Read], Iterator[bytes]]
"""The text of an object to its answer, bit by bit."""

_MB = 1024**2
_DEFAULT_PAYLOAD_MB = 6


def transform(step: StepContext, job: TransformJob) -> Result:
    """Do a transform job.

    raises    DataFault, InvalidRequest, CorruptArtifact: each says what is wrong
    """
    with scratch(step.workspace, step.attempt) as folder:
        if job.transformers:
            return transform_table(step, job.transformers, folder)
        artifacts = step.allowance.open_artifacts()
        model = _load(artifacts, job.containers, step.request.get("Environment", {}), folder)
        answers_to = _answers_of(model, batch_request(step.request, model.default_accept), folder)
        progress = _progress_of(step)
        source = data_source(step.request["TransformInput"]["DataSource"]["S3DataSource"])
        items = progress.items(lambda: items_of(artifacts, source))
        for number in progress.undone(items):
            _transform_object(step, answers_to, items[number], folder / "answer")
            progress.done(number)
    return {"objects": len(items)}


def batch_request(details: Mapping[str, Any], default_accept: str) -> BatchRequest:
    """Return what a CreateTransformJob asks of a model; a joined answer is of the input's own format."""
    source, target = details["TransformInput"], details["TransformOutput"]
    processing = details.get("DataProcessing", {})
    content = read_content_type(source.get("ContentType", ""))
    joins = processing.get("JoinSource", "None") == "Input"
    output_filter = _path(processing, "OutputFilter")
    is_same = joins or not output_filter.is_whole
    return BatchRequest(
        content=content,
        accept=choose_accept(target.get("Accept", ""), content if is_same else default_accept),
        splits=source.get("SplitType", "None") == "Line",
        is_single=details.get("BatchStrategy", "MultiRecord") == "SingleRecord",
        max_bytes=details.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB) * _MB,
        ends_lines=target.get("AssembleWith", "None") == "Line",
        input_filter=_path(processing, "InputFilter"),
        output_filter=output_filter,
        joins=joins,
        explains=asks_for(target.get("Accept", ""), EXPLAIN),
    )


def _progress_of(step: StepContext) -> Progress:
    if isinstance(step.where, InFolder):
        return ProgressInFolder(step.workspace.folder / "objects")
    return ProgressInStore(step.allowance.open_artifacts(), step.where.root, step.attempt)


def _path(processing: Mapping[str, str], name: str) -> JsonPath:
    text = processing.get(name, "")
    return read_path(text) if text else ROOT


def _load(
    artifacts: Artifacts,
    containers: Sequence[Container],
    environment: Mapping[str, str],
    folder: Path,
) -> Served:
    """Return the model; the job's environment goes over that of each of its containers."""
    models = folder / "models"
    urls = [container.model_data_url for container in containers]
    download_models(artifacts, urls, models)
    with told_as({folder_of(url, models): url for url in urls}):
        return load_served(
            [
                LocalContainer(
                    {**container.environment, **environment},
                    folder_of(container.model_data_url, models),
                )
                for container in containers
            ]
        )


def _answers_of(model: Served, request: BatchRequest, scratch: Path) -> AnswersTo:
    """Return what answers an object."""
    if isinstance(model, ServedModel):
        return partial(answers_of_rows, model, request)
    if isinstance(model, ServedForecaster):
        return partial(forecast_object, model, request, scratch=scratch)
    raise AssertionError(f"No transform job knows a {type(model).__name__}.")


def _transform_object(step: StepContext, answers_to: AnswersTo, item: Item, file: Path) -> None:
    artifacts = step.allowance.open_artifacts()
    compression = step.request["TransformInput"].get("CompressionType", "None")
    output = parse_location(step.request["TransformOutput"]["S3OutputPath"].rstrip("/"))
    with opened(artifacts, item.source, compression) as read, file.open("wb") as answer:
        try:
            answer.writelines(answers_to(read))
        except InvalidRequest as error:
            raise DataFault(f"ClientError: {item.source}: {error}") from error
    artifacts.upload(output / item.output, file)
    file.unlink()
