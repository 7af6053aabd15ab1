"""Packages: a fitted candidate as two folders of plain files, and the predictor that reads them.

    transformers/  manifest.json, schema.json (columns, labels, label type), recipes/R/{recipe.json,recipe.npz},
                   sketch.json (what the columns usually hold; not in packages of earlier versions)
    model/         manifest.json, model.json (members: weight, recipe, learner, temperature; threshold, temperature,
                   schema digest), members/K/... in each library's own format, second_layer/ of ensembles that have one

A manifest names the format version, the package's kind, and the SHA-256 of every other file. Loading reads
JSON, arrays and native model files; it never executes what it reads and refuses what the manifest does not name.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from windvane.engine.candidate_io import SECOND_LAYER
from windvane.engine.data.sketch import SKETCH, Sketch, sketch_to_json
from windvane.engine.ensembles.pool import pool_for
from windvane.engine.manifest import FORMAT_VERSION, check_manifest, write_json, write_manifest
from windvane.engine.packages.loading import load_predictor, load_transformers
from windvane.engine.packages.predictor import Predictions, Predictor, Schema, Transformers
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.threshold import Decision

__all__ = [
    "FORMAT_VERSION",
    "Member",
    "ModelSpec",
    "Predictions",
    "Predictor",
    "Schema",
    "Transformers",
    "check_manifest",
    "load_predictor",
    "load_transformers",
    "write_manifest",
    "write_model",
    "write_transformers",
]


@dataclass(frozen=True)
class Member:
    """One model of a package.

    weight       its share in the average; a single model has 1.0
    recipe       name of the recipe whose matrix it takes; "" if it needs no features
    learner      its name in learners/catalogue.py
    folder       where FittedModel.save wrote it
    temperature  of its probabilities, before the average (engine/scoring/calibration.py)
    """

    weight: float
    recipe: str
    learner: str
    folder: Path
    temperature: float = NO_CHANGE


@dataclass(frozen=True)
class ModelSpec:
    """The parts of a model package.

    schema       that of the transformers package it belongs to
    decision     how classes are decided
    about        JSON that describes the model: algorithm, hyperparameters, scores ...
    temperature  of the members' pool, or of what the second layer makes of it
    second_layer
                 the folder where SecondLayer.save wrote it
    """

    schema: Schema
    members: Sequence[Member]
    decision: Decision
    about: Mapping[str, Any]
    temperature: float = NO_CHANGE
    second_layer: Path | None = None


def write_transformers(
    folder: Path,
    transformers: Transformers,
    table: str = "",
    sketch: Sketch = MappingProxyType({}),
) -> None:
    """Write a transformers package, into a folder that is made and must not exist.

    table     digest of what they were fitted on; "" if nobody knows
    sketch    of the columns; empty if nobody knows
    raises    ValueError if columns and schema differ
    """
    schema, columns, recipes = transformers.schema, transformers.columns, transformers.recipes
    if tuple(column.name for column in columns) != schema.features:
        raise ValueError("The columns are not those of the schema, or stand in another order.")
    folder.mkdir(parents=True)
    document = asdict(schema)
    del document["features"]
    document["columns"] = [asdict(column) for column in columns]
    write_json(folder / "schema.json", document)
    if sketch:
        write_json(folder / SKETCH, sketch_to_json(sketch))
    for name, recipe in recipes.items():
        into = folder / "recipes" / name
        into.mkdir(parents=True)
        recipe.save(into)
    write_manifest(folder, "transformers", {"recipes": sorted(recipes), "table": table})


def write_model(folder: Path, spec: ModelSpec) -> None:
    """Write a model package, into a folder that is made and must not exist.

    raises       ValueError if there are no members or their weights are not positive with the sum 1
    """
    members, decision = spec.members, spec.decision
    weights = [member.weight for member in members]
    if not members or min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"Weights must be positive and add up to 1; these do not: {weights}.")
    folder.mkdir(parents=True)
    for number, member in enumerate(members):
        shutil.copytree(member.folder, folder / "members" / str(number))
    if spec.second_layer is not None:
        shutil.copytree(spec.second_layer, folder / SECOND_LAYER)
    document = {
        "members": [
            {
                "weight": member.weight,
                "recipe": member.recipe,
                "learner": member.learner,
                "temperature": member.temperature,
            }
            for member in members
        ],
        "threshold": decision.threshold,
        "class_weights": list(decision.class_weights),
        "temperature": spec.temperature,
        "pool": pool_for(len(spec.schema.labels)),
        "schema": spec.schema.digest(),
    }
    write_json(folder / "model.json", document)
    write_manifest(folder, "model", dict(spec.about))
