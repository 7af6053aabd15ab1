"""A model as one ONNX graph, if all of it has a counterpart there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import onnx
from onnx import TensorProto

from windvane.engine.export.onnx.answer import decided, mixed
from windvane.engine.export.onnx.features import matrix_of, unsupported_columns
from windvane.engine.export.onnx.graph import Graph
from windvane.engine.export.onnx.models import answer_of, is_supported
from windvane.engine.features.categorical import CategoryTable
from windvane.engine.features.recipe import Recipe
from windvane.engine.packages.package import Predictor
from windvane.errors import InvalidRequest
from windvane.version import __version__

_MOST_NAMED = 10
"""Things that cannot be exported, in a message."""

_MOST_BYTES = 2**31 - 1
"""Of a file of protocol buffers."""


def check_supported(predictor: Predictor, learners: Sequence[str]) -> None:
    """Check that all of a model has a counterpart in ONNX.

    raises    InvalidRequest naming columns with their transformers, and algorithms, that have none
    """
    told = [
        one
        for recipe in predictor.recipes.values()
        for one in unsupported_columns(recipe, predictor.columns)
    ]
    told += [
        f"the algorithm {name}"
        for name, member in zip(learners, predictor.members, strict=True)
        if not is_supported(member.model)
    ]
    told += [f"the name {name!r}" for name in _names(predictor) if not _is_writable(name)]
    reasons = list(dict.fromkeys(told))
    if reasons:
        more = f"; and {len(reasons) - _MOST_NAMED} more" if len(reasons) > _MOST_NAMED else ""
        raise InvalidRequest(
            f"This model cannot be exported to ONNX: not supported are {'; '.join(reasons[:_MOST_NAMED])}{more}. "
            "A scoring script (--scoring-script) can be made of every model of a table; or leave these columns out of the job."
        )


def _names(predictor: Predictor) -> Iterator[str]:
    """Names of columns and categories that the file holds, and labels."""
    yield from predictor.schema.labels
    yield from (spec.name for _, spec in predictor.used)
    for recipe in predictor.recipes.values():
        for _, transformer in recipe.steps if isinstance(recipe, Recipe) else ():
            if isinstance(transformer, CategoryTable):
                yield from transformer.categories_


def _is_writable(name: str) -> bool:
    """Return whether a name can be written in UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def model_of(predictor: Predictor) -> onnx.ModelProto:
    """Return the model as a graph.

    raises    InvalidRequest if it is too large for a file, or has what TreeEnsemble cannot say
    """
    schema = predictor.schema
    graph = Graph(schema.features)
    n_classes = len(schema.labels)
    if not predictor.used:
        graph.texts(schema.features[0])
    recipes = {
        name: matrix_of(graph, recipe, predictor.columns)
        for name, recipe in predictor.recipes.items()
        if isinstance(recipe, Recipe)
    }
    told = [
        answer_of(graph, member.model, recipes.get(member.recipe, ""), n_classes)
        for member in predictor.members
    ]
    answer = mixed(graph, predictor, told)
    if n_classes:
        label = decided(graph, predictor.decision, answer, schema.labels)
        graph.give("label", label, TensorProto.STRING, ["n_rows"])
        graph.give("probabilities", answer, TensorProto.DOUBLE, ["n_rows", n_classes])
    else:
        graph.give("value", answer, TensorProto.DOUBLE, ["n_rows", 1])
    about = {
        "windvane_version": __version__,
        "target": schema.target,
        "problem_type": str(schema.problem_type),
        "labels": json.dumps(schema.labels),
    }
    made = graph.model(about, f"Predicts {schema.target}.")
    if made.ByteSize() > _MOST_BYTES:
        raise InvalidRequest(
            f"The model takes {made.ByteSize()} bytes as an ONNX file, which may have {_MOST_BYTES}."
        )
    return made
