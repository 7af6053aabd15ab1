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
from windvane.automl.parts import fetch_parts
from windvane.domain.datasource import Compression
from windvane.domain.features import FeatureSpecification
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
from windvane.work.tasks.bench import Bench, Result
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
from windvane.work.tasks.reports import EXPLAINING_SHARE, explanation_files, insight_files
from windvane.work.workspace import Keys, cleared, scratch


def perform(bench: Bench) -> Result:
    """Run the task.

    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the store of artefacts raises
    """
    if bench.task.kind in ACTIONS:
        return perform_action(bench)
    stage = _STAGES[bench.task.kind]
    bench.exchange.fetch(stage.reads(bench))
    result = stage.run(bench)
    bench.exchange.publish(stage.writes)
    return result


def _analyse(bench: Bench) -> Result:
    channel = bench.job.spec.data.training
    artifacts = bench.means.open_artifacts()
    check_writable(artifacts, Keys(bench.job))
    with scratch(bench.workspace, bench.attempt) as folder:
        inputs, temporary = folder / "inputs", folder / "temporary"
        inputs.mkdir()
        temporary.mkdir()
        files = download_inputs(artifacts, channel.source, inputs, bench.means.max_data_bytes)
        n_bytes = sum(file.path.stat().st_size for file in files)
        analysis = stages.analyse(
            files,
            bench.means.read_options(temporary, channel.format.value, _compression_of(channel)),
            _problem(bench),
            cleared(bench.workspace.dataset),
            _validation(bench, artifacts, folder / "validation"),
        )
    publish_header(artifacts, Keys(bench.job).headers.parent, analysis)
    return {
        "problem_type": str(analysis.problem_type),
        "objective": str(analysis.objective),
        "n_rows": analysis.n_rows,
        "n_columns": len(analysis.columns) + 1,
        "n_bytes": n_bytes,
        "column_types": dict(Counter(str(column.type) for column in analysis.columns)),
    }


def _validation(bench: Bench, artifacts: Artifacts, into: Path) -> ValidationFiles | None:
    channel = bench.job.spec.data.validation
    if channel is None:
        return None
    most, compression = bench.means.max_data_bytes, _compression_of(channel)
    found = download_validation(artifacts, channel.source, compression, into, most)
    return replace(found, format=channel.format.value)


def _compression_of(channel: Channel) -> str:
    return (channel.compression or Compression.NONE).value


def _problem(bench: Bench) -> ProblemSpec:
    spec, means = bench.job.spec, bench.means
    return ProblemSpec(
        target=spec.problem.target,
        problem_type=spec.problem.problem_type,
        objective=spec.problem.objective,
        calibrate=means.calibrate,
        tune_threshold=means.tune_threshold,
        sample_weight=spec.problem.sample_weight,
        features=_features(bench),
        validation_fraction=spec.data.validation_fraction,
    )


def _features(bench: Bench) -> FeatureSpecification:
    """Of a job of an earlier version, the job itself has them."""
    told = bench.task.payload.get("features")
    return bench.job.features if told is None else FeatureSpecification.from_json(told)


def _split(bench: Bench) -> Result:
    artifacts, keys, dataset = (
        bench.means.open_artifacts(),
        Keys(bench.job),
        bench.workspace.dataset,
    )
    publish_dataset(artifacts, keys.dataset, dataset)
    with scratch(bench.workspace, bench.attempt) as folder:
        return {"rows": publish_split(artifacts, keys.tuning_folder, dataset, folder)}


def _explore(bench: Bench) -> Result:
    return write_notebooks(bench.job, bench.workspace.dataset, bench.means.open_artifacts())


def _transform(bench: Bench) -> Result:
    space = bench.workspace
    with scratch(space, bench.attempt) as folder:
        rows = publish_transformed(
            bench.means.open_artifacts(),
            Keys(bench.job),
            space.dataset,
            space.features(bench.task.payload["recipe"]),
            folder,
            bench.means.transformed_rows,
        )
    return {"rows": rows}


def _explain(bench: Bench) -> Result:
    """The time for drawing and writing is kept back."""
    space, index = bench.workspace, bench.task.payload["index"]
    name = Keys(bench.job).candidate_name(index)
    time_s = min(explanation_s(bench.job), bench.stop_at - time.time())
    with scratch(space, bench.attempt) as folder:
        found = explain(
            space.dataset,
            _packages(bench, index, folder / "packages"),
            budget_s=EXPLAINING_SHARE * time_s,
            seed=read_analysis(space.dataset).seed,
            threads=bench.means.threads,
        )
    publish_sample(bench.means.open_artifacts(), Keys(bench.job), space.dataset, found.rows)
    files = explanation_files(found, name)
    return _reported(bench, Keys(bench.job).explanations, name, files)


def _judge(bench: Bench) -> Result:
    space, index = bench.workspace, bench.task.payload["index"]
    name = Keys(bench.job).candidate_name(index)
    judged = judged_candidate(space.dataset, space.candidate(index), name)
    if bench.job.mode is Mode.ENSEMBLING:
        location = Keys(bench.job).predictions(index)
        publish_predictions(bench.means.open_artifacts(), location, judged)
    files = insight_files(judged, bench.job.created)
    return _reported(bench, Keys(bench.job).insights, name, files)


def _reported(bench: Bench, prefix: Location, name: str, files: Mapping[str, bytes]) -> Result:
    artifacts = bench.means.open_artifacts()
    for file, content in files.items():
        artifacts.write(prefix / name / file, content)
    return {"prefix": str(prefix)}


def _retain(bench: Bench) -> Result:
    delete_objects(bench.means.open_artifacts(), bench.task.payload["objects"])
    return {}


def _packages(bench: Bench, index: int, into: Path) -> Path:
    """The packages of the best candidate: those that answer, or such of folds' models if there are none.

    into    a folder that is made in that case
    """
    space, exchange = bench.workspace, bench.exchange
    if exchange.published(names.PACKAGES):
        exchange.fetch([names.PACKAGES])
        return space.best
    parts = fetch_parts(exchange, index)
    stages.assemble(space.dataset, parts.features, parts.candidates, index, into)
    return into


def _nothing(_: Bench) -> Iterable[str]:
    return ()


def _table(_: Bench) -> Iterable[str]:
    return names.TABLE


def _first_fit(bench: Bench) -> Iterable[str]:
    return (*names.TABLE, *names.fold_fits(bench.task.payload["recipe"], [0]))


def _scored(bench: Bench) -> Iterable[str]:
    return (*names.TABLE, *names.scored(bench.task.payload["index"]))


@dataclass(frozen=True)
class _Stage:
    """What a kind of task does.

    reads     what must be in its folder, by the names of automl/names.py
    writes    what it leaves there for others
    """

    run: Callable[[Bench], Result]
    reads: Callable[[Bench], Iterable[str]]
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
