"""Texts that stand for a missing value, where the rest of the column allows that reading."""

from __future__ import annotations

from collections.abc import Sequence

_CERTAIN = frozenset(
    {"?", "nan", "null", "n/a", "#n/a", "<na>", "#null!", "#value!", "#div/0!", "nat"}
)
_AMONG_VALUES = _CERTAIN | {
    "na",
    "none",
    "nil",
    "-",
    "--",
    "---",
    ".",
    "n.a.",
    "n.a",
    "missing",
    "unknown",
    "undefined",
    "not available",
    "not applicable",
    "inf",
    "-inf",
    "+inf",
    "infinity",
    "-infinity",
}


def among_values(texts: Sequence[str]) -> frozenset[str]:
    """Return the texts that stand for a missing value. Among numbers and dates every word for "nothing" is one."""
    return frozenset(text for text in texts if text.casefold() in _AMONG_VALUES)


def among_words(texts: Sequence[str]) -> frozenset[str]:
    """Return the texts that stand for a missing value. Among words only unmistakable ones: "none", "unknown" and "-"
    may be categories of their own. "NA" is taken as missing unless the others are two-letter codes too (Namibia, North
    America)."""
    certain = {text for text in texts if text.casefold() in _CERTAIN}
    others = [text for text in texts if text != "NA" and text not in certain]
    has_codes = sum(len(text) == 2 and text.isupper() for text in others) * 2 > len(others)
    if "NA" in texts and not has_codes:
        certain.add("NA")
    return frozenset(certain)
