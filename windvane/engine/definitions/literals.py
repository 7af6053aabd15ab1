"""How values enter generated code: as literals of plain data, and in no other way.

What is written reads back as the value that was given, so a name from a table can neither end its string nor begin a
line: `repr` escapes every line break and every character that has no look of its own.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence

Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]

_INDENT = "    "
_WIDTH = 88
"""Up to here a list or a dictionary stands on one line."""


def literal(value: Plain) -> str:
    """Source text of the value; sequences become lists. It starts on the line it is put into, and further lines are
    indented from the first column on.

    raises    TypeError for what is no plain data; ValueError for a number that is not finite

    >>> literal({"name": "a'b", "values": [1, 0.5, None]})
    '{"name": "a\\'b", "values": [1, 0.5, None]}'
    """
    text = _written(value, 0)
    if ast.literal_eval(text) != _as_read(value):
        raise ValueError(f"{text[:200]} does not read back as what was to be written.")
    return text


def assignments(values: Mapping[str, Plain]) -> str:
    """Return assignments, one a line.

    values    by the names they get, which are ours
    raises    ValueError for a name that is no identifier, else as `literal`
    """
    return "\n".join(f"{_identifier(name)} = {literal(value)}" for name, value in values.items())


def call(function: str, arguments: Mapping[str, Plain]) -> str:
    """Return a call with named literals.

    function   a dotted name, which is ours
    raises     as `assignments`
    """
    for part in function.split("."):
        _identifier(part)
    lines = (
        f"{_INDENT}{_identifier(name)}={_shifted(literal(value))},\n"
        for name, value in arguments.items()
    )
    return f"{function}(\n{''.join(lines)})"


def _identifier(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"{name!r} is no name for a variable.")
    return name


def _shifted(text: str) -> str:
    return text.replace("\n", f"\n{_INDENT}")


def _written(value: Plain, depth: int) -> str:
    match value:
        case None | bool() | int():
            return repr(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} cannot be written as a literal.")
            return repr(float(value))
        case str():
            return _text(value)
        case Mapping():
            pairs = [f"{_text(key)}: {_written(one, depth + 1)}" for key, one in value.items()]
            return _listed("{", pairs, "}", depth)
        case Sequence() if not isinstance(value, bytes | bytearray):
            return _listed("[", [_written(one, depth + 1) for one in value], "]", depth)
        case _:
            raise TypeError(f"A {type(value).__name__} is no plain data.")


def _text(value: object) -> str:
    """Return a text as a literal, in double quotes where that needs no escapes."""
    if not isinstance(value, str):
        raise TypeError(f"A key is {value!r}; keys are texts.")
    written = repr(str(value))
    if written[0] == "'" and '"' not in written and "\\'" not in written:
        return f'"{written[1:-1]}"'
    return written


def _listed(begin: str, parts: Sequence[str], end: str, depth: int) -> str:
    line = f"{begin}{', '.join(parts)}{end}"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = _INDENT * (depth + 1)
    return f"{begin}\n{''.join(f'{inner}{part},{chr(10)}' for part in parts)}{_INDENT * depth}{end}"


def _as_read(value: Plain) -> Plain:
    match value:
        case str():
            return str(value)
        case Mapping():
            return {str(key): _as_read(one) for key, one in value.items()}
        case Sequence():
            return [_as_read(one) for one in value]
        case _:
            return value
