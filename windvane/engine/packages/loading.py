"""Reading packages: two folders that may come from anyone, checked and made into a predictor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from windvane.domain.problem import ProblemType
from windvane.engine.candidate_io import SECOND_LAYER
from windvane.engine.checked import number_in, text_in, texts_in
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.ensembles.pool import Pool
from windvane.engine.ensembles.second_layer import SecondLayer, load_second_layer
from windvane.engine.features.base import FittedRecipe
from windvane.engine.features.recipe import load_recipe
from windvane.engine.learners.catalogue import learner
from windvane.engine.manifest import check_manifest, each_file_once, read_json
from windvane.engine.packages.checks import check_answers, check_schema, checked_parse
from windvane.engine.packages.predictor import (
    Combination,
    LoadedMember,
    Predictor,
    Schema,
    Transformers,
)
from windvane.engine.scoring.classweights import ClassWeights
from windvane.engine.scoring.threshold import Decision
from windvane.errors import CorruptArtifact

_MOST_MEMBERS = 1_000
_WEIGHTS_OFF = 1e-4
_TEMPERATURES = (1e-2, 1e2)
"""Those that are fitted lie within 0.25 to 4 (engine/scoring/calibration.py)."""


@each_file_once()
def load_predictor(transformers: Path, model: Path) -> Predictor:
    """Load a predictor. Everything is checked before it is used, and tried once before it is given away: a package
    may come from anyone.

    raises    CorruptArtifact
    """
    try:
        predictor = _load(transformers, model)
        _check_answers(model, predictor)
    except _UNFORESEEN as error:
        raise CorruptArtifact(
            f"{transformers} and {model} hold what no model can be made of: {error!r}."
        ) from error
    return predictor


_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def _load(transformers: Path, model: Path) -> Predictor:
    fitted_on = check_manifest(transformers, "transformers").get("table")
    about = check_manifest(model, "model")
    schema, columns = _read_schema(transformers / "schema.json")
    document = read_json(model / "model.json")
    if document.get("schema") != schema.digest():
        raise CorruptArtifact(
            f"{model} was made for other columns or labels than those of {transformers}."
        )
    members = _read_members(model, document)
    _check_there(transformers, model, members)
    if fitted_on and about.get("table", fitted_on) != fitted_on:
        raise CorruptArtifact(
            f"{model} was trained on another table than the one that {transformers} was fitted on."
        )
    decision, temperature, pool = _read_decision(model, document, len(schema.labels))
    named = dict.fromkeys(member.recipe for member in members if member.recipe)
    recipes = {name: _recipe(transformers, name) for name in named}
    _check_recipes(transformers, recipes, columns)
    _check_widths(model, members, recipes)
    layer = _read_second_layer(model / SECOND_LAYER, len(members), len(schema.labels))
    try:
        return Predictor(
            Transformers(schema, columns, recipes),
            members,
            Combination(decision, temperature, pool, layer),
            about,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(
            f"{transformers / 'schema.json'} does not say how its columns are read: {error!r}."
        ) from error


def _check_answers(folder: Path, predictor: Predictor) -> None:
    for number, member in enumerate(predictor.members):
        recipe = predictor.recipes.get(member.recipe)
        called = f"Member {number} of {folder}"
        n_classes = len(predictor.schema.labels)
        check_answers(member.model, recipe.features if recipe else (), n_classes, called)


def load_transformers(
    folder: Path,
) -> tuple[Schema, tuple[ColumnSpec, ...], dict[str, FittedRecipe]]:
    """Return everything in a transformers package; recipes by name.

    raises    CorruptArtifact
    """
    check_manifest(folder, "transformers")
    schema, columns = _read_schema(folder / "schema.json")
    names = sorted(one.name for one in (folder / "recipes").glob("*"))
    recipes = {name: _recipe(folder, name) for name in names}
    _check_recipes(folder, recipes, columns)
    return schema, columns, recipes


def _read_schema(file: Path) -> tuple[Schema, tuple[ColumnSpec, ...]]:
    document = read_json(file)
    try:
        schema = Schema(
            features=tuple(text_in(column, "name") for column in document["columns"]),
            labels=tuple(texts_in(document, "labels")),
            label_type=text_in(document, "label_type"),
            target=text_in(document, "target"),
            problem_type=ProblemType(document["problem_type"]),
        )
        columns = tuple(
            ColumnSpec(
                text_in(column, "name"),
                ColumnType(column["type"]),
                text_in(column, "reason"),
                checked_parse(column["parse"]),
            )
            for column in document["columns"]
        )
        check_schema(schema)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{file} does not describe a table: {error!r}.") from error
    return schema, columns


def _read_decision(
    folder: Path, document: dict[str, Any], n_classes: int
) -> tuple[Decision, float, Pool]:
    """Decision, temperature and pool; the pool of models from before there were two is the arithmetic one."""
    try:
        pool = Pool(document.get("pool", Pool.ARITHMETIC))
        threshold = number_in(document, "threshold", 0.0, 1.0)
        decision = Decision(threshold, _class_weights(document, n_classes))
        return decision, _temperature(document), pool
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(
            f"{folder / 'model.json'} does not say how it decides: {error!r}."
        ) from error


def _class_weights(document: dict[str, Any], n_classes: int) -> ClassWeights:
    told = document.get("class_weights", ())
    weights = tuple(number_in({"class_weights": one}, "class_weights") for one in told)
    if weights and not (len(weights) == n_classes and all(0 < one < math.inf for one in weights)):
        raise ValueError(f"weights of classes {weights}")
    return weights


def _temperature(document: dict[str, Any]) -> float:
    return number_in(document, "temperature", *_TEMPERATURES)


def _read_members(folder: Path, document: dict[str, Any]) -> list[LoadedMember]:
    file = folder / "model.json"
    try:
        entries = [
            (
                number_in(entry, "weight", 0.0, 1.0),
                text_in(entry, "recipe"),
                text_in(entry, "learner"),
                _temperature(entry),
            )
            for entry in document["members"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{file} does not describe a model: {error!r}.") from error
    if not 1 <= len(entries) <= _MOST_MEMBERS or not math.isclose(
        sum(weight for weight, *_ in entries), 1.0, abs_tol=_WEIGHTS_OFF
    ):
        raise CorruptArtifact(
            f"{file} names {len(entries)} members whose weights do not add up to 1."
        )
    members = []
    for number, (weight, recipe, name, temperature) in enumerate(entries):
        try:
            algorithm = learner(name)
        except LookupError as error:
            raise CorruptArtifact(f"{file} names an unknown algorithm: {error}") from error
        model = algorithm.load(folder / "members" / str(number))
        members.append(LoadedMember(weight, recipe, model, temperature))
    return members


def _read_second_layer(folder: Path, n_members: int, n_classes: int) -> SecondLayer | None:
    if not folder.exists():
        return None
    layer = load_second_layer(folder)
    if (layer.n_members, layer.n_classes) != (n_members, n_classes):
        raise CorruptArtifact(
            f"{folder} was made for {layer.n_members} members and {layer.n_classes} classes; there are "
            f"{n_members} and {n_classes}."
        )
    return layer


def _check_there(transformers: Path, model: Path, members: Sequence[LoadedMember]) -> None:
    there = sorted(folder.name for folder in (transformers / "recipes").glob("*"))
    for name in {member.recipe: None for member in members if member.recipe}:
        if name not in there:
            raise CorruptArtifact(
                f"{model} takes what the recipe {name!r} makes; {transformers} has "
                f"{', '.join(there) if there else 'no recipe'}."
            )


def _recipe(transformers: Path, name: str) -> FittedRecipe:
    if not name.isidentifier():
        raise CorruptArtifact(f"{name!r} is no name of a recipe.")
    return load_recipe(transformers / "recipes" / name)


def _check_recipes(
    transformers: Path, recipes: Mapping[str, FittedRecipe], columns: Sequence[ColumnSpec]
) -> None:
    known = {column.name: column.type for column in columns}
    for name, recipe in recipes.items():
        for source, types in recipe.takes():
            if source not in known:
                raise CorruptArtifact(
                    f"Recipe {name} of {transformers} uses the column {source!r}, which the "
                    "schema does not have."
                )
            if known[source] not in types:
                raise CorruptArtifact(
                    f"Recipe {name} of {transformers} takes the column {source!r} as {' or '.join(sorted(types))}; the "
                    f"schema says {known[source]}."
                )


def _check_widths(
    folder: Path, members: Sequence[LoadedMember], recipes: Mapping[str, FittedRecipe]
) -> None:
    for number, member in enumerate(members):
        width = len(recipes[member.recipe].features) if member.recipe else 0
        if member.model.n_features != width:
            raise CorruptArtifact(
                f"Member {number} of {folder} takes {member.model.n_features} features; recipe "
                f"{member.recipe!r} makes {width}."
            )
