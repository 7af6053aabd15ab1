"""The part of JSONPath that batch transform knows: which parts of a record go to the model, and which to the output.

    $                     the whole record
    $.name  $['name']     a member;  $['a','b'] several, as an object
    $[0]    $[-1]         an item or a CSV column;  $[0,2] $[1:] $[:-1] $[0,5:] several, as a list
    $.*     $[*]          every member or item; what follows is taken of each

A path may go on after a single member, item or asterisk: $.store.book[0], $.field.['a','b'].

source    "Associate Prediction Results with Input Records" in SageMaker's developer guide
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from windvane.errors import InvalidRequest

_DOT = re.compile(r"\.(?=\[)|\.(?P<name>[^.\[\]'\",*$\s]+)|\.(?P<every>\*)")
_BRACKET = re.compile(r"\[\s*(?P<inside>(?:'[^']*'|\"[^\"]*\"|[^\]'\"])*?)\s*\]")
_NAMES = re.compile(r"(?:'[^']*'|\"[^\"]*\")(?:\s*,\s*(?:'[^']*'|\"[^\"]*\"))*")
_NAME = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_PLACE = re.compile(r"(?P<index>-?[0-9]+)|(?P<start>(?:-?[0-9]+)?)\s*:\s*(?P<stop>(?:-?[0-9]+)?)")


class NothingThere(InvalidRequest):
    """A record has not what a path names."""


@dataclass(frozen=True)
class _Names:
    names: tuple[str, ...]

    @property
    def is_single(self) -> bool:
        return len(self.names) == 1

    def of(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise NothingThere(f"it is no object and has no member '{self.names[0]}'")
        for name in self.names:
            if name not in value:
                raise NothingThere(f"it has no member '{name}'")
        if self.is_single:
            return value[self.names[0]]
        return {name: value[name] for name in self.names}


@dataclass(frozen=True)
class _Places:
    """The items of an array that a step selects.

    parts    indices and slices as written
    """

    parts: tuple[int | slice, ...]

    @property
    def is_single(self) -> bool:
        return len(self.parts) == 1 and isinstance(self.parts[0], int)

    def among(self, n_items: int) -> list[int]:
        places: list[int] = []
        for part in self.parts:
            if isinstance(part, slice):
                places += range(n_items)[part]
            elif -n_items <= part < n_items:
                places.append(part % n_items)
            else:
                raise NothingThere(f"it has {n_items} items and no item [{part}]")
        return places

    def of(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise NothingThere("it is no list and has no items")
        chosen = [value[place] for place in self.among(len(value))]
        return chosen[0] if self.is_single else chosen


@dataclass(frozen=True)
class _Every:
    is_single = True

    def of(self, value: Any) -> Any:
        if not isinstance(value, (list, dict)):
            raise NothingThere("it is neither an object nor a list")
        return list(value.values()) if isinstance(value, dict) else value


_Step = _Names | _Places | _Every


@dataclass(frozen=True)
class JsonPath:
    """A path; `read_path` makes it."""

    text: str
    steps: tuple[_Step, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is the record itself."""
        return not self.steps

    @property
    def is_of_columns(self) -> bool:
        """Whether it can be asked of a row of CSV: at most one step, which names no member."""
        return len(self.steps) <= 1 and not any(isinstance(step, _Names) for step in self.steps)

    def of(self, value: Any) -> Any:
        """Return what the path means in a JSON document.

        raises    NothingThere, half a sentence
        """
        return _follow(self.steps, value)

    def columns(self, n_columns: int) -> list[int]:
        """Return the places of the columns it means in a row of so many; never none.

        raises    NothingThere, half a sentence
        """
        [step] = self.steps or (_Every(),)
        places = step.among(n_columns) if isinstance(step, _Places) else list(range(n_columns))
        if not places:
            raise NothingThere(f"of {n_columns} columns it leaves none")
        return places


ROOT = JsonPath("$", ())


def read_path(text: str) -> JsonPath:
    """Parse a JSONPath.

    raises    InvalidRequest for what is no path, or needs more of JSONPath than is known
    """
    if not text.startswith("$"):
        raise _malformed(text, "it must begin with $")
    steps: list[_Step] = []
    for step in _read_steps(text):
        if steps and not steps[-1].is_single:
            raise _malformed(text, "nothing can follow several members, items or a slice")
        steps.append(step)
    return JsonPath(text, tuple(steps))


def _follow(steps: tuple[_Step, ...], value: Any) -> Any:
    for number, step in enumerate(steps, 1):
        value = step.of(value)
        if isinstance(step, _Every):
            return [_follow(steps[number:], item) for item in value]
    return value


def _read_steps(text: str) -> Iterator[_Step]:
    at = 1
    while at < len(text):
        if (dot := _DOT.match(text, at)) is not None:
            at = dot.end()
            if dot["every"]:
                yield _Every()
            elif dot["name"]:
                yield _Names((dot["name"],))
        elif (bracket := _BRACKET.match(text, at)) is not None:
            at = bracket.end()
            yield _read_bracket(bracket["inside"], text)
        else:
            raise _malformed(text, f"'{text[at:]}' is not understood")


def _read_bracket(inside: str, text: str) -> _Step:
    if inside == "*":
        return _Every()
    if _NAMES.fullmatch(inside):
        return _Names(tuple(single or double for single, double in _NAME.findall(inside)))
    matches = [_PLACE.fullmatch(part.strip()) for part in inside.split(",")]
    parts = [_PART[match["index"] is None](match) for match in matches if match is not None]
    if len(parts) < len(matches):
        raise _malformed(text, f"'[{inside}]' is not understood")
    return _Places(tuple(parts))


def _index(match: re.Match[str]) -> int | slice:
    return int(match["index"])


def _slice(match: re.Match[str]) -> int | slice:
    start, stop = (int(end) if end else None for end in match.group(2, 3))
    return slice(start, stop)


_PART: dict[bool, Callable[[re.Match[str]], int | slice]] = {False: _index, True: _slice}


def _malformed(text: str, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The JSONPath '{text}' is malformed: {reason}. What is known: $, $.name, $['a','b'], $[0], $[-1], $[0,2], "
        "$[1:], $[:-1], and * for every member or item."
    )
