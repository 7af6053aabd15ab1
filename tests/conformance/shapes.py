"""Whether a value is one of a shape of a service model, and which of the shape's members it has.

Values are as JSON holds them: moments are seconds, blobs are Base64. Paths name members as the model does, `[]` stands
for the items of a list and `{}` for the values of a map: `InputDataConfig[].DataSource.S3DataSource.S3Uri`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape

from windvane.wire.javaregex import compile_pattern

_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "character": lambda value: isinstance(value, str),
    "integer": lambda value: _is_whole(value) and -(2**31) <= value < 2**31,
    "long": lambda value: _is_whole(value) and -(2**63) <= value < 2**63,
    "float": lambda value: _is_number(value) or value in ("NaN", "Infinity", "-Infinity"),
    "double": lambda value: _is_number(value) or value in ("NaN", "Infinity", "-Infinity"),
    "boolean": lambda value: isinstance(value, bool),
    "timestamp": lambda value: _is_number(value),
    "blob": lambda value: isinstance(value, str) and _is_base64(value),
}


def faults(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """A sentence for each thing that is wrong with `value`, `path` being where it stands."""
    where = path or "the answer"
    if shape.type_name == "structure":
        yield from _structure_faults(value, shape, path)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{where} is {_told(value)}, not a list"
            return
        for item in value:
            yield from faults(item, shape.member, f"{path}[]")
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            yield f"{where} is {_told(value)}, not a map"
            return
        for key, item in value.items():
            yield from faults(key, shape.key, f"the key of {path}")
            yield from faults(item, shape.value, f"{path}{{}}")
    elif not _SCALARS[shape.type_name](value):
        yield f"{where} is {_told(value)}, not a {shape.type_name}"
        return
    yield from (f"{where} is {_told(value)}: {fault}" for fault in _bounds_broken(value, shape))


def _structure_faults(value: Any, shape: Shape, path: str) -> Iterator[str]:
    where = path or "the answer"
    if not isinstance(value, dict):
        yield f"{where} is {_told(value)}, not a structure"
        return
    known = _by_name_on_the_wire(shape)
    for name in value.keys() - known.keys():
        yield f"{where} has a member {name}, which {shape.name} does not"
    for name in shape.metadata.get("required", ()):
        spelled = shape.members[name].serialization.get("name", name)
        if value.get(spelled) is None:
            yield lacking(path, name, shape)
    if shape.metadata.get("union") and len(value) != 1:
        yield f"{where} has {len(value)} members of the union {shape.name}, not one"
    for spelled, item in value.items():
        if spelled in known:
            name, member = known[spelled]
            yield from faults(item, member, f"{path}.{name}" if path else name)


def lacking(path: str, name: str, shape: Shape) -> str:
    return f"{path or 'the answer'} lacks {name}, which {shape.name} must have"


def leaves(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """The paths of the innermost members that a value has; those of what is empty are left out."""
    if shape.type_name == "structure" and shape.members and isinstance(value, dict):
        for spelled, (name, member) in _by_name_on_the_wire(shape).items():
            if value.get(spelled) is not None:
                yield from leaves(value[spelled], member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from leaves(item, shape.member, f"{path}[]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for item in value.values():
            yield from leaves(item, shape.value, f"{path}{{}}")
    elif path:
        yield path


def all_leaves(shape: Shape | None) -> list[str]:
    """The paths of all innermost members of a shape, in the model's order; of what contains itself, once."""
    return [] if shape is None else list(_all_leaves(shape, "", ()))


def _all_leaves(shape: Shape, path: str, within: tuple[str, ...]) -> Iterator[str]:
    if shape.name in within:
        yield path
    elif shape.type_name == "structure" and shape.members:
        for name, member in shape.members.items():
            yield from _all_leaves(
                member, f"{path}.{name}" if path else name, (*within, shape.name)
            )
    elif shape.type_name == "list":
        yield from _all_leaves(shape.member, f"{path}[]", (*within, shape.name))
    elif shape.type_name == "map":
        yield from _all_leaves(shape.value, f"{path}{{}}", (*within, shape.name))
    elif path:
        yield path


@cache
def _by_name_on_the_wire(shape: Shape) -> dict[str, tuple[str, Shape]]:
    return {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
    }


def _bounds_broken(value: Any, shape: Shape) -> Iterator[str]:
    bounds = shape.metadata
    if not bounds or shape.type_name in ("structure", "timestamp", "boolean"):
        return
    size = value if _is_number(value) else len(value)
    if "max" in bounds and size > bounds["max"]:
        yield f"more than {bounds['max']}"
    if "min" in bounds and size < bounds["min"]:
        yield f"less than {bounds['min']}"
    if shape.type_name != "string":
        return
    if "enum" in bounds and value not in bounds["enum"]:
        yield f"none of {', '.join(bounds['enum'])}"
    if "pattern" in bounds and not compile_pattern(bounds["pattern"]).fullmatch(value):
        yield f"not of the pattern {bounds['pattern']}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."
