"""Feature recipes as parts of an ONNX graph: columns of numbers, categories and dates to the matrix that learners take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from windvane.engine.columns import ColumnSpec
from windvane.engine.export.onnx import dates
from windvane.engine.export.onnx.graph import ML, Graph, Name
from windvane.engine.features.base import ColumnTransformer, FittedRecipe
from windvane.engine.features.categorical import CATEGORY_TABLES
from windvane.engine.features.dates import DateCycles, DateParts, FilledDateParts
from windvane.engine.features.interactions import Pair
from windvane.engine.features.numeric import (
    BEND,
    FAR,
    LARGEST,
    FilledNumber,
    Number,
    NumberRank,
    RobustNumber,
    ScaledNumber,
)
from windvane.engine.features.recipe import Recipe


@dataclass(frozen=True)
class _Step:
    """A transformer, of the kinds that its writer is for, and the places of its features in the matrix."""

    source: str
    transformer: Any
    places: range


def unsupported_columns(recipe: FittedRecipe, columns: Sequence[ColumnSpec]) -> list[str]:
    """Return what of a recipe has no counterpart in ONNX here, each naming column and transformer."""
    if not isinstance(recipe, Recipe):
        return [f"the feature recipe {recipe.name}"]
    types = {spec.name: spec.type for spec in columns}
    return [
        f"the column '{source}' of type {types[source]} (transformer {transformer.kind})"
        for source, transformer in recipe.steps
        if type(transformer) not in _WRITERS
    ]


def matrix_of(graph: Graph, recipe: Recipe, columns: Sequence[ColumnSpec]) -> Name:
    """Return the matrix (n_rows, n_features), float32, of a recipe that has nothing unsupported."""
    parts: list[Name] = []
    places: list[int] = []
    specs = {spec.name: spec for spec in columns}
    for write, alike in _grouped(_steps(recipe)):
        parts.append(write(graph, alike, specs))
        places += [place for step in alike for place in step.places]
    if recipe.interactions.pairs:
        parts.append(_pairs(graph, recipe.interactions.pairs))
        places += range(len(places), len(places) + len(recipe.interactions.pairs))
    made = graph.side_by_side(parts)
    order = np.argsort(places)
    return made if (order == np.arange(len(order))).all() else graph.columns(made, order)


def _steps(recipe: Recipe) -> Iterator[_Step]:
    start = 0
    for source, transformer in recipe.steps:
        end = start + len(transformer.features())
        yield _Step(source, transformer, range(start, end))
        start = end


Specs = Mapping[str, ColumnSpec]
_Writer = Callable[[Graph, Sequence[_Step], Specs], Name]


def _grouped(steps: Iterator[_Step]) -> Iterator[tuple[_Writer, list[_Step]]]:
    """Steps of a kind whose operators can take all their columns at once, together; others alone."""
    together: dict[type[ColumnTransformer], list[_Step]] = {}
    for step in steps:
        kind = type(step.transformer)
        if kind in _TOGETHER:
            together.setdefault(kind, []).append(step)
        else:
            yield _WRITERS[kind], [step]
    for kind, alike in together.items():
        yield _WRITERS[kind], alike


def _raw(graph: Graph, steps: Sequence[_Step]) -> Name:
    return graph.side_by_side([graph.numbers(step.source) for step in steps])


def _as_they_are(graph: Graph, steps: Sequence[_Step], _: Specs) -> Name:
    offsets = [step.transformer.offset_ for step in steps]
    bounded = graph.within(_raw(graph, steps), -LARGEST, LARGEST)
    if any(offsets):
        shifted = graph.op("Sub", [bounded, graph.constant([offsets])])
        bounded = graph.within(shifted, -LARGEST, LARGEST)
    return graph.floats(bounded)


def _filled(graph: Graph, steps: Sequence[_Step], _: Specs) -> Name:
    """Of each step the number, and whether it is missing if the transformer says that, side by side."""
    fitted = [step.transformer for step in steps]
    low, high, fill, mean, scale = (
        np.array([[getattr(one, f"{name}_") for one in fitted]])
        for name in ("low", "high", "fill", "mean", "scale")
    )
    raw = _raw(graph, steps)
    missing = graph.op("IsNaN", [raw])
    known = graph.within(raw, low, high)
    filled = graph.op("Where", [missing, graph.constant(fill), known])
    centred = graph.op("Sub", [filled, graph.constant(mean)])
    scaled = graph.op("Div", [centred, graph.constant(scale)])
    if isinstance(fitted[0], RobustNumber):
        scaled = _bent(graph, scaled)
    together = graph.side_by_side([graph.floats(scaled), graph.floats(missing)])
    wanted = [
        place
        for number, one in enumerate(fitted)
        for place in (number, len(fitted) + number)[: 1 + one.flagged_]
    ]
    return graph.columns(together, wanted)


def _bent(graph: Graph, scaled: Name) -> Name:
    far = graph.within(scaled, -FAR, FAR)
    third = graph.op("Div", [far, graph.constant(BEND)])
    square = graph.op("Mul", [third, third])
    root = graph.op("Sqrt", [graph.op("Add", [square, graph.constant(1.0)])])
    return graph.op("Div", [far, root])


def _ranked(graph: Graph, steps: Sequence[_Step], _: Specs) -> Name:
    (step,) = steps
    fitted = step.transformer
    raw = graph.numbers(step.source)
    missing = graph.op("IsNaN", [raw])
    at = fitted.at_
    known = graph.within(
        graph.op("Where", [missing, graph.constant([[at[0]]]), raw]), at[0], at[-1]
    )
    is_above = graph.op("GreaterOrEqual", [known, graph.constant(at[None])])
    n_above = graph.sum_of_columns(graph.cast(is_above, TensorProto.INT64))
    last = graph.constant([[len(fitted.gaps_)]], np.int64)
    piece = graph.op("Sub", [graph.op("Min", [n_above, last]), graph.constant([[1]], np.int64)])
    start, gap, rank, rise = (
        graph.op("Gather", [graph.constant(numbers), piece])
        for numbers in (at, fitted.gaps_, fitted.ranks_, fitted.rises_)
    )
    share = graph.op("Div", [graph.op("Sub", [known, start]), gap])
    told = graph.op("Add", [rank, graph.op("Mul", [rise, share])])
    return graph.floats(graph.op("Where", [missing, graph.constant([[0.0]]), told]))


def _looked_up(graph: Graph, steps: Sequence[_Step], specs: Specs) -> Name:
    """A table's row for each category; what a column's cells call missing has the row of missing ones."""
    (step,) = steps
    fitted = step.transformer
    unseen = len(fitted.categories_)
    row_of = dict(zip(fitted.categories_, range(unseen), strict=True))
    row_of |= dict.fromkeys(["", *specs[step.source].parse.get("missing", ())], unseen + 1)
    found = graph.op(
        "LabelEncoder",
        [graph.texts(step.source)],
        {
            "keys_strings": list(row_of),
            "values_int64s": list(row_of.values()),
            "default_int64": unseen,
        },
        ML,
    )
    row = graph.op("Squeeze", [found, graph.constant([1], np.int64)])
    return graph.op("Gather", [graph.constant(fitted.table_, np.float32), row])


def _pairs(graph: Graph, pairs: Sequence[Pair]) -> Name:
    made = [_pair(graph, pair) for pair in pairs]
    return graph.floats(graph.within(graph.side_by_side(made), -LARGEST, LARGEST))


def _pair(graph: Graph, pair: Pair) -> Name:
    first, second = graph.numbers(pair.first), graph.numbers(pair.second)
    made = graph.op(_OPERATORS[pair.operation], [first, second])
    if pair.operation != "/":
        return made
    is_zero = graph.op("Equal", [second, graph.constant(0.0)])
    return graph.op("Where", [is_zero, graph.constant(np.nan), made])


_OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div"}


def _date_parts(graph: Graph, steps: Sequence[_Step], _: Specs) -> Name:
    return dates.parts(graph, steps[0].transformer)


def _date_cycles(graph: Graph, steps: Sequence[_Step], _: Specs) -> Name:
    return dates.cycles(graph, steps[0].transformer)


_WRITERS: Mapping[type[ColumnTransformer], _Writer] = {
    Number: _as_they_are,
    FilledNumber: _filled,
    ScaledNumber: _filled,
    RobustNumber: _filled,
    NumberRank: _ranked,
    **dict.fromkeys(CATEGORY_TABLES, _looked_up),
    DateParts: _date_parts,
    FilledDateParts: _date_parts,
    DateCycles: _date_cycles,
}
_TOGETHER = frozenset({Number, FilledNumber, ScaledNumber, RobustNumber})
