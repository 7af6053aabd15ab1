"""What each kind of task does, in a child process of a worker: fetch what it needs, run a stage of the engine,
publish what clients see. The answer is JSON and becomes the task's result."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts, Location
from windvane.domain.datasource import Compression
from windvane.domain.features import FeatureSpecification
from windvane.domain.job import AutoMLJob
from windvane.domain.jobspec import Channel
from windvane.domain.problem import Mode, ProblemSpec
from windvane.domain.task import Task, TaskKind
from windvane.domain.timing import explanation_s, search_end
from windvane.engine import stages
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.analysis import ValidationFiles
from windvane.engine.data.dataset import read_analysis
from windvane.engine.evaluation.judge import with_latency
from windvane.engine.explain.stage import explain
from windvane.engine.outcomes import CANDIDATE_FILES, FULL_FIT, outcome_to_json, read_candidate
from windvane.engine.quality.candidate import judged_candidate
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.pacing import fold_terms
from windvane.errors import CandidateFault, Outclassed
from windvane.work.jobs.records import BASELINE, ENSEMBLE
from windvane.work.means import Means
from windvane.work.tasks.inputs import download_inputs, download_validation
from windvane.work.tasks.notebooks import write_notebooks
from windvane.work.tasks.publishing import (
    check_writable,
    delete_objects,
    publish_dataset,
    publish_header,
    publish_package,
    publish_predictions,
    publish_sample,
    publish_split,
    publish_transformed,
)
from windvane.work.tasks.reports import EXPLAINING_SHARE, explanation_files, insight_files
from windvane.work.workspace import Keys, Workspace, cleared, scratch

_ARCHIVE = "archive.tar.gz"

_PACKING_SHARE, _PACKING_S = 0.1, (1.0, 10.0)
"""Of a candidate's time, at least and at most: for its packages, which go to S3."""

Result = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What a stage works with.

    stop_at     time.time() at which the process will be killed
    """

    job: AutoMLJob
    task: Task
    workspace: Workspace
    stop_at: float
    means: Means

    @property
    def attempt(self) -> str:
        return f"{self.task.id}-{self.task.token}"


def perform(bench: Bench) -> Result:
    """Run the task.

    raises    DataFault, CandidateFault, and whatever the store of artefacts raises
    """
    return _STAGES[bench.task.kind](bench)


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


def _make_features(bench: Bench) -> Result:
    recipe, space = bench.task.payload["recipe"], bench.workspace
    into = cleared(space.features(recipe))
    stages.fit_features(space.dataset, recipe, into)
    with scratch(space, bench.attempt) as folder:
        stages.assemble_transformers(space.dataset, into, folder / "packages")
        location = Keys(bench.job).transformers(recipe)
        package = folder / "packages" / "transformers"
        publish_package(bench.means.open_artifacts(), location, package, folder / _ARCHIVE)
    return {}


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


def _train(bench: Bench) -> Result:
    plan = Plan(**bench.task.payload["plan"])
    space = bench.workspace
    try:
        outcome = stages.train(
            space.dataset,
            space.features(plan.recipe),
            plan,
            _limits(bench, time.time()),
            cleared(space.candidate(plan.index)),
        )
    except Outclassed as reason:
        return {"outclassed": str(reason)}
    fit = read_candidate(space.candidate(plan.index)).recipe_fit
    tag = plan.recipe if fit == FULL_FIT else f"{plan.recipe}-{fit}"
    return _published(bench, outcome, plan.algorithm, plan.recipe, tag)


def _limits(bench: Bench, now: float) -> TrainLimits:
    folders = bench.workspace.every_candidate()
    folds_used = [read_candidate(folder).outcome.folds_used for folder in folders]
    limits = bench.job.limits
    analysis = read_analysis(bench.workspace.dataset)
    left_s = search_end(bench.job).timestamp() - now
    folds = fold_terms(analysis, left_s, limits.max_runtime_s, limits.max_candidates, folds_used)
    time_s = min(bench.stop_at - now, left_s)
    least_s, most_s = _PACKING_S
    rival = bench.task.payload.get("rival")
    return TrainLimits(
        now + time_s - min(max(_PACKING_SHARE * time_s, least_s), most_s),
        folds,
        memory_mb=bench.means.memory_mb,
        rival=None if rival is None else bench.workspace.candidate(rival),
    )


def _combine(bench: Bench) -> Result:
    space, index = bench.workspace, bench.task.payload["index"]
    members = {number: space.candidate(number) for number in bench.task.payload["members"]}
    into = cleared(space.candidate(index))
    outcome = stages.build_ensemble(space.dataset, members, index, into, ends=bench.stop_at)
    return {"outcome": None} if outcome is None else _published(bench, outcome, ENSEMBLE)


def _fall_back(bench: Bench) -> Result:
    space, index = bench.workspace, bench.task.payload["index"]
    outcome = stages.train_baseline(space.dataset, index, cleared(space.candidate(index)))
    return _published(bench, outcome, BASELINE)


def _explain(bench: Bench) -> Result:
    """The time for drawing and writing is kept back."""
    space, index = bench.workspace, bench.task.payload["index"]
    name = Keys(bench.job).candidate_name(index)
    time_s = min(explanation_s(bench.job), bench.stop_at - time.time())
    with scratch(space, bench.attempt) as folder:
        _assembled(bench, index, folder / "packages")
        found = explain(
            space.dataset,
            folder / "packages",
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


_STAGES: dict[TaskKind, Callable[[Bench], Result]] = {
    TaskKind.ANALYZE: _analyse,
    TaskKind.SPLIT: _split,
    TaskKind.EXPLORE: _explore,
    TaskKind.FEATURES: _make_features,
    TaskKind.TRANSFORM: _transform,
    TaskKind.TRAIN: _train,
    TaskKind.ENSEMBLE: _combine,
    TaskKind.BASELINE: _fall_back,
    TaskKind.EXPLAIN: _explain,
    TaskKind.INSIGHTS: _judge,
    TaskKind.RETAIN: _retain,
}


def _published(
    bench: Bench, outcome: Outcome, algorithm: str, recipe: str = "", tag: str = ""
) -> Result:
    """Pack a candidate, bring it to S3, and say how it did.

    tag    names its transformers: those of candidates with the same tag are the same; "": the algorithm does
    """
    outcome = usable(outcome)
    space, keys, index = bench.workspace, Keys(bench.job), outcome.index
    with scratch(space, bench.attempt) as folder:
        packages = folder / "packages"
        _assembled(bench, index, packages)
        if outcome.members:
            latency_s = stages.row_latency(space.dataset, packages)
            outcome = with_latency(outcome, latency_s)
        output = _output_of(space.candidate(index), folder / "output")
        if bench.job.mode is Mode.ENSEMBLING:
            beside = keys.whole_output(index)
            answering = {keys.whole(index): packages}
        else:
            beside = keys.output(index, recipe, algorithm)
            answering = {
                keys.transformers(tag or algorithm): packages / "transformers",
                keys.model(index, recipe, algorithm): packages / "model",
            }
        artifacts, archive = bench.means.open_artifacts(), folder / _ARCHIVE
        publish_package(artifacts, beside, output, archive)
        n_bytes = sum(
            publish_package(artifacts, location, part, archive)
            for location, part in answering.items()
        )
    return {"outcome": outcome_to_json(outcome), "tag": tag or algorithm, "n_bytes": n_bytes}


def _assembled(bench: Bench, index: int, into: Path) -> None:
    space = bench.workspace
    members = read_candidate(space.candidate(index)).outcome.members
    stages.assemble(
        space.dataset,
        {recipe.name: recipe for recipe in space.every_features()},
        {number: space.candidate(number) for number in (index, *members)},
        index,
        into,
    )


def _output_of(candidate: Path, into: Path) -> Path:
    """The files of a candidate's folder that are no model, in a new folder on the same disk."""
    into.mkdir()
    for name in CANDIDATE_FILES:
        (into / name).hardlink_to(candidate / name)
    return into


def usable(outcome: Outcome) -> Outcome:
    """raises    CandidateFault if the objective is no number; other scores that are none are left out"""
    if not math.isfinite(outcome.objective):
        raise CandidateFault(f"Its score is {outcome.objective}: its predictions are not usable.")
    return replace(
        outcome,
        scores=tuple(score for score in outcome.scores if math.isfinite(score.value)),
        train_scores=tuple(score for score in outcome.train_scores if math.isfinite(score.value)),
    )
