"""What a training job does, by its image: fit transformers, train a candidate again, or weigh candidates together.

It leaves model.tar.gz, and of candidates output.tar.gz beside it: outcome.json and oof.npy (engine/outcomes.py), from
which ensembles are made and reports are written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.artifacts.base import Location, parse_location
from windvane.domain.images import ENSEMBLE, TRANSFORMERS, algorithm_of
from windvane.engine import stages
from windvane.engine.candidates import Outcome
from windvane.engine.data.dataset import read_analysis
from windvane.engine.manifest import check_manifest, read_json
from windvane.engine.outcomes import CandidateRecord, read_candidate
from windvane.engine.packages.assembly import schema_of
from windvane.engine.packages.tarball import pack
from windvane.engine.rerun import (
    RECIPE,
    WITHOUT,
    columns_without,
    fit_transformers,
    leave_out,
    plan_of,
    recipes_of,
    rerun,
    rerun_ensemble,
)
from windvane.errors import CandidateFault, InvalidRequest
from windvane.work.errand import Errand, fetch_archive, fetch_dataset, fetch_package, told_as
from windvane.work.stages import Result, usable
from windvane.work.workspace import scratch

MEMBERS = "_members"
ARTEFACT, OUTPUT = "model.tar.gz", "output.tar.gz"

_WITHOUT_FILE = "without.json"
_FIRST_RECIPE = "dpp0"


@dataclass(frozen=True)
class Workbench:
    """A training job with its dataset at hand.

    folder   for whatever it makes
    without  columns that the dataset was to have and has not
    """

    errand: Errand
    folder: Path
    dataset: Path
    without: tuple[str, ...]

    @property
    def hyperparameters(self) -> Mapping[str, str]:
        given: Mapping[str, str] = self.errand.request.get("HyperParameters", {})
        return given


def train(errand: Errand) -> Result:
    """The scores of what was trained, if it has any.

    raises    CandidateFault, DataFault, InvalidRequest, CorruptArtifact: each says what is wrong
    """
    algorithm = algorithm_of(errand.request["AlgorithmSpecification"]["TrainingImage"]) or ""
    trainer = _TRAINERS.get(algorithm, _train_candidate)
    with scratch(errand.workspace, errand.attempt) as folder:
        uri = _channels(errand)["dataset"]
        without = columns_without(errand.request.get("HyperParameters", {}))
        with told_as({folder / "dataset": uri}):
            whole = fetch_dataset(errand, uri, folder / "dataset")
            dataset = leave_out(whole, without, folder / "fewer-columns")
            outcome = trainer(Workbench(errand, folder, dataset, without))
    return {} if outcome is None else {"scores": [_score(one) for one in outcome.scores]}


def output_folder(request: Mapping[str, Any], name: str) -> Location:
    """Where the artefacts of a training job lie."""
    return (
        parse_location(request["OutputDataConfig"]["S3OutputPath"].rstrip("/")) / f"{name}/output"
    )


def _fit_transformers(bench: Workbench) -> None:
    known = (RECIPE, WITHOUT)
    _check_known(bench.hyperparameters, known, TRANSFORMERS)
    recipes = recipes_of(bench.hyperparameters.get(RECIPE, _FIRST_RECIPE))
    package = bench.folder / "transformers"
    fit_transformers(bench.dataset, recipes, bench.folder / "features", package)
    _publish(bench, ARTEFACT, package)


def _train_candidate(bench: Workbench) -> Outcome:
    errand, folder = bench.errand, bench.folder
    image = errand.request["AlgorithmSpecification"]["TrainingImage"]
    plan, folds = plan_of(algorithm_of(image) or "", bench.hyperparameters)
    features, candidate = folder / "features", folder / "candidate"
    made = rerun(
        bench.dataset, plan, folds, features, candidate, errand.time_s, float(errand.memory_mb)
    )
    outcome = usable(made)
    recipe = _plan_recipe(read_candidate(candidate))
    packages = folder / "packages"
    stages.assemble(bench.dataset, {recipe: features}, {1: candidate}, 1, packages)
    _publish_output(bench, candidate)
    _publish(bench, ARTEFACT, packages / "model")
    return outcome


def _combine(bench: Workbench) -> Outcome:
    """Its artefact holds both packages: the members may need transformers of several recipes."""
    _check_known(bench.hyperparameters, (MEMBERS, WITHOUT), ENSEMBLE)
    weights = _weights(bench.hyperparameters.get(MEMBERS, "{}"))
    channels = _channels(bench.errand)
    if len(weights) != len(channels) - 1:
        raise CandidateFault(
            f"The hyperparameter '{MEMBERS}' names {len(weights)} members, and there are {len(channels) - 1} "
            "channels of members: there must be one for each."
        )
    _check_places(tuple(weights), channels)
    numbered = dict(enumerate(weights.values(), start=1))
    members = {number: _member(bench, number, channels[f"member-{number}"]) for number in numbered}
    index = len(members) + 1
    ensemble = bench.folder / "candidate"
    outcome = usable(rerun_ensemble(bench.dataset, members, numbered, index, ensemble))
    packages = bench.folder / "packages"
    features = _fits_of(bench, members)
    stages.assemble(bench.dataset, features, {**members, index: ensemble}, index, packages)
    _publish_output(bench, ensemble)
    _publish(bench, ARTEFACT, packages)
    return outcome


_TRAINERS: dict[str, Callable[[Workbench], Outcome | None]] = {
    TRANSFORMERS: _fit_transformers,
    ENSEMBLE: _combine,
}


def _member(bench: Workbench, number: int, uri: str) -> Path:
    """A candidate's folder from what its training job left below `uri`."""
    root, into = uri.rstrip("/"), bench.folder / f"member-{number}"
    output = fetch_archive(bench.errand, f"{root}/{OUTPUT}", bench.folder / "archives")
    package = fetch_package(bench.errand, f"{root}/{ARTEFACT}", "model", bench.folder / "archives")
    with told_as({output: f"{root}/{OUTPUT}", package: f"{root}/{ARTEFACT}", into: root}):
        check_manifest(package, "model")
        _check_same_table(bench, read_json(package / "model.json"), output, root)
        shutil.copytree(output, into)
        if read_candidate(into).plan is None:
            raise InvalidRequest(f"{root} holds an ensemble, which cannot be a member of another.")
        shutil.copytree(package / "members" / "0", into / "model")
    return into


def _check_same_table(bench: Workbench, model: Mapping[str, Any], output: Path, root: str) -> None:
    schema = schema_of(read_analysis(bench.dataset))
    if model.get("schema") != schema.digest():
        raise InvalidRequest(
            f"The member {root} was trained on another table: columns or labels differ."
        )
    file = output / _WITHOUT_FILE
    without = read_json(file)["without"] if file.is_file() else []
    if sorted(without) != sorted(bench.without):
        raise InvalidRequest(
            f"The member {root} was trained without the columns {sorted(without)}, the ensemble is to be without "
            f"{sorted(bench.without)}: give all of them the same '{WITHOUT}'."
        )


def _fits_of(bench: Workbench, members: Mapping[int, Path]) -> dict[str, Path]:
    """The transformers that the members take their matrices from, fitted once more on the dataset."""
    features: dict[str, Path] = {}
    for folder in members.values():
        record = read_candidate(folder)
        if recipe := _plan_recipe(record):
            features[recipe] = bench.folder / "features" / recipe
            stages.fit_features(bench.dataset, recipe, features[recipe], (record.recipe_fit,))
    return features


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


def _check_places(names: tuple[str, ...], channels: Mapping[str, str]) -> None:
    """The first member has the first channel: a weight must not go to another member."""
    for number, name in enumerate(names, start=1):
        for channel, uri in channels.items():
            if name in uri.split("/") and channel not in ("dataset", f"member-{number}"):
                raise CandidateFault(
                    f"The member '{name}' stands in place {number} of '{MEMBERS}', and {uri} is the channel {channel}: "
                    "channels of members are numbered as they stand there."
                )


def _check_known(given: Mapping[str, str], known: tuple[str, ...], image: str) -> None:
    if unknown := [name for name in given if name not in known]:
        raise CandidateFault(
            f"The hyperparameter '{unknown[0]}' is not known to {image}. Those known: {', '.join(known)}."
        )


def _plan_recipe(record: CandidateRecord) -> str:
    return "" if record.plan is None else record.plan.recipe


def _channels(errand: Errand) -> dict[str, str]:
    return {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in errand.request["InputDataConfig"]
    }


def _publish_output(bench: Workbench, candidate: Path) -> None:
    folder = bench.folder / "output"
    folder.mkdir()
    for name in ("outcome.json", "oof.npy"):
        shutil.copy(candidate / name, folder)
    if bench.without:
        (folder / _WITHOUT_FILE).write_text(json.dumps({"without": bench.without}))
    _publish(bench, OUTPUT, folder)


def _publish(bench: Workbench, name: str, folder: Path) -> None:
    location = output_folder(bench.errand.request, bench.errand.job.name) / name
    archive = bench.folder / name
    pack(folder, archive)
    bench.errand.open_artifacts().upload(location, archive)


def _score(score: Any) -> dict[str, Any]:
    return {
        "metric": str(score.metric),
        "value": score.value,
        "standard_error": score.standard_error,
    }
