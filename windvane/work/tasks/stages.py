"""What each kind of task does, in a child process of a worker: fetch what it reads, run a stage of the engine, publish what
clients see and what other tasks read. The answer is JSON and becomes the task's result."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from windvane.artifacts.base import Artifacts, Location
from windvane.automl import names
from windvane.automl.package_inputs import fetch_package_inputs
from windvane.domain.datasource import Compression
from windvane.domain.features import SpecificationFile
from windvane.domain.jobspec import Channel
from windvane.domain.problem import Mode, ProblemSpec
from windvane.domain.task import TaskKind
from windvane.domain.timing import explanation_s
from windvane.engine import stages
from windvane.engine.data.analysis import ValidationFiles
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.stage import explain
from windvane.engine.quality.candidate import judged_candidate
from windvane.work.jobs.workflow import ACTIONS
from windvane.work.tasks.actions import perform_action
from windvane.work.tasks.forecasts import perform_forecast
from windvane.work.tasks.inputs import download_inputs, download_validation
from windvane.work.tasks.notebooks import write_notebooks
from windvane.work.tasks.publishing import (
    check_writable,
    delete_objects,
    publish_dataset,
    publish_header,
    publish_predictions,
    publish_sample,
    publish_split,
    publish_transformed,
)
from windvane.work.tasks.reports import explaining_s, explanation_files, insight_files
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.workspace import Keys, cleared, scratch


def perform(context: StageContext) -> Result:
    """Run the task.

    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the store of artefacts raises
    """
    kind = context.task.kind
    if context.job.is_forecast and kind is not TaskKind.RETAIN:
        return perform_forecast(context)
    if kind in ACTIONS:
        return perform_action(context)
    stage = _STAGES[kind]
    context.exchange.fetch(stage.reads(context))
    result = stage.run(context)
    context.exchange.publish(stage.writes)
    return result


def _analyse(context: StageContext) -> Result:
    channel = context.job.spec.data.training
    artifacts = context.allowance.open_artifacts()
    check_writable(artifacts, Keys(context.job))
    with scratch(context.workspace, context.attempt) as folder:
        inputs, temporary = folder / "inputs", folder / "temporary"
        inputs.mkdir()
        temporary.mkdir()
        files = download_inputs(artifacts, channel.source, inputs, context.allowance.max_data_bytes)
        n_bytes = sum(file.path.stat().st_size for file in files)
        analysis = stages.analyse(
            files,
            context.allowance.read_options(
                temporary, channel.format.value, _compression_of(channel)
            ),
            _problem(context),
            cleared(context.workspace.dataset),
            _validation(context, artifacts, folder / "validation"),
        )
    publish_header(artifacts, Keys(context.job).headers.parent, analysis)
    return {
        "problem_type": str(analysis.problem_type),
        "objective": str(analysis.objective),
        "n_rows": analysis.n_rows,
        "n_columns": len(analysis.columns) + 1,
        "n_bytes": n_bytes,
        "split": str(analysis.split_kind),
        "column_types": dict(Counter(str(column.type) for column in analysis.columns)),
    }


def _validation(context: StageContext, artifacts: Artifacts, into: Path) -> ValidationFiles | None:
    channel = context.job.spec.data.validation
    if channel is None:
        return None
    most, compression = context.allowance.max_data_bytes, _compression_of(channel)
    found = download_validation(artifacts, channel.source, compression, into, most)
    return replace(found, format=channel.format.value)


def _compression_of(channel: Channel) -> str:
    return (channel.compression or Compression.NONE).value


def _problem(context: StageContext) -> ProblemSpec:
    problem, told = context.job.spec.tabular, _specification(context)
    data, allowance = context.job.spec.data, context.allowance
    return ProblemSpec(
        target=problem.target,
        problem_type=problem.problem_type,
        objective=problem.objective,
        calibrate=allowance.calibrate,
        tune_threshold=allowance.tune_threshold,
        sample_weight=problem.sample_weight,
        features=told.features,
        validation_fraction=data.validation_fraction,
        time_column=told.time_column,
        group_column=told.group_column,
        text_column=context.job.spec.text_column,
    )


def _specification(context: StageContext) -> SpecificationFile:
    """Return what the feature specification file said. Of a job of an earlier version, the job itself has it."""
    told = context.task.payload
    return (
        SpecificationFile.from_json(told)
        if "features" in told
        else SpecificationFile(context.job.features)
    )


def _split(context: StageContext) -> Result:
    artifacts, keys, dataset = (
        context.allowance.open_artifacts(),
        Keys(context.job),
        context.workspace.dataset,
    )
    publish_dataset(artifacts, keys.dataset, dataset)
    with scratch(context.workspace, context.attempt) as folder:
        return {"rows": publish_split(artifacts, keys.tuning_folder, dataset, folder)}


def _explore(context: StageContext) -> Result:
    return write_notebooks(
        context.job, context.workspace.dataset, context.allowance.open_artifacts()
    )


def _transform(context: StageContext) -> Result:
    space = context.workspace
    with scratch(space, context.attempt) as folder:
        rows = publish_transformed(
            context.allowance.open_artifacts(),
            Keys(context.job),
            space.dataset,
            space.features(context.task.payload["recipe"]),
            folder,
            context.allowance.transformed_rows,
        )
    return {"rows": rows}


def _explain(context: StageContext) -> Result:
    """The time for drawing and writing is kept back."""
    space, index = context.workspace, context.task.payload["index"]
    name = Keys(context.job).candidate_name(index)
    time_s = min(explanation_s(context.job), context.stop_at - time.time())
    with scratch(space, context.attempt) as folder:
        found = explain(
            space.dataset,
            _packages(context, index, folder / "packages"),
            budget_s=explaining_s(time_s),
            seed=read_analysis(space.dataset).seed,
            threads=context.allowance.threads,
        )
    publish_sample(context.allowance.open_artifacts(), Keys(context.job), space.dataset, found.rows)
    files = explanation_files(found, _title(context), name)
    return _reported(context, Keys(context.job).explanations, name, files)


def _judge(context: StageContext) -> Result:
    space, index = context.workspace, context.task.payload["index"]
    name = Keys(context.job).candidate_name(index)
    judged = judged_candidate(space.dataset, space.candidate(index), _title(context), name)
    if context.job.mode is Mode.ENSEMBLING:
        location = Keys(context.job).predictions(index)
        publish_predictions(context.allowance.open_artifacts(), location, judged)
    files = insight_files(space.dataset, judged, context.job.created)
    return _reported(context, Keys(context.job).insights, name, files)


def _title(context: StageContext) -> str:
    """Return what people call the candidate; its full name in a task that an earlier version has made."""
    told = context.task.payload
    name: str = told.get("title") or Keys(context.job).candidate_name(told["index"])
    return name


def _reported(
    context: StageContext, prefix: Location, name: str, files: Mapping[str, bytes]
) -> Result:
    artifacts = context.allowance.open_artifacts()
    for file, content in files.items():
        artifacts.write(prefix / name / file, content)
    return {"prefix": str(prefix)}


def _retain(context: StageContext) -> Result:
    delete_objects(context.allowance.open_artifacts(), context.task.payload["objects"])
    return {}


def _packages(context: StageContext, index: int, into: Path) -> Path:
    """Return the packages of the best candidate: those that answer, or such of folds' models if there are none.

    into    a folder that is made in that case
    """
    space, exchange = context.workspace, context.exchange
    if context.finished.is_packed:
        exchange.fetch([names.PACKAGES])
        return space.best
    inputs = fetch_package_inputs(exchange, index)
    stages.assemble(space.dataset, inputs.features, inputs.candidates, index, into)
    return into


def _nothing(_: StageContext) -> Iterable[str]:
    return ()


def _table(_: StageContext) -> Iterable[str]:
    return names.TABLE


def _first_fit(context: StageContext) -> Iterable[str]:
    return (*names.TABLE, *names.fold_fits(context.task.payload["recipe"], [0]))


def _scored(context: StageContext) -> Iterable[str]:
    return (*names.TABLE, *names.scored(context.task.payload["index"]))


@dataclass(frozen=True)
class _Stage:
    """The stage of the engine that a kind of task runs.

    reads     what must be in its folder, by the names of automl/names.py
    writes    what it leaves there for others
    """

    run: Callable[[StageContext], Result]
    reads: Callable[[StageContext], Iterable[str]]
    writes: tuple[str, ...] = ()


_STAGES: dict[TaskKind, _Stage] = {
    TaskKind.ANALYZE: _Stage(_analyse, _nothing, names.TABLE),
    TaskKind.SPLIT: _Stage(_split, _table),
    TaskKind.EXPLORE: _Stage(_explore, _table),
    TaskKind.TRANSFORM: _Stage(_transform, _first_fit),
    TaskKind.EXPLAIN: _Stage(_explain, _table),
    TaskKind.INSIGHTS: _Stage(_judge, _scored),
    TaskKind.RETAIN: _Stage(_retain, _nothing),
}
"""All but the actions of the workflow."""
