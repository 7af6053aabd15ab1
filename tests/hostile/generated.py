"""Requests from the service models: small valid ones and made-up ones, then mutated.

A document is made from the shape of an operation's input (required members always, others sometimes; names of what is
there, boundary values, hostile text) or taken from a request that is served; then up to three places in it are changed.
"""

from __future__ import annotations

import copy
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape
from hostile.pools import HOSTILE, NAMED, NUMBERS, TEMPLATES
from hypothesis import strategies as st

from windvane.wire.model import load_service

MOST_DEPTH = 8
_OPTIONAL_SHARE = 4
"""One of so many optional members is there."""

Document = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Called:
    """A request as parameters of an operation."""

    service: str
    operation: str
    parameters: Document

    def __repr__(self) -> str:
        """Short enough to be read where a test fails."""
        return f"Called({self.service}, {self.operation}, {reprlib.repr(self.parameters)})"


def model_of(service: str, operation: str) -> OperationModel:
    return load_service(service).model.operation_model(operation)


@st.composite
def calls(draw: Draw, operations: list[tuple[str, str]]) -> Called:
    service, operation = draw(st.sampled_from(operations))
    shape = model_of(service, operation).input_shape
    templates = TEMPLATES.get(operation, [])
    if templates and draw(st.integers(0, 3)):
        document = copy.deepcopy(draw(st.sampled_from(templates)))
        if draw(st.booleans()):
            made = _structure(draw, shape, 0)
            document |= {name: made[name] for name in made if name not in document}
    else:
        document = {} if shape is None else _structure(draw, shape, 0)
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 1, 2, 3)))):
        _mutate(draw, document)
    return Called(service, operation, document)


def _value(draw: Draw, shape: Shape, name: str, depth: int) -> Any:
    if name in NAMED and draw(st.integers(0, 9)):
        return copy.deepcopy(draw(st.sampled_from(NAMED[name])))
    return _MAKERS.get(shape.type_name, _text)(draw, shape, depth)


def _structure(draw: Draw, shape: Shape, depth: int) -> Document:
    required = shape.metadata.get("required", ())
    names = list(shape.members)
    if shape.metadata.get("union"):
        names = [draw(st.sampled_from(names))]
    elif depth >= MOST_DEPTH:
        names = list(required)
    else:
        there = (
            draw(st.sets(st.sampled_from(names), max_size=max(1, len(names) // _OPTIONAL_SHARE)))
            if names
            else ()
        )
        names = [name for name in names if name in required or name in there]
    return {name: _value(draw, shape.members[name], name, depth + 1) for name in names}


def _list(draw: Draw, shape: Shape, depth: int) -> list[Any]:
    low = shape.metadata.get("min", 0)
    count = low if depth >= MOST_DEPTH else draw(st.integers(low, low + 2))
    return [_value(draw, shape.member, shape.member.name, depth + 1) for _ in range(count)]


def _map(draw: Draw, shape: Shape, depth: int) -> Document:
    count = 0 if depth >= MOST_DEPTH else draw(st.integers(0, 2))
    return {
        _value(draw, shape.key, "EnvironmentKey", depth + 1): _value(
            draw, shape.value, "", depth + 1
        )
        for _ in range(count)
    }


def _text(draw: Draw, shape: Shape, _: int) -> str:
    options = shape.metadata.get("enum")
    if options and draw(st.integers(0, 9)):
        return draw(st.sampled_from(options))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(HOSTILE))
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 80)
    lengths = sorted({low, max(low, 1), min(high, 2000), min(high, 2000) + 1})
    return "a" * draw(st.sampled_from(lengths))


def _number(draw: Draw, shape: Shape, _: int) -> int:
    bounds = [shape.metadata[name] for name in ("min", "max") if name in shape.metadata]
    near = [int(bound) + step for bound in bounds for step in (-1, 0, 1)]
    bits = 63 if shape.type_name == "long" else 31
    return draw(st.sampled_from([1, 2, *near, *near, -(2**bits), 2**bits - 1, *NUMBERS]))


def _fraction(draw: Draw, _: Shape, __: int) -> float:
    return draw(st.sampled_from((0.0, 0.5, 1.0, -0.0, 1e-320, -1.0, 1e308, 0.1)))


_MAKERS: dict[str, Callable[[Draw, Shape, int], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "integer": _number,
    "long": _number,
    "float": _fraction,
    "double": _fraction,
    "boolean": lambda draw, *_: draw(st.booleans()),
    "timestamp": lambda draw, *_: draw(
        st.sampled_from([*NUMBERS, 1.5e9, "2026-11-01T00:00:00Z", "soon"])
    ),
    "blob": lambda draw, *_: draw(st.sampled_from(("MSwyCg==", "", "=", "\u00e9"))),
}

_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from((0.5, -1e308, 1e-320)),
    st.sampled_from(HOSTILE),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[]] * 30),
    st.just({"": {"": ""}}),
)


_WAYS = (*("other",) * 4, *("turn",) * 3, "replace", "drop", "repeat", "wrap", "add")


def _mutate(draw: Draw, document: Document) -> None:
    places = list(_places(document))
    if not places:
        document[draw(st.text(max_size=5))] = copy.deepcopy(draw(_ANYTHING))
        return
    parent, key = draw(st.sampled_from(places))
    how = draw(st.sampled_from(_WAYS))
    if how == "other" and key in NAMED:
        parent[key] = copy.deepcopy(draw(st.sampled_from(NAMED[key])))
        return
    if how == "turn":
        parent[key] = _turned(draw, parent[key])
    elif how == "drop":
        del parent[key]
    elif how == "repeat" and isinstance(parent[key], list):
        parent[key] = parent[key] * draw(st.sampled_from((2, 25, 60)))
    elif how == "wrap":
        parent[key] = [parent[key]]
    elif how == "add" and isinstance(parent, dict):
        parent[draw(st.one_of(st.text(max_size=5), st.sampled_from(HOSTILE)))] = copy.deepcopy(
            draw(_ANYTHING)
        )
    else:
        parent[key] = copy.deepcopy(draw(_ANYTHING))


def _turned(draw: Draw, value: Any) -> Any:
    """Another value of the same type, where it is likely to be too small, too large, or odd."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        edges = (0, -1, value - 1, value + 1, 2**31 - 1, 2**31, 2**63 - 1, 2**63)
        return draw(st.sampled_from(edges))
    if isinstance(value, float):
        return draw(st.sampled_from((0.0, -value, 1e308, 5e-324)))
    if isinstance(value, str):
        others = (f"{value}\n", value.upper(), value * 30, f" {value}", value[:-1])
        return draw(
            st.one_of(st.sampled_from(others), st.sampled_from(HOSTILE), st.text(max_size=9))
        )
    return type(value)() if value is not None else ""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item, with what holds it."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from _places(value[key])
