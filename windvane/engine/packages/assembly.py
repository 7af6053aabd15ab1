"""From candidates' folders to the two packages that are deployed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.engine.candidate_io import FULL_FIT, CandidateRecord
from windvane.engine.candidates import Score
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import read_analysis
from windvane.engine.data.sketch import read_sketch
from windvane.engine.features.recipe import load_recipe
from windvane.engine.packages.package import (
    Member,
    ModelSpec,
    Schema,
    Transformers,
    write_model,
    write_transformers,
)
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.errors import CorruptArtifact


@dataclass(frozen=True)
class Part:
    """A member of a package and the fitted recipe it takes its matrix from; None if it takes none."""

    member: Member
    recipe: Path | None


def part(
    record: CandidateRecord, folder: Path, features: Mapping[str, Path], weight: float
) -> Part:
    """Return what a single candidate brings into a package.

    folder    the candidate's
    features  recipe name -> features folder
    raises    CorruptArtifact if it is an ensemble
    """
    plan = record.plan
    if plan is None:
        raise CorruptArtifact(f"{folder} holds an ensemble and cannot be a member of another.")
    model = folder / "model"
    if not plan.recipe:
        return Part(Member(weight, "", plan.algorithm, model, record.temperature), None)
    name = plan.recipe if record.recipe_fit == FULL_FIT else f"{plan.recipe}_{record.recipe_fit}"
    return Part(
        Member(weight, name, plan.algorithm, model, record.temperature),
        features[plan.recipe] / record.recipe_fit,
    )


def write_packages(
    dataset: Path,
    parts: Sequence[Part],
    record: CandidateRecord,
    folder: Path,
    second_layer: Path | None = None,
) -> None:
    """folder/transformers and folder/model; `record` is of the candidate that the parts make up.

    dataset       the folder of the table
    second_layer  the folder of an ensemble's, if it has one
    """
    analysis = read_analysis(dataset)
    schema = schema_of(analysis)
    recipes = {
        one.member.recipe: load_recipe(one.recipe) for one in parts if one.recipe is not None
    }
    digest = digest_of(analysis)
    sketch = read_sketch(dataset)
    transformers = Transformers(schema, analysis.columns, recipes)
    write_transformers(folder / "transformers", transformers, digest, sketch)
    members = [one.member for one in parts]
    # A single model's temperature is its member's.
    temperature = record.temperature if record.plan is None else NO_CHANGE
    about = _about(analysis, record)
    spec = ModelSpec(schema, members, record.decision, about, temperature, second_layer)
    write_model(folder / "model", spec)


def write_recipes(dataset: Path, fits: Mapping[str, Path], folder: Path) -> None:
    """Write a package of transformers.

    dataset    the folder of the table
    fits       recipe name -> folder of its fit on all rows
    folder     is made
    """
    analysis, sketch = read_analysis(dataset), read_sketch(dataset)
    recipes = {name: load_recipe(fit) for name, fit in fits.items()}
    schema, digest = schema_of(analysis), digest_of(analysis)
    write_transformers(folder, Transformers(schema, analysis.columns, recipes), digest, sketch)


def digest_of(analysis: Analysis) -> str:
    """Return what packages remember of the table that they come from: a model takes what transformers of the same one make."""
    told = analysis.to_json()
    known = ("columns", "labels", "class_counts", "n_rows", "statistics", "target", "seed")
    text = json.dumps({name: told[name] for name in known}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def schema_of(analysis: Analysis) -> Schema:
    return Schema(
        features=tuple(column.name for column in analysis.columns),
        labels=analysis.labels,
        label_type=analysis.label_type,
        target=analysis.target,
        problem_type=analysis.problem_type,
    )


def _about(analysis: Analysis, record: CandidateRecord) -> dict[str, Any]:
    """Return what the model package says of itself; nothing that differs between two runs alike."""
    plan, outcome = record.plan, record.outcome
    return {
        "candidate": outcome.index,
        "algorithm": "ensemble" if plan is None else plan.algorithm,
        "recipe": "" if plan is None else plan.recipe,
        "table": digest_of(analysis),
        "hyperparameters": {} if plan is None else plan.hyperparameters,
        "members": {str(index): weight for index, weight in outcome.members.items()},
        "objective": analysis.objective,
        "scores": [_score(score) for score in outcome.scores],
        "n_rows": analysis.n_rows,
        "seed": analysis.seed,
        "calibrate": analysis.calibrate,
        "tune_threshold": analysis.tune_threshold,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "metric": score.metric,
        "value": score.value,
        "standard_error": score.standard_error,
    }
