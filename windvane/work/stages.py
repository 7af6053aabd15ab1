"""What each kind of task does, in a child process of a worker: fetch what it needs, run a stage of the engine,
publish what clients see. The answer is JSON and becomes the task's result."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Artifacts, Location
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName, Mode, ProblemSpec, ProblemType
from windvane.domain.task import Task, TaskKind
from windvane.engine import stages
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.analysis import Analysis, ReadOptions
from windvane.engine.data.dataset import read_analysis
from windvane.engine.explain.documents import documents
from windvane.engine.explain.report import explanation_report
from windvane.engine.explain.stage import explain
from windvane.engine.outcomes import FULL_FIT, outcome_to_json, read_candidate
from windvane.engine.packages.tarball import pack
from windvane.engine.quality.assess import assess
from windvane.engine.quality.candidate import judged_candidate
from windvane.engine.quality.statistics import Times
from windvane.engine.reports.files import files_of
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.pacing import terms
from windvane.errors import CandidateFault
from windvane.work.containers import mode_of
from windvane.work.inputs import download_inputs
from windvane.work.notebooks import write_notebooks
from windvane.work.records import BASELINE, ENSEMBLE
from windvane.work.timing import explanation_s, search_end
from windvane.work.workspace import ARTEFACT, Keys, Workspace, cleared, scratch

_EXPLAINING_SHARE = 0.4
"""Of the time for the explanation: the rest is for drawing it and for bringing it to S3."""

_PACKING_SHARE, _PACKING_S = 0.1, (1.0, 10.0)
"""Of a candidate's time, at least and at most: for its packages, which go to S3."""

Result = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What a stage works with.

    stop_at     time.time() at which the process will be killed
    threads     for reading; training uses one
    memory_mb   at which the process will be killed
    """

    job: AutoMLJob
    task: Task
    workspace: Workspace
    open_artifacts: Callable[[], Artifacts]
    stop_at: float
    threads: int
    memory_mb: int
    max_data_bytes: int
    max_columns: int

    @property
    def attempt(self) -> str:
        return f"{self.task.id}-{self.task.token}"


def perform(bench: Bench) -> Result:
    """Run the task.

    raises    DataFault, CandidateFault, and whatever the store of artefacts raises
    """
    return _STAGES[bench.task.kind](bench)


def _analyse(bench: Bench) -> Result:
    request = bench.job.request
    channel = request["InputDataConfig"][0]
    artifacts = bench.open_artifacts()
    with scratch(bench.workspace, bench.attempt) as folder:
        inputs, temporary = folder / "inputs", folder / "temporary"
        inputs.mkdir()
        temporary.mkdir()
        files = download_inputs(
            artifacts, channel["DataSource"]["S3DataSource"], inputs, bench.max_data_bytes
        )
        analysis = stages.analyse(
            files,
            _read_options(bench, channel, temporary),
            _problem(request, channel),
            cleared(bench.workspace.dataset),
        )
    artifacts.write(Keys(bench.job).headers, _header_line(analysis))
    return {
        "problem_type": str(analysis.problem_type),
        "objective": str(analysis.objective),
        "n_rows": analysis.n_rows,
        "n_columns": len(analysis.columns) + 1,
    }


def _read_options(bench: Bench, channel: Mapping[str, Any], temporary: Path) -> ReadOptions:
    content_type = channel.get("ContentType", "")
    return ReadOptions(
        scratch=temporary,
        format="parquet" if "parquet" in content_type else "csv",
        compression=channel.get("CompressionType", "None"),
        max_bytes=bench.max_data_bytes,
        max_columns=bench.max_columns,
        memory_mb=bench.memory_mb,
        threads=bench.threads,
    )


def _problem(request: Mapping[str, Any], channel: Mapping[str, Any]) -> ProblemSpec:
    problem_type = request.get("ProblemType")
    objective = request.get("AutoMLJobObjective", {}).get("MetricName")
    return ProblemSpec(
        target=channel["TargetAttributeName"],
        problem_type=ProblemType(problem_type) if problem_type else None,
        objective=MetricName(objective) if objective else None,
    )


def _header_line(analysis: Analysis) -> bytes:
    """The names of all columns, the target first."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        [analysis.target, *(column.name for column in analysis.columns)]
    )
    return line.getvalue().encode()


def _explore(bench: Bench) -> Result:
    return write_notebooks(bench.job, bench.workspace.dataset, bench.open_artifacts())


def _make_features(bench: Bench) -> Result:
    recipe = bench.task.payload["recipe"]
    into = cleared(bench.workspace.features(recipe))
    stages.fit_features(bench.workspace.dataset, recipe, into)
    return {}


def _train(bench: Bench) -> Result:
    plan = Plan(**bench.task.payload["plan"])
    space = bench.workspace
    outcome = stages.train(
        space.dataset,
        space.features(plan.recipe),
        plan,
        _limits(bench, time.time()),
        cleared(space.candidate(plan.index)),
    )
    fit = read_candidate(space.candidate(plan.index)).recipe_fit
    tag = plan.recipe if fit == FULL_FIT else f"{plan.recipe}-{fit}"
    return _published(bench, outcome, plan.algorithm, plan.recipe, tag)


def _limits(bench: Bench, now: float) -> TrainLimits:
    folders = bench.workspace.every_candidate()
    folds_used = [read_candidate(folder).outcome.folds_used for folder in folders]
    limits = bench.job.limits
    analysis = read_analysis(bench.workspace.dataset)
    left_s = search_end(bench.job).timestamp() - now
    found = terms(analysis, left_s, limits.max_runtime_s, limits.max_candidates, folds_used)
    time_s = min(bench.stop_at - now, found.time_s)
    least_s, most_s = _PACKING_S
    return TrainLimits(
        now + time_s - min(max(_PACKING_SHARE * time_s, least_s), most_s),
        least_folds=found.least_folds,
        most_folds=found.most_folds,
        fold_s=found.fold_s,
        further_s=found.further_s,
        memory_mb=bench.memory_mb,
    )


def _combine(bench: Bench) -> Result:
    space, index = bench.workspace, bench.task.payload["index"]
    members = {number: space.candidate(number) for number in bench.task.payload["members"]}
    outcome = stages.build_ensemble(space.dataset, members, index, cleared(space.candidate(index)))
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
            budget_s=_EXPLAINING_SHARE * time_s,
            seed=read_analysis(space.dataset).seed,
            threads=bench.threads,
        )
    files = {**documents(found), **files_of(explanation_report(found, name))}
    return _reported(bench, Keys(bench.job).explanations, name, files)


def _judge(bench: Bench) -> Result:
    space, index = bench.workspace, bench.task.payload["index"]
    name = Keys(bench.job).candidate_name(index)
    now = datetime.now(UTC)
    judged = judged_candidate(space.dataset, space.candidate(index), name)
    quality = assess(judged, Times(bench.job.created, now, now))
    files = {
        "statistics.json": _json(quality.statistics),
        "constraints.json": _json(quality.constraints),
        **files_of(quality.report),
    }
    return _reported(bench, Keys(bench.job).insights, name, files)


def _reported(bench: Bench, prefix: Location, name: str, files: Mapping[str, bytes]) -> Result:
    artifacts = bench.open_artifacts()
    for file, content in files.items():
        artifacts.write(prefix / name / file, content)
    return {"prefix": str(prefix)}


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False, indent=1).encode()


_STAGES: dict[TaskKind, Callable[[Bench], Result]] = {
    TaskKind.ANALYZE: _analyse,
    TaskKind.EXPLORE: _explore,
    TaskKind.FEATURES: _make_features,
    TaskKind.TRAIN: _train,
    TaskKind.ENSEMBLE: _combine,
    TaskKind.BASELINE: _fall_back,
    TaskKind.EXPLAIN: _explain,
    TaskKind.INSIGHTS: _judge,
}


def _published(
    bench: Bench, outcome: Outcome, algorithm: str, recipe: str = "", tag: str = ""
) -> Result:
    """Pack a candidate, bring it to S3, and say how it did.

    tag    names its transformers: those of candidates with the same tag are the same; "": the algorithm does
    """
    outcome = _usable(outcome)
    space, keys, index = bench.workspace, Keys(bench.job), outcome.index
    with scratch(space, bench.attempt) as folder:
        packages = folder / "packages"
        _assembled(bench, index, packages)
        if mode_of(bench.job) is Mode.ENSEMBLING:
            parts = {keys.whole(index): packages}
        else:
            parts = {
                keys.transformers(tag or algorithm): packages / "transformers",
                keys.model(index, recipe, algorithm): packages / "model",
            }
        artifacts = bench.open_artifacts()
        for location, part in parts.items():
            _upload(artifacts, location, part, folder / ARTEFACT)
    return {"outcome": outcome_to_json(outcome), "tag": tag or algorithm}


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


def _upload(artifacts: Artifacts, location: Location, part: Path, archive: Path) -> None:
    pack(part, archive)
    artifacts.upload(location, archive)
    archive.unlink()


def _usable(outcome: Outcome) -> Outcome:
    """raises    CandidateFault if the objective is no number; other scores that are none are left out"""
    if not math.isfinite(outcome.objective):
        raise CandidateFault(f"Its score is {outcome.objective}: its predictions are of no use.")
    return replace(
        outcome,
        scores=tuple(score for score in outcome.scores if math.isfinite(score.value)),
        train_scores=tuple(score for score in outcome.train_scores if math.isfinite(score.value)),
    )
