"""The text that names a series: its item identifier, and the values of its grouping columns if there are any."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETWEEN = " | "
_SPECIAL, _ESCAPED = re.compile(r"([\\|])"), re.compile(r"\\(.)", re.DOTALL)


def key_of(parts: Sequence[str]) -> str:
    """Return the text that names a series: its parts with bars between them. A bar or backslash within one of several parts
    is escaped by a backslash; a single part stays as it is.

    >>> key_of(["tea", "north"])
    'tea | north'
    """
    if len(parts) == 1:
        return parts[0]
    return _BETWEEN.join(_SPECIAL.sub(r"\\\1", part) for part in parts)


def parts_of(key: str, n_parts: int) -> tuple[str, ...]:
    """Return the parts that `key_of` made a key of.

    raises    ValueError if it has another number of parts

    >>> parts_of("tea | north", 2)
    ('tea', 'north')
    """
    if n_parts == 1:
        return (key,)
    found = tuple(_ESCAPED.sub(r"\1", part) for part in key.split(_BETWEEN))
    if len(found) != n_parts:
        raise ValueError(f"the key {key[:80]!r} has {len(found)} parts and not {n_parts}")
    return found
