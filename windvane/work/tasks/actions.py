"""What a task of the workflow does: an action on the job's folders; what clients are to see of it goes to S3."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    Pack,
    Result,
    TrainBaseline,
    TrainCandidate,
)
from windvane.automl.documents import result_to_json
from windvane.automl.likely import LikelyMembers
from windvane.automl.performing import ActionContext, perform
from windvane.domain.problem import MetricName, Mode
from windvane.domain.task import TaskKind
from windvane.engine import stages
from windvane.engine.candidates import Outcome, with_latency, with_optimism
from windvane.engine.data.dataset import read_dataset
from windvane.engine.outcomes import CANDIDATE_FILES, FULL_FIT, read_candidate
from windvane.engine.scoring.metrics import METRICS
from windvane.engine.tuning.first_look import FIRST_LOOK
from windvane.errors import CandidateFault, Outclassed
from windvane.work.jobs.records import ENSEMBLE
from windvane.work.jobs.workflow import MADE_BY, action_of, strategy_of
from windvane.work.tasks.bench import Bench
from windvane.work.tasks.bench import Result as TaskResult
from windvane.work.tasks.publishing import publish_package
from windvane.work.workspace import Keys, Workspace, scratch

_ARCHIVE = "archive.tar.gz"

_PUBLISHING_SHARE, _PUBLISHING_S = 0.1, (1.0, 10.0)
"""Of a candidate's time, at least and at most: for its packages, which go to S3."""

_PUBLISHED = (TaskKind.TRAIN, TaskKind.ENSEMBLE)

_MOST_COMPARED = 40
"""Candidates among which those that the model would be made of are looked for, the best ones."""


def perform_action(bench: Bench) -> TaskResult:
    """Do what the workflow asked for, and return what it brought, as JSON.

    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the store of artefacts raises
    """
    action, context = action_of(bench.task), _context(bench)
    try:
        result = perform(action, context)
    except Outclassed as reason:
        return {"outclassed": str(reason)}
    if isinstance(action, TrainCandidate):
        result = _with_likely(bench, action, result)
    if isinstance(action, FirstLook | TrainCandidate | BuildEnsemble | TrainBaseline):
        return _published(bench, result)
    if isinstance(action, FitFeatures):
        _publish_transformers(bench, action.recipe)
    if isinstance(action, Pack):
        return _published_best(bench, action, result)
    return result_to_json(result)


def _context(bench: Bench) -> ActionContext:
    """What trains ends early enough for its packages to be brought to S3."""
    limits = bench.limits
    if limits is None:
        raise AssertionError(f"Nothing says how long the task {bench.task.key} may take.")
    if bench.task.kind in _PUBLISHED:
        left_s = limits.stop_at - time.time()
        least_s, most_s = _PUBLISHING_S
        publishing_s = min(max(_PUBLISHING_SHARE * left_s, least_s), most_s)
        limits = replace(limits, stop_at=limits.stop_at - publishing_s)
    training = None if _is_refitted_late(bench) else stages.train
    return ActionContext(bench.workspace, limits, bench.means.memory_mb, training=training)


def _is_refitted_late(bench: Bench) -> bool:
    """Whether candidates learn from all rows only once they are members of the model. Where transformers have a container
    of their own they are those of all rows from the beginning, so that any model of their recipe takes what they make."""
    return bench.job.mode is Mode.ENSEMBLING


def _with_likely(bench: Bench, action: TrainCandidate, result: Result) -> Result:
    """The result, with what the model would be made of, were this candidate the last to finish."""
    space, index = bench.workspace, action.plan.index
    table = read_dataset(space.dataset)
    likely = LikelyMembers(table, has_ensemble=strategy_of(bench.job).has_ensemble)
    for folder in _best_of(space, index, table.analysis.objective):
        likely.add(folder)
    found = likely.finished(space.candidate(index))
    refit_s = found.refit_s if _is_refitted_late(bench) else 0.0
    return replace(result, refit_s=refit_s, likely=found.likely)


def _best_of(space: Workspace, but: int, objective: MetricName) -> list[Path]:
    """The folders of the best single candidates, the first look and one more left out."""
    gain = METRICS[objective].gain
    records = ((folder, read_candidate(folder)) for folder in space.every_candidate().values())
    found = [
        (-record.outcome.folds_used, -gain(record.outcome.objective), folder)
        for folder, record in records
        if record.fits is not None and record.outcome.index not in (FIRST_LOOK, but)
    ]
    return [folder for *_, folder in sorted(found)[:_MOST_COMPARED]]


def _published(bench: Bench, result: Result) -> TaskResult:
    """Pack a candidate, bring it to S3, and say how it did. An ensemble that is no better than its members is none."""
    if result.outcome is None:
        return {"outcome": None}
    outcome, space = usable(result.outcome), bench.workspace
    own = space.candidate(outcome.index)
    with scratch(space, bench.attempt) as folder:
        packages = folder / "packages"
        candidates = {number: space.candidate(number) for number in outcome.members}
        candidates[outcome.index] = own
        features = space.every_features()
        stages.assemble(space.dataset, features, candidates, outcome.index, packages)
        if outcome.members:
            outcome = with_latency(outcome, stages.row_latency(space.dataset, packages))
        published = _publish(bench, own, bench.task.key, packages, folder)
    return {**result_to_json(replace(result, outcome=outcome)), **published}


def _published_best(bench: Bench, action: Pack, result: Result) -> TaskResult:
    """Bring the packages of the best candidate to S3, and say how it did, with what is known of it now."""
    space, judged, index = bench.workspace, result.judged, action.index
    own = space.refit(index) if index in action.refits else space.candidate(index)
    among = [read_candidate(space.candidate(number)).outcome for number in action.among]
    outcome = with_optimism(usable(read_candidate(own).outcome), judged.optimism, among)
    outcome = replace(outcome, pessimism=judged.pessimism)
    if judged.latency_s is not None:
        outcome = with_latency(outcome, judged.latency_s)
    with scratch(space, bench.attempt) as folder:
        published = _publish(bench, own, bench.task.payload[MADE_BY], space.best, folder)
    return {**result_to_json(replace(result, outcome=outcome)), **published}


def _publish(bench: Bench, own: Path, made_by: str, packages: Path, folder: Path) -> TaskResult:
    """Bring a candidate to S3, and say what names its transformers, and how many bytes answer.

    own        its folder
    made_by    key of the task that made it
    folder     for temporary files
    """
    record, keys = read_candidate(own), Keys(bench.job)
    index, plan = record.outcome.index, record.plan
    algorithm, recipe = (ENSEMBLE, "") if plan is None else (plan.algorithm, plan.recipe)
    tag = _tag(recipe, record.recipe_fit) if recipe else made_by
    if bench.job.mode is Mode.ENSEMBLING:
        output = keys.whole_output(index)
        answering = {keys.whole(index): packages}
    else:
        output = keys.output(index, recipe, algorithm)
        answering = {
            keys.transformers(tag): packages / "transformers",
            keys.model(index, recipe, algorithm): packages / "model",
        }
    artifacts, archive = bench.means.open_artifacts(), folder / _ARCHIVE
    publish_package(artifacts, output, _output_of(own, folder / "output"), archive)
    sizes = (publish_package(artifacts, place, part, archive) for place, part in answering.items())
    return {"tag": tag, "n_bytes": sum(sizes)}


def _tag(recipe: str, fit: str) -> str:
    """What names the transformers of a candidate: those of candidates with the same tag are the same."""
    return recipe if fit == FULL_FIT else f"{recipe}-{fit}"


def _publish_transformers(bench: Bench, recipe: str) -> None:
    """Fit a recipe on all rows, too, and bring that to S3."""
    space = bench.workspace
    features = space.features(recipe)
    stages.fit_features(space.dataset, recipe, features, (FULL_FIT,))
    with scratch(space, bench.attempt) as folder:
        packages = folder / "packages"
        stages.assemble_transformers(space.dataset, features, packages)
        location, package = Keys(bench.job).transformers(recipe), packages / "transformers"
        publish_package(bench.means.open_artifacts(), location, package, folder / _ARCHIVE)


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
