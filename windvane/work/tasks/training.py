"""What a training job does, by its image: fit transformers, train a candidate, or weigh candidates together.

It leaves model.tar.gz, and of candidates output.tar.gz beside it: outcome.json and oof.npy (engine/candidate_io.py), from
which ensembles are made and reports are written. Of rows that it read itself, model.tar.gz holds the transformers too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Location, parse_location
from windvane.control.channel_rules import DATASET, MEMBER, TRAIN
from windvane.control.reruns import MEMBERS, OF_MEMBER, SECOND_LAYER
from windvane.domain.images import ENSEMBLE, TRANSFORMERS, algorithm_of
from windvane.engine import stages
from windvane.engine.candidate_io import read_candidate
from windvane.engine.candidates import Outcome, Plan, Score
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import read_analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.manifest import check_manifest, read_json
from windvane.engine.packages.assembly import schema_of
from windvane.engine.packages.tarball import pack
from windvane.engine.plan_text import (
    ABOUT_THE_TABLE,
    RECIPE,
    WITHOUT,
    columns_without,
    plan_of,
    recipes_of,
)
from windvane.engine.rerun import fit_transformers, leave_out, rerun, rerun_ensemble
from windvane.engine.tuning.aliases import Translation, names_of, translated
from windvane.errors import CandidateFault, InvalidRequest
from windvane.work.tasks.actions import usable
from windvane.work.tasks.stage_context import Result
from windvane.work.tasks.step_context import StepContext, fetch_archive, fetch_package, told_as
from windvane.work.tasks.tables import table_of
from windvane.work.workspace import scratch

ARTEFACT, OUTPUT = "model.tar.gz", "output.tar.gz"

_WITHOUT_FILE = "without.json"
_FIRST_RECIPE = "dpp0"

Scores = Sequence[Score]


@dataclass(frozen=True)
class TrainingContext:
    """A training job with its dataset at hand.

    folder           for whatever it makes
    hyperparameters  in our names
    without          columns that the dataset was to have and has not
    is_read          whether the dataset was made for this job alone
    """

    step: StepContext
    folder: Path
    hyperparameters: Mapping[str, str]
    dataset: Path
    without: tuple[str, ...]
    is_read: bool


def train(step: StepContext) -> Result:
    """Return the scores of what was trained, if it has any, and figures of the table.

    raises    CandidateFault, DataFault, InvalidRequest, CorruptArtifact: each says what is wrong
    """
    algorithm = _algorithm(step)
    trainer = _TRAINERS.get(algorithm, _train_candidate)
    given = step.request.get("HyperParameters", {})
    said = translated(algorithm, names_of(algorithm), given)
    places = _channels(step)
    uri = places.get(DATASET) or places.get(TRAIN, "")
    with (
        scratch(step.workspace, step.attempt) as folder,
        told_as({folder / "dataset": uri}),
    ):
        context = _context_of(step, said, folder)
        scores = [_score(one) for one in trainer(context)]
        table = {"table": _figures(read_analysis(context.dataset))}
    return {**table, "scores": scores} if scores else table


def _context_of(step: StepContext, said: Translation, folder: Path) -> TrainingContext:
    own = said.hyperparameters
    without = columns_without(own)
    table = table_of(step, _channels_given(step), own, folder)
    analysis = read_analysis(table.dataset)
    for claim in said.claims:
        claim.check(analysis)
    dataset = leave_out(table.dataset, without, folder / "fewer-columns")
    return TrainingContext(step, folder, own, dataset, without, table.is_read)


def _figures(analysis: Analysis) -> dict[str, int]:
    """Return figures for the log: nothing of the data themselves."""
    return {
        "n_rows": analysis.n_rows,
        "n_features": len(analysis.features),
        "n_held_out": analysis.n_held_out,
    }


def output_folder(request: Mapping[str, Any], name: str) -> Location:
    """Return where the artefacts of a training job lie."""
    return (
        parse_location(request["OutputDataConfig"]["S3OutputPath"].rstrip("/")) / f"{name}/output"
    )


def _algorithm(step: StepContext) -> str:
    return algorithm_of(step.request["AlgorithmSpecification"]["TrainingImage"]) or ""


def _fit_transformers(context: TrainingContext) -> Scores:
    known = (RECIPE, WITHOUT, *ABOUT_THE_TABLE)
    _check_known(context.hyperparameters, known, TRANSFORMERS)
    recipes = recipes_of(context.hyperparameters.get(RECIPE, _FIRST_RECIPE))
    package = context.folder / "transformers"
    fit_transformers(context.dataset, recipes, context.folder / "features", package)
    _publish(context, ARTEFACT, package)
    return ()


def _train_candidate(context: TrainingContext) -> Scores:
    plan, folds = plan_of(_algorithm(context.step), context.hyperparameters)
    candidate, packages = context.folder / "candidate", context.folder / "packages"
    made = usable(_trained(context, plan, folds, candidate))
    stages.assemble(context.dataset, _features(context), {1: candidate}, 1, packages)
    _publish_output(context, candidate)
    _publish(context, ARTEFACT, packages if context.is_read else packages / "model")
    return made.scores


def _trained(context: TrainingContext, plan: Plan, folds: int | None, into: Path) -> Outcome:
    """The fits of its recipe stay in the folder that `_features` tells of."""
    if context.is_read and folds is not None:
        folds = min(folds, read_analysis(context.dataset).n_fold_fits)
    recipe = plan.recipe or learner(plan.algorithm).recipes[0]
    features, step = context.folder / "features" / recipe, context.step
    return rerun(
        context.dataset, plan, folds, features, into, step.time_s, float(step.allowance.memory_mb)
    )


def _features(context: TrainingContext) -> dict[str, Path]:
    return {folder.name: folder for folder in (context.folder / "features").glob("[!.]*")}


def _combine(context: TrainingContext) -> Scores:
    """Its artefact holds both packages: the members may need transformers of several recipes."""
    given = context.hyperparameters
    weights = _weights(given.get(MEMBERS, "{}"))
    described = [f"{OF_MEMBER}{number}" for number in range(1, len(weights) + 1)]
    known = (MEMBERS, SECOND_LAYER, WITHOUT, *ABOUT_THE_TABLE, *described)
    _check_known(given, known, ENSEMBLE)
    layer = _second_layer(given.get(SECOND_LAYER, "{}"))
    channels = _channels(context.step)
    numbered = dict(enumerate(weights.values(), start=1))
    if any(name in given for name in described):
        members = {number: _trained_member(context, number) for number in numbered}
    else:
        _check_members(tuple(weights), channels)
        members = {
            number: _member(context, number, channels[f"{MEMBER}{number}"]) for number in numbered
        }
        _fit_for(context, members)
    index = len(members) + 1
    ensemble, packages = context.folder / "candidate", context.folder / "packages"
    made = rerun_ensemble(context.dataset, members, numbered, index, ensemble, layer)
    outcome = usable(made)
    stages.assemble(
        context.dataset, _features(context), {**members, index: ensemble}, index, packages
    )
    _publish_output(context, ensemble)
    _publish(context, ARTEFACT, packages)
    return outcome.scores


_TRAINERS: dict[str, Callable[[TrainingContext], Scores]] = {
    TRANSFORMERS: _fit_transformers,
    ENSEMBLE: _combine,
}


def _check_members(names: tuple[str, ...], channels: Mapping[str, str]) -> None:
    n_channels = sum(name.startswith(MEMBER) for name in channels)
    if len(names) != n_channels:
        raise CandidateFault(
            f"The hyperparameter '{MEMBERS}' names {len(names)} members, and there are {n_channels} "
            "channels of members: there must be one for each, or a hyperparameter "
            f"'{OF_MEMBER}1', '{OF_MEMBER}2' ... for each."
        )
    _check_places(names, channels)


def _trained_member(context: TrainingContext, number: int) -> Path:
    """Return a member that is trained by this job, as a hyperparameter describes it."""
    name = f"{OF_MEMBER}{number}"
    text, into = context.hyperparameters.get(name, ""), context.folder / f"{MEMBER}{number}"
    try:
        told = json.loads(text)
        algorithm, given = str(told["algorithm"]), dict(told["hyperparameters"])
        learner(algorithm)
    except (ValueError, KeyError, TypeError, LookupError) as error:
        raise CandidateFault(
            f"The hyperparameter '{name}' is {text[:200]!r}; it must be a JSON object with 'algorithm' and "
            "'hyperparameters' of a member."
        ) from error
    plan, folds = plan_of(algorithm, {str(key): str(value) for key, value in given.items()})
    usable(_trained(context, plan, folds, into))
    return into


def _member(context: TrainingContext, number: int, uri: str) -> Path:
    """Return a candidate's folder from what its training job left below `uri`."""
    root, into = uri.rstrip("/"), context.folder / f"member-{number}"
    output = fetch_archive(context.step, f"{root}/{OUTPUT}", context.folder / "archives")
    package = fetch_package(
        context.step, f"{root}/{ARTEFACT}", "model", context.folder / "archives"
    )
    with told_as({output: f"{root}/{OUTPUT}", package: f"{root}/{ARTEFACT}", into: root}):
        check_manifest(package, "model")
        _check_same_table(context, read_json(package / "model.json"), output, root)
        shutil.copytree(output, into)
        if read_candidate(into).plan is None:
            raise InvalidRequest(f"{root} holds an ensemble, which cannot be a member of another.")
        shutil.copytree(package / "members" / "0", into / "model")
    return into


def _check_same_table(
    context: TrainingContext, model: Mapping[str, Any], output: Path, root: str
) -> None:
    schema = schema_of(read_analysis(context.dataset))
    if model.get("schema") != schema.digest():
        raise InvalidRequest(
            f"The member {root} was trained on another table: columns or labels differ."
        )
    file = output / _WITHOUT_FILE
    without = read_json(file)["without"] if file.is_file() else []
    if sorted(without) != sorted(context.without):
        raise InvalidRequest(
            f"The member {root} was trained without the columns {sorted(without)}, the ensemble is to be without "
            f"{sorted(context.without)}: give all of them the same '{WITHOUT}'."
        )


def _fit_for(context: TrainingContext, members: Mapping[int, Path]) -> None:
    """Fit the transformers that the members take their matrices from, fitted once more on the dataset."""
    for folder in members.values():
        record = read_candidate(folder)
        if record.plan is not None and (recipe := record.plan.recipe):
            into = context.folder / "features" / recipe
            stages.fit_features(context.dataset, recipe, into, (record.recipe_fit,))


def _weights(text: str) -> dict[str, float]:
    try:
        weights = json.loads(text)
        found = {str(name): float(weight) for name, weight in weights.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise CandidateFault(
            f"The hyperparameter '{MEMBERS}' is {text!r}; it must be a JSON object of training job names and weights."
        ) from error
    if not found:
        raise CandidateFault(
            f"The hyperparameter '{MEMBERS}' is missing: a JSON object of training job names and weights."
        )
    return found


def _second_layer(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise CandidateFault(
            f"The hyperparameter '{SECOND_LAYER}' is {text[:200]!r}; it must be a JSON object of the second layer's "
            "parameters."
        )
    return told


def _check_places(names: tuple[str, ...], channels: Mapping[str, str]) -> None:
    """The first member has the first channel: a weight must not go to another member."""
    for number, name in enumerate(names, start=1):
        for channel, uri in channels.items():
            if name in uri.split("/") and channel not in (DATASET, f"{MEMBER}{number}"):
                raise CandidateFault(
                    f"The member '{name}' stands in place {number} of '{MEMBERS}', and {uri} is the channel {channel}: "
                    "channels of members are numbered as they stand there."
                )


def _check_known(given: Mapping[str, str], known: tuple[str, ...], image: str) -> None:
    if unknown := [name for name in given if name not in known]:
        raise CandidateFault(
            f"The hyperparameter '{unknown[0]}' is not known to {image}. Those known: {', '.join(known)}."
        )


def _channels_given(step: StepContext) -> dict[str, Mapping[str, Any]]:
    return {channel["ChannelName"]: channel for channel in step.request["InputDataConfig"]}


def _channels(step: StepContext) -> dict[str, str]:
    return {
        name: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for name, channel in _channels_given(step).items()
    }


def _publish_output(context: TrainingContext, candidate: Path) -> None:
    folder = context.folder / "output"
    folder.mkdir()
    for name in ("outcome.json", "oof.npy"):
        shutil.copy(candidate / name, folder)
    if context.without:
        (folder / _WITHOUT_FILE).write_text(json.dumps({"without": context.without}))
    _publish(context, OUTPUT, folder)


def _publish(context: TrainingContext, name: str, folder: Path) -> None:
    location = output_folder(context.step.request, context.step.job.name) / name
    archive = context.folder / name
    pack(folder, archive)
    context.step.allowance.open_artifacts().upload(location, archive)


def _score(score: Score) -> dict[str, Any]:
    return {
        "metric": str(score.metric),
        "value": score.value,
        "standard_error": score.standard_error,
    }
