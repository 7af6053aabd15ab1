"""What a task of the workflow does: an action in the task's folder; what clients are to see of it goes to S3."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

from windvane.automl import names
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
from windvane.automl.finished_candidates import FinishedCandidates
from windvane.automl.package_inputs import fetch_package_inputs
from windvane.automl.performing import assist, run_task
from windvane.automl.request import OnAllRows
from windvane.automl.task import ActionTask
from windvane.domain.problem import Mode
from windvane.domain.task import TaskKind
from windvane.engine import stages
from windvane.engine.candidate_io import CANDIDATE_FILES, FULL_FIT, read_candidate
from windvane.engine.candidates import Outcome, with_latency, with_optimism
from windvane.engine.data.dataset import read_dataset
from windvane.errors import CandidateFault, Outclassed
from windvane.notes.note import note_to_json
from windvane.work.jobs.records import ENSEMBLE
from windvane.work.jobs.workflow import MADE_BY, on_all_rows, strategy_of
from windvane.work.tasks.publishing import publish_package
from windvane.work.tasks.stage_context import Result as TaskResult
from windvane.work.tasks.stage_context import StageContext
from windvane.work.workspace import Keys, scratch

_ARCHIVE = "archive.tar.gz"

_PUBLISHING_SHARE, _PUBLISHING_S = 0.1, (1.0, 10.0)
"""Of a candidate's time, at least and at most: for its packages, which go to S3."""

_PUBLISHED = (TaskKind.TRAIN, TaskKind.ENSEMBLE)


def perform_action(context: StageContext) -> TaskResult:
    """Do what the workflow asked for, and return what it brought, as JSON.

    raises    DataFault, CandidateFault, CorruptArtifact, and whatever the store of artefacts raises
    """
    task = with_time_to_publish(context)
    action, told = task.action, TaskResult()
    if context.members is not None and context.members.rank > 0:
        assist(task, context.exchange, context.members)
        return told

    def announce(n_folds: int) -> None:
        told["n_folds"] = n_folds
        context.say(told)

    try:
        result = run_task(task, context.exchange, announce, context.members)
    except Outclassed as reason:
        return {"outclassed": note_to_json(reason.note), **told}
    if isinstance(action, TrainCandidate):
        result = _with_likely_members(context, action, result)
    if isinstance(action, FirstLook | TrainCandidate | BuildEnsemble | TrainBaseline):
        return {**_published(context, result), **told}
    if isinstance(action, FitFeatures) and FULL_FIT in names.fits_in(task.writes, action.recipe):
        _publish_transformers(context, action.recipe)
    if isinstance(action, Pack):
        return _published_best(context, action, result)
    return result_to_json(result)


def with_time_to_publish(context: StageContext) -> ActionTask:
    """Return the task of the workflow; what trains ends early enough for its packages to be brought to S3."""
    task = context.action
    if task is None:
        raise AssertionError(f"Nothing says what the task {context.task.key} is to do.")
    if context.task.kind not in _PUBLISHED:
        return task
    left_s = task.limits.stop_at - time.time()
    least_s, most_s = _PUBLISHING_S
    return task.stopping_earlier(min(max(_PUBLISHING_SHARE * left_s, least_s), most_s))


def _with_likely_members(context: StageContext, action: TrainCandidate, result: Result) -> Result:
    """Return the result, with what the model would be made of, were this candidate the last to finish."""
    space, index = context.workspace, action.plan.index
    table = read_dataset(space.dataset)
    finished = FinishedCandidates(table, has_ensemble=strategy_of(context.job).has_ensemble)
    others = context.finished.candidates
    context.exchange.fetch(name for other in others for name in names.scored(other))
    for other in others:
        finished.add(space.candidate(other))
    found = finished.result_of(space.candidate(index))
    is_late = on_all_rows(context.job) is not OnAllRows.CANDIDATES
    return replace(found, outcome=result.outcome, refit_s=found.refit_s if is_late else 0.0)


def _published(context: StageContext, result: Result) -> TaskResult:
    """Pack a candidate, bring it to S3, and say how it did. An ensemble that is no better than its members is none."""
    if result.outcome is None:
        return {"outcome": None}
    outcome, space = usable(result.outcome), context.workspace
    index = outcome.index
    inputs = fetch_package_inputs(context.exchange, index)
    with scratch(space, context.attempt) as folder:
        packages = folder / "packages"
        stages.assemble(space.dataset, inputs.features, inputs.candidates, index, packages)
        if outcome.members:
            outcome = with_latency(outcome, stages.row_latency(space.dataset, packages))
        published = _publish(context, space.candidate(index), context.task.key, packages, folder)
    return {**result_to_json(replace(result, outcome=outcome)), **published}


def _published_best(context: StageContext, action: Pack, result: Result) -> TaskResult:
    """Bring the packages of the best candidate to S3, and say how it did, with what is known of it now."""
    space, judged, index = context.workspace, result.judged, action.index
    own = space.refit(index) if index in action.refits else space.candidate(index)
    among = [read_candidate(space.candidate(number)).outcome for number in action.among]
    outcome = with_optimism(usable(read_candidate(own).outcome), judged.optimism, among)
    outcome = replace(outcome, pessimism=judged.pessimism)
    if judged.latency_s is not None:
        outcome = with_latency(outcome, judged.latency_s)
    with scratch(space, context.attempt) as folder:
        published = _publish(context, own, context.task.payload[MADE_BY], space.best, folder)
    return {**result_to_json(replace(result, outcome=outcome)), **published}


def _publish(
    context: StageContext, own: Path, made_by: str, packages: Path, folder: Path
) -> TaskResult:
    """Bring a candidate to S3, and say what names its transformers, and how many bytes answer.

    own        its folder
    made_by    key of the task that made it
    folder     for temporary files
    """
    record, keys = read_candidate(own), Keys(context.job)
    index, plan = record.outcome.index, record.plan
    algorithm, recipe = (ENSEMBLE, "") if plan is None else (plan.algorithm, plan.recipe)
    tag = _tag(recipe, record.recipe_fit) if recipe else made_by
    if context.job.mode is Mode.ENSEMBLING:
        output = keys.whole_output(index)
        answering = {keys.whole(index): packages}
    else:
        output = keys.output(index, recipe, algorithm)
        answering = {
            keys.transformers(tag): packages / "transformers",
            keys.model(index, recipe, algorithm): packages / "model",
        }
    artifacts, archive = context.allowance.open_artifacts(), folder / _ARCHIVE
    publish_package(artifacts, output, _output_of(own, folder / "output"), archive)
    sizes = (publish_package(artifacts, place, part, archive) for place, part in answering.items())
    return {"tag": tag, "n_bytes": sum(sizes)}


def _tag(recipe: str, fit: str) -> str:
    """Return what names the transformers of a candidate: those of candidates with the same tag are the same."""
    return recipe if fit == FULL_FIT else f"{recipe}-{fit}"


def _publish_transformers(context: StageContext, recipe: str) -> None:
    """Bring to S3 what a recipe learnt from all rows."""
    space = context.workspace
    with scratch(space, context.attempt) as folder:
        packages = folder / "packages"
        stages.assemble_transformers(space.dataset, space.features(recipe), packages)
        location, package = Keys(context.job).transformers(recipe), packages / "transformers"
        publish_package(context.allowance.open_artifacts(), location, package, folder / _ARCHIVE)


def _output_of(candidate: Path, into: Path) -> Path:
    """Return the files of a candidate's folder that are no model, in a new folder on the same disk."""
    into.mkdir()
    for name in CANDIDATE_FILES:
        (into / name).hardlink_to(candidate / name)
    return into


def usable(outcome: Outcome) -> Outcome:
    """Return the outcome with the scores that are numbers.

    raises    CandidateFault if the objective is no number; other scores that are none are left out
    """
    if not math.isfinite(outcome.objective):
        raise CandidateFault(f"Its score is {outcome.objective}: its predictions are not usable.")
    return replace(
        outcome,
        scores=tuple(score for score in outcome.scores if math.isfinite(score.value)),
        train_scores=tuple(score for score in outcome.train_scores if math.isfinite(score.value)),
    )
