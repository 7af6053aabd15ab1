"""Parameters against the service model: one walk over the shapes, all faults at once, in AWS's words.

Types are the codec's business; here it is required members, lengths, ranges, patterns and enums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape

from windvane.errors import InvalidRequest
from windvane.wire.javaregex import compile_pattern
from windvane.wire.paths import entry_path, item_path, member_path

MAX_SHOWN = 1024
MAX_MATCHED = 1024
MAX_WALKED = 1024
_MAX_REPORTED = 50

_SCALARS = frozenset(
    {"string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"}
)


def validate(parameters: Mapping[str, Any], shape: Shape | None) -> None:
    """Check parameters against the service model.

    raises    InvalidRequest naming every fault
    """
    if shape is None or _is_sound(parameters, shape):
        return
    faults = list(_structure_faults(parameters, shape, ""))
    if not faults:
        return
    count = len(faults)
    shown = "; ".join(faults[:_MAX_REPORTED])
    noun = "error" if count == 1 else "errors"
    raise InvalidRequest(f"{count} validation {noun} detected: {shown}")


_IsSound = Callable[[Any], bool]


def _is_sound(value: Mapping[str, Any], shape: Shape) -> bool:
    """Return whether a structure is certain to have no fault. Nearly all have none, and to say so takes no words."""
    required, checks = _plan(shape)
    if not checks or any(value.get(name) is None for name in required):
        return False
    for name, given in value.items():
        if given is not None and (check := checks.get(name)) is not None and not check(given):
            return False
    return True


@cache
def _plan(shape: Shape) -> tuple[tuple[str, ...], Mapping[str, _IsSound]]:
    """Return the required members of a structure, and how each member is checked; no checks for what has to be walked."""
    if shape.metadata.get("union"):
        return (), {}
    required = tuple(shape.metadata.get("required", ()))
    return required, {name: _check_of(member) for name, member in shape.members.items()}


def _check_of(shape: Shape) -> _IsSound:
    if shape.type_name in ("boolean", "timestamp"):
        return lambda _: True
    if shape.type_name in ("string", "blob"):
        return _length_and_text_check(shape)
    return lambda value: next(_faults(value, shape, ""), None) is None


def _length_and_text_check(shape: Shape) -> _IsSound:
    metadata = shape.metadata
    highest, lowest = metadata.get("max", math.inf), metadata.get("min", 0)
    is_text = shape.type_name == "string"
    pattern, options = metadata.get("pattern"), metadata.get("enum")

    def check(value: Any) -> bool:
        if not lowest <= len(value) <= highest:
            return False
        if not is_text:
            return True
        if pattern is not None and not compile_pattern(pattern).fullmatch(value):
            return False
        return options is None or value in options

    return check


def _structure_faults(value: Mapping[str, Any], shape: Shape, path: str) -> Iterator[str]:
    members = shape.members
    for name in shape.metadata.get("required", ()):
        if value.get(name) is None:
            yield _null_fault(member_path(path, name))
    if shape.metadata.get("union") and len(value) != 1:
        yield (
            f"{_shown(value, shape)} at '{path}' failed to satisfy constraint: Exactly one of "
            f"[{', '.join(members)}] must be set"
        )
    for name, member in members.items():
        if (given := value.get(name)) is not None:
            yield from _faults(given, member, member_path(path, name))


def _faults(value: Any, shape: Shape, path: str) -> Iterator[str]:
    for constraint in _broken_constraints(value, shape):
        yield _fault(_shown(value, shape), path, constraint)
    walk = _CONTAINERS.get(shape.type_name)
    # What has far too many members is refused for their number alone.
    if walk is not None and len(value) <= max(MAX_WALKED, shape.metadata.get("max", len(value))):
        yield from walk(value, shape, path)


def _list_faults(value: list[Any], shape: Shape, path: str) -> Iterator[str]:
    member = shape.member
    for index, item in enumerate(value):
        if item is None:
            yield _null_fault(item_path(path, index))
        elif member.type_name not in _SCALARS:
            yield from _faults(item, member, item_path(path, index))
    scalars = [item for item in value if item is not None and member.type_name in _SCALARS]
    if any(_is_broken(item, member) for item in scalars):
        yield _fault(_shown(value, shape), path, f"Member must satisfy constraint: {_all(member)}")


def _map_faults(value: Mapping[str, Any], shape: Shape, path: str) -> Iterator[str]:
    if any(_is_broken(key, shape.key) for key in value):
        yield _fault(
            _shown(value, shape), path, f"Map keys must satisfy constraint: {_all(shape.key)}"
        )
    scalar = shape.value.type_name in _SCALARS
    for key, item in value.items():
        if item is None:
            yield _null_fault(entry_path(path, key))
        elif not scalar:
            yield from _faults(item, shape.value, entry_path(path, key))
    if scalar and any(
        item is not None and _is_broken(item, shape.value) for item in value.values()
    ):
        yield _fault(
            _shown(value, shape), path, f"Map value must satisfy constraint: {_all(shape.value)}"
        )


_CONTAINERS: Mapping[str, Callable[[Any, Shape, str], Iterator[str]]] = {
    "structure": _structure_faults,
    "list": _list_faults,
    "map": _map_faults,
}


def _is_broken(value: Any, shape: Shape) -> bool:
    return next(_broken_constraints(value, shape), None) is not None


def _broken_constraints(value: Any, shape: Shape) -> Iterator[str]:
    measure = _MEASURES.get(shape.type_name)
    metadata = shape.metadata
    if measure is None:
        return
    size, noun = measure(value)
    if isinstance(size, float) and not math.isfinite(size):
        yield "Member must be a finite number"
        return
    highest, lowest = metadata.get("max"), metadata.get("min")
    if highest is not None and size > highest:
        yield f"Member must have {noun} less than or equal to {_number(highest)}"
    if lowest is not None and size < lowest:
        yield f"Member must have {noun} greater than or equal to {_number(lowest)}"
    if shape.type_name == "string":
        yield from _broken_text_constraints(value, metadata)


def _broken_text_constraints(value: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    pattern, options = metadata.get("pattern"), metadata.get("enum")
    # What is far too long is refused for its length alone: matching it might take for ever.
    bounded = len(value) <= max(MAX_MATCHED, metadata.get("max", len(value)))
    if pattern is not None and bounded and not compile_pattern(pattern).fullmatch(value):
        yield _pattern_constraint(pattern)
    if options is not None and value not in options:
        yield _enum_constraint(options)


def _all(shape: Shape) -> str:
    """Return every constraint of a shape, as AWS lists them for the members of lists and maps."""
    noun = _NOUNS.get(shape.type_name, "length")
    metadata = shape.metadata
    constraints = [
        f"Member must have {noun} {words} than or equal to {_number(metadata[bound])}"
        for bound, words in (("max", "less"), ("min", "greater"))
        if metadata.get(bound) is not None
    ]
    if (pattern := metadata.get("pattern")) is not None:
        constraints.append(_pattern_constraint(pattern))
    if (options := metadata.get("enum")) is not None:
        constraints.append(_enum_constraint(options))
    return f"[{', '.join(constraints)}]"


def _pattern_constraint(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _enum_constraint(options: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(options)}]"


def _fault(shown: str, path: str, constraint: str) -> str:
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _null_fault(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _shown(value: Any, shape: Shape) -> str:
    if shape.metadata.get("sensitive") or shape.type_name == "blob":
        return "Value"
    text = _text(value, shape)
    return f"Value '{text}'" if len(text) <= MAX_SHOWN else f"Value '{text[:MAX_SHOWN]}...'"


def _text(value: Any, shape: Shape) -> str:
    if value is None:
        return "null"
    if shape.metadata.get("sensitive"):
        return "*** Sensitive Data Redacted ***"
    if isinstance(value, Mapping):
        inner = shape.members.get if shape.type_name == "structure" else lambda _: shape.value
        return "{" + ", ".join(f"{key}={_text(v, inner(key))}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item, shape.member) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else str(bound)


_NOUNS = {"integer": "value", "long": "value", "float": "value", "double": "value"}

_MEASURES: Mapping[str, Callable[[Any], tuple[float, str]]] = {
    "string": lambda value: (len(value), "length"),
    "blob": lambda value: (len(value), "length"),
    "list": lambda value: (len(value), "length"),
    "map": lambda value: (len(value), "length"),
    "integer": lambda value: (value, "value"),
    "long": lambda value: (value, "value"),
    "float": lambda value: (value, "value"),
    "double": lambda value: (value, "value"),
}
