"""Wildcard patterns of policies: `*` is any text, `?` is any one character, `${name}` is a fact about the caller.

Matching takes no more than length of pattern times length of text, in any case: between two stars the first place that
fits is as good as any later one, so nothing is ever tried again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

VARIABLES = frozenset({"aws:username", "aws:userid", "aws:principalaccount"})
"""Names (in lower case) that `${name}` may have: facts that hold as long as a session."""

_AN_EXPRESSION = 16
"""Steps that it takes to make one."""

_LITERALS = {"*": "*", "?": "?", "$": "$"}
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


class UnusablePattern(ValueError):
    """A pattern names a variable that is not served; the text is its name."""


class _Wild(Enum):
    ANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class _Variable:
    name: str


_Token = str | _Wild | _Variable


class _Segment:
    """The part between two stars: characters, and places where any one may stand."""

    def __init__(self, tokens: tuple[str | _Wild, ...]) -> None:
        self.length = sum(1 if isinstance(token, _Wild) else len(token) for token in tokens)
        self._text = "".join(token for token in tokens if isinstance(token, str))
        if len(self._text) == self.length:
            self._expression = None
        else:
            parts = ("." if isinstance(token, _Wild) else re.escape(token) for token in tokens)
            self._expression = re.compile("".join(parts), re.DOTALL)

    def stands_at(self, text: str, start: int) -> bool:
        if self._expression is None:
            return text.startswith(self._text, start)
        return self._expression.match(text, start) is not None

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place from `start` where the segment fits before `end`; -1 if there is none."""
        if self._expression is None:
            return text.find(self._text, start, end)
        found = self._expression.search(text, start, end)
        return -1 if found is None else found.start()


class _Glob:
    """A pattern without variables."""

    def __init__(self, tokens: tuple[str | _Wild, ...]) -> None:
        segments: list[list[str | _Wild]] = [[]]
        for token in tokens:
            if token is _Wild.ANY:
                segments.append([])
            else:
                segments[-1].append(token)
        self._segments = [_Segment(tuple(segment)) for segment in segments]
        self._least = sum(segment.length for segment in self._segments)

    def matches(self, text: str) -> bool:
        first, *rest = self._segments
        if len(text) < self._least or not first.stands_at(text, 0):
            return False
        if not rest:
            return len(text) == first.length
        last = rest.pop()
        end = len(text) - last.length
        if not last.stands_at(text, end):
            return False
        at = first.length
        for segment in rest:
            found = segment.find(text, at, end)
            if found < 0:
                return False
            at = found + segment.length
        return at <= end


@dataclass(frozen=True)
class Pattern:
    """A pattern as it was read."""

    tokens: tuple[_Token, ...]

    @property
    def has_variables(self) -> bool:
        return any(isinstance(token, _Variable) for token in self.tokens)

    @property
    def n_steps(self) -> int:
        """How much a match takes at most, in units of a microsecond or less. Of a pattern with variables, the
        expressions are made for whoever asks."""
        return len(self.tokens) * (_AN_EXPRESSION if self.has_variables else 1)

    def matches(self, text: str, facts: Mapping[str, str]) -> bool:
        """Return whether a text matches the pattern once its variables are filled in.

        facts    about the caller, names in lower case; a pattern with one that is missing matches nothing
        """
        if self._fixed is not None:
            return self._fixed.matches(text)
        known: tuple[list[str | None], _Glob] | None = self.__dict__.get("_filled")
        values = [facts.get(token.name) for token in self.tokens if isinstance(token, _Variable)]
        if known is None or known[0] != values:
            glob = self._glob_of(facts)
            if glob is None:
                return False
            known = self.__dict__["_filled"] = (
                values,
                glob,
            )  # of whoever asked last: making it costs the most
        return known[1].matches(text)

    def _glob_of(self, facts: Mapping[str, str]) -> _Glob | None:
        """Return the pattern with the facts filled in; None if a fact is missing."""
        filled: list[str | _Wild] = []
        for token in self.tokens:
            if isinstance(token, _Variable):
                if (fact := facts.get(token.name)) is None:
                    return None
                filled.append(fact)
            else:
                filled.append(token)
        return _Glob(tuple(filled))

    @cached_property
    def _fixed(self) -> _Glob | None:
        plain = tuple(token for token in self.tokens if not isinstance(token, _Variable))
        return None if self.has_variables else _Glob(plain)


def read_pattern(text: str, *, wild: bool = True) -> Pattern:
    """Parse a pattern of a policy.

    wild      whether `*` and `?` stand for other characters
    raises    UnusablePattern for a variable that is not served
    """
    tokens: list[_Token] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        tokens += _plain(text[at : found.start()], wild)
        tokens.append(_named(found[1]))
        at = found.end()
    tokens += _plain(text[at:], wild)
    return Pattern(tuple(tokens))


def variables_in(text: str) -> frozenset[str]:
    """Return names (in lower case) of the variables that a pattern asks for."""
    return VARIABLES & {found[1].lower() for found in _VARIABLE.finditer(text)}


def split_at_colons(text: str, most: int) -> list[str]:
    """Split as str.split(":", most) does, but a colon inside `${...}` separates nothing."""
    parts: list[str] = []
    start = at = 0
    while len(parts) < most and at < len(text):
        if (variable := _VARIABLE.match(text, at)) is not None:
            at = variable.end()
            continue
        if text[at] == ":":
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _named(name: str) -> _Token:
    if name in _LITERALS:
        return _LITERALS[name]
    if name.lower() not in VARIABLES:
        raise UnusablePattern(name)
    return _Variable(name.lower())


def _plain(text: str, wild: bool) -> list[_Token]:
    if not wild:
        return [text] if text else []
    return [
        _Wild(part) if part in ("*", "?") else part for part in re.split(r"([*?])", text) if part
    ]
