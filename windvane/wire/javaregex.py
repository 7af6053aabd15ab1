"""The service model's patterns, which are Java's, as Python's.

Translated are what Python lacks (\\p{...}, \\z, surrogate pairs) and what it reads otherwise (a hyphen after
a class). Classes such as \\w are ASCII, as in Java. A few patterns that would backtrack for ever on hostile
text are replaced by equal ones.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_TOKEN = re.compile(
    r"\\p\{(?P<property>\w+)\}"
    r"|(?P<end>\\z)"
    r"|(?P<anchor>\$)\{\d+,\d+\}"
    r"|\\u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|(?P<class>\\[wdsWDS])-(?=[^\]])"
    r"|(?P<other>\\.|.)",
    re.DOTALL,
)

_POSIX = {
    "ASCII": r"\x00-\x7f",
    "Print": r"\x20-\x7e",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
}

# Equal languages, without the choices that make the engine try exponentially many ways.
_EQUAL = {
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": r"https://[.\-_a-zA-Z0-9](/?[.\-_a-zA-Z0-9]){2,}/?",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?",
}


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return a compiled pattern to be used with `fullmatch`.

    raises    re.error if the pattern is none that this translation knows
    """
    return re.compile(_translate(_EQUAL.get(pattern, pattern)), re.ASCII)


def _translate(pattern: str) -> str:
    translated = []
    in_class = False
    for token in _TOKEN.finditer(pattern):
        other = token["other"]
        if other is not None:
            in_class = other == "[" or (in_class and other != "]")
        translated.append(_python_form(token, in_class))
    return "".join(translated)


def _python_form(token: re.Match[str], in_class: bool) -> str:
    if (name := token["property"]) is not None:
        return _characters(name) if in_class else f"[{_characters(name)}]"
    if token["anchor"] is not None:
        return "$"
    if token["end"] is not None:
        return r"\Z"
    if token["high"] is not None:
        high, low = int(token["high"], 16), int(token["low"], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
    if token["class"] is not None:
        return token["class"] + (r"\-" if in_class else "-")
    return token[0]


def _characters(name: str) -> str:
    return _POSIX[name] if name in _POSIX else _unicode_ranges(len(name))[name]


@cache
def _unicode_ranges(n_letters: int) -> dict[str, str]:
    """Return the general categories, by their whole name of two letters or by the first, each as the inside of a character
    class."""
    spans: dict[str, list[tuple[int, int]]] = {}
    current, start = "Cc"[:n_letters], 0
    for code in range(0x110001):
        category = unicodedata.category(chr(code))[:n_letters] if code < 0x110000 else ""
        if category != current:
            spans.setdefault(current, []).append((start, code - 1))
            current, start = category, code
    return {
        category: "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
        for category, ranges in spans.items()
    }
