"""Names from data where people look: what is no text is made visible, what is long is cut."""

from __future__ import annotations

import unicodedata

LINE = 70
"""Characters that there is room for along an axis."""

_ELLIPSIS = "…"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that have no look of their own: control, direction, halves of a pair, unassigned."""


def seen(text: str, limit: int = 200) -> str:
    """Return one line of at most `limit` characters in which every character has a look of its own.

    >>> seen("a\\nb\\u202ec"), seen("abcdef", 4)
    ('a↵b�c', 'abc…')
    """
    shown = "".join(_seen_character(character) for character in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + _ELLIPSIS


def drawn(text: str, limit: int = 28) -> str:
    """Return the same for a picture, where `$` would begin a formula."""
    return seen(text, limit).replace("$", r"\$")


def _seen_character(character: str) -> str:
    if character in _PICTURES:
        return _PICTURES[character]
    if character.isspace():
        return " "
    return _REPLACEMENT if unicodedata.category(character) in _UNSEEN else character


_PICTURES = {"\n": "↵", "\r": "←", "\t": "⇥"}
"""Signs that the font of pictures has."""
