"""What a processing job does, by its image: read and split a table, or explain and judge a candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from windvane.artifacts.base import parse_location
from windvane.control.inputs import data_source, specification_at
from windvane.control.step_rules import SPECIFICATION_INPUT, VALIDATION_INPUT
from windvane.domain.features import NO_FILE
from windvane.domain.images import EXPLAINER, TRANSFORMERS, algorithm_of
from windvane.domain.problem import MetricName, ProblemSpec, ProblemType, check_uses, kept_apart
from windvane.domain.reports import BACKTESTS
from windvane.engine import stages
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.stage import explain
from windvane.engine.quality.candidate import judged_candidate
from windvane.work.tasks.forecast_processing import forecast_reports
from windvane.work.tasks.inputs import download_inputs, download_validation, format_of
from windvane.work.tasks.onnx_files import onnx_files
from windvane.work.tasks.publishing import publish_dataset, publish_header, publish_split
from windvane.work.tasks.reports import explaining_s, explanation_files, insight_files
from windvane.work.tasks.stage_context import Result
from windvane.work.tasks.step_context import (
    StepContext,
    fetch_archive,
    fetch_dataset,
    fetch_package,
    told_as,
)
from windvane.work.workspace import scratch

_MOST_EXPLAINING_S = 60.0
_WEIGHT = "SAMPLE_WEIGHT_ATTRIBUTE_NAME"


def process(step: StepContext) -> Result:
    """Do a processing job.

    raises    DataFault, InvalidRequest, CorruptArtifact: each says what is wrong
    """
    image = algorithm_of(step.request["AppSpecification"]["ImageUri"]) or ""
    with scratch(step.workspace, step.attempt) as folder:
        _PROCESSORS[image](step, folder)
    return {}


def _split(step: StepContext, folder: Path) -> None:
    sources = {one["InputName"]: one["S3Input"] for one in step.request["ProcessingInputs"]}
    held_out = sources.pop(VALIDATION_INPUT, None)
    problem = _problem(step, sources.pop(SPECIFICATION_INPUT, None))
    (source,) = sources.values()
    outputs, artifacts = _outputs(step), step.allowance.open_artifacts()
    inputs, temporary = folder / "inputs", folder / "temporary"
    inputs.mkdir()
    temporary.mkdir()
    files = download_inputs(artifacts, data_source(source), inputs, step.allowance.max_data_bytes)
    compression = source.get("S3CompressionType", "None")
    options = step.allowance.read_options(temporary, format_of(files), compression)
    dataset = folder / "dataset"
    validation = None
    if held_out is not None:
        validation = download_validation(
            artifacts,
            data_source(held_out),
            held_out.get("S3CompressionType", "None"),
            folder / "validation",
            step.allowance.max_data_bytes,
        )
    analysis = stages.analyse(files, options, problem, dataset, validation)
    places = {name: parse_location(uri.rstrip("/")) for name, uri in outputs.items()}
    if "header" in places:
        publish_header(artifacts, places["header"], analysis)
    if "dataset" in places:
        publish_dataset(artifacts, places["dataset"], dataset)
    if "tuning_data" in places:
        publish_split(artifacts, places["tuning_data"], dataset, temporary)


@dataclass(frozen=True)
class Called:
    """What a candidate is called: the name that the API has for it, and the one for people."""

    name: str
    title: str


def _explain(step: StepContext, folder: Path) -> None:
    inputs, outputs = _inputs(step), _outputs(step)
    environment = step.request["Environment"]
    name = environment["CANDIDATE_NAME"]
    called = Called(name, environment.get("CANDIDATE_TITLE", name))
    if BACKTESTS in inputs:
        for output, files in forecast_reports(step, inputs, outputs, folder).items():
            _publish(step, files, outputs[output], name)
        return
    dataset = folder / "dataset"
    with told_as({dataset: inputs["dataset"]}):
        fetch_dataset(step, inputs["dataset"], dataset)
        if "explanation" in outputs or "onnx" in outputs:
            _explain_or_export(step, folder, dataset, called)
        if "insights" in outputs:
            candidate = fetch_archive(step, inputs["output"], folder / "archives")
            with told_as({candidate: inputs["output"]}):
                judged = judged_candidate(dataset, candidate, called.title, called.name)
            files = insight_files(dataset, judged, step.job.created)
            _publish(step, files, outputs["insights"], name)


def _explain_or_export(step: StepContext, folder: Path, dataset: Path, called: Called) -> None:
    inputs, outputs = _inputs(step), _outputs(step)
    packages = _packages(step, inputs, folder)
    transformers = inputs.get("transformers", inputs["model"])
    names = {packages / "model": inputs["model"], packages / "transformers": transformers}
    with told_as({**names, packages: inputs["model"]}):
        if "explanation" in outputs:
            found = explain(
                dataset,
                packages,
                budget_s=explaining_s(min(_MOST_EXPLAINING_S, step.time_s)),
                seed=read_analysis(dataset).seed,
                threads=step.allowance.threads,
            )
            files = explanation_files(found, called.title, called.name)
            _publish(step, files, outputs["explanation"], called.name)
        if "onnx" in outputs:
            _publish(step, onnx_files(dataset, packages), outputs["onnx"], called.name)


_PROCESSORS: dict[str, Callable[[StepContext, Path], None]] = {
    TRANSFORMERS: _split,
    EXPLAINER: _explain,
}


def _packages(step: StepContext, inputs: Mapping[str, str], folder: Path) -> Path:
    """Return a folder of both packages, as engine.stages.assemble writes it."""
    packages, archives = folder / "packages", folder / "archives"
    packages.mkdir()
    for kind in ("transformers", "model"):
        uri = inputs.get(kind, inputs["model"])
        (packages / kind).symlink_to(fetch_package(step, uri, kind, archives))
    return packages


def _publish(step: StepContext, files: Mapping[str, bytes], uri: str, name: str) -> None:
    artifacts = step.allowance.open_artifacts()
    for file, content in files.items():
        artifacts.write(parse_location(uri.rstrip("/")) / name / file, content)


def _problem(step: StepContext, specification: Mapping[str, str] | None) -> ProblemSpec:
    """Return the problem that the environment of a processing job describes.

    specification    the S3Input of a feature specification file; None if there is none
    """
    environment: Mapping[str, str] = step.request["Environment"]
    problem_type, objective = environment.get("PROBLEM_TYPE"), environment.get("OBJECTIVE")
    target, weight = environment["TARGET_ATTRIBUTE_NAME"], environment.get(_WEIGHT) or None
    share = environment.get("VALIDATION_FRACTION")
    told = NO_FILE
    if specification is not None:
        location, apart = parse_location(specification["S3Uri"]), kept_apart(target, weight)
        told = specification_at(step.allowance.open_artifacts(), location, apart)
    check_uses(target, None, weight, {})
    return ProblemSpec(
        target=target,
        sample_weight=weight,
        features=told.features,
        validation_fraction=None if share is None else float(share),
        time_column=told.time_column,
        group_column=told.group_column,
        text_column=environment.get("TEXT_COLUMN") or None,
        problem_type=ProblemType(problem_type) if problem_type else None,
        objective=MetricName(objective) if objective else None,
        calibrate=step.allowance.calibrate,
        tune_threshold=step.allowance.tune_threshold,
    )


def _inputs(step: StepContext) -> dict[str, str]:
    return {one["InputName"]: one["S3Input"]["S3Uri"] for one in step.request["ProcessingInputs"]}


def _outputs(step: StepContext) -> dict[str, str]:
    outputs = step.request["ProcessingOutputConfig"]["Outputs"]
    return {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}
