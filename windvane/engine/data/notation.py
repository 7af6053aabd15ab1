"""Which notation the numbers of a column are written in, if they are numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.data.numerals import NOTATIONS, Notation, number_reader

MOST_STRANGERS = 20
"""Distinct unreadable texts a column of numbers may hold; with more it is a column of words."""

_UNIT = re.compile(r"[+-]?[0-9][0-9.,]*\s*([A-Za-z°µ][A-Za-z0-9°µ/²³.]{0,11})")


@dataclass(frozen=True)
class Numbers:
    """The notation of a column's numbers, and the texts that are no number.

    unreadable   texts that are no numbers, with counts
    """

    notation: Notation
    unreadable: dict[str, int]


def find_numbers(
    texts: Sequence[str], counts: NDArray[np.int64], least_readable: float
) -> Numbers | None:
    """Return the notation that reads the most cells; None if none reads the share `least_readable`."""
    best: Numbers | None = None
    total = int(counts.sum())
    for notation in (*NOTATIONS, *_unit_notation(texts)):
        strangers = _strangers(texts, counts, notation, total, least_readable)
        if strangers is None:
            continue
        if not strangers:
            return Numbers(notation, {})
        if best is None or sum(strangers.values()) < sum(best.unreadable.values()):
            best = Numbers(notation, strangers)
    return best


def most_numbers(texts: Sequence[str], counts: NDArray[np.int64]) -> Numbers | None:
    """Return the notation that reads the most cells, however few they are; None if none reads any."""
    best: Numbers | None = None
    for notation in (*NOTATIONS, *_unit_notation(texts)):
        found = _strangers(texts, counts, notation, int(counts.sum()), 0.0, len(texts))
        if found is not None and (
            best is None or sum(found.values()) < sum(best.unreadable.values())
        ):
            best = Numbers(notation, found)
    return best


def _strangers(
    texts: Sequence[str],
    counts: NDArray[np.int64],
    notation: Notation,
    total: int,
    least_readable: float,
    most: int = MOST_STRANGERS,
) -> dict[str, int] | None:
    read = number_reader(notation)
    unreadable: dict[str, int] = {}
    lost = 0
    for text, count in zip(texts, counts, strict=True):
        try:
            read(text)
        except ValueError:
            unreadable[text] = int(count)
            lost += int(count)
            if lost > (1 - least_readable) * total or len(unreadable) > most:
                return None
    return unreadable if len(unreadable) < len(texts) else None


def _unit_notation(texts: Sequence[str]) -> list[Notation]:
    """Return the notation with the unit that most texts end with, if there is one and enough numbers before it."""
    units = Counter(match[1] for text in texts if (match := _UNIT.fullmatch(text)))
    if not units:
        return []
    unit, frequency = units.most_common(1)[0]
    # Few distinct ones ("36 months", "60 months") or a code ("5e", "3rd") are better kept as categories.
    return [Notation(affix=unit)] if frequency >= 20 else []
